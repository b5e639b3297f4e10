"""What scopes are called in a report: blocks, and stacks of equal blocks."""

from __future__ import annotations

from netspec.graph.folds import STRUCTURAL
from netspec.graph.graph import Node, Scope
from netspec.report.cells import times


def kind(scope: Scope) -> str:
    """``bottleneck``, or ``bottleneck x3`` for a stack of equal blocks; nothing for plain chains."""
    word = stacked(scope)
    if word:
        return times(word, len(scope.children))
    return "" if scope.block in STRUCTURAL else scope.block


def stacked(scope: Scope) -> str:
    """The block that a scope is a stack of; nothing where it has other children, or one."""
    words = {"" if isinstance(child, Node) else child.block for child in scope.children}
    if len(words) > 1 or len(scope.children) == 1 or any(not isinstance(c, Node) and c.flat for c in scope.children):
        return ""
    word = next(iter(words), "")
    return "" if word in STRUCTURAL else word
