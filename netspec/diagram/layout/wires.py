"""Lines on their way: what is laid out knows some of their points, what is around it the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from netspec.diagram.layout.box_shapes import BAR, CIRCLE
from netspec.diagram.scene import Box, Edge, Group, Kind, Role
from netspec.drawing.picture import At, Line, Point, Shape

BUS = 8
"""How far below a box lines part, and above one they meet."""
NEAR = 0.01
"""What is no distance."""
LOOKS = {
    Role.SPINE: "edge", Role.BRANCH: "edge", Role.SKIP: "skip", Role.SIDE: "side", Role.RAIL: "rail",
    Role.CONTROL: "control",
}  # fmt: skip


@dataclass(slots=True)
class Wire:
    """An edge on its way: the points that are known, and whether it still needs those before and behind."""

    points: list[Point]
    edge: Edge
    begins: bool = False
    ends: bool = False

    def moved(self, x: float, y: float) -> Wire:
        """The same wire at another place."""
        return Wire([(px + x, py + y) for px, py in self.points], self.edge, self.begins, self.ends)

    @property
    def top(self) -> Point:
        """Where it starts as far as is known."""
        return self.points[0]

    @property
    def bottom(self) -> Point:
        """Where it ends as far as is known."""
        return self.points[-1]


@dataclass(slots=True)
class Laid:
    """Shapes around an axis at 0, from 0 downwards, ``left`` and ``right`` of it; ``wires`` are not finished yet."""

    left: float = 0
    right: float = 0
    height: float = 0
    shapes: list[Shape] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    stops: list[tuple[Box | Group, float, float, float]] = field(default_factory=list)
    """Of a series: each part with its top, its height, and how far it reaches to the right of the axis."""
    inner: list[tuple[Box | Group, float, float]] = field(default_factory=list)
    """Parts on the same axis between those of a series, which others go around: each with its top and its height."""

    def take(self, other: Laid, x: float, y: float) -> None:
        """Everything of ``other`` with its axis at ``x`` and its top at ``y``."""
        if other.shapes:
            self.shapes.append(At(x, y, tuple(other.shapes)))
        self.wires += [wire.moved(x, y) for wire in other.wires]
        self.left = max(self.left, other.left - x)
        self.right = max(self.right, other.right + x)


def begin(wire: Wire, start: Point) -> None:
    """Lead ``wire`` from the bottom of the part that it comes from, if it waits for that."""
    if wire.begins:
        return
    x, y = start
    across = [(x, y + BUS), (wire.top[0], y + BUS)] if abs(wire.top[0] - x) > 1 else []
    wire.points = [start, *across, *wire.points]
    wire.begins = True


def end(wire: Wire, target: Box | Group, part: Laid, y: float) -> None:
    """Lead ``wire`` into the part at ``y``."""
    x = wire.bottom[0]
    if (isinstance(target, Box) and target.kind is Kind.BAR and part.height == BAR and abs(x) > 0) or abs(x) <= 1:
        way = [(x, y)]
    elif isinstance(target, Box) and target.kind is Kind.JOIN and len(target.title) == 1:
        way = [(x, y + CIRCLE), (CIRCLE if x > 0 else -CIRCLE, y + CIRCLE)]
    else:
        way = [(x, y - BUS), (0, y - BUS), (0, y)]
    wire.points += way
    wire.ends = True


def finish(laid: Laid) -> None:
    """Wires that know both of their ends become lines, under the boxes."""
    laid.shapes = [*finished(laid), *laid.shapes]


def finished(laid: Laid) -> list[Shape]:
    """The wires of ``laid`` that know both of their ends, as lines; it keeps the others."""
    done = [wire for wire in laid.wires if wire.begins and wire.ends]
    laid.wires = [wire for wire in laid.wires if not (wire.begins and wire.ends)]
    found: list[Shape] = []
    for wire in done:
        look = "skip-changed" if wire.edge.changed else LOOKS[wire.edge.role]
        found.append(Line(_straightened(wire.points), look, arrow=True))
    return found


def _straightened(points: Sequence[Point]) -> tuple[Point, ...]:
    """``points`` without those that lie on the way between others."""
    way: list[Point] = []
    for point in points:
        if way and abs(way[-1][0] - point[0]) < NEAR and abs(way[-1][1] - point[1]) < NEAR:
            continue
        if len(way) > 1 and _between(way[-2], way[-1], point):
            way[-1] = point
        else:
            way.append(point)
    return tuple(way)


def _between(first: Point, middle: Point, last: Point) -> bool:
    return any(abs(first[axis] - middle[axis]) < NEAR and abs(middle[axis] - last[axis]) < NEAR for axis in (0, 1))
