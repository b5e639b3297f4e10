"""What scopes are called: blocks and stacks of them, and those of which only a part is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import takewhile

from netspec.analysis.rows import STRUCTURAL, Row
from netspec.graph.graph import Node, Scope


class Parts:
    """Which scopes are told as a whole where rows are chosen, or where a mistake has ``cut`` the network off."""

    def __init__(self, rows: Iterable[Row], *, chosen: bool, cut: bool) -> None:
        self.sizes = Counter(scope for row in rows for scope in row.within) if chosen else {}
        """Operations in each scope of all ``rows``; empty where none is left out."""
        self.cut = cut

    def kind(self, scope: Scope, rows: Sequence[Row]) -> str:
        """``bottleneck x3`` where ``rows`` are all of ``scope``, else how many of its operations they are."""
        if self.cut:
            return many(len(rows))
        return kind(scope) if self.whole(scope, rows) else f"{len(rows):,} of {many(self.sizes[scope])}"

    def whole(self, scope: Scope, rows: Sequence[Row]) -> bool:
        """Whether ``rows``, all from ``scope``, are all that there is in it."""
        return len(rows) == self.sizes.get(scope, len(rows))

    def narrowed(self, scope: Scope, rows: Sequence[Row]) -> Scope:
        """``scope`` or, where ``rows`` are only a part of it, the innermost scope around all of them."""
        if self.whole(scope, rows):
            return scope
        levels: Iterable[tuple[Scope, ...]] = zip(*(row.within for row in rows), strict=False)
        return list(takewhile(lambda level: len(set(level)) == 1, levels))[-1][0]


def kind(scope: Scope) -> str:
    """``bottleneck``, or ``bottleneck x3`` for a stack of equal blocks."""
    word = stacked(scope)
    if word:
        return f"{word} x{len(scope.children)}"
    return "" if scope.block in STRUCTURAL else scope.block


def stacked(scope: Scope) -> str:
    """The block that a scope is a stack of; nothing where it has other children, or one."""
    words = {"" if isinstance(child, Node) else child.block for child in scope.children}
    if len(words) > 1 or len(scope.children) == 1 or any(not isinstance(c, Node) and c.flat for c in scope.children):
        return ""
    word = next(iter(words), "")
    return "" if word in STRUCTURAL else word


def many(count: int) -> str:
    """``1 operation``, ``20 operations``."""
    return f"{count:,} operation{'s' if count > 1 else ''}"
