"""The operations of one network as a table: a row for each group of them, and sums."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.analysis.summary import Summary
from netspec.report.cells import Value, number, shown
from netspec.report.columns import FIGURES, Figure, Whole, whole_of
from netspec.report.grouping import Group, View, groups, total
from netspec.report.table import Cells, Column, Table

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
    "receptive_field",
    "effective_stride",
)
"""Columns that are shown unless others are asked for."""


def layer_table(summary: Summary, view: View, keys: Sequence[str] = COLUMNS, bar: str = "macs") -> Table:
    """The groups of ``summary`` that ``view`` asks for, and a bar for the share of ``bar``.

    Groups that are opened, and what is left where the largest were asked for, have no bar.
    """
    whole = whole_of(summary.rows)
    found = groups(summary.rows, view)
    chosen = [FIGURES[key] for key in keys]
    sums = [0.0 if group.opened or group.rest else number(_in_eval(FIGURES[bar], group, whole)) for group in found]
    largest = max(sums, default=0)
    totals = [_totals(summary, chosen, total(summary.rows), whole)]
    if view.only:
        part = total([row for group in found if not group.opened for row in group.rows], f"only {view.only}")
        totals.insert(0, _totals(summary, chosen, part, whole))
    return Table(
        columns=tuple(Column(figure.title, figure.words, figure.key) for figure in chosen),
        rows=tuple(tuple(_cell(figure, group, whole) for figure in chosen) for group in found),
        bars=tuple(size / largest if largest else 0.0 for size in sums),
        totals=tuple(totals),
        faint=frozenset(place for place, group in enumerate(found) if group.auxiliary),
        ruled=True,
    )


def _cell(figure: Figure, group: Group, whole: Whole) -> str:
    text = shown(figure.value(group, whole))
    return "  " * group.level + text if figure.key == "name" else text


def _in_eval(figure: Figure, group: Group, whole: Whole) -> Value:
    """The value of ``figure``; 0 where it is a word, which says that only training runs the group."""
    value = figure.value(group, whole)
    return 0 if isinstance(value, str) else value


def _totals(summary: Summary, chosen: Sequence[Figure], part: Group, whole: Whole) -> Cells:
    """A line of sums; the receptive field is that of the whole network."""
    field = summary.field
    seen = {
        "receptive_field": field.size,
        "effective_stride": field.jump,
        "left_padding": field.left_padding,
        "center": field.center,
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
