"""Rows gathered into groups: by operation, block, stage or kind, as a tree to a depth, chosen, sorted and cut off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from fnmatch import fnmatchcase
from itertools import takewhile
from typing import Literal, NamedTuple

from netspec.analysis.rows import Row
from netspec.graph.folds import STRUCTURAL, figures, neighbours, signature
from netspec.graph.graph import Node, Scope
from netspec.report.block_names import kind, stacked
from netspec.report.cells import operations

Units = dict[Hashable, list[Row]]
"""Rows by the scope that they are told of in, or by their own name or kind."""
By = Literal["tree", "node", "block", "stage", "op", "family"]


class Group(NamedTuple):
    """Rows that are told of in one line.

    ``name`` is short where the group stands below another one, ``path`` is never. ``times`` equal blocks are folded
    into one group with their sum. A group at ``level`` that is ``opened`` is followed by what is in it. Of a scope
    of which only some rows are chosen, ``kind`` says how many; where it is closed, its name is that of what is chosen.
    """

    name: str
    path: str
    kind: str
    rows: tuple[Row, ...]
    level: int = 0
    times: int = 1
    opened: bool = False
    scattered: bool = False
    """Whether the rows are no part of the network, but from anywhere in it."""
    rest: bool = False
    """Whether these are the rows that are left where the largest were asked for."""

    @property
    def auxiliary(self) -> bool:
        """Whether only training runs any of it."""
        return all(row.auxiliary for row in self.rows)


class View(NamedTuple):
    """Which groups are wanted.

    ``tree`` opens stages down to ``depth``, and with ``whole`` folds nothing. ``only`` is a glob for names of
    operations or of what is around them. ``sort`` orders groups, the largest first, and ``top`` keeps as many.
    ``cut`` says that the network ends at a mistake, so that no group is called a whole block.
    """

    by: By = "tree"
    depth: int = 0
    whole: bool = False
    only: str = ""
    sort: Callable[[Group], float] | None = None
    top: int | None = None
    cut: bool = False


class Parts:
    """Which scopes are told of as a whole where rows are chosen, or where a mistake has ``cut`` the network off."""

    def __init__(self, rows: Iterable[Row], *, chosen: bool, cut: bool) -> None:
        self.sizes = Counter(scope for row in rows for scope in row.within) if chosen else {}
        """Operations in each scope of all ``rows``; empty where none is left out."""
        self.cut = cut

    def kind(self, scope: Scope, rows: Sequence[Row]) -> str:
        """``bottleneck x3`` where ``rows`` are all of ``scope``, else how many of its operations they are."""
        if self.cut:
            return operations(len(rows))
        return kind(scope) if self.whole(scope, rows) else f"{len(rows):,} of {operations(self.sizes[scope])}"

    def whole(self, scope: Scope, rows: Sequence[Row]) -> bool:
        """Whether ``rows``, all from ``scope``, are all that there is in it."""
        return len(rows) == self.sizes.get(scope, len(rows))

    def narrowed(self, scope: Scope, rows: Sequence[Row]) -> Scope:
        """``scope`` or, where ``rows`` are only a part of it, the innermost scope around all of them."""
        if self.whole(scope, rows):
            return scope
        levels: Iterable[tuple[Scope, ...]] = zip(*(row.within for row in rows), strict=False)
        return list(takewhile(lambda level: len(set(level)) == 1, levels))[-1][0]


def total(rows: Iterable[Row], name: str = "total") -> Group:
    """All ``rows`` as one group."""
    return Group(name, name, "", tuple(rows), scattered=True)


def groups(rows: Sequence[Row], view: View) -> list[Group]:
    """The groups of ``rows`` that ``view`` asks for; each row is in one of those that are not opened."""
    found = _gathered(rows, view)
    if view.sort is None and view.top is None:
        return found
    leaves = [one._replace(name=one.path, level=0) for one in found if not one.opened]
    if view.sort:
        leaves.sort(key=view.sort, reverse=True)
    kept = leaves if view.top is None else leaves[: view.top]
    others = leaves[len(kept) :]
    if not others:
        return kept
    rows_left = tuple(row for group in others for row in group.rows)
    return [*kept, Group("others", "others", f"{len(others)} more", rows_left, scattered=True, rest=True)]


def chosen(row: Row, only: str) -> bool:
    """Whether the glob ``only`` names the row, or a scope around it; an empty one names every row."""
    names = {row.name, row.stage, *(scope.name for scope in row.parts)}
    return not only or any(fnmatchcase(name, only) for name in names)


def _gathered(all_rows: Sequence[Row], view: View) -> list[Group]:
    rows = [row for row in all_rows if chosen(row, view.only)]
    parts = Parts(all_rows, chosen=bool(view.only), cut=view.cut)
    if view.by == "tree":
        return _tree(rows, view, parts)
    if view.by == "node":
        return [_single(row) for row in rows]
    if view.by == "stage":
        return _tree(rows, View(), parts)
    if view.by == "block":
        return _closed(_by_key(rows, [_block(row) or row.name for row in rows]), parts)
    kinds = [row.op if view.by == "op" else row.family for row in rows]
    inside = _by_key(rows, kinds).items()
    return [Group(str(word), str(word), operations(len(same)), tuple(same), scattered=True) for word, same in inside]


def _tree(rows: Sequence[Row], view: View, parts: Parts, level: int = 0, outer: str = "") -> list[Group]:
    """Groups at ``level`` and, where they are opened, those inside them."""
    units = _by_key(rows, [row.within[level] if level < len(row.within) else row.name for row in rows])
    if not view.whole and level >= view.depth:
        return _closed(units, parts, level, outer)
    found: list[Group] = []
    for key, inside in units.items():
        if isinstance(key, Scope):
            found.append(_scope(key, inside, parts, level, outer)._replace(opened=True))
            found += _tree(inside, view, parts, level + 1, key.name)
        else:
            found.append(_single(inside[0], level, outer))
    return found


def _closed(units: Units, parts: Parts, level: int = 0, outer: str = "") -> list[Group]:
    """A group for each scope and each row without one; equal neighbours inside a stage are one group."""
    found = [
        (_part(key, inside, parts, level, outer), key is not inside[0].within[0])
        if isinstance(key, Scope)
        else (_single(inside[0], level, outer), False)
        for key, inside in units.items()
    ]
    runs = neighbours(found, lambda before, after: before[1] and after[1] and _alike(before[0], after[0]))
    return [_joined([group for group, _ in run], outer) for run in runs]


def _block(row: Row) -> Scope | None:
    """The outermost block around a row that is no stack of equal blocks."""
    return next((scope for scope in row.within if scope.block not in STRUCTURAL and not stacked(scope)), None)


def _single(row: Row, level: int = 0, outer: str = "") -> Group:
    return Group(_below(row.name, outer), row.name, row.label, (row,), level)


def _scope(scope: Scope, rows: Sequence[Row], parts: Parts, level: int = 0, outer: str = "") -> Group:
    path = rows[0].stage if scope is rows[0].within[0] else scope.name
    return Group(_below(path, outer), path, parts.kind(scope, rows), tuple(rows), level)


def _part(scope: Scope, rows: Sequence[Row], parts: Parts, level: int, outer: str) -> Group:
    """``rows`` under the name of ``scope`` or, where they are only a part of it, of what they are."""
    inner = parts.narrowed(scope, rows)
    if len(rows) == 1 and not parts.whole(inner, rows):
        return _single(rows[0], level, outer)
    return _scope(inner, rows, parts, level, outer)


def _alike(before: Group, after: Group) -> bool:
    """Whether ``after`` is ``before`` again, beside it: the same operations on the same shapes."""
    if before.kind != after.kind or not after.kind or before.path.rpartition(".")[0] != after.path.rpartition(".")[0]:
        return False
    return signature(_nodes(before), figures) == signature(_nodes(after), figures)


def _nodes(group: Group) -> list[Node]:
    return [row.node for row in group.rows]


def _joined(run: Sequence[Group], outer: str) -> Group:
    """One group for a run of equal ones, called ``1-5``."""
    first, last = run[0], run[-1]
    if first is last:
        return first
    path = f"{first.path}-{last.path.rpartition('.')[2]}"
    rows = tuple(row for group in run for row in group.rows)
    return first._replace(name=_below(path, outer), path=path, rows=rows, times=len(run))


def _below(name: str, outer: str) -> str:
    return name.removeprefix(f"{outer}.") if outer else name


def _by_key(rows: Sequence[Row], keys: Sequence[Hashable]) -> Units:
    found: Units = {}
    for row, key in zip(rows, keys, strict=True):
        found.setdefault(key, []).append(row)
    return found
