"""Several networks in one picture: each a column, what has the same output size beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from math import ceil, log2, prod
from typing import NamedTuple

from netspec.diagram.labels import DOT, TIMES, human
from netspec.diagram.layout.beside import hanging
from netspec.diagram.layout.block import Block
from netspec.diagram.layout.box_shapes import NORMAL, SMALL
from netspec.diagram.layout.key import key_block, key_entries
from netspec.diagram.layout.layout import Layout
from netspec.diagram.layout.page import BETWEEN, DENSITIES, LEAST, MARGIN, SCALE, described
from netspec.diagram.layout.paper import PAPERS, Page, Paper
from netspec.diagram.layout.spine import cut, last_box
from netspec.diagram.layout.wires import Laid
from netspec.diagram.scene import Box, Edge, Group, Scene
from netspec.drawing.picture import At, Line, Picture, Shape, Text, flattened
from netspec.drawing.text_width import text_width

LINE, GUTTER, STEP, GAP = 13, 56, 18, 8
"""Height of a line above a column, width of the sizes beside columns, room between sizes, and beside them."""
SLACK = 0.5
"""Points that a picture may be larger than its page, by rounding."""
TINY = 1e-9
Size = tuple[int, ...]


class Level(NamedTuple):
    """What stands beside each other: maps of one size, or where images differ of one part of theirs; () is no map."""

    depth: float
    """How far down: the smaller the map, the more."""
    key: Size
    label: str


class Piece(NamedTuple):
    """A part of a network out of which one size comes, laid out."""

    level: Level
    laid: Laid


class Column(NamedTuple):
    """A network, in pieces from the top, below lines that say its name and figures."""

    head: tuple[str, ...]
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
        block = _drawn(scenes, Layout(density), _room(paper))
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


def fits(found: Picture, page: Page) -> bool:
    """Whether a picture has room on a page with letters that can be read."""
    paper = PAPERS[page]
    width, height = found.width * found.scale, found.height * found.scale
    return width <= paper.width + SLACK and height <= paper.height + SLACK and found.scale >= LEAST - TINY


def pages(scenes: Sequence[Scene], page: Page) -> list[Sequence[Scene]]:
    """The networks in their order on as few pages as take them, about as many on each; none where one has no room."""
    for count in range(_fewest(scenes, PAPERS[page]), len(scenes) + 1):
        parts = [scenes[first:last] for first, last in pairwise(_stops(len(scenes), count))]
        if all(fits(comparison(part, page), page) for part in parts):
            return parts
    return []


def _fewest(scenes: Sequence[Scene], paper: Paper) -> int:
    """How many pages there are at least: with as little said in boxes as can be, each row is one column high."""
    columns = _columns(scenes, Layout(DENSITIES[-1]))
    rows = _rows(columns, _room(paper))
    highest = [max(sum(piece.laid.height for piece in column.pieces) for column in row) for row in rows]
    return max(1, ceil(sum(highest) * LEAST / paper.height))


def _stops(length: int, count: int) -> list[int]:
    """Where so many parts of a list begin and end that are as long as each other, the first ones by one longer."""
    return [ceil(length * place / count) for place in range(count + 1)]


def _room(paper: Paper) -> float:
    return paper.width / LEAST - 2 * MARGIN


def _drawn(scenes: Sequence[Scene], layout: Layout, widest: float) -> Block:
    shapes: list[Shape] = []
    y = width = 0.0
    for row in _rows(_columns(scenes, layout), widest):
        block = _row(row)
        shapes.append(At(0, y, block.shapes))
        y, width = y + block.height + BETWEEN, max(width, block.width)
    drawn = tuple([panel for scene in scenes for panel in scene.panels[:1]])
    key = key_block(key_entries(scenes[0]._replace(panels=drawn), layout.density), width)
    return Block(width, y + key.height, (*shapes, At(0, y, key.shapes)))


def _rows(columns: Sequence[Column], widest: float) -> list[list[Column]]:
    """The columns in as few rows as there is room for, about as many in each."""
    full = _filled(columns, widest, len(columns))
    even = _filled(columns, widest, ceil(len(columns) / len(full)))
    return even if len(even) == len(full) else full


def _filled(columns: Sequence[Column], widest: float, most: int) -> list[list[Column]]:
    """Rows of at most so many columns, each as long as there is room."""
    rows: list[list[Column]] = []
    used, gutter = widest, _gutter(columns)
    for column in columns:
        if used + column.width > widest or len(rows[-1]) == most:
            rows.append([])
            used = gutter
        rows[-1].append(column)
        used += column.width + BETWEEN
    return rows


def _gutter(columns: Sequence[Column]) -> float:
    """The room on the left for the sizes of maps, which may have three axes."""
    labels = [piece.level.label for column in columns for piece in column.pieces]
    return max([float(GUTTER), *[text_width(label, SMALL) + 2 * GAP for label in labels]])


def _columns(scenes: Sequence[Scene], layout: Layout) -> list[Column]:
    relative = _need_parts(scenes)
    pieces = [_pieces(scene, layout, relative=relative) for scene in scenes]
    sides = [[max(getattr(piece.laid, side) for piece in some) for side in ("left", "right")] for some in pieces]
    columns = []
    for head, some, (left, right) in zip(_heads(scenes, list(map(sum, sides))), pieces, sides, strict=True):
        sized = zip(head, _sizes(head), strict=True)
        half = max(text_width(words, size, bold=size == NORMAL) / 2 for words, size in sized)
        columns.append(Column(head, some, max(left, half), max(right, half)))
    return columns


def _need_parts(scenes: Sequence[Scene]) -> bool:
    """Whether networks come to different sizes where they have halved as often: 56, 28, 14 beside 55, 27, 13."""
    known: dict[Size, tuple[Size, ...]] = {}
    for scene in scenes:
        start, sizes = _start(scene), dict.fromkeys(map(_size, scene.panels[0].drawn[0].flow.parts))
        if not start:
            return False
        mine: dict[Size, tuple[Size, ...]] = {}
        for size in sizes:
            key = _relative(start, size).key
            mine[key] = (*mine.get(key, ()), size)
        if any(known.setdefault(key, sizes) != sizes for key, sizes in mine.items()):
            return True
    return False


def _start(scene: Scene) -> Size:
    """The size of what comes first."""
    return _size(scene.panels[0].drawn[0].flow.parts[0])


def _size(part: Box | Group) -> Size:
    return last_box(part).shape[1:]


def _pieces(scene: Scene, layout: Layout, *, relative: bool) -> tuple[Piece, ...]:
    """A network in pieces: cut where a single line leads from one size to another.

    Sizes are ``relative`` to that of what comes first, if images differ.
    """
    (drawn,) = scene.panels[0].drawn
    series = drawn.flow
    level = partial(_relative, _start(scene)) if relative else _absolute
    starts = [0]
    for place in range(1, len(series.parts)):
        before, after = (level(_size(part)) for part in series.parts[place - 1 : place + 1])
        if isinstance(series.links[place], Edge) and before != after and not drawn.rails:
            starts.append(place)
    pieces = []
    for first, last in pairwise([*starts, len(series.parts)]):
        part = cut(series, first, last)
        laid = layout.series(part, hanging(part, drawn.sides), drawn.rails, series.parts)
        pieces.append(Piece(level(_size(part.parts[-1])), laid))
    return tuple(pieces)


def _absolute(size: Size) -> Level:
    return Level(-prod(size) if size else 0, size, TIMES.join(map(str, size)))


def _relative(start: Size, size: Size) -> Level:
    """How often each axis was halved, to the nearest: images of 224 and 240 both end in 7 and 8 positions."""
    if len(size) != len(start):
        return Level(float("inf"), (), "")
    halved = tuple([round(log2(whole / part)) for whole, part in zip(start, size, strict=True)])
    told = [str(2**count) if count >= 0 else f"1/{2**-count}" for count in halved]
    part = f"1/{told[0] if len(set(told)) == 1 else TIMES.join(told)}"
    return Level(sum(halved) / len(halved), halved, part if any(halved) else "")


def _heads(scenes: Sequence[Scene], widths: Sequence[float]) -> list[tuple[str, ...]]:
    """Name and figures of each; figures have a line each where not all have room on one."""
    told = [(f"{human(scene.figures.params)} params", f"{human(scene.figures.macs)} MACs") for scene in scenes]
    together = [f" {DOT} ".join(figures) for figures in told]
    if all(text_width(words, SMALL) <= width for words, width in zip(together, widths, strict=True)):
        return [(scene.name, words) for scene, words in zip(scenes, together, strict=True)]
    return [(scene.name, *figures) for scene, figures in zip(scenes, told, strict=True)]


def _sizes(head: Sequence[str]) -> list[int]:
    return [NORMAL, *[SMALL] * (len(head) - 1)]


def _row(columns: Sequence[Column]) -> Block:
    """Columns beside each other; pieces of one size begin at one height, where all sizes only become smaller."""
    above = max(len(column.head) for column in columns) * LINE + LINE
    tops = _tops(columns, above)
    shapes: list[Shape] = []
    told: set[Size] = set()
    gutter = _gutter(columns)
    x, height = gutter, 0.0
    for place, column in enumerate(columns):
        axis = x + column.left
        for line, (words, size) in enumerate(zip(column.head, _sizes(column.head), strict=True)):
            shapes.append(Text(axis, 11 + LINE * line, words, size, "muted" if line else "bold"))
        before = 0.0
        y = float(above)
        for piece in column.pieces:
            top = tops.get(piece.level.key, y) if tops else y
            if before:
                shapes.append(Line(((axis, before), (axis, top)), "edge", arrow=True))
            shapes.append(At(axis, top, tuple(piece.laid.shapes)))
            last = piece.laid.stops[-1]
            before = top + last[1] + last[2]
            y = top + piece.laid.height + STEP
            height = max(height, top + piece.laid.height)
            if place == 0 or (tops and piece.level.key not in told):
                told.add(piece.level.key)
                shapes.append(Text(gutter - GAP, top + 12, piece.level.label, SMALL, "muted", "end"))
        x = axis + column.right + BETWEEN
    return Block(x - BETWEEN, height, tuple([shape for shape in shapes if not isinstance(shape, Text) or shape.words]))


def _tops(columns: Sequence[Column], first: float) -> dict[Size, float]:
    """Where each size begins; nothing where a network comes back to a size that it has left, or grows again."""
    heights: dict[Level, float] = {}
    for column in columns:
        levels = [piece.level for piece in column.pieces]
        if any(before.depth >= after.depth for before, after in pairwise(levels)):
            return {}
        for level, laid in column.pieces:
            heights[level] = max(heights.get(level, 0), laid.height)
    tops: dict[Size, float] = {}
    y = first
    for level in sorted(heights):
        tops[level.key] = y
        y += heights[level] + STEP
    return tops
