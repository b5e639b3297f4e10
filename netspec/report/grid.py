"""What a table says, whatever it is printed as: columns, rows of text, a bar for each row, a total."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from netspec.analysis.summary import Summary
from netspec.report.cells import Value, number, shown
from netspec.report.columns import FIGURES, Figure, Whole, whole_of
from netspec.report.grouping import Group, View, groups, total

COLUMNS = (
    "name",
    "operation",
    "channels",
    "output",
    "params",
    "macs",
    "macs_share",
    "activations",
    "intensity",
    "training_flops",
    "field",
    "jump",
)
"""Columns that are shown unless others are asked for."""
GAP = 2
Cell = TypeVar("Cell")


class Column(NamedTuple):
    """A column: its key, its heading, and whether it holds words rather than numbers."""

    key: str
    title: str
    words: bool = False


class Grid(NamedTuple):
    """A table as text: ``bars`` are shares of the largest row; rows in ``faint`` run in training alone.

    Rows that are opened, and what is left where the largest were asked for, have no bar.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    bars: tuple[float, ...] = ()
    ends: tuple[tuple[str, ...], ...] = ()
    """Sums below the rows."""
    faint: frozenset[int] = frozenset()
    dropped: tuple[Column, ...] = ()
    """Columns that did not fit."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show: no columns, or neither rows nor sums."""
        return not self.columns or not (self.rows or self.ends)

    def widths(self) -> list[int]:
        """The widest text of each column, headings among them."""
        table = [tuple(column.title for column in self.columns), *self.rows, *self.ends]
        return [max(len(cells[place]) for cells in table) for place in range(len(self.columns))]

    @property
    def width(self) -> int:
        """Of a line, the bars apart."""
        return sum(self.widths()) + GAP * (len(self.columns) - 1)


def layer_grid(summary: Summary, view: View, keys: Sequence[str] = COLUMNS, bar: str = "macs") -> Grid:
    """The groups of ``summary`` that ``view`` asks for, and a bar for the share of ``bar``."""
    whole = whole_of(summary.rows)
    found = groups(summary.rows, view)
    chosen = [FIGURES[key] for key in keys]
    sums = [0.0 if group.opened or group.rest else number(_plain(FIGURES[bar], group, whole)) for group in found]
    largest = max(sums, default=0)
    ends = [_end(summary, chosen, total(summary.rows), whole)]
    if view.only:
        part = total([row for group in found if not group.opened for row in group.rows], f"only {view.only}")
        ends.insert(0, _end(summary, chosen, part, whole))
    return Grid(
        title=summary.name,
        columns=tuple(Column(figure.key, figure.title, figure.words) for figure in chosen),
        rows=tuple(tuple(_cell(figure, group, whole) for figure in chosen) for group in found),
        bars=tuple(size / largest if largest else 0.0 for size in sums),
        ends=tuple(ends),
        faint=frozenset(place for place, group in enumerate(found) if group.auxiliary),
    )


def filled(grid: Grid) -> Grid:
    """``grid`` without columns that are empty in every row and sum."""
    table = (*grid.rows, *grid.ends)
    places = [place for place in range(len(grid.columns)) if any(cells[place] for cells in table)]

    def kept(cells: Sequence[Cell]) -> tuple[Cell, ...]:
        return tuple(cells[place] for place in places)

    return grid._replace(columns=kept(grid.columns), rows=tuple(map(kept, grid.rows)), ends=tuple(map(kept, grid.ends)))


def _cell(figure: Figure, group: Group, whole: Whole) -> str:
    text = shown(figure.value(group, whole))
    return "  " * group.level + text if figure.key == "name" else text


def _plain(figure: Figure, group: Group, whole: Whole) -> Value:
    """As the figure has it; 0 where it says that only training runs."""
    value = figure.value(group, whole)
    return 0 if isinstance(value, str) else value


def _end(summary: Summary, chosen: Sequence[Figure], part: Group, whole: Whole) -> tuple[str, ...]:
    """A line of sums; the field is that of the whole network."""
    seen = {
        "field": summary.field.size,
        "jump": summary.field.jump,
        "pad": summary.field.left_padding,
        "center": summary.field.center,
    }
    cells = []
    for figure in chosen:
        if figure.key == "name":
            cells.append(part.name)
        elif figure.key in seen and len(part.rows) == len(summary.rows):
            cells.append(shown(seen[figure.key]))
        else:
            cells.append(shown(figure.value(part, whole)) if figure.sums or figure.key == "intensity" else "")
    return tuple(cells)
