"""What differs between two networks: operations, totals, outputs, and which weights load."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from netspec.analysis.inputs import inputs_data
from netspec.analysis.summary import Summary, summary
from netspec.diff.matching import matched
from netspec.diff.weight_transfer import WeightTransfer, weight_transfer
from netspec.graph.graph import Graph, Node
from netspec.ops.facts import ExactPerAxis, Shape, key, plain
from netspec.ops.initialisation import Scheme

SCHEMA_VERSION = 1
"""Of the data of ``netspec diff``."""
Plain = Any
"""What JSON can hold."""
WORD, SHAPE, INPUTS, WEIGHTS = "operation", "shape", "inputs", "weights of"
"""What can change of an operation beside its parameters."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs: a parameter or a fact by name, and its old and new value as plain data."""

    what: str
    old: Plain
    new: Plain

    def to_dict(self) -> dict[str, Plain]:
        """The change as plain data."""
        return {"what": self.what, "old": self.old, "new": self.new}


@dataclass(frozen=True, slots=True)
class Match:
    """One operation in both networks, and what changed of it."""

    old: Node
    new: Node
    changes: tuple[Change, ...]

    @property
    def renamed(self) -> bool:
        """Whether it has another name."""
        return self.old.name != self.new.name

    def to_dict(self) -> dict[str, Plain]:
        """The match as plain data."""
        changes = [change.to_dict() for change in self.changes]
        return {"name": self.old.name, "new_name": self.new.name, "op": self.new.operation.word, "changes": changes}


