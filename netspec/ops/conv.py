"""Convolution."""

from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar, Literal

from netspec.errors.codes import Refusal
from netspec.ops.facts import Cost, Family, Layer, PerAxis, Shape, Tensor, Window, brief, each, positions, shape_text
from netspec.ops.fields import Count, Margin, Size
from netspec.ops.memory import Saved, Space
from netspec.ops.operation import Operation, map_only
from netspec.ops.windows import reach, slid

Padding = Literal["same"] | Margin


class Conv(Operation):
    """Convolution with ``out`` filters; ``padding: same`` keeps the size, ``groups`` splits the channels."""

    word: ClassVar[str] = "conv"
    family: ClassVar[Family] = Family.CONV
    example: ClassVar[Mapping[str, Any]] = {"out": 64, "kernel": 3, "padding": 1}
    overwritable: ClassVar[bool] = True

    out: Count
    kernel: Size
    stride: Size = 1
    padding: Padding = 0
    dilation: Size = 1
    groups: Count = 1
    bias: bool = True

    def shape(self, *inputs: Shape) -> Shape:
        """``out``, and on each axis as many positions as the window has when it slides."""
        axes = map_only(self, inputs[0])
        for name, count in (("input", inputs[0][0]), ("output", self.out)):
            if count % self.groups:
                message = f"conv with {self.groups} groups cannot split {count} {name} channels evenly"
                raise Refusal("shape", message, f"groups must divide the {name} channels")
        stride = each(self.stride, axes)
        if self.padding == "same" and any(step > 1 for step in stride):
            hint = "'same' would depend on the input size; write the padding as a number"
            raise Refusal("shape", "conv with padding 'same' needs stride 1", hint)
        return (self.out, *slid("conv", inputs[0], self._reach(axes), stride, self.margins(axes)))

    @property
    def channel_groups(self) -> int:
        """``groups``."""
        return self.groups

    @property
    def adds_bias(self) -> bool:
        """``bias``."""
        return self.bias

    def margins(self, axes: int) -> tuple[PerAxis, PerAxis]:
        """Zeros before and after, per axis. ``same`` puts the odd one after, as torch does."""
        if self.padding != "same":
            padding = each(self.padding, axes)
            return padding, padding
        extents = self._reach(axes)
        return tuple([(extent - 1) // 2 for extent in extents]), tuple([extent // 2 for extent in extents])

    def _reach(self, axes: int) -> PerAxis:
        return reach(each(self.kernel, axes), each(self.dilation, axes))

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """``weight`` of out x in/groups x kernel, and ``bias``."""
        kernel = each(self.kernel, len(inputs[0]) - 1)
        weight = Tensor("weight", (self.out, inputs[0][0] // self.groups, *kernel))
        return (weight, Tensor("bias", (self.out,))) if self.bias else (weight,)

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """Every tap of every output element, those on padding included."""
        elements = self.out * positions(output)
        taps = inputs[0][0] // self.groups * prod(each(self.kernel, len(output) - 1))
        return Cost(macs=elements * taps, adds=elements if self.bias else 0)

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The input, or its padded copy where more zeros come after than before: torch adds those beforehand."""
        copy = self.workspace(output, *inputs)
        return Saved(inputs=not copy.values, beside=copy)

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """A copy of the input with the zeros that come after alone."""
        channels, *sizes = inputs[0]
        more = [after - before for before, after in zip(*self.margins(len(sizes)), strict=True)]
        if not any(more):
            return Space()
        return Space(values=channels * prod(size + extra for size, extra in zip(sizes, more, strict=True)))

    def window(self, *inputs: Shape) -> Window:
        """The kernel."""
        axes = len(inputs[0]) - 1
        kernel, stride, dilation = each(self.kernel, axes), each(self.stride, axes), each(self.dilation, axes)
        return Window(kernel, stride, dilation, self.margins(axes)[0])

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Conv2d`` on two axes; a symmetric ``same`` is written as numbers, which every tool understands."""
        axes = len(inputs[0]) - 1
        before, after = self.margins(axes)
        arguments = {
            "in_channels": inputs[0][0],
            "out_channels": self.out,
            "kernel_size": each(self.kernel, axes),
            "stride": each(self.stride, axes),
            "padding": before if before == after else "same",
            "dilation": each(self.dilation, axes),
            "groups": self.groups,
            "bias": self.bias,
        }
        return Layer(f"torch.nn.Conv{axes}d", arguments)

    def label(self, *inputs: Shape) -> str:
        """``conv 3x3/2, 64`` and what is unusual about it."""
        kernel, stride, dilation, _ = self.window(*inputs)
        text = f"conv {shape_text(kernel)}"
        text += f"/{brief(stride)}" if any(step > 1 for step in stride) else ""
        text += f", {self.out}"
        text += f", dilation {brief(dilation)}" if any(spread > 1 for spread in dilation) else ""
        return text + (f", groups {self.groups}" if self.groups > 1 else "")
