"""The network itself: its spine in columns, with the size of what comes out beside it."""

from __future__ import annotations

from itertools import pairwise

from netspec.diagram.labels import TIMES
from netspec.diagram.layout.beside import BESIDE, hanging
from netspec.diagram.layout.block import Block
from netspec.diagram.layout.box_shapes import SMALL
from netspec.diagram.layout.layout import Layout
from netspec.diagram.scene import INTO, Box, Drawn, Edge, Group, Kind, Scene, Series
from netspec.drawing.picture import At, Line, Shape, Text
from netspec.drawing.text_width import text_width

UNEVEN = 1.6
"""How much higher than all columns together, shared out, one of them may be."""


def spine(scene: Scene, layout: Layout, columns: int) -> Block | None:
    """The spine in columns, with the size of what comes out on the left where it changes."""
    (drawn,) = scene.panels[0].drawn
    chunks = _chunks(drawn, layout, columns)
    if chunks is None:
        return None
    shapes: list[Shape] = []
    x, height = 0.0, 0.0
    before: tuple[float, float] | None = None
    below = 0.0
    size: tuple[int, ...] | None = None
    for chunk in chunks:
        keys = {part.key for part in chunk.parts}
        laid = layout.series(
            chunk,
            [*[side for side in drawn.sides if side.at == INTO and chunk is chunks[0]], *hanging(chunk, drawn.sides)],
            [rail for rail in drawn.rails if rail.source in keys or (rail.source == INTO and chunk is chunks[0])],
        )
        labels: list[tuple[float, str]] = []
        stops = sorted([*[stop[:3] for stop in laid.stops], *laid.inner], key=lambda stop: stop[1])
        for part, top, high in stops:
            grid = last_box(part).shape[1:]
            if grid != size and grid and last_box(part).kind is not Kind.END:
                middle = top + high / 2 if isinstance(part, Box) else top + high - 10
                labels.append((middle, TIMES.join(map(str, grid))))
            size = grid
        gutter = max([text_width(label, SMALL) for _, label in labels], default=0) + (8 if labels else 0)
        if before is not None:
            gutter = max(gutter, 0) + BESIDE
        axis = x + gutter + laid.left
        shapes.append(At(axis, 10 if before else 0, tuple(laid.shapes)))
        down = 10 if before else 0
        shapes += [Text(axis - laid.left - 6, y + down + 3, label, SMALL, "muted", "end") for y, label in labels]
        if before is not None:
            lane = x + BESIDE / 2
            way = (before, (before[0], below), (lane, below), (lane, 2), (axis, 2), (axis, 10))
            shapes.append(Line(way, "edge", arrow=True))
        last = laid.stops[-1]
        before = (axis, down + last[1] + last[2])
        below = down + laid.height + 8
        height = max(height, laid.height + down + (8 if chunk is not chunks[-1] else 0))
        x = axis + laid.right
    return Block(x, height, tuple(shapes))


def _chunks(drawn: Drawn, layout: Layout, columns: int) -> list[Series] | None:
    """The spine cut into so many columns of about the same height, where it is a single line; None where it is not.

    Nothing is cut where that leaves a column that is nearly all of it.
    """
    series = drawn.flow
    if columns == 1:
        return [series]
    if drawn.rails:
        return None
    laid = layout.whole(series)
    hung = {side.at for side in drawn.sides}
    cuts = [
        place
        for place in range(1, len(series.parts))
        if isinstance(series.links[place], Edge) and series.parts[place - 1].key not in hung
    ]
    tops = [top for _, top, _, _ in laid.stops]
    chosen: list[int] = []
    for column in range(1, columns):
        wanted = laid.height * column / columns
        free = [place for place in cuts if not chosen or place > chosen[-1]]
        if not free:
            return None
        chosen.append(min(free, key=lambda place: abs(tops[place] - wanted)))
    stops = [0, *chosen, len(series.parts)]
    ends = [0.0, *[tops[place] for place in chosen], laid.height]
    if max(below - above for above, below in pairwise(ends)) > UNEVEN * laid.height / columns:
        return None
    return [cut(series, first, last) for first, last in pairwise(stops)]


def cut(series: Series, first: int, last: int) -> Series:
    """The parts from ``first`` to before ``last``, as a series of their own."""
    begins = None if first else series.links[0]
    return Series(series.parts[first:last], (begins, *series.links[first + 1 : last], None))


def last_box(part: Box | Group) -> Box:
    """The box that comes last in a part: what comes out of it is what comes out of the part."""
    while isinstance(part, Group):
        part = part.flow.parts[-1]
    return part
