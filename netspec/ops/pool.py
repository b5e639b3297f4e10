"""Pooling: max, average and adaptive."""

from math import prod
from operator import gt
from typing import Annotated, ClassVar

from pydantic import Field

from netspec.errors.codes import Refusal
from netspec.limits import MOST_AXES
from netspec.ops.adaptive import AdaptiveWindows, axis_elements, axis_window
from netspec.ops.facts import (
    Cost,
    Example,
    Family,
    Layer,
    PerAxis,
    Shape,
    Window,
    brief,
    each,
    point,
    positions,
    shape_text,
)
from netspec.ops.fields import Padding, Size
from netspec.ops.memory import MemoryOrder, Saved, Space
from netspec.ops.operation import Operation, follows, map_only
from netspec.ops.signal import Average, Largest, SignalRule, Unknown
from netspec.ops.uneven import Uneven
from netspec.ops.windows import reach, same_margins, slid


class MaxPool(Operation):
    """Largest value of each window; the stride is the kernel unless given; ``ceil`` lets a last window overhang.

    ``padding: same`` gives size / ``stride``, rounded up; how much it is depends on the size of the map.
    """

    word: ClassVar[str] = "max_pool"
    family: ClassVar[Family] = Family.POOL
    example: ClassVar[Example] = Example(kernel=3, stride=2, padding=1)
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER

    kernel: Size
    stride: Size | None = None
    padding: Padding = 0
    dilation: Size = 1
    ceil: bool = False

    def shape(self, *inputs: Shape) -> Shape:
        """The same channels over the places where a window fits."""
        return pooled(self, inputs[0], self.dilation)

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """Kernel size minus one compares for each output element."""
        return Cost(compares=(prod(each(self.kernel, len(output) - 1)) - 1) * output[0] * positions(output))

    def window(self, *inputs: Shape) -> Window:
        """The kernel."""
        return pool_window(self, inputs[0], self.dilation)

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The input, or its copy with the padding ``same``, and where in it each largest value lies."""
        space = self.workspace(output, *inputs)
        return Saved(inputs=not space.values, beside=space)

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """The places of the largest values, which torch notes in eval mode too, and a copy that ``same`` pads."""
        return Space(values=same_copy(self, inputs[0], self.dilation), indices=prod(output))

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.MaxPool2d`` on two axes; a module of ours for ``same``, which pads by the map's size."""
        window = pool_window(self, inputs[0], self.dilation)
        if self.padding == "same":
            sizes = {"kernel_size": window.kernel, "stride": window.stride, "dilation": window.dilation}
            return Layer(f"netspec.nn.same.SameMaxPool{len(inputs[0]) - 1}d", sizes)
        arguments = {
            "kernel_size": window.kernel,
            "stride": window.stride,
            "padding": window.padding,
            "dilation": window.dilation,
            "ceil_mode": self.ceil,
        }
        return Layer(f"torch.nn.MaxPool{len(inputs[0]) - 1}d", arguments)

    def signal(self, *inputs: Shape) -> SignalRule:
        """The largest value, of windows without gaps."""
        spread = any(step > 1 for step in each(self.dilation, len(inputs[0]) - 1))
        return Unknown("the largest value of a window with gaps is not worked out") if spread else Largest()

    def noting_layer(self, *inputs: Shape) -> Layer:
        """The same where something reads the places too: a module of ours returns these beside the values."""
        layer = self.layer(*inputs)
        return layer._replace(target=f"netspec.nn.layers.NotingMaxPool{len(inputs[0]) - 1}d")

    def label(self, *inputs: Shape) -> str:
        """``max pool 3x3/2``."""
        return pool_label("max pool", self.window(*inputs))


