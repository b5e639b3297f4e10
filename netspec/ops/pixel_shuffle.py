"""Channels as positions: sub-pixel convolution without its convolution."""

from typing import ClassVar

from netspec.errors.codes import Refusal
from netspec.ops.facts import MAP, Example, Family, Shape, Window, point, shape_text
from netspec.ops.fields import Count
from netspec.ops.memory import MemoryOrder, nothing_saved
from netspec.ops.operation import Operation, free, map_only, torch_layer
from netspec.ops.uneven import Uneven
from netspec.ops.upsampling import Between


class PixelShuffle(Operation):
    """``scale`` x ``scale`` channels in turn as the positions of one that is so much larger (Shi et al. 2016)."""

    word: ClassVar[str] = "pixel_shuffle"
    family: ClassVar[Family] = Family.SHAPE
    selects_channels: ClassVar[bool] = True
    overwritable: ClassVar[bool] = True
    example: ClassVar[Example] = Example(scale=2)
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER
    saved_for_backward = nothing_saved
    cost = free
    layer = torch_layer("torch.nn.PixelShuffle", upscale_factor="scale")

    scale: Count

    def shape(self, *inputs: Shape) -> Shape:
        """Channels over ``scale`` squared, and each size times ``scale``."""
        channels, *sizes = inputs[0]
        if map_only(self, inputs[0]) != MAP - 1:
            message = f"pixel_shuffle needs two axes, got {shape_text(inputs[0])}"
            raise Refusal("shape", message, "torch has it on two axes alone")
        if channels % self.scale**2:
            message = f"pixel_shuffle by {self.scale} cannot split {channels} channels evenly"
            raise Refusal("shape", message, f"the channels must be a multiple of {self.scale**2}")
        return (channels // self.scale**2, *[size * self.scale for size in sizes])

    def window(self, *inputs: Shape) -> Window:
        """One position, which ``scale`` positions on each axis are made of."""
        return point(len(inputs[0]) - 1)

    def uneven(self, *inputs: Shape) -> tuple[Uneven, ...]:
        """Each position comes from the element that it lies on, or behind."""
        return tuple([Between(1, 0, self.scale, size * self.scale, nearest=True) for size in inputs[0][1:]])

    def label(self, *inputs: Shape) -> str:
        """``pixel shuffle x2``."""
        return f"pixel shuffle x{self.scale}"
