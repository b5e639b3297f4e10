"""Layers without weights that pass their input on: whole, in part, or padded."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from netspec.errors.codes import Refusal
from netspec.ops.facts import Example, Family, Layer, Shape, Window, brief, each, point
from netspec.ops.fields import Count, Natural, Size
from netspec.ops.memory import INDEX, MemoryOrder, Saved, Space, always, nothing_saved
from netspec.ops.operation import Operation, follows, free, map_only, torch_layer
from netspec.ops.signal import Choose, Same, SignalRule


class Identity(Operation):
    """The input itself."""

    word: ClassVar[str] = "identity"
    family: ClassVar[Family] = Family.SHAPE
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    saved_for_backward = nothing_saved
    is_view = always
    cost = free
    layer = torch_layer("torch.nn.Identity")
    signal = follows(Same())


class PadShortcut(Operation):
    """Every ``stride``-th position, and zero channels up to ``out``: option A of He et al. 2015, section 3.3.

    ``zeros`` come ``after`` the channels (Torch's ResNet), or half before and half after (``around``).
    """

    word: ClassVar[str] = "pad_shortcut"
    family: ClassVar[Family] = Family.SHAPE
    example: ClassVar[Example] = Example(out=128, stride=2)
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER
    saved_for_backward = nothing_saved
    cost = free

    out: Count
    stride: Size = 1
    zeros: Literal["after", "around"] = "after"

    def shape(self, *inputs: Shape) -> Shape:
        """``out``, and each size over ``stride``, rounded up."""
        axes = map_only(self, inputs[0])
        channels, *sizes = inputs[0]
        if channels > self.out:
            hint = "option A can only add channels; use a projection to remove some"
            raise Refusal("shape", f"pad_shortcut cannot pad {channels} channels to {self.out}", hint)
        return (self.out, *(-(-size // step) for size, step in zip(sizes, each(self.stride, axes), strict=True)))

    def window(self, *inputs: Shape) -> Window:
        """One position in every ``stride``."""
        axes = len(inputs[0]) - 1
        return point(axes)._replace(stride=each(self.stride, axes))

    def _zeros(self, channels: int) -> tuple[int, int]:
        """How many channels of zeros come before ``channels`` and after them."""
        missing = self.out - channels
        before = missing // 2 if self.zeros == "around" else 0
        return before, missing - before

    def signal(self, *inputs: Shape) -> SignalRule:
        """The same, and zeros."""
        return Same(*self._zeros(inputs[0][0]))

    def layer(self, *inputs: Shape) -> Layer:
        """A module of ours: torch has none."""
        arguments = {"stride": each(self.stride, len(inputs[0]) - 1), "zeros": self._zeros(inputs[0][0])}
        return Layer("netspec.nn.layers.PadShortcut", arguments)

    def label(self, *inputs: Shape) -> str:
        """``pad to 64, /2``."""
        stride = each(self.stride, len(inputs[0]) - 1)
        return f"pad to {self.out}" + (f", /{brief(stride)}" if any(step > 1 for step in stride) else "")


class Select(Operation):
    """The listed ``channels``, counted from 0."""

    word: ClassVar[str] = "select"
    family: ClassVar[Family] = Family.SHAPE
    example: ClassVar[Example] = Example(channels=[0, 1, 2])
    selects_channels: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER
    cost = free
    layer = torch_layer("netspec.nn.layers.Select", "channels")

    channels: Annotated[list[Natural], Field(min_length=1)]

    def signal(self, *inputs: Shape) -> SignalRule:
        """Those channels."""
        return Choose(self.channels)

    def shape(self, *inputs: Shape) -> Shape:
        """As many channels as are listed."""
        last = max(self.channels)
        if last >= inputs[0][0]:
            hint = f"they are counted from 0 to {inputs[0][0] - 1}"
            raise Refusal("shape", f"select has no channel {last} in {inputs[0][0]}", hint)
        return (len(self.channels), *inputs[0][1:])

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The list."""
        return Saved(beside=Space(fixed=INDEX * len(self.channels)))

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """The list."""
        return Space(fixed=INDEX * len(self.channels))

    def label(self, *inputs: Shape) -> str:
        """``channels 0 1 2``."""
        return "channels " + " ".join(str(channel) for channel in self.channels)