class AvgPool(Operation):
    """Mean of each window; ``divisor`` replaces the window size that the sum is divided by (1 makes it a sum).

    ``ceil`` lets a last window overhang; ``count_include_pad``: whether zeros of the padding count in the mean, which
    they do not in TensorFlow. ``padding: same`` gives size / ``stride``, rounded up; how much it is depends on the map.
    """

    word: ClassVar[str] = "avg_pool"
    family: ClassVar[Family] = Family.POOL
    example: ClassVar[Example] = Example(kernel=2)
    overwritable: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER

    kernel: Size
    stride: Size | None = None
    padding: Padding = 0
    ceil: bool = False
    count_include_pad: bool = True
    divisor: Annotated[int, Field(ge=1)] | None = None

    def shape(self, *inputs: Shape) -> Shape:
        """The same channels where a window fits; on three axes it must fit without padding, as torch wants it."""
        shape = pooled(self, inputs[0])
        if self.padding == "same":
            if self.divisor:
                message = "avg_pool with padding 'same' has no divisor"
                raise Refusal("shape", message, "write the padding as a number")
            return shape
        kernel = each(self.kernel, len(shape) - 1)
        if len(kernel) == MOST_AXES and any(map(gt, kernel, inputs[0][1:])):
            message = f"avg_pool window of {shape_text(kernel)} is larger than its input {shape_text(inputs[0])}"
            raise Refusal("window", message, "on three axes padding does not help; use a smaller kernel")
        return shape

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """Kernel size minus one adds and one division for each output element."""
        elements = output[0] * positions(output)
        return Cost(adds=(prod(each(self.kernel, len(output) - 1)) - 1) * elements, transcendentals=elements)

    def window(self, *inputs: Shape) -> Window:
        """The kernel."""
        return pool_window(self, inputs[0])

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The input, or its padded copy; and the share of each window that is no padding, where that is not counted."""
        copy = self._padded(output, *inputs)
        return Saved(inputs=not copy, beside=Space(values=copy, statistics=self._shares(output, *inputs)))

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """A padded copy; then, with a divisor or shares of windows, the mean before it is scaled."""
        shares, copy = self._shares(output, *inputs), self._padded(output, *inputs)
        scaled = prod(output) if self.divisor or shares else 0
        return Space(values=max(copy, scaled), statistics=shares)

    def signal(self, *inputs: Shape) -> SignalRule:
        """A mean, by its divisor."""
        return Average(self.count_include_pad, self.divisor)

    def _shares(self, output: Shape, *inputs: Shape) -> int:
        """How many positions have a share of their window that is no padding, which they are divided by."""
        return positions(output) if same_copy(self, inputs[0]) and not self.count_include_pad else 0

    def _padded(self, output: Shape, *inputs: Shape) -> int:
        """Elements of a copy that holds whole windows: for ``same``, or for a divisor where windows may hang over."""
        if self.padding == "same":
            return same_copy(self, inputs[0])
        if not (self.divisor and self.ceil):
            return 0
        kernel, stride, _, _ = pool_window(self, inputs[0])
        sizes = [(count - 1) * step + size for count, step, size in zip(output[1:], stride, kernel, strict=True)]
        return output[0] * prod(sizes)

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.AvgPool2d`` on two axes; with a divisor a module of ours, which exporters get right.

        Another one for ``same``, which pads by the map's size.
        """
        axes = len(inputs[0]) - 1
        window = pool_window(self, inputs[0])
        if self.padding == "same":
            sizes = {"kernel_size": window.kernel, "stride": window.stride}
            return Layer(f"netspec.nn.same.SameAvgPool{axes}d", {**sizes, "count_include_pad": self.count_include_pad})
        arguments = {
            "kernel_size": window.kernel,
            "stride": window.stride,
            "padding": window.padding,
            "ceil_mode": self.ceil,
        }
        if self.divisor:
            return Layer(f"netspec.nn.layers.DividedPool{axes}d", {**arguments, "divisor": self.divisor})
        return Layer(f"torch.nn.AvgPool{axes}d", {**arguments, "count_include_pad": self.count_include_pad})

    def label(self, *inputs: Shape) -> str:
        """``avg pool 2x2/2``."""
        return pool_label("avg pool", self.window(*inputs))


class _AdaptivePool(Operation):
    """Pooling over as many windows as give a map of a wanted size."""

    family: ClassVar[Family] = Family.POOL
    example: ClassVar[Example] = Example(out=1)
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER

    out: Size

    @property
    def pools_globally(self) -> bool:
        """Pooling to one position."""
        return self.out == 1 or (isinstance(self.out, tuple) and set(self.out) == {1})

    def shape(self, *inputs: Shape) -> Shape:
        """``(channels, *out)``."""
        return (inputs[0][0], *each(self.out, map_only(self, inputs[0])))

    def window(self, *inputs: Shape) -> Window:
        """The largest of the windows, and the first one's distance to the next; others may be smaller, and farther."""
        kernel, stride = zip(*(axis_window(size, out) for size, out in self._sizes(inputs[0])), strict=True)
        return point(len(kernel))._replace(kernel=kernel, stride=stride)

    def uneven(self, *inputs: Shape) -> tuple[Uneven, ...]:
        """As the base says; :meth:`window` has the largest kernel there is, which tells not where the others lie."""
        windows = tuple([AdaptiveWindows(size, out) for size, out in self._sizes(inputs[0])])
        return () if all(one.is_even for one in windows) else windows

    def _sizes(self, shape: Shape) -> list[tuple[int, int]]:
        """How many positions there are before and after, per axis."""
        return list(zip(shape[1:], each(self.out, len(shape) - 1), strict=True))

    def _joined(self, output: Shape, shape: Shape) -> int:
        """How often two values of a window become one: once less than there are elements in it."""
        read = prod([axis_elements(size, out) for size, out in zip(shape[1:], output[1:], strict=True)])
        return output[0] * (read - positions(output))


