"""Pooling: max, average and adaptive."""

from math import prod
from typing import Annotated, ClassVar

from pydantic import Field

from netspec.errors.problem import Refusal
from netspec.ops.adaptive import axis_bounding_window, axis_elements, axis_window, is_even
from netspec.ops.facts import Cost, Family, Layer, Pair, Shape, Window, positions
from netspec.ops.memory import Saved, Space
from netspec.ops.operation import Margin, Operation, Size, both, map_only
from netspec.ops.windows import reach, slid


class MaxPool(Operation):
    """Largest value of each window; the stride is the kernel unless given; ``ceil`` lets a last window overhang."""

    word: ClassVar[str] = "max_pool"
    family: ClassVar[Family] = Family.POOL

    kernel: Size
    stride: Size | None = None
    padding: Margin = (0, 0)
    dilation: Size = (1, 1)
    ceil: bool = False

    def shape(self, *inputs: Shape) -> Shape:
        """The same channels over the places where a window fits."""
        return pooled(self, inputs[0], self.window())

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """Kernel size minus one compares for each output element."""
        return Cost(compares=(self.kernel[0] * self.kernel[1] - 1) * output[0] * positions(output))

    def window(self, *inputs: Shape) -> Window:
        """The kernel."""
        return Window(self.kernel, self.stride or self.kernel, self.dilation, self.padding)

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The input, and where in it each largest value lies."""
        return Saved(inputs=True, beside=self.workspace(output, *inputs))

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """The places of the largest values, which torch notes in eval mode too."""
        return Space(indices=prod(output))

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.MaxPool2d``."""
        window = self.window()
        arguments = {
            "kernel_size": self.kernel,
            "stride": window.stride,
            "padding": self.padding,
            "dilation": self.dilation,
            "ceil_mode": self.ceil,
        }
        return Layer("torch.nn.MaxPool2d", arguments)

    def label(self) -> str:
        """``max pool 3x3/2``."""
        return pool_label("max pool", self.window())


class AvgPool(Operation):
    """Mean of each window; ``divisor`` replaces the window size that the sum is divided by (1 makes it a sum)."""

    word: ClassVar[str] = "avg_pool"
    family: ClassVar[Family] = Family.POOL
    overwritable: ClassVar[bool] = True

    kernel: Size
    stride: Size | None = None
    padding: Margin = (0, 0)
    ceil: bool = False
    count_include_pad: bool = True
    divisor: Annotated[int, Field(ge=1)] | None = None

    def shape(self, *inputs: Shape) -> Shape:
        """The same channels over the places where a window fits."""
        return pooled(self, inputs[0], self.window())

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """Kernel size minus one adds and one division for each output element."""
        elements = output[0] * positions(output)
        return Cost(adds=(self.kernel[0] * self.kernel[1] - 1) * elements, transcendentals=elements)

    def window(self, *inputs: Shape) -> Window:
        """The kernel."""
        return Window(kernel=self.kernel, stride=self.stride or self.kernel, padding=self.padding)

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.AvgPool2d``."""
        window = self.window()
        arguments = {
            "kernel_size": self.kernel,
            "stride": window.stride,
            "padding": self.padding,
            "ceil_mode": self.ceil,
            "count_include_pad": self.count_include_pad,
            "divisor_override": self.divisor,
        }
        return Layer("torch.nn.AvgPool2d", arguments)

    def label(self) -> str:
        """``avg pool 2x2/2``."""
        return pool_label("avg pool", self.window())


class AdaptiveAvgPool(Operation):
    """Mean over as many windows as give a map of size ``out``, whatever the input size."""

    word: ClassVar[str] = "adaptive_avg_pool"
    family: ClassVar[Family] = Family.POOL
    overwritable: ClassVar[bool] = True

    out: Size

    @property
    def sees_all(self) -> bool:
        """Pooling to one position."""
        return self.out == (1, 1)

    def shape(self, *inputs: Shape) -> Shape:
        """``(channels, *out)``."""
        channels, _, _ = map_only(self, inputs[0])
        return (channels, *self.out)

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One add less than elements for each window, of whatever size; one division for each output element."""
        elements = output[0] * positions(output)
        high, wide = (axis_elements(inputs[0][1 + axis], self.out[axis]) for axis in (0, 1))
        return Cost(adds=output[0] * high * wide - elements, transcendentals=elements)

    def window(self, *inputs: Shape) -> Window:
        """The largest of the windows, and the first one's distance to the next; others may be smaller, and farther."""
        high, wide = (axis_window(inputs[0][1 + axis], self.out[axis]) for axis in (0, 1))
        return Window(kernel=(high[0], wide[0]), stride=(high[1], wide[1]))

    def bounding_window(self, *inputs: Shape) -> Window | None:
        """As the base says; :meth:`window` has the largest kernel there is, which tells not where the others lie."""
        sizes = inputs[0][1:]
        if all(is_even(size, out) for size, out in zip(sizes, self.out, strict=True)):
            return None
        high, wide = (axis_bounding_window(size, out) for size, out in zip(sizes, self.out, strict=True))
        kernel, stride, padding = zip(high, wide, strict=True)
        return Window(kernel=kernel, stride=stride, padding=padding)

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The input, which only its shape is read from; nothing where it is a mean over the whole map."""
        return Saved(inputs=self.out != (1, 1))

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.AdaptiveAvgPool2d``."""
        return Layer("torch.nn.AdaptiveAvgPool2d", {"output_size": self.out})

    def label(self) -> str:
        """``avg pool to 6x6``."""
        return f"avg pool to {self.out[0]}x{self.out[1]}"


def pooled(operation: MaxPool | AvgPool, shape: Shape, window: Window) -> Shape:
    """Output of a pooling window; refuses padding beyond half the kernel, as torch does."""
    channels, _, _ = map_only(operation, shape)
    for kernel, padding in zip(window.kernel, window.padding, strict=True):
        if padding * 2 > kernel:
            message = f"{operation.word} padding {padding} is more than half its kernel {kernel}"
            raise Refusal("window", message, "such a window could lie on padding alone")
    extent = reach(window.kernel, window.dilation)
    sizes = slid(operation.word, shape, extent, window.stride, (window.padding, window.padding), ceil=operation.ceil)
    return (channels, *sizes)


def pool_label(name: str, window: Window) -> str:
    """``max pool 3x3/2``."""
    stride: Pair = window.stride
    return f"{name} {window.kernel[0]}x{window.kernel[1]}/{both(stride)}"
