"""What a table says, whatever it is printed as: columns, rows of text, a bar for each row, a total."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from netspec.analysis.figures import FIGURES, Figure, Value, Whole, number, shown, whole_of
from netspec.analysis.grouping import Group, View, groups, total
from netspec.analysis.summary import Summary

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
DROPPED = (
    "training_flops",
    "flops",
    "intensity",
    "activations",
    "channels",
    "jump",
    "auxiliary_params",
    "training_mib",
    "inference_mib",
    "depth",
    "macs_share",
    "field",
    "operation",
    "output",
    "input",
    "params",
)
"""Columns that go, in this order, where the terminal is too narrow; others go first, the last one before the rest."""
LUXURIES = DROPPED[: DROPPED.index("jump")]
"""Columns that go before the bar does."""
GAP = 2
BAR = 10
"""Characters that luxuries leave to the bar."""
SHORTEST = 12
"""How far the names are cut where nothing else is left to go."""
Cell = TypeVar("Cell")


class Column(NamedTuple):
    """A column: its key, its heading, and whether it holds words rather than numbers."""

    key: str
    title: str
    words: bool = False


class Grid(NamedTuple):
    """A table as text: ``bars`` are shares of the largest row; rows in ``faint`` run in training alone."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    bars: tuple[float, ...] = ()
    ends: tuple[tuple[str, ...], ...] = ()
    """Sums below the rows."""
    faint: frozenset[int] = frozenset()
    dropped: tuple[str, ...] = ()
    """Headings of columns that did not fit."""

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
    sums = [number(_plain(FIGURES[bar], group, whole)) for group in found]
    largest = max([size for group, size in zip(found, sums, strict=True) if not group.opened], default=0)
    ends = [_end(summary, chosen, total(summary.rows), whole)]
    if view.only:
        part = total([row for group in found if not group.opened for row in group.rows], f"only {view.only}")
        ends.insert(0, _end(summary, chosen, part, whole))
    return Grid(
        title=summary.name,
        columns=tuple(Column(figure.key, figure.title, figure.words) for figure in chosen),
        rows=tuple(tuple(_cell(figure, group, whole) for figure in chosen) for group in found),
        bars=tuple(
            0.0 if group.opened or not largest else size / largest for group, size in zip(found, sums, strict=True)
        ),
        ends=tuple(ends),
        faint=frozenset(place for place, group in enumerate(found) if group.auxiliary),
    )


def fitted(grid: Grid, width: int | None) -> Grid:
    """``grid`` without the columns that ``width`` has no room for; names are cut where that is not enough."""
    dropped: list[str] = []
    while width is not None:
        place = _next_to_go(grid.columns)
        luxury = place is not None and bool(grid.bars) and grid.columns[place].key in LUXURIES
        if grid.width + (GAP + BAR) * luxury <= width:
            break
        if place is None:
            return _cut(grid, width)._replace(dropped=tuple(dropped))
        dropped.append(grid.columns[place].title)
        grid = grid._replace(
            columns=_without(grid.columns, place),
            rows=tuple(_without(cells, place) for cells in grid.rows),
            ends=tuple(_without(cells, place) for cells in grid.ends),
        )
    return grid._replace(dropped=tuple(dropped))


def _next_to_go(columns: Sequence[Column]) -> int | None:
    keys = [column.key for column in columns]
    others = [place for place, key in enumerate(keys) if key not in DROPPED and key not in ("name", "macs")]
    if others:
        return others[-1]
    return next((keys.index(key) for key in DROPPED if key in keys), None)


def _cut(grid: Grid, width: int) -> Grid:
    """Names with their end in place of their beginning, as long as there is room for."""
    if not grid.columns or grid.columns[0].key != "name":
        return grid
    room = max(SHORTEST, grid.widths()[0] - (grid.width - width))

    def cut(cells: tuple[str, ...]) -> tuple[str, ...]:
        name = cells[0]
        return (name if len(name) <= room else f"..{name[len(name) - room + 2 :]}", *cells[1:])

    return grid._replace(rows=tuple(map(cut, grid.rows)), ends=tuple(map(cut, grid.ends)))


def _without(cells: tuple[Cell, ...], place: int) -> tuple[Cell, ...]:
    return cells[:place] + cells[place + 1 :]


def _cell(figure: Figure, group: Group, whole: Whole) -> str:
    text = shown(figure.value(group, whole))
    return "  " * group.level + text if figure.key == "name" else text


def _plain(figure: Figure, group: Group, whole: Whole) -> Value:
    """As the figure has it; 0 where it says that only training runs."""
    value = figure.value(group, whole)
    return 0 if isinstance(value, str) else value


def _end(summary: Summary, chosen: Sequence[Figure], part: Group, whole: Whole) -> tuple[str, ...]:
    """A line of sums; the field is that of the whole network."""
    start = summary.field.start
    seen = {
        "field": summary.field.size,
        "jump": summary.field.jump,
        "pad": (-start[0], -start[1]),
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
