"""Which operation of one network is which of another: by name, then by structure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from netspec.errors.problem import Problem, SpecError
from netspec.graph.graph import Graph, Node

MAX_PAIRS = 2**31
"""How many pairs of operations are compared where names say nothing: a quarter of a gigabyte of bits."""


def matched(old: Graph, new: Graph) -> dict[Node, Node]:
    """Nodes of ``old`` with the node of ``new`` that each is, every node at most once.

    Equal names are the same operation, and inputs are where their places are. A list numbers its children instead of
    naming them: where a number has come to mean another kind of operation, that whole list has no names. What is left
    is matched where operation and parameters are equal, as a longest common subsequence of the running order, unless
    two operations without weights have nothing else in common; then by what names there are. Raises
    :class:`SpecError` where too much is left to compare.
    """
    known = {node.name: node for node in new.operations}
    same = {node: known[node.name] for node in old.operations if node.name in known}
    moved = {_list(node) for node, other in same.items() if node.operation.word != other.operation.word} - {""}
    found = {node: other for node, other in same.items() if not moved or _list(node) not in moved}
    found |= zip(old.inputs, new.inputs, strict=False)
    left, right = _rest(old.operations, found), _rest(new.operations, found.values())
    if len(left) * len(right) > MAX_PAIRS:
        message = f"{len(left):,} and {len(right):,} operations have no common name; that is too many to match"
        raise SpecError([Problem("limit", message)])
    for at, to in common_subsequence([_structure(node) for node in left], [_structure(node) for node in right]):
        if _belong(left[at], right[to], found):
            found[left[at]] = right[to]
    taken = set(found.values())
    for node, other in same.items():
        if node not in found and other not in taken and node.operation.word == other.operation.word:
            found[node] = other
    return dict(sorted(found.items(), key=lambda pair: pair[0].index))


def common_subsequence(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Places of a longest common subsequence, as pairs in order (Hyyro 2004: a row of the table is one number).

    Bit ``i`` of a row is 0 where the first ``i + 1`` items of ``left`` have a longer one with that much of ``right``
    than the first ``i`` have.
    """
    places: dict[Hashable, int] = {}
    for at, item in enumerate(left):
        places[item] = places.get(item, 0) | 1 << at
    full = (1 << len(left)) - 1
    row, rows = full, []
    for item in right:
        hits = row & places.get(item, 0)
        row = ((row + hits) | (row - hits)) & full
        rows.append(row)
    pairs: list[tuple[int, int]] = []
    at, to = len(left) - 1, len(right) - 1
    while at >= 0 and to >= 0:
        if rows[to] >> at & 1:
            at -= 1
        elif to and not rows[to - 1] >> at & 1:
            to -= 1
        else:
            pairs.append((at, to))
            at, to = at - 1, to - 1
    return pairs[::-1]


def _structure(node: Node) -> tuple[str, str]:
    """What an operation is, whatever it is called: its word and its parameters."""
    return node.operation.word, node.operation.model_dump_json()


def _belong(node: Node, other: Node, found: dict[Node, Node]) -> bool:
    """Whether two operations of one structure are more than any two activations: by weights, shape, or what is read."""
    reads_same = any(found.get(source) in other.inputs for source in node.inputs)
    return reads_same or node.shape == other.shape or bool(node.tensors)


def _list(node: Node) -> str:
    """The name of the list that ``node`` is a number of; empty where it has a name of its own."""
    outer, _, last = node.name.rpartition(".")
    return outer if last.isdecimal() else ""


def _rest(nodes: Iterable[Node], found: Iterable[Node]) -> list[Node]:
    taken = set(found)
    return [node for node in nodes if node not in taken]
