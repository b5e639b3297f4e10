"""Convolution."""

from math import prod
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator

from netspec.errors.problem import Refusal
from netspec.ops.facts import Cost, Family, Layer, Pair, Shape, Tensor, Window, positions
from netspec.ops.memory import Saved, Space
from netspec.ops.operation import Count, Margin, Operation, Size, both, map_only, pair
from netspec.ops.windows import reach, slid

Padding = Annotated[Literal["same"] | Margin, BeforeValidator(pair)]


class Conv(Operation):
    """Convolution with ``out`` filters; ``padding: same`` keeps the size, ``groups`` splits the channels."""

    word: ClassVar[str] = "conv"
    family: ClassVar[Family] = Family.CONV
    overwritable: ClassVar[bool] = True

    out: Count
    kernel: Size
    stride: Size = (1, 1)
    padding: Padding = (0, 0)
    dilation: Size = (1, 1)
    groups: Count = 1
    bias: bool = True

    def shape(self, *inputs: Shape) -> Shape:
        """``(out, height, width)`` after sliding the window."""
        channels, _, _ = map_only(self, inputs[0])
        for name, count in (("input", channels), ("output", self.out)):
            if count % self.groups:
                message = f"conv with {self.groups} groups cannot split {count} {name} channels evenly"
                raise Refusal("shape", message, f"groups must divide the {name} channels")
        if self.padding == "same" and self.stride != (1, 1):
            hint = "'same' would depend on the input size; write the padding as a number"
            raise Refusal("shape", "conv with padding 'same' needs stride 1", hint)
        return (self.out, *slid("conv", inputs[0], reach(self.kernel, self.dilation), self.stride, self.margins))

    @property
    def channel_groups(self) -> int:
        """``groups``."""
        return self.groups

    @property
    def margins(self) -> tuple[Pair, Pair]:
        """Zeros before and after, per axis. ``same`` puts the odd one after, as torch does."""
        if self.padding != "same":
            return self.padding, self.padding
        high, wide = reach(self.kernel, self.dilation)
        return ((high - 1) // 2, (wide - 1) // 2), (high // 2, wide // 2)

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """``weight`` of out x in/groups x kernel, and ``bias``."""
        weight = Tensor("weight", (self.out, inputs[0][0] // self.groups, *self.kernel))
        return (weight, Tensor("bias", (self.out,))) if self.bias else (weight,)

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """Every tap of every output element, those on padding included."""
        elements = self.out * positions(output)
        taps = inputs[0][0] // self.groups * self.kernel[0] * self.kernel[1]
        return Cost(macs=elements * taps, adds=elements if self.bias else 0)

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The input, or its padded copy where more zeros come after than before: torch adds those beforehand."""
        copy = self.workspace(output, *inputs)
        return Saved(inputs=not copy.values, beside=copy)

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """A copy of the input with the zeros that come after alone."""
        channels, *sizes = inputs[0]
        more = [after - before for before, after in zip(*self.margins, strict=True)]
        if not any(more):
            return Space()
        return Space(values=channels * prod(size + extra for size, extra in zip(sizes, more, strict=True)))

    def window(self, *inputs: Shape) -> Window:
        """The kernel."""
        return Window(self.kernel, self.stride, self.dilation, self.margins[0])

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Conv2d``; a symmetric ``same`` is written as numbers, which every tool understands."""
        before, after = self.margins
        arguments = {
            "in_channels": inputs[0][0],
            "out_channels": self.out,
            "kernel_size": self.kernel,
            "stride": self.stride,
            "padding": before if before == after else "same",
            "dilation": self.dilation,
            "groups": self.groups,
            "bias": self.bias,
        }
        return Layer("torch.nn.Conv2d", arguments)

    def label(self) -> str:
        """``conv 3x3/2, 64`` and what is unusual about it."""
        text = f"conv {self.kernel[0]}x{self.kernel[1]}"
        text += f"/{both(self.stride)}" if self.stride != (1, 1) else ""
        text += f", {self.out}"
        text += f", dilation {both(self.dilation)}" if self.dilation != (1, 1) else ""
        return text + (f", groups {self.groups}" if self.groups > 1 else "")
