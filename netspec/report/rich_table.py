"""A grid with colours and bold type, for terminals; ``NO_COLOR`` leaves the bold type."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from netspec.report.fitting import fitted
from netspec.report.footer import Note, footer
from netspec.report.grid import GAP, Grid
from netspec.report.table import bar_room, bar_texts

BAR, FAINT, HEAD = "cyan", "dim", "bold"


def show(console: Console, head: str, grid: Grid, notes: Sequence[Note]) -> None:
    """Print a heading, the grid as far as it fits, and notes."""
    grid = fitted(grid, console.width)
    name, _, rest = head.partition(" ")
    parts: list[RenderableType] = [Text.assemble((name, HEAD), " ", rest), Text()] if head else []
    if not grid.empty:
        parts.append(rich_table(grid, console.width, ascii_only=not console.encoding.startswith("utf")))
    console.print(Group(*parts), no_wrap=True, crop=False, overflow="ignore")
    lines = footer(notes, console.width).splitlines()
    if lines and not grid.empty:
        console.print()
    labels = {label for label, _ in notes if label}
    for line in lines:
        label = next((one for one in labels if line.startswith(f"{one} ")), line.split(" ", 1)[0])
        text = Text(line, style=FAINT if line.startswith(" ") else "")
        text.stylize(HEAD, 0, len(label))
        console.print(text, no_wrap=True, crop=False, overflow="ignore")


def rich_table(grid: Grid, width: int, *, ascii_only: bool) -> Group:
    """The table of a grid that fits already, rules as wide as its columns."""
    room = bar_room(grid, width)
    bars = bar_texts(grid, room, ascii_only=ascii_only)
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, show_header=False)
    for column, size in zip(grid.columns, grid.widths(), strict=True):
        table.add_column(justify="left" if column.words else "right", width=size, no_wrap=True)
    if room:
        table.add_column(no_wrap=True, style=BAR, width=room)
    rule = [Text("-" * size, style=FAINT) for size in grid.widths()]
    table.add_row(*(Text(column.title, style=HEAD) for column in grid.columns), *_last(room, ""))
    table.add_row(*rule, *_last(room, ""))
    for place, (cells, bar) in enumerate(zip(grid.rows, bars, strict=True)):
        faint = place in grid.faint
        table.add_row(*(_text(cell, faint=faint) for cell in cells), *_last(room, bar))
    if grid.ends:
        table.add_row(*rule, *_last(room, ""))
    for cells in grid.ends:
        table.add_row(*(Text(cell, style=HEAD) for cell in cells), *_last(room, ""))
    return Group(table)


def _last(room: int, bar: str) -> list[Text]:
    return [Text(bar, style=BAR)] if room else []


def _text(cell: str, *, faint: bool) -> Text:
    return Text(cell, style=FAINT if faint or cell == "-" else "")
