"""Many operations in few lines: blocks for their operations, ranges for equal ones one after the other."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from netspec.analysis.rows import STRUCTURAL
from netspec.graph.graph import Node, Scope
from netspec.ops.facts import shape_text
from netspec.report.block_names import kind

Units = dict[Node | Scope, list[Node]]
"""Operations, and blocks with all of their operations."""


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
        return sum(node.params for node in self.nodes)


def folded(nodes: Iterable[Node]) -> list[Fold]:
    """``nodes``, in their order, with whole blocks in place of their operations, and equal lines as ranges."""
    members = set(nodes)
    known: dict[Scope, bool] = {}
    units: Units = {}
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


def _follows(unit: Node | Scope, before: Node | Scope, units: Units) -> bool:
    """Whether ``unit`` is the next repetition of the block ``before``, or the same operation again, on equal shapes."""
    if _figures(units[unit]) != _figures(units[before]):
        return False
    if isinstance(unit, Node) or isinstance(before, Node):
        return isinstance(unit, Node) and isinstance(before, Node)
    siblings = unit.parent is before.parent and unit.block == before.block and unit.block not in STRUCTURAL
    return siblings and units[unit][0].index == units[before][-1].index + 1


def _figures(nodes: Iterable[Node]) -> list[Hashable]:
    """What must be equal for two lines to be one; shapes and parameters say what tensors there are."""
    return [(node.operation, node.input_shapes, node.shape) for node in nodes]


def _fold(run: list[Node | Scope], units: Units) -> Fold:
    nodes = tuple(node for unit in run for node in units[unit])
    name = run[0].name if len(run) == 1 else f"{run[0].name} ... {run[-1].name}"
    word = run[0].label if isinstance(run[0], Node) else kind(run[0])
    return Fold(name, f"{word} x{len(run)}" if len(run) > 1 else word, nodes)