class AdaptiveAvgPool(_AdaptivePool):
    """Mean over as many windows as give a map of size ``out``, whatever the input size."""

    word: ClassVar[str] = "adaptive_avg_pool"
    overwritable: ClassVar[bool] = True
    signal = follows(Average())

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One add less than elements for each window, of whatever size; one division for each output element."""
        return Cost(adds=self._joined(output, inputs[0]), transcendentals=output[0] * positions(output))

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The input, which only its shape is read from; nothing where it is a mean over the whole map."""
        return Saved(inputs=not self.pools_globally)

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.AdaptiveAvgPool2d`` on two axes."""
        axes = len(inputs[0]) - 1
        return Layer(f"torch.nn.AdaptiveAvgPool{axes}d", {"output_size": each(self.out, axes)})

    def label(self, *inputs: Shape) -> str:
        """``avg pool to 6x6``."""
        return f"avg pool to {shape_text(each(self.out, len(inputs[0]) - 1))}"


class AdaptiveMaxPool(_AdaptivePool):
    """Largest value of as many windows as give a map of size ``out``, whatever the input size."""

    word: ClassVar[str] = "adaptive_max_pool"
    signal = follows(Largest())

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One compare less than elements for each window, of whatever size."""
        return Cost(compares=self._joined(output, inputs[0]))

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The input, and where in it each largest value lies."""
        return Saved(inputs=True, beside=self.workspace(output, *inputs))

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """The places of the largest values, which torch notes in eval mode too."""
        return Space(indices=prod(output))

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.AdaptiveMaxPool2d`` on two axes."""
        axes = len(inputs[0]) - 1
        return Layer(f"torch.nn.AdaptiveMaxPool{axes}d", {"output_size": each(self.out, axes)})

    def label(self, *inputs: Shape) -> str:
        """``max pool to 6x6``."""
        return f"max pool to {shape_text(each(self.out, len(inputs[0]) - 1))}"


def pool_window(operation: MaxPool | AvgPool, shape: Shape, dilation: int | PerAxis = 1) -> Window:
    """The kernel over a map of ``shape``, and the stride, which is the kernel unless it is given."""
    axes = len(shape) - 1
    kernel = each(operation.kernel, axes)
    stride = kernel if operation.stride is None else each(operation.stride, axes)
    spread = each(dilation, axes)
    if operation.padding == "same":
        before, _ = same_margins(shape[1:], reach(kernel, spread), stride)
    else:
        before = each(operation.padding, axes)
    return Window(kernel, stride, spread, before)


def pooled(operation: MaxPool | AvgPool, shape: Shape, dilation: int | PerAxis = 1) -> Shape:
    """Output of pooling; refuses padding beyond half the kernel, as torch does."""
    map_only(operation, shape)
    window = pool_window(operation, shape, dilation)
    if operation.padding == "same":
        return (shape[0], *[-(-size // step) for size, step in zip(shape[1:], window.stride, strict=True)])
    for kernel, padding in zip(window.kernel, window.padding, strict=True):
        if padding * 2 > kernel:
            message = f"{operation.word} padding {padding} is more than half its kernel {kernel}"
            raise Refusal("window", message, "such a window could lie on padding alone")
    extent = reach(window.kernel, window.dilation)
    sizes = slid(operation.word, shape, extent, window.stride, (window.padding, window.padding), ceil=operation.ceil)
    return (shape[0], *sizes)


def same_copy(operation: MaxPool | AvgPool, shape: Shape, dilation: int | PerAxis = 1) -> int:
    """Elements of a copy of the map of ``shape`` with the padding ``same`` around it; 0 where none is needed."""
    if operation.padding != "same":
        return 0
    window = pool_window(operation, shape, dilation)
    ends = same_margins(shape[1:], reach(window.kernel, window.dilation), window.stride)
    if not any(map(any, ends)):
        return 0
    return shape[0] * prod([before + size + after for size, before, after in zip(shape[1:], *ends, strict=True)])


def pool_label(name: str, window: Window) -> str:
    """``max pool 3x3/2``."""
    return f"{name} {shape_text(window.kernel)}/{brief(window.stride)}"
