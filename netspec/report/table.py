"""A grid as aligned text: words to the left, numbers to the right, a bar at the end of each line that has room."""

from __future__ import annotations

from netspec.report.fitting import fitted
from netspec.report.grid import GAP, Grid

LONGEST, LEAST = 20, 5
"""Characters of a bar."""
BLOCKS = " ▏▎▍▌▋▊▉█"
"""Eighths of a character."""


def table(grid: Grid, width: int | None = None, *, ascii_only: bool = False) -> str:
    """The lines of ``grid``, none longer than ``width``: what does not fit is left out, never wrapped."""
    grid = fitted(grid, width)
    widths = grid.widths()
    rule = "-" * grid.width
    bars = bar_texts(grid, bar_room(grid, width), ascii_only=ascii_only)
    rows = [_line(grid, cells, widths) + f"  {bar}" for cells, bar in zip(grid.rows, bars, strict=True)]
    ends = [_line(grid, cells, widths) for cells in grid.ends]
    head = _line(grid, tuple(column.title for column in grid.columns), widths)
    lines = [head, rule, *rows, *([rule, *ends] if ends else [])]
    return "\n".join(line.rstrip() for line in lines)


def bar_room(grid: Grid, width: int | None) -> int:
    """Characters that a bar may have beside the columns; 0 where a bar would be too short to say anything."""
    room = LONGEST if width is None else min(LONGEST, width - grid.width - GAP)
    return room if room >= LEAST and any(grid.bars) else 0


def bar_texts(grid: Grid, room: int, *, ascii_only: bool) -> list[str]:
    """A bar for each row, of ``room`` characters for the largest."""
    if not room or not grid.bars:
        return [""] * len(grid.rows)
    return [_bar(part, room, ascii_only=ascii_only) for part in grid.bars]


def _bar(part: float, room: int, *, ascii_only: bool) -> str:
    if ascii_only:
        return "#" * round(part * room)
    eighths = round(part * room * 8)
    return "█" * (eighths // 8) + BLOCKS[eighths % 8].strip()


def _line(grid: Grid, cells: tuple[str, ...], widths: list[int]) -> str:
    return (" " * GAP).join(
        cell.ljust(width) if column.words else cell.rjust(width)
        for column, cell, width in zip(grid.columns, cells, widths, strict=True)
    )
