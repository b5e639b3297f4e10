"""Many operations in few lines: blocks for their operations, ranges for equal ones one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from netspec.graph.folds import STRUCTURAL, figures, neighbours, signature
from netspec.graph.graph import Node, Scope
from netspec.ops.facts import shape_text
from netspec.report.block_names import kind
from netspec.report.cells import times

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
    runs = neighbours(units, lambda before, after: _repeats(before, after, units))
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


def _repeats(before: Node | Scope, after: Node | Scope, units: Units) -> bool:
    """Whether ``after`` is the block ``before`` once more, right behind it, or the same operation on equal shapes."""
    if isinstance(before, Node) or isinstance(after, Node):
        return isinstance(before, Node) and isinstance(after, Node) and figures(before) == figures(after)
    siblings = after.parent is before.parent and after.block == before.block and after.block not in STRUCTURAL
    adjoin = units[after][0].index == units[before][-1].index + 1
    return siblings and adjoin and signature(units[before], figures) == signature(units[after], figures)


def _fold(run: list[Node | Scope], units: Units) -> Fold:
    nodes = tuple(node for unit in run for node in units[unit])
    name = run[0].name if len(run) == 1 else f"{run[0].name} ... {run[-1].name}"
    word = run[0].label if isinstance(run[0], Node) else kind(run[0])
    return Fold(name, times(word, len(run)), nodes)
