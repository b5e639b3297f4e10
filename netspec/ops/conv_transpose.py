"""Transposed convolution: what spreads each element of a map over several positions of a larger one."""

from math import prod
from typing import ClassVar

from netspec.errors.codes import Refusal
from netspec.ops.facts import (
    Cost,
    Example,
    Family,
    Layer,
    PerAxis,
    Shape,
    Tensor,
    Window,
    brief,
    each,
    positions,
    shape_text,
)
from netspec.ops.fields import Count, Margin, Size
from netspec.ops.memory import MemoryOrder
from netspec.ops.operation import Operation, follows, map_only
from netspec.ops.signal import Scatter
from netspec.ops.uneven import Uneven
from netspec.ops.upsampling import Spread
from netspec.ops.windows import convolution_label, split_evenly


class ConvTranspose(Operation):
    """Transposed convolution with ``out`` filters (Zeiler et al. 2010): elements move ``stride`` apart.

    ``padding`` cuts positions off on both sides, ``output_padding`` adds some behind; ``groups`` splits the channels.
    """

    word: ClassVar[str] = "conv_transpose"
    signal = follows(Scatter())
    family: ClassVar[Family] = Family.CONV
    overwritable: ClassVar[bool] = True
    example: ClassVar[Example] = Example(out=64, kernel=2, stride=2)
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER

    out: Count
    kernel: Size
    stride: Size = 1
    padding: Margin = 0
    output_padding: Margin = 0
    groups: Count = 1
    dilation: Size = 1
    bias: bool = True

    def shape(self, *inputs: Shape) -> Shape:
        """``out``, and on each axis from the first to the last position that a kernel reaches, less the padding."""
        axes = map_only(self, inputs[0])
        split_evenly("conv_transpose", self.groups, inputs[0][0], self.out)
        more = zip(each(self.output_padding, axes), each(self.stride, axes), each(self.dilation, axes), strict=True)
        for extra, *spread in more:
            if extra >= max(spread):
                message = f"conv_transpose output_padding {extra} is no less than its stride and its dilation"
                raise Refusal(
                    "window", message, "it is for the positions that a stride leaves open, less than one step"
                )
        sizes = self._sizes(inputs[0])
        if min(sizes) < 1:
            cut = brief(each(self.padding, axes))
            message = f"conv_transpose leaves nothing of {shape_text(inputs[0])} with padding {cut}"
            raise Refusal("window", message, "padding cuts off; use less of it")
        return (self.out, *sizes)

    def _sizes(self, shape: Shape) -> PerAxis:
        axes = len(shape) - 1
        kernel, stride, dilation, padding = self.window(shape)
        return tuple(
            [
                (size - 1) * step - 2 * off + spread * (taps - 1) + extra + 1
                for size, step, off, spread, taps, extra in zip(
                    shape[1:], stride, padding, dilation, kernel, each(self.output_padding, axes), strict=True
                )
            ]
        )

    @property
    def channel_groups(self) -> int:
        """``groups``."""
        return self.groups

    @property
    def adds_bias(self) -> bool:
        """``bias``."""
        return self.bias

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """``weight`` of in x out/groups x kernel, and ``bias``."""
        kernel = each(self.kernel, len(inputs[0]) - 1)
        weight = Tensor("weight", (inputs[0][0], self.out // self.groups, *kernel))
        return (weight, Tensor("bias", (self.out,))) if self.bias else (weight,)

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """Every tap of every element of the input, those that are cut off included."""
        taps = inputs[0][0] * (self.out // self.groups) * prod(each(self.kernel, len(output) - 1))
        return Cost(macs=taps * positions(inputs[0]), adds=self.out * positions(output) if self.bias else 0)

    def window(self, *inputs: Shape) -> Window:
        """The kernel as it slides over the output; what a position sees of the input depends on its phase."""
        axes = len(inputs[0]) - 1
        return Window(*[each(value, axes) for value in (self.kernel, self.stride, self.dilation, self.padding)])

    def uneven(self, *inputs: Shape) -> tuple[Uneven, ...]:
        """The elements that reach a position, which depend on its phase."""
        return tuple(map(Spread, *self.window(*inputs), inputs[0][1:], self._sizes(inputs[0])))

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.ConvTranspose2d`` on two axes."""
        axes = len(inputs[0]) - 1
        kernel, stride, dilation, padding = self.window(*inputs)
        arguments = {
            "in_channels": inputs[0][0],
            "out_channels": self.out,
            "kernel_size": kernel,
            "stride": stride,
            "padding": padding,
            "output_padding": each(self.output_padding, axes),
            "groups": self.groups,
            "bias": self.bias,
            "dilation": dilation,
        }
        return Layer(f"torch.nn.ConvTranspose{axes}d", arguments)

    def label(self, *inputs: Shape) -> str:
        """``conv transpose 4x4/2, 64`` and what is unusual about it."""
        return convolution_label("conv transpose", self.out, self.window(*inputs), self.groups)
