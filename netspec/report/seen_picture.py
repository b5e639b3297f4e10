"""What units answer to as a picture, as in Zeiler and Fergus 2014: patches beside what comes back to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from netspec.analysis.seen import Pixels
from netspec.drawing.picture import At, Image, Picture, Rect, Shape, Text, flattened
from netspec.drawing.png import png as pixels_of
from netspec.drawing.raster import raster_png
from netspec.drawing.svg import svg as written
from netspec.drawing.text_width import text_width
from netspec.report.seen import WHOLE, Block, FiltersReport, Group, SeenReport, Tile

MARGIN, TOP, HEADING, LINE = 24, 64, 20, 14
"""The margins, the height of the picture's heading and of that of a group, and of a line below a cell."""
LARGE, NORMAL, SMALL = 16, 12, 9
CELL, SMALL_CELL, LARGE_CELL = 56, 40, 120
"""Sides of a cell: of patches, of filters, and of whole images that are few."""
GAP, BETWEEN = 2, 22
"""Between cells, and between groups."""
WIDEST = 1120
"""How wide groups beside each other may become."""
FEW = 4
"""Of so many cells each may be large."""


class Placed(NamedTuple):
    """Shapes and the room that they take."""

    width: float
    height: float
    shapes: tuple[Shape, ...]


def svg(report: SeenReport | FiltersReport) -> bytes:
    """The picture as SVG, with its images inside."""
    return written(picture(report), report.theme)


def png(report: SeenReport | FiltersReport) -> bytes:
    """The picture in pixels."""
    return pixels_of(picture(report), report.theme)


def picture(report: SeenReport | FiltersReport) -> Picture:
    """The same as shapes."""
    groups = report.tiles()
    side = _side(report, groups)
    body = _flowed([_group(group, side) for group in groups], WIDEST)
    notes = report.remarks if isinstance(report, SeenReport) else ()
    heads = [(28, report.title, LARGE, "bold"), (48, report.subtitle, NORMAL, "muted")]
    shapes: list[Shape] = [Text(MARGIN, y, words, size, look, "start") for y, words, size, look in heads]
    shapes += flattened([At(MARGIN, TOP, body.shapes)])
    down = TOP + body.height + LINE
    shapes += [Text(MARGIN, down + LINE * (row + 1), note, SMALL, "muted", "start") for row, note in enumerate(notes)]
    widest = max([
        body.width,
        *[text_width(words, size, bold=look == "bold") for _, words, size, look in heads],
        *[text_width(note, SMALL) for note in notes],
    ])  # fmt: skip
    height = down + LINE * (len(notes) + 1) if notes else down + LINE / 2
    says = "\n".join([report.subtitle, *[group.title for group in groups if group.title], *notes])
    return Picture(widest + 2 * MARGIN, height, report.title, says, tuple(shapes))


def _side(report: SeenReport | FiltersReport, groups: Sequence[Group]) -> float:
    if isinstance(report, FiltersReport):
        return SMALL_CELL
    cells = max((len(block.tiles) for group in groups for block in group.blocks), default=0)
    return LARGE_CELL if len(groups) == 1 and (cells <= FEW or report.method == "gradcam") else CELL


def _group(group: Group, side: float) -> Placed:
    """The blocks of a group under its title."""
    aligned = not group.stacked and any(tile.caption for block in group.blocks for tile in block.tiles)
    blocks = [_block(block, side, told=aligned) for block in group.blocks]
    down = HEADING if group.title else 0
    shapes: list[Shape] = [Text(0, HEADING - 7, group.title, NORMAL, "bold", "start")] if group.title else []
    width, height = 0.0, float(down)
    for block in blocks:
        x, y = (0.0, height) if group.stacked else (width + (3 * GAP if width else 0), float(down))
        shapes.append(At(x, y, block.shapes))
        width, height = max(width, x + block.width), max(height, y + block.height)
    return Placed(max(width, text_width(group.title, NORMAL, bold=True)), height, tuple(shapes))


def _block(block: Block, side: float, *, told: bool) -> Placed:
    """The tiles of a block, with room for captions below each where they are ``told``, here or beside."""
    room = LINE if told or any(tile.caption for tile in block.tiles) else 0
    shapes: list[Shape] = []
    for number, tile in enumerate(block.tiles):
        row, column = divmod(number, block.columns)
        shapes += _tile(tile, column * (side + GAP), row * (side + GAP + room), side)
    rows = -(-len(block.tiles) // block.columns)
    return Placed(block.columns * (side + GAP) - GAP, rows * (side + GAP + room) - GAP, tuple(shapes))


def _tile(tile: Tile, x: float, y: float, side: float) -> Iterator[Shape]:
    left, top, width, height = tile.box
    if tile.box != WHOLE:  # what lies on padding is left open
        yield Rect(x, y, side, side, "panel")
    yield Image(x + left * side, y + top * side, width * side, height * side, _packed(tile.pixels))
    if tile.caption:
        yield Text(x + side / 2, y + side + LINE - 4, _caption(tile, side), SMALL, "muted")


def _caption(tile: Tile, room: float) -> str:
    """``cat: 0.98``, or ``German short-haired po...: 0.98`` where the name is longer than there is room."""
    if not tile.name:
        return tile.caption
    name, end = tile.name, ""
    while name and text_width(f"{name}{end}: {tile.caption}", SMALL) > room:
        name, end = name[:-1].rstrip(), "..."
    return f"{name}{end}: {tile.caption}"


def _packed(pixels: Pixels) -> bytes:
    return raster_png(*pixels)


def _flowed(groups: Sequence[Placed], most: float) -> Placed:
    """Groups beside each other as long as there is room, then below."""
    shapes: list[Shape] = []
    x = y = high = wide = 0.0
    for group in groups:
        if x and x + group.width > most:
            x, y, high = 0.0, y + high + BETWEEN, 0.0
        shapes.append(At(x, y, group.shapes))
        wide, high = max(wide, x + group.width), max(high, group.height)
        x += group.width + BETWEEN
    return Placed(wide, y + high, tuple(shapes))
