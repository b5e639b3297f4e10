"""What is known of the order of layers of equal tensors: of a graph, what comes after what; of a file, its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, combinations

from netspec.graph.graph import Graph


def before(names: Sequence[str], graph: Graph) -> dict[str, int]:
    """For each layer of ``names`` a number with the bits of those before it, itself among them.

    Before a parameter is what its first reader reads of the input; two that it reads have no order.
    """
    places = {name: 1 << at for at, name in enumerate(names)}
    reached: dict[object, int] = {}
    unread = set(graph.parameters)
    for node in graph.nodes:
        bits = 0
        for source in node.inputs:
            bits |= reached[source] if source.has_batch else 0
        for source in unread.intersection(node.inputs):
            reached[source] |= bits
        unread.difference_update(node.inputs)
        for source in node.inputs:
            bits |= 0 if source.has_batch else places.get(source.name, 0)
        reached[node] = bits | places.get(node.name, 0)
    return {node.name: reached[node] for node in graph.nodes if node.name in places}


def exchangeable(count: int, is_known: Callable[[int, int], bool]) -> list[list[int]]:
    """``count`` places in groups: of two in different groups ``is_known`` which comes first.

    What comes after all of one group comes after those before it too, so nobody looks further back than that.
    """
    groups: list[list[int]] = []
    for at in range(count):
        beside: list[list[int]] = []
        while groups and not all(is_known(one, at) for one in groups[-1]):
            beside.append(groups.pop())
        group = beside.pop() if beside else []
        group.extend([*chain.from_iterable(reversed(beside)), at])
        groups.append(group)
    return groups


class Order:
    """What is known of the order of layers of equal tensors, on both sides."""

    def __init__(self, mine: Sequence[str], others: Sequence[str], before: Mapping[str, int], *, ordered: bool) -> None:
        self.mine = mine
        self.others = others
        self.places = {name: at for at, name in enumerate(others)}
        self.before = before
        self.ordered = ordered

    def follows(self, ours: str, later: str) -> bool:
        """Whether the network's layer ``later`` comes after ``ours``."""
        return self.before[ours] & ~self.before[later] == 0

    def is_sorted(self, theirs: str, later: str) -> bool:
        """Whether the file's order of two names is that of what they name."""
        return self.ordered or _numbered(theirs, later)

    def is_known(self, one: int, later: int) -> bool:
        """Whether both sides say that what is at ``later`` comes after what is at ``one``."""
        return self.follows(self.mine[one], self.mine[later]) and self.is_sorted(self.others[one], self.others[later])

    def allows(self, pairs: Mapping[str, str]) -> bool:
        """Whether no two of ``pairs`` are in one order here and in the other one there."""
        return not any(
            self.follows(one, other)
            and self.places[pairs[one]] > self.places[pairs[other]]
            and self.is_sorted(pairs[other], pairs[one])
            for one, other in combinations(pairs, 2)
        )


def _numbered(first: str, second: str) -> bool:
    """Whether two names first differ in a number or in single letters, so that sorting puts them in order."""
    one, other = next(((a, b) for a, b in zip(first.split("."), second.split("."), strict=False) if a != b), ("", ""))
    if len(one) == len(other) == 1 and one.isalpha() and other.isalpha():
        return True
    pieces = zip(re.split(r"(\d+)", one), re.split(r"(\d+)", other), strict=False)
    return next((a.isdecimal() and b.isdecimal() for a, b in pieces if a != b), False)
