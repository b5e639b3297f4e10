"""Pages as plain text: words to the left, numbers to the right, a bar at the end of each line that has room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from netspec.report.fitting import fitted
from netspec.report.page import Note, Page, Screen
from netspec.report.report import Pages
from netspec.report.table import GAP, Cells, Table

LONGEST, LEAST = 20, 5
"""Characters of a bar."""
BLOCKS = " ▏▎▍▌▋▊▉█"
"""Eighths of a character."""
ASCII = str.maketrans("┌┐└┘─│╔╗╚╝═║░·┼▒▓█", "++++-|######.,X:*@")
"""The characters of drawings as letters, where an encoding lacks them."""
INDENT = "  "
"""Before the lines of a table that has a title."""
NARROWEST = 24
"""Characters that the sentence of a note has at least, however narrow the line."""


def text(report: Pages, screen: Screen) -> Iterator[str]:
    """The pages of ``report``, an empty line between them."""
    for place, page in enumerate(report.pages(screen.width)):
        yield ("\n" if place else "") + page_text(page, screen) + "\n"


def page_text(page: Page, screen: Screen) -> str:
    """One page, no line of its tables longer than the screen is wide."""
    tables = [table_text(table, screen) for table in page.tables if not table.empty]
    drawing = page.drawing.translate(ASCII) if screen.ascii_only else page.drawing
    parts = [page.heading, *tables, note_text(page.notes, screen.width), drawing]
    return "\n\n".join([part for part in parts if part])


def table_text(table: Table, screen: Screen) -> str:
    """The lines of ``table``: what does not fit is left out, never wrapped."""
    table = fitted(table, screen.width)
    widths = table.widths()
    rule = ["-" * table.width] if table.ruled else []
    bars = bar_texts(table, bar_room(table, screen.width), ascii_only=screen.ascii_only)
    rows = [_line(table, cells, widths) + INDENT + bar for cells, bar in zip(table.rows, bars, strict=True)]
    totals = [_line(table, cells, widths) for cells in table.totals]
    head = [_line(table, cells, widths) for cells in table.heading_lines()]
    lines = [*head, *rule, *rows, *(rule if totals else []), *totals, *([table.more] if table.more else [])]
    indent = INDENT if table.title else ""
    return "\n".join([*([table.title] if table.title else []), *[(indent + line).rstrip() for line in lines]])


def bar_room(table: Table, width: int | None) -> int:
    """Characters that a bar may have beside the columns; 0 where a bar would be too short to say anything."""
    room = LONGEST if width is None else min(LONGEST, width - table.width - GAP)
    return room if room >= LEAST and any(table.bars) else 0


def bar_texts(table: Table, room: int, *, ascii_only: bool) -> list[str]:
    """A bar for each row, of ``room`` characters for the largest."""
    if not room or not table.bars:
        return [""] * len(table.rows)
    return [_bar(part, room, ascii_only=ascii_only) for part in table.bars]


def note_text(notes: Sequence[Note], width: int | None) -> str:
    """Notes below each other, the sentences in a column of their own, wrapped where they are longer."""
    column = max((len(label) for label, _ in notes), default=0) + GAP
    lines: list[str] = []
    for label, sentence in notes:
        if not label or width is None:
            lines.append(f"{label:<{column}}{sentence}" if label else sentence)
            continue
        room = max(NARROWEST, width - column)
        first, *rest = wrap(sentence, room, break_long_words=False, break_on_hyphens=False)
        lines += [f"{label:<{column}}{first}", *[" " * column + line for line in rest]]
    return "\n".join(lines)


def _bar(part: float, room: int, *, ascii_only: bool) -> str:
    if ascii_only:
        return "#" * round(part * room)
    eighths = round(part * room * 8)
    return "█" * (eighths // 8) + BLOCKS[eighths % 8].strip()


def _line(table: Table, cells: Cells, widths: Sequence[int]) -> str:
    return (" " * table.gap).join(
        [
            cell.ljust(width) if column.words else cell.rjust(width)
            for column, cell, width in zip(table.columns, cells, widths, strict=True)
        ]
    )
