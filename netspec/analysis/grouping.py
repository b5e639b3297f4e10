"""Rows gathered into groups: by operation, block, stage or kind, as a tree to a depth, chosen, sorted and cut off."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Literal, NamedTuple

from netspec.analysis.rows import STRUCTURAL, Row
from netspec.graph import Node, Scope

By = Literal["tree", "node", "block", "stage", "op", "family"]


class Group(NamedTuple):
    """Rows that are told of in one line.

    ``name`` is short where the group stands below another one, ``path`` is never. ``times`` equal blocks are folded
    into one group with their sum. A group at ``level`` that is ``opened`` is followed by what is in it.
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

    @property
    def auxiliary(self) -> bool:
        """Whether only training runs any of it."""
        return all(row.auxiliary for row in self.rows)


class View(NamedTuple):
    """Which groups are wanted.

    ``tree`` opens stages down to ``depth``, and with ``whole`` folds nothing. ``only`` is a glob for names of
    operations or of what is around them. ``sort`` orders groups, the largest first, and ``top`` keeps as many.
    """

    by: By = "tree"
    depth: int = 0
    whole: bool = False
    only: str = ""
    sort: Callable[[Group], float] | None = None
    top: int | None = None


def total(rows: Iterable[Row], name: str = "total") -> Group:
    """All ``rows`` as one group."""
    return Group(name, name, "", tuple(rows), scattered=True)


def groups(rows: Sequence[Row], view: View) -> list[Group]:
    """The groups of ``rows`` that ``view`` asks for; each row is in one of those that are not opened."""
    found = _gathered([row for row in rows if chosen(row, view.only)], view)
    if view.sort is None and view.top is None:
        return found
    leaves = [one._replace(name=one.path, level=0) for one in found if not one.opened]
    if view.sort:
        leaves.sort(key=view.sort, reverse=True)
    kept = leaves if view.top is None else leaves[: view.top]
    others = leaves[len(kept) :]
    rest = tuple(row for group in others for row in group.rows)
    return [*kept, *([Group("others", "others", f"{len(others)} more", rest, scattered=True)] if others else [])]


def chosen(row: Row, only: str) -> bool:
    """Whether the glob ``only`` names the row, or a scope around it; an empty one names every row."""
    names = {row.name, row.stage, *(scope.name for scope in row.parts)}
    return not only or any(fnmatchcase(name, only) for name in names)


def _gathered(rows: Sequence[Row], view: View) -> list[Group]:
    if view.by == "tree":
        return _tree(rows, view, 0, "")
    if view.by == "node":
        return [Group(row.name, row.name, row.label, (row,)) for row in rows]
    if view.by == "stage":
        return _tree(rows, View(), 0, "")
    if view.by == "block":
        return _units(rows, [_block(row) for row in rows])
    kinds = [row.op if view.by == "op" else row.family for row in rows]
    inside: dict[str, list[Row]] = {}
    for row, word in zip(rows, kinds, strict=True):
        inside.setdefault(word, []).append(row)
    return [Group(word, word, _many(len(same)), tuple(same), scattered=True) for word, same in inside.items()]


def _tree(rows: Sequence[Row], view: View, level: int, outer: str) -> list[Group]:
    """Groups at ``level`` and, where they are opened, those inside them; equal neighbours that stay closed are one."""
    found: list[Group] = []
    keys: list[Hashable] = [row.within[level] if level < len(row.within) else row.name for row in rows]
    for key, inside in _by_key(rows, keys).items():
        if not isinstance(key, Scope):
            row = inside[0]
            found.append(Group(_below(row.name, outer), row.name, row.label, (row,), level))
            continue
        opened = view.whole or level < view.depth
        path = inside[0].stage if level == 0 else key.name
        group = Group(_below(path, outer), path, kind(key), tuple(inside), level, opened=opened)
        if not opened and level and found and _alike(found[-1], group):
            found[-1] = _joined(found[-1], group, outer)
        else:
            found.append(group)
        if opened:
            found += _tree(inside, view, level + 1, key.name)
    return found


def _units(rows: Sequence[Row], scopes: Sequence[Scope | None]) -> list[Group]:
    """A group for each scope, and one for each row without."""
    keys: list[Hashable] = [scope or row.name for row, scope in zip(rows, scopes, strict=True)]
    found: list[Group] = []
    for key, inside in _by_key(rows, keys).items():
        if not isinstance(key, Scope):
            found.append(Group(inside[0].name, inside[0].name, inside[0].label, tuple(inside)))
            continue
        whole = key is inside[0].within[0]
        path = inside[0].stage if whole else key.name
        group = Group(path, path, kind(key), tuple(inside))
        if not whole and found and _alike(found[-1], group):
            found[-1] = _joined(found[-1], group, "")
        else:
            found.append(group)
    return found


def _block(row: Row) -> Scope | None:
    """The outermost block around a row that is no stack of equal blocks."""
    return next((scope for scope in row.within if scope.block not in STRUCTURAL and not _stacked(scope)), None)


def kind(scope: Scope) -> str:
    """``bottleneck``, or ``bottleneck x3`` for a stack of equal blocks."""
    stacked = _stacked(scope)
    if stacked:
        return f"{stacked} x{len(scope.children)}"
    return "" if scope.block in STRUCTURAL else scope.block


def _stacked(scope: Scope) -> str:
    """The block that a scope is a stack of; nothing where it has other children, or one."""
    words = {"" if isinstance(child, Node) else child.block for child in scope.children}
    if len(words) > 1 or len(scope.children) == 1 or any(not isinstance(c, Node) and c.flat for c in scope.children):
        return ""
    word = next(iter(words), "")
    return "" if word in STRUCTURAL else word


def _alike(before: Group, group: Group) -> bool:
    """Whether ``group`` is again what ``before`` is: the same operations on the same shapes."""
    size = len(group.rows)
    if before.kind != group.kind or not group.kind or before.opened or len(before.rows) != size * before.times:
        return False
    same = all(_figures(one) == _figures(other) for one, other in zip(before.rows[:size], group.rows, strict=True))
    return same and before.path.rpartition(".")[0] == group.path.rpartition(".")[0]


def _figures(row: Row) -> tuple[object, ...]:
    return row.label, row.input_shapes, row.output_shape, row.params, row.groups, row.window


def _joined(before: Group, group: Group, outer: str) -> Group:
    """One group for both: ``1-5``."""
    first = before.path.rpartition("-")[0] if before.times > 1 else before.path
    path = f"{first}-{group.path.rpartition('.')[2]}"
    rows = (*before.rows, *group.rows)
    return Group(_below(path, outer), path, group.kind, rows, group.level, before.times + 1)


def _below(name: str, outer: str) -> str:
    return name.removeprefix(f"{outer}.") if outer else name


def _by_key(rows: Sequence[Row], keys: Sequence[Hashable]) -> dict[Hashable, list[Row]]:
    found: dict[Hashable, list[Row]] = {}
    for row, key in zip(rows, keys, strict=True):
        found.setdefault(key, []).append(row)
    return found


def _many(count: int) -> str:
    return f"{count:,} operation{'s' if count > 1 else ''}"
