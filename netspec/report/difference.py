"""What ``netspec diff`` says of two networks: totals, operations, weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from netspec.diff.difference import INPUTS, Change, Delta, Difference, Match
from netspec.diff.wording import change_text, is_explained, value_text
from netspec.graph.folds import neighbours
from netspec.graph.graph import Node
from netspec.ops.facts import ExactPerAxis, amount
from netspec.report.cells import operations
from netspec.report.folds import folded
from netspec.report.page import Page
from netspec.report.table import ARROW, WIDE_GAP, Cells, Column, Table, numbers, words
from netspec.report.weight_transfer import weight_table

LINES = 20
"""How many lines a table of operations has before it is cut off."""
TOTALS = {
    "params": "params",
    "buffers": "buffers",
    "macs": "MACs",
    "depth": "layers with weights",
    "auxiliary_params": "auxiliary params",
    "receptive_field": "receptive field",
}
"""Total -> what it is called."""


class DifferenceReport(NamedTuple):
    """A difference; one sentence where there is none."""

    difference: Difference

    def pages(self, width: int | None) -> list[Page]:  # noqa: ARG002 - names of operations are told in full
        """All that differs, without columns that are empty."""
        return [page._replace(tables=tuple(table.filled() for table in page.tables)) for page in self.tables()]

    def tables(self) -> list[Page]:
        """All that differs."""
        found = self.difference
        if found:
            return [Page(f"{found.old.name}{ARROW}{found.new.name}", tuple(tables(found)))]
        names = f"{found.old.name} and {found.new.name}"
        return [Page(notes=(("", f"no difference: {names} have the same operations, shapes and weights"),))]

    def data(self) -> Any:
        """Everything as plain data, nothing folded."""
        return self.difference.to_dict()


def tables(found: Difference) -> list[Table]:
    """What is to be said, in a stable order; tables without rows are left out."""
    parts = [
        _totals(found),
        _declared(found.declared),
        _operations("added", found.added),
        _operations("removed", found.removed),
        _changed(found),
        _renamed(found.renamed),
        weight_table(found.weights, *_sides(found)),
    ]
    return [part for part in parts if part.rows]


def _table(title: str, columns: tuple[Column, ...], rows: Iterable[Cells]) -> Table:
    return Table(columns, tuple(rows), title, gap=WIDE_GAP)


def _sides(found: Difference) -> tuple[str, str]:
    same = found.old.name == found.new.name
    return ("old", "new") if same else (found.old.name, found.new.name)


def _totals(found: Difference) -> Table:
    rows = [_total(delta) for delta in found.totals if delta.what in TOTALS and any(delta.old + delta.new)]
    return _table("", (*words("total"), *numbers(*_sides(found), "change", "share")), rows)


def _total(delta: Delta) -> Cells:
    values = [_one_or_both(value) for value in (delta.old, delta.new)]
    if not any(delta.difference):
        return TOTALS[delta.what], *values, "", ""
    share = f"{100 * delta.difference[0] / delta.old[0]:+.1f} %" if delta.old[0] else ""
    return TOTALS[delta.what], *values, _one_or_both(delta.difference, sign="+"), share


def _one_or_both(value: ExactPerAxis, sign: str = "") -> str:
    axes = list(dict.fromkeys(value)) if len(set(value)) == 1 else value
    return "x".join([(sign if number >= 0 else "") + amount(number) for number in axes])


def _declared(changes: Sequence[Change]) -> Table:
    rows = [(change.what, value_text(change, change.old), value_text(change, change.new)) for change in changes]
    return _table("declared", words("what", "old", "new"), rows)


def _operations(title: str, nodes: Sequence[Node]) -> Table:
    rows = [
        (fold.name, fold.word, fold.output, f"{len(fold.nodes):,}", f"{fold.params:,}" if fold.params else "")
        for fold in folded(nodes)
    ]
    columns = (*words("name", "operation", "output"), *numbers("operations", "params"))
    return _table(f"{title}: {operations(len(nodes))}", columns, rows).limited(LINES)


def _changed(found: Difference) -> Table:
    """Operations with the same changes in one line; those that merely read a new neighbour in the last."""
    near = {node.name for node in (*found.added, *found.removed)}
    groups: dict[str, list[Match]] = {}
    for match in found.changed:
        told = [
            change_text(change) for change in match.changes if change.what != INPUTS or not is_explained(change, near)
        ]
        groups.setdefault("; ".join(told), []).append(match)
    reading = groups.pop("", [])
    rows = [(_names(run), text) for text, run in groups.items()]
    table = _table(f"changed: {operations(len(found.changed))}", words("name", "change"), rows).limited(LINES)
    if not reading:
        return table
    last = (_names(reading), "reads what was added, or no longer what was removed")
    return table._replace(rows=(*table.rows, last))


def _names(run: list[Match]) -> str:
    """``conv1``, or ``conv1 to layer1.2.relu (30 operations)``."""
    if len(run) == 1:
        return run[0].old.name + (f" (now {run[0].new.name})" if run[0].renamed else "")
    return f"{run[0].old.name} to {run[-1].old.name} ({len(run)} operations)"


def _renamed(matches: Sequence[Match]) -> Table:
    """Names before and after; operations that follow each other in both networks in one line."""
    runs = neighbours(matches, _follows)
    rows = [(_range([one.old.name for one in run]), _range([one.new.name for one in run])) for run in runs]
    return _table(f"renamed: {operations(len(matches))}", words("old", "new"), rows).limited(LINES)


def _follows(before: Match, after: Match) -> bool:
    return after.old.index == before.old.index + 1 and after.new.index == before.new.index + 1


def _range(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} ... {names[-1]}"
