"""Several networks in one picture: each a column, what has the same output size beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import prod
from typing import NamedTuple

from netspec.diagram.labels import DOT, TIMES, human
from netspec.diagram.layout.beside import hanging
from netspec.diagram.layout.block import Block
from netspec.diagram.layout.box_shapes import NORMAL, SMALL
from netspec.diagram.layout.key import key_block, key_entries
from netspec.diagram.layout.layout import Layout
from netspec.diagram.layout.page import BETWEEN, DENSITIES, LEAST, MARGIN, SCALE, described
from netspec.diagram.layout.paper import PAPERS, Page
from netspec.diagram.layout.spine import cut, last_box
from netspec.diagram.layout.wires import Laid
from netspec.diagram.scene import Edge, Scene
from netspec.drawing.picture import At, Line, Picture, Shape, Text, flattened
from netspec.drawing.text_width import text_width

HEAD, GUTTER, STEP = 40, 56, 18
"""Height of the name of a column with its figures, width of the sizes beside columns, and room between sizes."""
Size = tuple[int, ...]


class Piece(NamedTuple):
    """A part of a network out of which one size comes, laid out."""

    size: Size
    laid: Laid


class Column(NamedTuple):
    """A network, in pieces from the top."""

    scene: Scene
    pieces: tuple[Piece, ...]
    left: float
    right: float

    @property
    def width(self) -> float:
        """How wide it is, its name included."""
        return self.left + self.right


def comparison(scenes: Sequence[Scene], page: Page = "text") -> Picture:
    """The networks side by side, in as many rows of columns as the page's width takes, and the key below."""
    paper = PAPERS[page]
    found: list[tuple[float, Block]] = []
    for density in DENSITIES:
        block = _drawn(scenes, Layout(density), paper.width / LEAST - 2 * MARGIN)
        scale = min(SCALE, paper.width / (block.width + 2 * MARGIN), paper.height / (block.height + 2 * MARGIN))
        found.append((scale, block))
        if scale >= LEAST:
            break
    _, block = max(found, key=lambda one: one[0])
    width, height = block.width + 2 * MARGIN, block.height + 2 * MARGIN
    scale = min(SCALE, paper.width / width, max(LEAST, paper.height / height))
    says = "\n".join([described(scene) for scene in scenes])
    names = ", ".join([scene.name for scene in scenes])
    return Picture(width, height, names, says, flattened([At(MARGIN, MARGIN, block.shapes)]), scale)


def _drawn(scenes: Sequence[Scene], layout: Layout, widest: float) -> Block:
    rows: list[list[Column]] = []
    used = widest
    for column in [_column(scene, layout) for scene in scenes]:
        if used + column.width > widest:
            rows.append([])
            used = GUTTER
        rows[-1].append(column)
        used += column.width + BETWEEN
    shapes: list[Shape] = []
    y = width = 0.0
    for row in rows:
        block = _row(row)
        shapes.append(At(0, y, block.shapes))
        y, width = y + block.height + BETWEEN, max(width, block.width)
    drawn = tuple([panel for scene in scenes for panel in scene.panels[:1]])
    key = key_block(key_entries(scenes[0]._replace(panels=drawn), layout.density), width)
    return Block(width, y + key.height, (*shapes, At(0, y, key.shapes)))


def _column(scene: Scene, layout: Layout) -> Column:
    """A network in pieces: cut where a single line leads from one size to another."""
    (drawn,) = scene.panels[0].drawn
    series = drawn.flow
    starts = [0]
    for place in range(1, len(series.parts)):
        before, after = (last_box(part).shape[1:] for part in series.parts[place - 1 : place + 1])
        if isinstance(series.links[place], Edge) and before != after and not drawn.rails:
            starts.append(place)
    pieces = []
    for first, last in zip(starts, [*starts[1:], len(series.parts)], strict=True):
        part = cut(series, first, last)
        laid = layout.series(part, hanging(part, drawn.sides), drawn.rails, series.parts)
        pieces.append(Piece(last_box(part.parts[-1]).shape[1:], laid))
    half = max(text_width(words, size, bold=size == NORMAL) / 2 for words, size in _head(scene))
    left, right = (max(half, *[getattr(piece.laid, side) for piece in pieces]) for side in ("left", "right"))
    return Column(scene, tuple(pieces), left, right)


def _head(scene: Scene) -> list[tuple[str, float]]:
    told = f"{human(scene.figures.params)} params {DOT} {human(scene.figures.macs)} MACs"
    return [(scene.name, NORMAL), (told, SMALL)]


def _row(columns: Sequence[Column]) -> Block:
    """Columns beside each other; pieces of one size begin at one height, where all sizes only become smaller."""
    tops = _tops(columns)
    shapes: list[Shape] = []
    told: set[Size] = set()
    x, height = float(GUTTER), 0.0
    for place, column in enumerate(columns):
        axis = x + column.left
        for line, (words, size) in enumerate(_head(column.scene)):
            shapes.append(Text(axis, 11 + 13 * line, words, size, "bold" if size == NORMAL else "muted"))
        before = 0.0
        y = float(HEAD)
        for piece in column.pieces:
            top = tops.get(piece.size, y) if tops else y
            if before:
                shapes.append(Line(((axis, before), (axis, top)), "edge", arrow=True))
            shapes.append(At(axis, top, tuple(piece.laid.shapes)))
            last = piece.laid.stops[-1]
            before = top + last[1] + last[2]
            y = top + piece.laid.height + STEP
            height = max(height, top + piece.laid.height)
            if place == 0 or (tops and piece.size not in told):
                told.add(piece.size)
                shapes += _size(piece.size, top)
        x = axis + column.right + BETWEEN
    return Block(x - BETWEEN, height, tuple(shapes))


def _size(size: Size, top: float) -> list[Shape]:
    """The size that begins at ``top``, on the left of all columns."""
    return [Text(GUTTER - 8, top + 12, TIMES.join(map(str, size)), SMALL, "muted", "end")] if size else []


def _tops(columns: Sequence[Column]) -> dict[Size, float]:
    """Where each size begins; nothing where a network comes back to a size that it has left, or grows again."""
    for column in columns:
        areas = [prod(piece.size) for piece in column.pieces]
        if areas != sorted(areas, reverse=True) or len(list(groupby(areas))) < len(areas):
            return {}
    heights: dict[Size, float] = {}
    for column in columns:
        for piece in column.pieces:
            heights[piece.size] = max(heights.get(piece.size, 0), piece.laid.height)
    tops: dict[Size, float] = {}
    y = float(HEAD)
    for size in sorted(heights, key=prod, reverse=True):
        tops[size] = y
        y += heights[size] + STEP
    return tops
