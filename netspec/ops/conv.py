"""Convolution."""

from math import prod
from typing import ClassVar

from netspec.ops.facts import (
    Cost,
    Example,
    Family,
    Layer,
    PerAxis,
    Shape,
    Tensor,
    Window,
    each,
    positions,
)
from netspec.ops.fields import Count, Padding, Size
from netspec.ops.memory import MemoryOrder, Saved, Space
from netspec.ops.operation import Operation, follows, map_only
from netspec.ops.signal import Mix
from netspec.ops.windows import convolution_label, reach, same_margins, slid, split_evenly


class Conv(Operation):
    """Convolution with ``out`` filters; ``groups`` splits the channels.

    ``padding: same`` keeps the size, or gives size / ``stride``, rounded up. With a stride the padding depends on the
    size of the map then, as in TensorFlow: a map of another size is read at other places.
    """

    word: ClassVar[str] = "conv"
    family: ClassVar[Family] = Family.CONV
    example: ClassVar[Example] = Example(out=64, kernel=3, padding=1)
    overwritable: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER
    signal = follows(Mix())

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
        split_evenly("conv", self.groups, inputs[0][0], self.out)
        stride = each(self.stride, axes)
        return (self.out, *slid("conv", inputs[0], self._reach(axes), stride, self.margins(inputs[0])))

    @property
    def channel_groups(self) -> int:
        """``groups``."""
        return self.groups

    @property
    def adds_bias(self) -> bool:
        """``bias``."""
        return self.bias

    def margins(self, shape: Shape) -> tuple[PerAxis, PerAxis]:
        """Zeros before and after the map of ``shape``, per axis."""
        axes = len(shape) - 1
        if self.padding != "same":
            padding = each(self.padding, axes)
            return padding, padding
        return same_margins(shape[1:], self._reach(axes), each(self.stride, axes))

    def _pads_itself(self, shape: Shape) -> bool:
        """Whether a module of ours adds the zeros: with a stride, where their number depends on the map or is odd."""
        steps, extents = each(self.stride, len(shape) - 1), self._reach(len(shape) - 1)
        before, after = self.margins(shape)
        depends = any(step > 1 and extent > 1 for step, extent in zip(steps, extents, strict=True))
        return self.padding == "same" and (depends or (before != after and max(steps) > 1))

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
        """The input, or a padded copy of it: of ``same`` with a stride, or where more zeros come after than before."""
        copy = self.workspace(output, *inputs)
        return Saved(inputs=not copy.values, beside=copy)

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """A copy of the input with all of the zeros, or those that come after alone, which torch adds beforehand."""
        channels, *sizes = inputs[0]
        whole = self._pads_itself(inputs[0])
        ends = zip(*self.margins(inputs[0]), strict=True)
        more = [before + after if whole else after - before for before, after in ends]
        if not any(more):
            return Space()
        return Space(values=channels * prod(size + extra for size, extra in zip(sizes, more, strict=True)))

    def window(self, *inputs: Shape) -> Window:
        """The kernel."""
        axes = len(inputs[0]) - 1
        kernel, stride, dilation = each(self.kernel, axes), each(self.stride, axes), each(self.dilation, axes)
        return Window(kernel, stride, dilation, self.margins(inputs[0])[0])

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Conv2d`` on two axes; a module of ours for ``same`` with a stride, which pads by the map's size.

        A symmetric ``same`` without stride is written as numbers, which every tool understands.
        """
        axes = len(inputs[0]) - 1
        before, after = self.margins(inputs[0])
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
        if self._pads_itself(inputs[0]):
            return Layer(f"netspec.nn.same.SameConv{axes}d", {**arguments, "padding": 0})
        return Layer(f"torch.nn.Conv{axes}d", arguments)

    def label(self, *inputs: Shape) -> str:
        """``conv 3x3/2, 64`` and what is unusual about it."""
        return convolution_label("conv", self.out, self.window(*inputs), self.groups)
