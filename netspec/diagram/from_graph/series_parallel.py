"""A graph between two ends as series and parallels: what stands below each other, and what beside each other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from netspec.diagram.scene import Crossing, Pair


@dataclass(slots=True, eq=False)
class Chain:
    """Keys in series, with what links them: ``links`` are one more, the first and the last lead to the outside."""

    keys: list[str]
    links: list[Tree]
    depth: int = 0
    """How many forks stand in one another."""


@dataclass(slots=True, eq=False)
class Fork:
    """Ways beside each other."""

    ways: list[Tree]
    depth: int = 1


Tree = Chain | Fork | Pair


def decomposed(keys: Iterable[str], pairs: Iterable[Pair], ends: Pair, most: int) -> tuple[Tree, list[Pair]]:
    """The tree of all ways between ``ends``, and the pairs that had to be taken out of it, at most ``most``.

    ``keys`` are in running order, and each lies on a way from end to end. The longest crossing links are taken out
    first. Raises :class:`Crossing` where that does not suffice.
    """
    source, sink = ends
    rank = {key: place for place, key in enumerate((source, *keys, sink))}
    after: dict[str, dict[str, Tree]] = {key: {} for key in rank}
    before: dict[str, dict[str, Tree]] = {key: {} for key in rank}
    for pair in pairs:
        _join(after, before, pair, pair)
    removed: list[Pair] = []
    waiting = deque(rank)
    while True:
        _reduce(after, before, ends, waiting)
        if sum(map(len, after.values())) <= 1:
            break
        longest = _longest(after, before, rank)
        if longest is None or len(removed) == most:
            raise Crossing
        removed.append(longest)
        del after[longest[0]][longest[1]], before[longest[1]][longest[0]]
        waiting.extend(longest)
    if sink not in after[source]:
        raise Crossing
    return after[source][sink], removed


def _reduce(
    after: Mapping[str, dict[str, Tree]], before: Mapping[str, dict[str, Tree]], ends: Pair, waiting: deque[str]
) -> None:
    """Take every key with one way in and one way out into a chain, until there is none."""
    while waiting:
        key = waiting.popleft()
        if key in ends or len(after[key]) != 1 or len(before[key]) != 1:
            continue
        ((above, left),) = before[key].items()
        ((below, right),) = after[key].items()
        del after[above][key], before[below][key]
        after[key].clear()
        before[key].clear()
        _join(after, before, (above, below), _chained(left, key, right))
        waiting.extend((above, below))


def _chained(left: Tree, key: str, right: Tree) -> Chain:
    """``left``, ``key``, ``right`` as one chain. What is on the left grows in place: it is the longer one mostly."""
    chain = left if isinstance(left, Chain) else Chain([], [left], depth_of(left))
    chain.keys.append(key)
    chain.depth = max(chain.depth, depth_of(right))
    if isinstance(right, Chain):
        chain.keys += right.keys
        chain.links += right.links
    else:
        chain.links.append(right)
    return chain


def depth_of(tree: Tree) -> int:
    """How many forks stand in one another."""
    return 0 if isinstance(tree, tuple) else tree.depth


def _join(after: Mapping[str, dict[str, Tree]], before: Mapping[str, dict[str, Tree]], ends: Pair, way: Tree) -> None:
    """Add a way between two keys, beside those that are there."""
    source, target = ends
    known = after[source].get(target)
    if known is not None:
        fork = known if isinstance(known, Fork) else Fork([known], 1 + depth_of(known))
        added = way.ways if isinstance(way, Fork) else [way]
        fork.ways += added
        fork.depth = max(fork.depth, 1 + max(map(depth_of, added)))
        way = fork
    after[source][target] = before[target][source] = way


def _longest(
    after: Mapping[str, dict[str, Tree]], before: Mapping[str, dict[str, Tree]], rank: Mapping[str, int]
) -> Pair | None:
    """The longest single link that leaves its ends connected to others."""
    found = [
        (source, target)
        for source, ways in after.items()
        for target, way in ways.items()
        if isinstance(way, tuple) and len(ways) > 1 and len(before[target]) > 1
    ]
    return max(found, key=lambda pair: rank[pair[1]] - rank[pair[0]], default=None)
