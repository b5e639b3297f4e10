"""What tells layers apart that could be exchanged: words of their names, and what stands beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise, permutations

from netspec.graph.graph import Graph
from netspec.weights.order import Order
from netspec.weights.wanted import layer_of

SHORTCUTS = frozenset(["downsample", "shortcut", "proj", "projection", "skip", "short", "identity", "residual"])
"""What the projection beside a block is called."""
MOST_EXCHANGED, MOST_COMPARED = 5, 500
"""How many layers that stand side by side are tried in every order, and of how many the names are compared."""


def decided(mine: Sequence[str], others: Sequence[str], order: Order) -> dict[str, str]:
    """The pairs of one group: the only ones that no order forbids, or those that names favour; none if none tells."""
    if len(mine) > MOST_COMPARED:
        return {}
    left, right = telling(mine), telling(others)
    if len(mine) > MOST_EXCHANGED:
        return _nearest(mine, others, [[-len(one ^ other) for other in right] for one in left], order)
    found = []
    for places in permutations(range(len(mine))):
        pairs = {mine[at]: others[to] for at, to in enumerate(places)}
        if order.allows(pairs):
            found.append((sum(len(left[at] & right[to]) for at, to in enumerate(places)), pairs))
    best = max((score for score, _ in found), default=0)
    winners = [pairs for score, pairs in found if score == best]
    return winners[0] if len(winners) == 1 else {}


def _nearest(
    mine: Sequence[str], others: Sequence[str], likeness: Sequence[Sequence[int]], order: Order
) -> dict[str, str]:
    """The pairs where each layer has one that is most like it, all of them different; none if there are no such.

    Words that only one of two names has are counted, so the sum over all pairs is largest where most words are shared:
    no other order of so many can be better, and none is as good.
    """
    nearest = []
    for row in likeness:
        best = max(row)
        if row.count(best) > 1:
            return {}
        nearest.append(row.index(best))
    pairs = {name: others[at] for name, at in zip(mine, nearest, strict=True)}
    return pairs if len({*nearest}) == len(mine) and order.allows(pairs) else {}


def telling(names: Sequence[str]) -> list[set[str]]:
    """The words of each name that not all of them have; a shortcut is one, whatever it is called."""
    words = [{_word(part) for part in name.split(".")} for name in names]
    shared = set.intersection(*words)
    return [found - shared for found in words]


def _word(part: str) -> str:
    plain = part.rstrip("0123456789_").lower()
    return "a shortcut" if plain in SHORTCUTS else part.lower()


class Beside:
    """The layer that reads another with weights is the one that a file has beside it: a norm and its convolution.

    Or the one that another reads, and no others do, where it reads several: a norm behind a sum, and its convolution.
    """

    def __init__(self, graph: Graph, ours: Sequence[str], theirs: Sequence[str], *, ordered: bool) -> None:
        names = {*ours}
        self.reads: dict[str, str] = {}
        last: dict[object, str] = {}
        for node in graph.nodes:
            source = last.get(node.inputs[0], "") if len(node.inputs) == 1 else ""
            if node.name in names and source:
                self.reads[node.name] = source
            last[node] = node.name if node.name in names else source
        several = Counter(self.reads.values())
        self.read_by = {source: name for name, source in self.reads.items() if several[source] == 1}
        self.after = dict(pairwise(theirs)) if ordered else {}

    def decided(self, groups: Sequence[tuple[list[str], list[str]]], found: Mapping[str, str]) -> dict[str, str]:
        """Pairs of those ``groups`` in which each layer reads one of those ``found``, and each of the file's is one."""
        known = dict(found)
        waiting, before = [(mine, {*others}) for mine, others in groups], -1
        while len(waiting) != before:
            before = len(waiting)
            for group in list(waiting):
                mine, others = group
                alone = self._alone(others)
                pairs = {name: self._read(name, known, others, alone) for name in mine}
                if {*pairs.values()} == others:
                    known.update(pairs)
                    waiting.remove(group)
        return {name: theirs for name, theirs in known.items() if name not in found}

    def _read(self, name: str, known: Mapping[str, str], others: Collection[str], alone: Mapping[str, str]) -> str:
        """The one of ``others`` beside what ``name`` reads, or alone in a module with what reads it; empty if none."""
        if name in self.reads:
            return self._beside(known.get(self.reads[name], ""), others, alone)
        return alone.get(layer_of(known.get(self.read_by.get(name, ""), "")), "")

    def _alone(self, others: Collection[str]) -> dict[str, str]:
        """The modules of the file in which only one of ``others`` is, and which that is."""
        inside = Counter(map(layer_of, others))
        return {layer_of(name): name for name in others if layer_of(name) and inside[layer_of(name)] == 1}

    def _beside(self, theirs: str, others: Collection[str], alone: Mapping[str, str]) -> str:
        """The one of ``others`` that stands right after ``theirs``, or ``alone`` with it in a module; empty if none."""
        after = self.after.get(theirs, "")
        return after if after in others else alone.get(layer_of(theirs), "")
