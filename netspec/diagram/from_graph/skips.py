"""Skip connections of a graph: links, or short ways into a sum, that another way between the same ends goes around."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from netspec.graph.graph import Graph, Node

SUM = "add"
"""The join that a shorter way is a skip to, too: a projection, or a padding."""
Values = Callable[[Node], Sequence[Node]]
"""What a node reads numbers from."""


class Wiring(NamedTuple):
    """What is asked of nodes: what they read, what reads them, and whether one is drawn in the box of another."""

    values: Values
    readers: Mapping[Node, Sequence[Node | None]]
    fuses: Callable[[Node, Node], bool]


class Skip(NamedTuple):
    """One skip: the node that it comes from, and the other inputs of where it ends."""

    source: Node
    others: tuple[Node, ...]
    changed: bool = False
    """Whether there are layers on it."""


Skips = Mapping[Node, Sequence[Skip]]
"""Node -> the skips that end in it."""


def skips(graph: Graph, wiring: Wiring) -> Skips:
    """The skips of ``graph``: what only decides, or has a size, is none.

    A skip is an input of a node that also leads to another of its inputs. Into a sum it is also a chain that is drawn
    as fewer boxes than another way from the same node: a projection, or a padding.
    """
    found: dict[Node, list[Skip]] = {}
    for node in graph.operations:
        sources = list(dict.fromkeys(wiring.values(node)))
        if len(sources) > 1:
            mine = [_direct(source, sources, wiring.values) for source in sources]
            if node.operation.word == SUM:
                pairs = zip(mine, sources, strict=True)
                mine = [skip or _changing(source, sources, wiring) for skip, source in pairs]
            if any(mine):
                found[node] = [skip for skip in mine if skip]
    return found


def skips_into(nodes: Iterable[Node], known: Skips, values: Values, home: Callable[[Node], str | None]) -> int:
    """How many skips to ``nodes`` are no link of their own between boxes; ``home`` is the key of the box of a node.

    Their other ways lead through the boxes of their ends only. Those around other boxes are drawn.
    """
    return sum([_is_hidden(node, skip, values, home) for node in nodes for skip in known.get(node, ())])


def _is_hidden(end: Node, skip: Skip, values: Values, home: Callable[[Node], str | None]) -> bool:
    ends = {home(end), home(skip.source)} - {None}
    return skip.source in _between(skip.source, skip.others, values, lambda node: home(node) in ends)


def _others(sources: Sequence[Node], one: Node) -> tuple[Node, ...]:
    return tuple([source for source in sources if source is not one])


def _anywhere(_: Node) -> bool:
    return True


def _between(
    start: Node, ends: Iterable[Node], values: Values, inside: Callable[[Node], bool] = _anywhere
) -> set[Node]:
    """What leads to ``ends`` by ways ``inside``, back to ``start``; nothing that runs before that."""
    floor = start.index
    waiting = [node for node in ends if node.index > floor and inside(node)]
    found = set(waiting)
    while waiting:
        for before in values(waiting.pop()):
            if before is start:
                found.add(start)
            elif before.index > floor and before not in found and inside(before):
                found.add(before)
                waiting.append(before)
    return found


def _direct(source: Node, sources: Sequence[Node], values: Values) -> Skip | None:
    """The skip that ``source`` itself is to what joins ``sources``, if it leads to another of them."""
    others = _others(sources, source)
    return Skip(source, others) if source in _between(source, others, values) else None


def _changing(source: Node, sources: Sequence[Node], wiring: Wiring) -> Skip | None:
    """The skip to a sum of ``sources`` that ends in one: a chain of fewer boxes than another way from its start."""
    chain = [source]
    while len(wiring.values(chain[-1])) == 1 and _times_read(chain[-1], wiring) == 1:
        chain.append(wiring.values(chain[-1])[0])
    *layers, start = chain
    others = _others(sources, source)
    if layers and _longest(start, others, wiring) > _boxes(layers[::-1], wiring):
        return Skip(start, others, changed=True)
    return None


def _times_read(node: Node, wiring: Wiring) -> int:
    """How often the values of ``node`` are read, not its size."""
    return sum([reader is None or node in wiring.values(reader) for reader in wiring.readers[node]])


def _boxes(chain: Sequence[Node], wiring: Wiring) -> int:
    """How many boxes a chain is drawn as."""
    return 1 + sum([not wiring.fuses(before, after) for before, after in pairwise(chain)])


def _longest(start: Node, ends: Iterable[Node], wiring: Wiring) -> int:
    """How many boxes are on the longest way from ``start`` to one of ``ends``, itself not counted; 0 for no way."""
    depth = {start: 0}
    for node in sorted(_between(start, ends, wiring.values), key=lambda one: one.index):
        sources = [source for source in wiring.values(node) if source in depth]
        before = [depth[source] + (not wiring.fuses(source, node)) for source in sources]
        if before:
            depth[node] = max(before)
    return max([depth.get(node, 0) for node in ends], default=0)