@dataclass(frozen=True, slots=True)
class Delta:
    """A total of both networks; the receptive field has a number for each axis, where these are as many in both."""

    what: str
    old: ExactPerAxis
    new: ExactPerAxis

    @property
    def difference(self) -> ExactPerAxis:
        """New less old."""
        return tuple(new - old for old, new in zip(self.old, self.new, strict=True))

    def to_dict(self) -> dict[str, Plain]:
        """Plain numbers, or lists where there are two."""
        values = {"old": self.old, "new": self.new, "difference": self.difference}
        numbers = {name: list(map(plain, value)) for name, value in values.items()}
        return {name: value[0] if len(value) == 1 else value for name, value in numbers.items()}


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs; ``changed`` and ``renamed`` are in the old running order and may share operations.

    ``declared`` are changes of the input, the outputs and how weights start.
    """

    old: Summary
    new: Summary
    added: tuple[Node, ...]
    removed: tuple[Node, ...]
    changed: tuple[Match, ...]
    renamed: tuple[Match, ...]
    declared: tuple[Change, ...]
    totals: tuple[Delta, ...]
    weights: WeightTransfer

    def __bool__(self) -> bool:
        """Whether there is any difference; the name of the network is none."""
        return bool(self.added or self.removed or self.changed or self.renamed or self.declared)

    def to_dict(self) -> dict[str, Plain]:
        """Everything as plain data: raw numbers, stable keys, nothing folded."""
        return {
            "schema_version": SCHEMA_VERSION,
            "old": {"name": self.old.name, **inputs_data(self.old.inputs)},
            "new": {"name": self.new.name, **inputs_data(self.new.inputs)},
            "different": bool(self),
            "totals": {delta.what: delta.to_dict() for delta in self.totals},
            "added": [_node(node) for node in self.added],
            "removed": [_node(node) for node in self.removed],
            "changed": [match.to_dict() for match in self.changed],
            "renamed": [{"name": match.old.name, "new_name": match.new.name} for match in self.renamed],
            "declared": [change.to_dict() for change in self.declared],
            "weights": self.weights.to_dict(),
        }


def difference(old: Graph, new: Graph) -> Difference:
    """All that differs between ``old`` and ``new``.

    Raises :class:`~netspec.SpecError` where too many operations have no common name.
    """
    pairs = matched(old, new)
    back = {new_node: old_node for old_node, new_node in pairs.items()}
    matches = [Match(node, other, tuple(_changes(node, other, pairs))) for node, other in pairs.items()]
    before, after, given = summary(old), summary(new), frozenset(old.inputs)
    return Difference(
        old=before,
        new=after,
        added=tuple(node for node in new.operations if node not in back),
        removed=tuple(node for node in old.operations if node not in pairs),
        changed=tuple(match for match in matches if match.changes and match.old not in given),
        renamed=tuple(match for match in matches if match.renamed and match.old not in given),
        declared=tuple(_declared(old, new, pairs)),
        totals=tuple(_totals(before, after)),
        weights=weight_transfer(old, new, pairs),
    )


def _changes(old: Node, new: Node, pairs: dict[Node, Node]) -> list[Change]:
    changes = []
    if old.operation.word != new.operation.word:
        changes.append(Change(WORD, old.label, new.label))
    elif old.operation != new.operation:
        before, after = old.operation.model_dump(mode="json"), new.operation.model_dump(mode="json")
        changes += [Change(name, before[name], after[name]) for name in before if not _alike(before[name], after[name])]
    if old.shape != new.shape:
        changes.append(_shapes(SHAPE, old.shape, new.shape))
    if pairs.get(old.owner) is not new.owner and (old.shares or new.shares):
        changes.append(Change(WEIGHTS, old.owner.name, new.owner.name))
    if [pairs.get(source) for source in old.inputs] != list(new.inputs):
        names = [[source.name for source in node.inputs] for node in (old, new)]
        changes.append(Change(INPUTS, names[0], names[1]))
    return changes


def _alike(one: Plain, other: Plain) -> bool:
    """Whether two values of a parameter are equal, also where one number stands for each of a list."""
    pair = sorted((one, other), key=lambda value: isinstance(value, list))
    return one == other or (isinstance(pair[1], list) and set(map(str, pair[1])) == {str(pair[0])})


def _declared(old: Graph, new: Graph, pairs: dict[Node, Node]) -> list[Change]:
    """Changes of what a spec declares beside its layers."""
    changes = list(_inputs(old, new))
    before = {output.name: output for output in old.outputs}
    after = {output.name: output for output in new.outputs}
    for name in {**before, **after}:
        one, other = before.get(name), after.get(name)
        if one is None or other is None or pairs.get(one.node) is not other.node or one.training != other.training:
            values = [f"{out.node.name}{' (training)' * out.training}" if out else None for out in (one, other)]
            changes.append(Change(f"output {name}", values[0], values[1]))
    starts = [{key(word, tensor): _scheme(scheme) for word, tensor, scheme in graph.init} for graph in (old, new)]
    schemes = {name: (starts[0].get(name), starts[1].get(name)) for name in {**starts[0], **starts[1]}}
    return [*changes, *(Change(f"init {name}", one, other) for name, (one, other) in schemes.items() if one != other)]


def _inputs(old: Graph, new: Graph) -> Iterator[Change]:
    """What differs of what the networks are given, argument by argument."""
    several = max(len(old.inputs), len(new.inputs)) > 1
    for one, other in zip_longest(old.inputs, new.inputs):
        shapes = [list(node.shape) if node else None for node in (one, other)]
        names = [node.name if node else None for node in (one, other)]
        what = f"input {names[0] or names[1]}" if several else "input"
        if shapes[0] != shapes[1]:
            yield Change(what, shapes[0], shapes[1])
        elif names[0] != names[1]:
            yield Change("input", names[0], names[1])


def _scheme(scheme: Scheme) -> str:
    """``kaiming_normal(mode=fan_out, nonlinearity=relu)``."""
    word = scheme.function.rpartition(".")[2].rstrip("_")
    return f"{word}({', '.join(f'{name}={value}' for name, value in scheme.model_dump().items())})"


def _totals(old: Summary, new: Summary) -> list[Delta]:
    before, after = old.totals.to_dict(), new.totals.to_dict()
    deltas = [Delta(name, (before[name],), (after[name],)) for name in before]
    if len(old.field.size) != len(new.field.size):
        return deltas
    return [*deltas, Delta("receptive_field", old.field.size, new.field.size)]


def _shapes(what: str, old: Shape, new: Shape) -> Change:
    return Change(what, list(old), list(new))


def _node(node: Node) -> dict[str, Plain]:
    return {
        "name": node.name,
        "op": node.operation.word,
        "label": node.label,
        "output_shape": list(node.shape),
        "params": node.params,
    }
