"""Panels beside a network: definitions of blocks in a frame, tables of what differs, what dense layers read."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagram.layout.beside import BESIDE
from netspec.diagram.layout.block import Block
from netspec.diagram.layout.box_shapes import NORMAL, SMALL
from netspec.diagram.layout.layout import Layout
from netspec.diagram.layout.wires import finished
from netspec.diagram.scene import Drawn, Grid, Panel, Stripes
from netspec.drawing.picture import At, Curve, Line, Rect, Shape, Text
from netspec.drawing.text_width import text_width, total

WORTH = 0.9
"""How much of their height kinds of a block must keep in another order than their own."""
TITLE, NOTE = 22.0, 14.0
"""Heights of the title of a panel, and of the line that says which kind of a block is drawn below it."""


def panel_block(panel: Panel, layout: Layout, widest: float) -> Block:
    """A definition in a frame: its title, what it is made of in rows of at most ``widest``, and what differs.

    The table of that stands on the right of the last row where there is room, else below.
    """
    shapes: list[Shape] = [Text(BESIDE, 15, panel.title, NORMAL, "bold", "start")]
    rows = _arranged([_kind(drawn, layout) for drawn in panel.drawn], widest)
    table = _grid(panel.grid) if panel.grid else None
    width = text_width(panel.title, NORMAL, bold=True) + 2 * BESIDE
    width, height = max([width, *[_wide(row) + 2 * BESIDE for row in rows]]), TITLE
    beside = table is not None and bool(rows) and _wide([*rows[-1], table]) + 2 * BESIDE <= width
    for place, row in enumerate(rows):
        x = float(BESIDE)
        for block in row:
            shapes.append(At(x, height, block.shapes))
            x += block.width + 2 * BESIDE
        high = max(block.height for block in row)
        if table and beside and place == len(rows) - 1:
            shapes.append(At(width - BESIDE - table.width, height + NOTE, table.shapes))
            high = max(high, NOTE + table.height)
        height += high + 8
    height = max(height, TITLE + 8)
    if panel.stripes:
        drawing = _stripes(panel.stripes)
        width = max(width, drawing.width + 2 * BESIDE)
        shapes.append(At(BESIDE, height - 8, drawing.shapes))
        height += drawing.height
    if table and not beside:
        width = max(width, table.width + 2 * BESIDE)
        shapes.append(At((width - table.width) / 2, height, table.shapes))
        height += table.height + 6
    return Block(width, height, (Rect(0, 0, width, height, "panel", 6), *shapes))


def _wide(row: Sequence[Block]) -> float:
    """The width of a row."""
    return total([block.width for block in row]) + 2 * BESIDE * (len(row) - 1)


def _arranged(blocks: Sequence[Block], widest: float) -> list[list[Block]]:
    """Blocks in rows in their order, or the highest ones first where that saves much."""
    orders = [_rows(some, widest) for some in (blocks, sorted(blocks, key=lambda block: -block.height))]
    own, sorted_ = (total([max(block.height for block in row) for row in rows]) for rows in orders)
    return orders[sorted_ < WORTH * own]


def _rows(blocks: Sequence[Block], widest: float) -> list[list[Block]]:
    """Blocks beside each other, as many in a row as there is room for in a panel of that width."""
    rows: list[list[Block]] = []
    for block in blocks:
        if not rows or _wide([*rows[-1], block]) + 2 * BESIDE > widest:
            rows.append([])
        rows[-1].append(block)
    return rows


def _kind(drawn: Drawn, layout: Layout) -> Block:
    """One kind of a block below the note that says which it is, with lines from and to nowhere at its ends."""
    laid = layout.series(drawn.flow, drawn.sides, drawn.rails)
    for wire in laid.wires:
        if not wire.begins:
            wire.points = [(0, -8), *([(0, -2), (wire.top[0], -2)] if abs(wire.top[0]) > 1 else []), *wire.points]
        if not wire.ends:
            low = laid.height
            across = [(wire.bottom[0], low - 4), (0, low - 4)] if abs(wire.bottom[0]) > 1 else []
            wire.points += [*across, (0, low)]
        wire.begins = wire.ends = True
    width = max(laid.left + laid.right, text_width(drawn.note, SMALL))
    top = NOTE if drawn.note else 0
    note = [Text(width / 2, 8, drawn.note, SMALL, "muted")] if drawn.note else []
    return Block(width, top + 8 + laid.height, (At(laid.left, top + 8, (*finished(laid), *laid.shapes)), *note))


def _grid(grid: Grid) -> Block:
    """A table: headings over right-aligned numbers."""
    rows = [grid.headings, *grid.rows]
    widths = [max(text_width(row[column], SMALL) for row in rows) for column in range(len(grid.headings))]
    shapes: list[Shape] = []
    apart = 12 if len(widths) <= FEW else 7
    wide = total(widths) + apart * (len(widths) - 1)
    for line, row in enumerate(rows):
        x = 0.0
        for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
            anchor = "start" if column == 0 else "end"
            at = x if column == 0 else x + width
            if cell:
                shapes.append(Text(at, 10 + 12 * line, cell, SMALL, "bold" if line == 0 else "text", anchor))
            x += width + apart
    shapes.append(Line(((0, 14), (wide, 14)), "rule"))
    return Block(wide, 12 * len(rows) + 2, tuple(shapes))


FEW = 8
"""Columns of a table, and layers of a dense block, that have room to be told with space between."""
ROW, DOT_RADIUS = 22, 4
"""Height of a layer among stripes, and the size of its point."""
NARROW = 7
"""Width of a stripe that is too narrow for its number."""


def _stripes(stripes: Stripes) -> Block:
    """Each layer as a point that arcs lead to from all before it, and as a bar of the channels that it reads."""
    rows = [("layer " + str(place + 1), reads) for place, reads in enumerate(stripes.reads)]
    rows.append(("output", stripes.out))
    count = len(rows)
    reach = 12 + 9 * min(count, 8)
    arcs: list[Shape] = []
    shapes: list[Shape] = []
    heights = [10.0, *[ROW * (place + 1) + 10.0 for place in range(count)]]
    names = [f"input {stripes.out[0]}", *[name for name, _ in rows]]
    label = max(text_width(name, SMALL) for name in names) + 12
    bars = reach + label + 14
    step = max(text_width(str(number), SMALL) + 6 for number in stripes.out) if count <= FEW else NARROW
    for place, (name, y) in enumerate(zip(names, heights, strict=True)):
        look = "input" if place in (0, count) else "conv"
        shapes += [
            Rect(reach - DOT_RADIUS, y - DOT_RADIUS, 2 * DOT_RADIUS, 2 * DOT_RADIUS, look, DOT_RADIUS),
            Text(reach + 10, y + 3, name, SMALL, "text", "start"),
        ]
        for before in range(place):
            top, span = heights[before], min((place - before) / 8, 1.0)
            bend = reach - DOT_RADIUS - reach * 1.25 * span
            start, end = (reach - DOT_RADIUS, top), (reach - DOT_RADIUS, y)
            arcs.append(Curve((start, (bend, top), (bend, y), end), "arc"))
    for (_, reads), y in zip(rows, heights[1:], strict=True):
        x = bars
        for place, number in enumerate(reads):
            told = place == 0 or count <= FEW
            wide = max(text_width(str(number), SMALL) + 6, step) if told else step
            shapes.append(Rect(x, y - 7, wide, 14, "stripe-first" if place == 0 else "stripe"))
            shapes += [Text(x + wide / 2, y + 3, str(number), SMALL)] if told else []
            x += wide
        shapes.append(Text(x + 6, y + 3, f"= {sum(reads)}", SMALL, "bold", "start"))
    first = max(text_width(str(stripes.out[0]), SMALL) + 6, step)
    longest = bars + first + step * (len(stripes.out) - 1) + 6 + text_width(f"= {sum(stripes.out)}", SMALL, bold=True)
    links = count * (count - 1) // 2
    note = f"{links} links: each layer reads the input and all layers before it"
    height = heights[-1] + 24
    shapes.append(Text(0, height - 4, note, SMALL, "muted", "start"))
    return Block(max(longest, text_width(note, SMALL)), height, (*(arcs if count <= ROOM_FOR_ARCS else ()), *shapes))


ROOM_FOR_ARCS = 9
"""Points between which arcs can still be told apart."""
