"""Which channels there are, and in which order: a part of them, or groups of them dealt out anew."""

from typing import Annotated, ClassVar

from pydantic import Field

from netspec.errors.codes import Refusal
from netspec.ops.facts import Example, Family, Layer, Shape
from netspec.ops.fields import LARGEST, Count
from netspec.ops.memory import MemoryOrder, nothing_saved
from netspec.ops.operation import Operation, follows, free, map_only
from netspec.ops.signal import Choose, Deal, SignalRule

Place = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
"""A channel, or one past the last; a negative one is counted from the end."""


class Slice(Operation):
    """The channels from ``start`` up to, and without, ``stop``; negative ones are counted from the end, as in Python.

    A copy, so that of what is read no more is kept than the slice.
    """

    word: ClassVar[str] = "slice"
    family: ClassVar[Family] = Family.SHAPE
    overwritable: ClassVar[bool] = True
    selects_channels: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER
    saved_for_backward = nothing_saved
    cost = free

    start: Place = 0
    stop: Place | None = None

    def shape(self, *inputs: Shape) -> Shape:
        """As many channels as lie between; one at least, and none that is not there."""
        channels = inputs[0][0]
        start, stop = self._ends(channels)
        if not 0 <= start < stop <= channels:
            written = channels if self.stop is None else self.stop
            fault = "is empty" if start >= stop else "reaches beyond them"
            message = f"slice from {self.start} to {written} of {channels} channels {fault}"
            hint = f"channels count from 0 to {channels - 1}, or from the end; the one at 'stop' is not among them"
            raise Refusal("shape", message, hint)
        return (stop - start, *inputs[0][1:])

    def _ends(self, channels: int) -> tuple[int, int]:
        """Start and stop, counted from the first channel."""
        stop = channels if self.stop is None else self.stop
        return (
            self.start + channels if self.start < 0 else self.start,
            stop + channels if stop < 0 else stop,
        )

    def signal(self, *inputs: Shape) -> SignalRule:
        """Those channels."""
        return Choose(range(*self._ends(inputs[0][0])))

    def layer(self, *inputs: Shape) -> Layer:
        """A module of ours: torch has none."""
        start, stop = self._ends(inputs[0][0])
        return Layer("netspec.nn.layers.Slice", {"start": start, "stop": stop})

    def label(self, *inputs: Shape) -> str:
        """``channels 0 to 57``."""
        start, stop = self._ends(inputs[0][0])
        return f"channels {start} to {stop - 1}"


class ChannelShuffle(Operation):
    """The first channel of each of ``groups``, then the second of each, and so on (Zhang et al. 2017, ShuffleNet).

    One group, or one for each channel, moves nothing: the input itself.
    """

    word: ClassVar[str] = "channel_shuffle"
    family: ClassVar[Family] = Family.SHAPE
    example: ClassVar[Example] = Example(groups=2)
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER
    saved_for_backward = nothing_saved
    cost = free
    signal = follows(Deal())

    groups: Count

    def is_view(self, *inputs: Shape, training: bool) -> bool:
        """Whether all channels stay where they are."""
        return self.groups in (1, inputs[0][0])

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.ChannelShuffle``, which copies on some devices alone where nothing moves: there ``Identity``."""
        if self.is_view(*inputs, training=False):
            return Layer("torch.nn.Identity", {})
        return Layer("torch.nn.ChannelShuffle", {"groups": self.groups})

    def shape(self, *inputs: Shape) -> Shape:
        """Unchanged; maps whose channels the groups divide."""
        map_only(self, inputs[0])
        if inputs[0][0] % self.groups:
            message = f"channel_shuffle with {self.groups} groups cannot split {inputs[0][0]} channels evenly"
            raise Refusal("shape", message, "groups must divide the channels")
        return inputs[0]
