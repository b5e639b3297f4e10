"""What stands beside a series: links that are led around everything, and what hangs at its parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from netspec.diagram.layout.box_shapes import CIRCLE
from netspec.diagram.layout.wires import BUS, Laid, Wire
from netspec.diagram.scene import INTO, Box, Crossing, Edge, Kind, Series, Side, parts_of
from netspec.drawing.picture import Line, Part, Rect, Shape, Text, flattened
from netspec.drawing.text_width import text_width

BESIDE = 12
"""Between what stands beside each other."""
LANE = 12
"""Beside what a skip goes around."""
MOST_LANES = 24
"""Links beside a list of parts that can still be followed."""


def add_rails(laid: Laid, rails: Sequence[Edge]) -> None:
    """Lead ``rails`` around everything, short ones inside, each in the first lane that is free all its way.

    Raises :class:`Crossing` for too many of them.
    """
    if len(rails) > MOST_LANES:
        raise Crossing
    stops = {part.key: (part, top, height, right) for part, top, height, right in laid.stops}
    below = {INTO: 0.0, **{key: top + height for key, (_, top, height, _) in stops.items()}}
    lanes: list[list[tuple[float, float]]] = []
    for rail in sorted(rails, key=lambda edge: stops[edge.target][1] - below[edge.source]):
        part, down, high, right = stops[rail.target]
        start, stop = below[rail.source], down + high / 2
        lane = next((place for place, taken in enumerate(lanes) if _is_free(taken, start, stop)), len(lanes))
        if lane == len(lanes):
            lanes.append([])
        lanes[lane].append((start, stop))
        x = laid.right + LANE * (lane + 1)
        end = CIRCLE if isinstance(part, Box) and part.kind is Kind.JOIN else right
        bus = start + _turn(laid, rail.source)
        way = [(0, start), (0, bus), (x, bus), (x, stop), (end, stop)]
        laid.wires.append(Wire(way, rail, begins=rail.source != INTO, ends=True))
    laid.right += LANE * len(lanes)


def _turn(laid: Laid, source: str) -> float:
    """How far below its source a line leaves the axis: above the first part there may be little room."""
    return min(BUS / 2, laid.stops[0][1] / 2) if source == INTO and laid.stops else BUS / 2


def _is_free(taken: Sequence[tuple[float, float]], start: float, stop: float) -> bool:
    """Whether nothing in a lane comes near a way from ``start`` to ``stop``."""
    return all(end + BUS <= start or stop + BUS <= begin for begin, end in taken)


def add_sides(laid: Laid, sides: Sequence[tuple[Side, Laid]]) -> None:
    """What hangs at parts of a series, on the right of all that stands at its height; below others that hang there."""
    stops = {INTO: 0.0, **{part.key: top + height for part, top, height, _ in laid.stops}}
    beside = _extents(laid) if sides else []
    lane = free = right = 0.0
    for side, inner in sorted(sides, key=lambda pair: stops[pair[0].at]):
        start = stops[side.at]
        bus = start + _turn(laid, side.at)
        top = max(bus, free)
        before = lane
        reach = max([area.right for area in beside if area.bottom > start and area.top < top + inner.height], default=0)
        lane = reach + 2 * BESIDE
        if top > bus and lane > before:
            lane, top = max(lane, right + 2 * BESIDE), bus
        x = lane + inner.left
        for wire in inner.wires:
            if not wire.begins:
                turn = [(0.0, start), (0.0, bus), (lane - BESIDE, bus), (lane - BESIDE, top), (x, top)]
                wire.points = [(px + x, py + top) for px, py in wire.points]
                wire.points = [*(turn if top > bus else [(0.0, start), (0.0, bus), (x, bus)]), *wire.points]
                wire.points = [(px - x, py - top) for px, py in wire.points]
                wire.begins = wire.ends = True
        right = max(right, x + inner.right)
        laid.take(inner, x, top)
        laid.height = max(laid.height, top + inner.height)
        free = max(free, top + inner.height + BESIDE)
    laid.right = max(laid.right, right)


class Extent(NamedTuple):
    """How far to the right something reaches, and from where to where down."""

    right: float
    top: float
    bottom: float


def _extents(laid: Laid) -> list[Extent]:
    """Those of all boxes, and of all straight pieces of lines."""
    lines = [Line(tuple(wire.points), "") for wire in laid.wires]
    return list(_of_shapes(flattened([*laid.shapes, *lines])))


def _of_shapes(shapes: Iterable[Shape]) -> Iterator[Extent]:
    for shape in shapes:
        if isinstance(shape, Part):
            yield from _of_shapes(shape.shapes)
        elif isinstance(shape, Rect):
            yield Extent(shape.x + shape.width, shape.y, shape.y + shape.height)
        elif isinstance(shape, Text):
            width = text_width(shape.words, shape.size, bold=True)
            right = {"start": width, "middle": width / 2, "end": 0.0}[shape.anchor]
            yield Extent(shape.x + right, shape.y - shape.size, shape.y)
        elif isinstance(shape, Line):
            for (x, y), (other_x, other_y) in pairwise(shape.points):
                yield Extent(max(x, other_x), min(y, other_y), max(y, other_y))


def hanging(series: Series, sides: Sequence[Side]) -> list[Side]:
    """Those of ``sides`` that hang at parts of ``series``, or of branches in it."""
    keys = {part.key for part in parts_of(series)} if sides else set()
    return [side for side in sides if side.at in keys]
