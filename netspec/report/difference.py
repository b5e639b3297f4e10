"""The difference of two networks as sections of a report: totals, operations, weights."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diff.difference import INPUTS, SHAPE, WORD, Change, Delta, Difference, Match, Plain
from netspec.graph.folds import neighbours
from netspec.graph.graph import Node
from netspec.ops.facts import MAP, shape_text
from netspec.report.cells import operations
from netspec.report.folds import folded
from netspec.report.sections import ARROW, Section, limited, to_markdown, to_text
from netspec.report.weight_transfer import weights_section

LINES = 20
"""How many lines a section of operations has before it is cut off."""
TOTALS = {
    "params": "params",
    "buffers": "buffers",
    "macs": "MACs",
    "depth": "layers with weights",
    "auxiliary_params": "params for training only",
    "receptive_field": "receptive field",
}


def difference_text(found: Difference) -> str:
    """The difference as aligned text; one sentence where there is none."""
    return f"{_heading(found)}\n\n{to_text(sections(found))}" if found else _no_difference(found)


def difference_markdown(found: Difference) -> str:
    """The difference as Markdown, for a review or a note."""
    return f"## {_heading(found)}\n\n{to_markdown(sections(found))}" if found else _no_difference(found)


def sections(found: Difference) -> list[Section]:
    """What is to be said, in a stable order; sections without rows are left out."""
    parts = [
        _totals(found),
        _declared(found.declared),
        _operations("added", found.added),
        _operations("removed", found.removed),
        _changed(found),
        _renamed(found.renamed),
        weights_section(found.weights, *_sides(found)),
    ]
    return [part for part in parts if part.rows]


def _heading(found: Difference) -> str:
    return f"{found.old.name}{ARROW}{found.new.name}"


def _no_difference(found: Difference) -> str:
    return f"no difference: {found.old.name} and {found.new.name} have the same operations, shapes and weights"


def _sides(found: Difference) -> tuple[str, str]:
    same = found.old.name == found.new.name
    return ("old", "new") if same else (found.old.name, found.new.name)


def _totals(found: Difference) -> Section:
    rows = [_total(delta) for delta in found.totals if delta.what in TOTALS and any(delta.old + delta.new)]
    return Section("", ("total", *_sides(found), "change", "share"), tuple(rows), frozenset({1, 2, 3, 4}))


def _total(delta: Delta) -> tuple[str, ...]:
    values = [_one_or_both(value) for value in (delta.old, delta.new)]
    if not any(delta.difference):
        return TOTALS[delta.what], *values, "", ""
    share = f"{100 * delta.difference[0] / delta.old[0]:+.1f} %" if delta.old[0] else ""
    return TOTALS[delta.what], *values, _one_or_both(delta.difference, sign="+"), share


def _one_or_both(value: tuple[int, ...], sign: str = "") -> str:
    numbers = list(dict.fromkeys(value)) if len(set(value)) == 1 else value
    return "x".join(f"{number:{sign},}" for number in numbers)


def _declared(changes: Sequence[Change]) -> Section:
    rows = [(change.what, _value(change, change.old), _value(change, change.new)) for change in changes]
    return Section("declared", ("what", "old", "new"), tuple(rows))


def _operations(title: str, nodes: Sequence[Node]) -> Section:
    rows = [
        (fold.name, fold.word, fold.output, f"{len(fold.nodes):,}", f"{fold.params:,}" if fold.params else "")
        for fold in folded(nodes)
    ]
    shown, more = limited(rows, LINES)
    columns = ("name", "operation", "output", "operations", "params")
    return Section(f"{title}: {operations(len(nodes))}", columns, shown, frozenset({3, 4}), more)


def _changed(found: Difference) -> Section:
    """Operations with the same changes in one line; those that merely read a new neighbour in the last."""
    near = {node.name for node in (*found.added, *found.removed)}
    groups: dict[str, list[Match]] = {}
    for match in found.changed:
        told = [_change(change) for change in match.changes if change.what != INPUTS or not _explained(change, near)]
        groups.setdefault("; ".join(told), []).append(match)
    neighbours = groups.pop("", [])
    rows = [(_names(run), text) for text, run in groups.items()]
    shown, more = limited(rows, LINES)
    if neighbours:
        shown += ((_names(neighbours), "reads what was added, or no longer what was removed"),)
    title = f"changed: {operations(len(found.changed))}"
    return Section(title, ("name", "change"), shown, more=more)


def _explained(change: Change, near: set[str]) -> bool:
    """Whether a change of inputs follows from what was added and removed."""
    return not near.isdisjoint((*change.old, *change.new))


def _names(run: list[Match]) -> str:
    """``conv1``, or ``conv1 to layer1.2.relu (30 operations)``."""
    if len(run) == 1:
        return run[0].old.name + (f" (now {run[0].new.name})" if run[0].renamed else "")
    return f"{run[0].old.name} to {run[-1].old.name} ({len(run)} operations)"


def _change(change: Change) -> str:
    if change.what == SHAPE:
        return _shapes(change)
    name = {WORD: "", INPUTS: "reads "}.get(change.what, f"{change.what} ")
    return f"{name}{_value(change, change.old)}{ARROW}{_value(change, change.new)}"


def _shapes(change: Change) -> str:
    """What differs of two shapes: channels, positions, or all."""
    old, new = tuple(change.old), tuple(change.new)
    if len(old) == len(new) == MAP and old[0] == new[0]:
        return f"map {shape_text(old[1:])}{ARROW}{shape_text(new[1:])}"
    if len(old) == len(new) and old[1:] == new[1:]:
        return f"{'channels' if len(old) == MAP else 'features'} {old[0]}{ARROW}{new[0]}"
    return f"shape {shape_text(old)}{ARROW}{shape_text(new)}"


def _value(change: Change, value: Plain) -> str:
    """A value as a spec has it; shapes and pairs as people write them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and change.what == INPUTS:
        return ", ".join(value)
    if isinstance(value, list) and all(isinstance(number, int) for number in value):
        return str(value[0]) if len(value) == len("hw") and value[0] == value[1] else shape_text(tuple(value))
    return "none" if value is None else str(value)


def _renamed(matches: Sequence[Match]) -> Section:
    runs = neighbours(matches, _follows)
    rows = [(_range([one.old.name for one in run]), _range([one.new.name for one in run])) for run in runs]
    shown, more = limited(rows, LINES)
    return Section(f"renamed: {operations(len(matches))}", ("old", "new"), shown, more=more)


def _follows(before: Match, after: Match) -> bool:
    return after.old.index == before.old.index + 1 and after.new.index == before.new.index + 1


def _range(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} ... {names[-1]}"
