"""Many operations in few lines: blocks for their operations, ranges for equal blocks one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from netspec.facts import shape_text
from netspec.graph import Node, Scope

UNNAMED = ("path", "chain", "branch", "branches")
"""Kinds of scopes that are no blocks with a word of their own."""


@dataclass(frozen=True, slots=True)
class Fold:
    """A line: an operation, a block, or a range of equal ones, and the operations in it."""

    name: str
    word: str
    nodes: tuple[Node, ...]

    @property
    def output(self) -> str:
        """Shape of the last operation."""
        return shape_text(self.nodes[-1].shape)

    @property
    def params(self) -> int:
        """Parameters of all operations."""
        tensors = (tensor for node in self.nodes for tensor in node.tensors)
        return sum(tensor.size for tensor in tensors if tensor.trainable)


def folded(nodes: Iterable[Node]) -> list[Fold]:
    """``nodes``, in their order, with whole blocks in place of their operations, and equal lines as ranges."""
    members = set(nodes)
    known: dict[Scope, bool] = {}
    units: dict[Node | Scope, list[Node]] = {}
    for node in sorted(members, key=lambda member: member.index):
        units.setdefault(_outermost(node, members, known) or node, []).append(node)
    runs: list[list[Node | Scope]] = []
    for unit in units:
        if runs and _follows(unit, runs[-1][-1], units):
            runs[-1].append(unit)
        else:
            runs.append([unit])
    return [_fold(run, units) for run in runs]


def _outermost(node: Node, members: set[Node], known: dict[Scope, bool]) -> Scope | None:
    """The largest named scope around ``node`` that has no other operations than ``members``."""
    found, scope = None, node.scope
    while scope.parent is not None:
        if scope not in known:
            known[scope] = all(inner in members for inner in scope.nodes())
        if not known[scope]:
            break
        found = found if scope.flat else scope
        scope = scope.parent
    return found


def _follows(unit: Node | Scope, before: Node | Scope, units: dict[Node | Scope, list[Node]]) -> bool:
    """Whether ``unit`` is the next repetition of the block ``before``, or again the same operation."""
    if isinstance(unit, Node) or isinstance(before, Node):
        return isinstance(unit, Node) and isinstance(before, Node) and unit.operation == before.operation
    siblings = unit.parent is before.parent and unit.block == before.block and unit.block not in UNNAMED
    words = [[node.operation.word for node in units[scope]] for scope in (unit, before)]
    return siblings and words[0] == words[1] and units[unit][0].index == units[before][-1].index + 1


def _fold(run: list[Node | Scope], units: dict[Node | Scope, list[Node]]) -> Fold:
    nodes = tuple(node for unit in run for node in units[unit])
    name = run[0].name if len(run) == 1 else f"{run[0].name} ... {run[-1].name}"
    word = f"{len(run)} x {_word(run[0])}" if len(run) > 1 else _word(run[0])
    return Fold(name, word, nodes)


def _word(unit: Node | Scope) -> str:
    if isinstance(unit, Node):
        return unit.operation.label()
    if unit.block == "repeat":
        inner = next((child for child in unit.children if isinstance(child, Scope)), None)
        return f"{len(unit.children)} x {inner.block}" if inner else unit.block
    return "" if unit.block in UNNAMED else unit.block
