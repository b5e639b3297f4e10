"""A table in lines of a given width: columns that go, names that are cut."""

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
"""Columns that go, in this order, where the terminal is too narrow; others go first, the last one before the rest."""
LUXURIES = DROPPED[: DROPPED.index("effective_stride")]
"""Columns that go before the bar does, and without a word unless they were asked for."""
BAR = 10
"""Characters that luxuries leave to the bar."""
SHORTEST = 4
"""How far names are cut beside the MACs; where that is too long, the MACs go."""


def fitted(table: Table, width: int | None) -> Table:
    """``table`` without the columns that ``width`` has no room for; names are cut where that is not enough."""
    dropped: list[Column] = []
    while width is not None:
        place = _next_to_go(table, width)
        luxury = place is not None and bool(table.bars) and table.columns[place].key in LUXURIES
        if table.width + (GAP + BAR) * luxury <= width:
            break
        if place is None:
            return _cut(table, width)._replace(dropped=tuple(dropped))
        dropped.append(table.columns[place])
        table = table.without(place)
    return table._replace(dropped=tuple(dropped))


def _next_to_go(table: Table, width: int) -> int | None:
    """The place of the column that is missed least; None where what is left is cut."""
    keys = [column.key for column in table.columns]
    if len(keys) == 1:
        return None
    others = [place for place, key in enumerate(keys) if key not in DROPPED and key not in ("name", "macs")]
    if others:
        return others[-1]
    first = next((keys.index(key) for key in DROPPED if key in keys), None)
    if first is None and "macs" in keys and table.widths()[_named(table)] - (table.width - width) < SHORTEST:
        return keys.index("macs")
    return first


def _cut(table: Table, width: int) -> Table:
    """Names with their end in place of their beginning, as long as there is room for."""
    place = _named(table)
    room = table.widths()[place] - (table.width - width)

    def cut(cells: Cells) -> Cells:
        name = cells[place]
        short = name if len(name) <= room else f"..{name[len(name) - room + 2 :]}"
        return (*cells[:place], short, *cells[place + 1 :])

    return table._replace(rows=tuple(map(cut, table.rows)), totals=tuple(map(cut, table.totals)))


def _named(table: Table) -> int:
    """The place of the names, or of the first column where there are none."""
    return next((place for place, column in enumerate(table.columns) if column.key == "name"), 0)
