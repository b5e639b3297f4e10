"""A grid as a pipe table of Markdown."""

from __future__ import annotations

from netspec.report.grid import Grid
from netspec.report.sections import Section, to_markdown


def markdown(grid: Grid) -> str:
    """The columns of ``grid``, numbers to the right, sums in bold."""
    ends = [tuple(f"**{cell}**" if cell else "" for cell in cells) for cells in grid.ends]
    numeric = frozenset(place for place, column in enumerate(grid.columns) if not column.words)
    rows = [tuple(_indented(cell) for cell in cells) for cells in grid.rows]
    return to_markdown([Section(grid.title, tuple(column.title for column in grid.columns), (*rows, *ends), numeric)])


def _indented(cell: str) -> str:
    """Leading spaces as ones that Markdown keeps."""
    text = cell.lstrip(" ")
    return "&nbsp;" * (len(cell) - len(text)) + text
