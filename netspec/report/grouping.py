"""Rows gathered into groups: by operation, block, stage or kind, as a tree to a depth, chosen, sorted and cut off."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Literal, NamedTuple, TypeVar

from netspec.analysis.rows import STRUCTURAL, Row
from netspec.graph.graph import Scope
from netspec.report.block_names import Parts, many, stacked

Key = TypeVar("Key", bound=Hashable)
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
        return _units(rows, [_block(row) for row in rows], parts)
    kinds = [row.op if view.by == "op" else row.family for row in rows]
    inside = _by_key(rows, kinds)
    return [Group(word, word, many(len(same)), tuple(same), scattered=True) for word, same in inside.items()]


def _tree(rows: Sequence[Row], view: View, parts: Parts, level: int = 0, outer: str = "") -> list[Group]:
    """Groups at ``level`` and, where they are opened, those inside them; equal neighbours that stay closed are one."""
    found: list[Group] = []
    keys: list[Hashable] = [row.within[level] if level < len(row.within) else row.name for row in rows]
    for key, inside in _by_key(rows, keys).items():
        if not isinstance(key, Scope):
            found.append(_single(inside[0], level, outer))
        elif view.whole or level < view.depth:
            found.append(_scope(key, inside, parts, level, outer)._replace(opened=True))
            found += _tree(inside, view, parts, level + 1, key.name)
        else:
            _add(found, _closed(key, inside, parts, level, outer), outer, folds=level > 0)
    return found


def _units(rows: Sequence[Row], scopes: Sequence[Scope | None], parts: Parts) -> list[Group]:
    """A group for each scope, and one for each row without."""
    keys: list[Hashable] = [scope or row.name for row, scope in zip(rows, scopes, strict=True)]
    found: list[Group] = []
    for key, inside in _by_key(rows, keys).items():
        if isinstance(key, Scope):
            _add(found, _closed(key, inside, parts), folds=key is not inside[0].within[0])
        else:
            found.append(_single(inside[0]))
    return found


def _block(row: Row) -> Scope | None:
    """The outermost block around a row that is no stack of equal blocks."""
    return next((scope for scope in row.within if scope.block not in STRUCTURAL and not stacked(scope)), None)


def _single(row: Row, level: int = 0, outer: str = "") -> Group:
    return Group(_below(row.name, outer), row.name, row.label, (row,), level)


def _scope(scope: Scope, rows: Sequence[Row], parts: Parts, level: int = 0, outer: str = "") -> Group:
    path = rows[0].stage if scope is rows[0].within[0] else scope.name
    return Group(_below(path, outer), path, parts.kind(scope, rows), tuple(rows), level)


def _closed(scope: Scope, rows: Sequence[Row], parts: Parts, level: int = 0, outer: str = "") -> Group:
    """``rows`` under the name of ``scope`` or, where they are only a part of it, of what they are."""
    inner = parts.narrowed(scope, rows)
    if len(rows) == 1 and not parts.whole(inner, rows):
        return _single(rows[0], level, outer)
    return _scope(inner, rows, parts, level, outer)


def _add(found: list[Group], group: Group, outer: str = "", *, folds: bool) -> None:
    """Append ``group``, or fold it into the one before it that is the same again."""
    if folds and found and _alike(found[-1], group):
        found[-1] = _joined(found[-1], group, outer)
    else:
        found.append(group)


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


def _by_key(rows: Sequence[Row], keys: Sequence[Key]) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = {}
    for row, key in zip(rows, keys, strict=True):
        found.setdefault(key, []).append(row)
    return found
