"""A grid in lines of a given width: columns that go, names that are cut."""

from __future__ import annotations

from netspec.report.grid import GAP, Cell, Column, Grid

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
LUXURIES = DROPPED[: DROPPED.index("channels")]
"""Columns that go before the bar does, and without a word unless they were asked for."""
BAR = 10
"""Characters that luxuries leave to the bar."""
SHORTEST = 4
"""How far names are cut beside the MACs; where that is too long, the MACs go."""


def fitted(grid: Grid, width: int | None) -> Grid:
    """``grid`` without the columns that ``width`` has no room for; names are cut where that is not enough."""
    dropped: list[Column] = []
    while width is not None:
        place = _next_to_go(grid, width)
        luxury = place is not None and bool(grid.bars) and grid.columns[place].key in LUXURIES
        if grid.width + (GAP + BAR) * luxury <= width:
            break
        if place is None:
            return _cut(grid, width)._replace(dropped=tuple(dropped))
        dropped.append(grid.columns[place])
        grid = grid._replace(
            columns=_without(grid.columns, place),
            rows=tuple(_without(cells, place) for cells in grid.rows),
            ends=tuple(_without(cells, place) for cells in grid.ends),
        )
    return grid._replace(dropped=tuple(dropped))


def _next_to_go(grid: Grid, width: int) -> int | None:
    """The place of the column that is missed least; None where what is left is cut."""
    keys = [column.key for column in grid.columns]
    if len(keys) == 1:
        return None
    others = [place for place, key in enumerate(keys) if key not in DROPPED and key not in ("name", "macs")]
    if others:
        return others[-1]
    first = next((keys.index(key) for key in DROPPED if key in keys), None)
    if first is None and "macs" in keys and grid.widths()[_named(grid)] - (grid.width - width) < SHORTEST:
        return keys.index("macs")
    return first


def _cut(grid: Grid, width: int) -> Grid:
    """Names with their end in place of their beginning, as long as there is room for."""
    place = _named(grid)
    room = grid.widths()[place] - (grid.width - width)

    def cut(cells: tuple[str, ...]) -> tuple[str, ...]:
        name = cells[place]
        short = name if len(name) <= room else f"..{name[len(name) - room + 2 :]}"
        return (*cells[:place], short, *cells[place + 1 :])

    return grid._replace(rows=tuple(map(cut, grid.rows)), ends=tuple(map(cut, grid.ends)))


def _named(grid: Grid) -> int:
    """The place of the names, or of the first column where there are none."""
    return next((place for place, column in enumerate(grid.columns) if column.key == "name"), 0)


def _without(cells: tuple[Cell, ...], place: int) -> tuple[Cell, ...]:
    return cells[:place] + cells[place + 1 :]
