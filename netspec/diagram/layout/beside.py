"""What stands beside a series: links that are led around everything, and what hangs at its parts."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagram.layout.box_shapes import CIRCLE
from netspec.diagram.layout.wires import BUS, Laid, Wire
from netspec.diagram.scene import INTO, Box, Crossing, Edge, Kind, Series, Side, parts_of

BESIDE = 12
"""Between what stands beside each other."""
LANE = 12
"""Beside what a skip goes around."""
MOST_LANES = 24
"""Links beside a list of parts that can still be followed."""


def add_rails(laid: Laid, rails: Sequence[Edge]) -> None:
    """Lead ``rails`` around everything, each in a lane of its own; raise :class:`Crossing` for too many of them."""
    if len(rails) > MOST_LANES:
        raise Crossing
    stops = {part.key: (part, top, height, right) for part, top, height, right in laid.stops}
    below = {INTO: 0.0, **{key: top + height for key, (_, top, height, _) in stops.items()}}
    for rail in sorted(rails, key=lambda edge: stops[edge.target][1] - below[edge.source]):
        start = below[rail.source]
        part, down, high, right = stops[rail.target]
        x = laid.right + LANE
        end = CIRCLE if isinstance(part, Box) and part.kind is Kind.JOIN else right
        way = [(0, start), (0, start + BUS / 2), (x, start + BUS / 2), (x, down + high / 2), (end, down + high / 2)]
        laid.wires.append(Wire(way, rail, begins=rail.source != INTO, ends=True))
        laid.right = x


def add_sides(laid: Laid, sides: Sequence[tuple[Side, Laid]]) -> None:
    """What hangs at parts of a series, in a lane of its own on the right."""
    stops = {INTO: 0.0, **{part.key: top + height for part, top, height, _ in laid.stops}}
    lane, free = laid.right + 2 * BESIDE, 0.0
    right = laid.right
    for side, inner in sorted(sides, key=lambda pair: stops[pair[0].at]):
        start = stops[side.at]
        bus = start + BUS / 2
        top = max(bus, free)
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
        free = top + inner.height + BESIDE
    laid.right = max(laid.right, right)


def hanging(series: Series, sides: Sequence[Side]) -> list[Side]:
    """Those of ``sides`` that hang at parts of ``series``, or of branches in it."""
    keys = {part.key for part in parts_of(series)} if sides else set()
    return [side for side in sides if side.at in keys]
