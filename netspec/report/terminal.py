"""Pages with colours and bold type, for terminals; ``NO_COLOR`` leaves the bold type."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from netspec.report.fitting import fitted
from netspec.report.page import Note, Page
from netspec.report.table import Table
from netspec.report.text import bar_room, bar_texts, note_text

BAR, FAINT, HEAD = "cyan", "dim", "bold"


def show(console: Console, page: Page) -> None:
    """Print a page, its tables as far as they fit."""
    name, _, rest = page.heading.partition(" ")
    parts: list[RenderableType] = [Text.assemble((name, HEAD), " ", rest), Text()] if page.heading else []
    tables = [fitted(table, console.width) for table in page.tables if not table.empty]
    parts += [rich_table(table, console.width, ascii_only=not console.encoding.startswith("utf")) for table in tables]
    console.print(Group(*parts), no_wrap=True, crop=False, overflow="ignore")
    if page.notes and tables:
        console.print()
    _print_notes(console, page.notes)


def rich_table(table: Table, width: int, *, ascii_only: bool) -> Group:
    """A table that fits already, rules as wide as its columns."""
    room = bar_room(table, width)
    bars = bar_texts(table, room, ascii_only=ascii_only)
    drawn = RichTable(box=None, padding=(0, table.gap, 0, 0), pad_edge=False, show_header=False)
    for column, size in zip(table.columns, table.widths(), strict=True):
        drawn.add_column(justify="left" if column.words else "right", width=size, no_wrap=True)
    if room:
        drawn.add_column(no_wrap=True, style=BAR, width=room)
    rule = [Text("-" * size, style=FAINT) for size in table.widths()]
    for titles in table.heading_lines():
        drawn.add_row(*(Text(title, style=HEAD) for title in titles), *_last(room, ""))
    drawn.add_row(*rule, *_last(room, ""))
    for place, (cells, bar) in enumerate(zip(table.rows, bars, strict=True)):
        faint = place in table.faint
        drawn.add_row(*(_text(cell, faint=faint) for cell in cells), *_last(room, bar))
    if table.totals:
        drawn.add_row(*rule, *_last(room, ""))
    for cells in table.totals:
        drawn.add_row(*(Text(cell, style=HEAD) for cell in cells), *_last(room, ""))
    return Group(drawn)


def _print_notes(console: Console, notes: Sequence[Note]) -> None:
    labels = {label for label, _ in notes if label}
    for line in note_text(notes, console.width).splitlines():
        label = next((one for one in labels if line.startswith(f"{one} ")), line.split(" ", 1)[0])
        text = Text(line, style=FAINT if line.startswith(" ") else "")
        text.stylize(HEAD, 0, len(label))
        console.print(text, no_wrap=True, crop=False, overflow="ignore")


def _last(room: int, bar: str) -> list[Text]:
    return [Text(bar, style=BAR)] if room else []


def _text(cell: str, *, faint: bool) -> Text:
    return Text(cell, style=FAINT if faint or cell == "-" else "")
