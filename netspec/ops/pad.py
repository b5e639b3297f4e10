"""Padding of a map as a layer of its own: with zeros, or with the map's own values."""

from typing import ClassVar, Literal

from netspec.errors.codes import Refusal
from netspec.ops.facts import Example, Family, Layer, Shape, Window, point, shape_text
from netspec.ops.fields import Sides
from netspec.ops.memory import MemoryOrder, Saved
from netspec.ops.operation import Operation, free, map_only
from netspec.ops.signal import Resample, SignalRule

_MODULES = {"zeros": "ZeroPad", "reflect": "ReflectionPad", "replicate": "ReplicationPad"}


class Pad(Operation):
    """More positions around a map: ``padding`` on all sides, or on each axis, there one number or [before, after].

    They hold zeros, or, by ``mode``, the values mirrored at the edge (``reflect``) or those of it (``replicate``).
    Whatever they hold, they are no positions of the map: what is seen of the map is told by places.
    """

    word: ClassVar[str] = "pad"
    family: ClassVar[Family] = Family.SHAPE
    example: ClassVar[Example] = Example(padding=[[1, 2], 0], mode="reflect")
    overwritable: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER
    cost = free

    padding: Sides
    mode: Literal["zeros", "reflect", "replicate"] = "zeros"

    def shape(self, *inputs: Shape) -> Shape:
        """The same channels, each size with what comes before and after."""
        axes = map_only(self, inputs[0])
        channels, *sizes = inputs[0]
        sides = self._sides(axes)
        for size, around in zip(sizes, sides, strict=True):
            if self.mode == "reflect" and max(around) >= size:
                message = f"pad cannot mirror {max(around)} positions of {size}, in {shape_text(inputs[0])}"
                raise Refusal("window", message, "the edge itself is not repeated: there must be one position more")
        return (channels, *(before + size + after for size, (before, after) in zip(sizes, sides, strict=True)))

    def _sides(self, axes: int) -> list[tuple[int, int]]:
        """Positions before and after, for each axis."""
        each = (self.padding,) * axes if isinstance(self.padding, int) else self.padding
        return [(side, side) if isinstance(side, int) else side for side in each]

    def window(self, *inputs: Shape) -> Window:
        """The same position of the map, so many places on."""
        axes = len(inputs[0]) - 1
        return point(axes)._replace(padding=tuple([before for before, _ in self._sides(axes)]))

    def signal(self, *inputs: Shape) -> SignalRule:
        """The element of each position, or none."""
        axes = []
        for size, (before, after) in zip(inputs[0][1:], self._sides(len(inputs[0]) - 1), strict=True):
            axes.append(tuple([self._tap(at, size) for at in range(-before, size + after)]))
        return Resample(tuple(axes))

    def _tap(self, at: int, size: int) -> tuple[tuple[int, float], ...]:
        """What a position holds that lies ``at`` a place of an axis, or beyond it."""
        inside = min(max(at, 0), size - 1)
        if self.mode == "zeros" and at != inside:
            return ()
        if self.mode == "reflect":
            inside = abs(at) if at < size else 2 * (size - 1) - at
        return ((inside, 1.0),)

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """Nothing of zeros; else the input, which only its shape is read from."""
        return Saved(inputs=self.mode != "zeros")

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.ZeroPad2d``, ``ReflectionPad2d`` or ``ReplicationPad2d`` on two axes, the last one first."""
        axes = len(inputs[0]) - 1
        padding = tuple([side for around in reversed(self._sides(axes)) for side in around])
        return Layer(f"torch.nn.{_MODULES[self.mode]}{axes}d", {"padding": padding})

    def label(self, *inputs: Shape) -> str:
        """``pad 3``, ``reflect pad 0+1x2``."""
        sides = [
            str(before) if before == after else f"{before}+{after}" for before, after in self._sides(len(inputs[0]) - 1)
        ]
        text = sides[0] if len(set(sides)) == 1 else "x".join(sides)
        return f"pad {text}" if self.mode == "zeros" else f"{self.mode} pad {text}"
