"""A table in lines of a given width: which columns are left out, and names that are cut."""

from __future__ import annotations

from netspec.report.table import GAP, Cells, Column, Table

DROPPED = (
    "training_flops",
    "flops",
    "intensity",
    "activations",
    "effective_stride",
    "channels",
    "auxiliary_params",
    "training_mib",
    "inference_mib",
    "depth",
    "macs_share",
    "receptive_field",
    "operation",
    "output",
    "input",
    "params",
)
"""Columns that are left out where lines are too short, in this order; those not named here go first, from the right."""
LUXURIES = DROPPED[: DROPPED.index("effective_stride")]
"""Columns that are left out before the bar is, and without a note unless they were asked for."""
BAR = 10
"""Characters of the bar that luxuries are left out for."""
SHORTEST = 4
"""Characters that a cut name keeps beside the MACs; where there is no room for that, the MACs are left out."""


def fitted(table: Table, width: int | None) -> Table:
    """``table`` without the columns that ``width`` has no room for; names are cut where that is not enough."""
    dropped: list[Column] = []
    while width is not None:
        place = _next_dropped(table, width)
        luxury = place is not None and bool(table.bars) and table.columns[place].key in LUXURIES
        if table.width + (GAP + BAR) * luxury <= width:
            break
        if place is None:
            return _cut(table, width)._replace(dropped=tuple(dropped))
        dropped.append(table.columns[place])
        table = table.without(place)
    return table._replace(dropped=tuple(dropped))


def _next_dropped(table: Table, width: int) -> int | None:
    """The place of the column to leave out next; None where there is none, and names are to be cut."""
    keys = [column.key for column in table.columns]
    if len(keys) == 1:
        return None
    others = [place for place, key in enumerate(keys) if key not in DROPPED and key not in ("name", "macs")]
    if others:
        return others[-1]
    first = next((keys.index(key) for key in DROPPED if key in keys), None)
    if first is None and "macs" in keys and table.widths()[_place_of_names(table)] - (table.width - width) < SHORTEST:
        return keys.index("macs")
    return first


def _cut(table: Table, width: int) -> Table:
    """Names without their beginning, as long as there is room for."""
    place = _place_of_names(table)
    room = table.widths()[place] - (table.width - width)

    def cut(cells: Cells) -> Cells:
        name = cells[place]
        short = name if len(name) <= room else f"..{name[len(name) - room + 2 :]}"
        return (*cells[:place], short, *cells[place + 1 :])

    return table._replace(rows=tuple(map(cut, table.rows)), totals=tuple(map(cut, table.totals)))


def _place_of_names(table: Table) -> int:
    """The place of the names, or of the first column where there are none."""
    return next((place for place, column in enumerate(table.columns) if column.key == "name"), 0)
