"""Which layer of a file is which of a network whose names are others: by shapes, by order, and by what names tell.

A file knows names, shapes and an order; a graph knows what comes after what. Layers of equal tensors are paired in the
order of both, where each of them comes after the one before: two that stand side by side (a shortcut beside the last
convolution of a block) could be exchanged, and so could any two of a file that is sorted by name. There names must tell
one from the other, or nothing is decided.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import chain, combinations, pairwise, permutations
from math import prod
from typing import NamedTuple

from netspec.graph.graph import Graph
from netspec.ops.facts import Shape
from netspec.weights.transfer import COUNTER
from netspec.weights.wanted import INPUT, OUTPUT, Wanted, layer_of

SHORTCUTS = frozenset(["downsample", "shortcut", "proj", "projection", "skip", "short", "identity", "residual"])
"""What the projection beside a block is called."""
MOST_EXCHANGED = 5
"""How many layers that stand side by side are tried in every order."""


class Unit(NamedTuple):
    """A layer with tensors: its name, the shapes by what each tensor is called in it, and what it is for."""

    name: str
    shapes: Mapping[str, Shape]
    role: str = ""


class Pairing(NamedTuple):
    """Layers of the network to those of the file; those that several could be; and what is left on both sides."""

    pairs: dict[str, str]
    open: dict[str, tuple[str, ...]]
    ours: tuple[str, ...]
    theirs: tuple[str, ...]


def units(shapes: Mapping[str, Shape], wanted: Mapping[str, Wanted] | None = None) -> list[Unit]:
    """The layers that own the tensors of ``shapes``, in order; batch counters are left out."""
    found: dict[str, dict[str, Shape]] = {}
    for name, shape in shapes.items():
        if not name.endswith(COUNTER):
            found.setdefault(layer_of(name), {})[name.rpartition(".")[2]] = shape
    roles = {layer_of(name): one.role for name, one in (wanted or {}).items() if one.role}
    return [Unit(name, tensors, roles.get(name, "")) for name, tensors in found.items()]


def pair(graph: Graph, wanted: Mapping[str, Wanted], given: Mapping[str, Shape], *, ordered: bool) -> Pairing:
    """Which layer of ``given``, by the names of a file, is which of ``graph``.

    ``ordered`` says that the file lists layers as they were defined, not by name.
    """
    ours = units({name: one.shape for name, one in wanted.items()}, wanted)
    theirs = units(given if ordered else dict(sorted(given.items(), key=lambda item: _natural(item[0]))))
    before = _before(graph, ours)
    beside = _Beside(graph, ours, theirs, ordered=ordered)
    found: dict[str, str] = {}
    undecided: dict[str, tuple[str, ...]] = {}
    groups: list[tuple[list[str], list[str]]] = []
    for signature in (_exact, _flattened, _role):
        left, right = _groups(ours, signature), _groups(theirs, signature)
        for key, mine in left.items():
            others = _alike(key, right)
            if key is not None and len(mine) == len(others):
                order = _Order([unit.name for unit in mine], [unit.name for unit in others], before, ordered=ordered)
                for group in _exchangeable(len(mine), order.is_known):
                    names = [mine[at].name for at in group], [others[at].name for at in group]
                    decided = _decided(*names, order)
                    found.update(decided)
                    undecided.update(dict.fromkeys(names[0], tuple(names[1])) if not decided else {})
                    groups += [] if decided else [names]
        done = {*found, *undecided}
        taken = {*found.values(), *(name for names in undecided.values() for name in names)}
        ours = [unit for unit in ours if unit.name not in done]
        theirs = [unit for unit in theirs if unit.name not in taken]
    found.update(beside.decided(groups, found))
    undecided = {name: several for name, several in undecided.items() if name not in found}
    return Pairing(found, undecided, tuple(unit.name for unit in ours), tuple(unit.name for unit in theirs))


def _natural(name: str) -> list[tuple[int, int, str]]:
    """What sorts names as people do: ``layer2`` before ``layer10``."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", name)]


# -- what is alike ------------------------------------------------------------------------------------------------


def _exact(unit: Unit) -> Hashable:
    return frozenset(unit.shapes.items())


def _flattened(unit: Unit) -> Hashable:
    """As :func:`_exact`, whatever axes a row of a weight has: a linear layer, or a convolution over the whole map."""
    return frozenset((name, shape[:1], prod(shape[1:])) for name, shape in unit.shapes.items())


def _role(unit: Unit) -> Hashable:
    """The shapes without what another number of classes or of input channels changes; None for other layers."""
    if unit.role == OUTPUT:
        return OUTPUT, frozenset((name, shape[1:]) for name, shape in unit.shapes.items())
    if unit.role == INPUT:
        return INPUT, frozenset((name, shape[:1], shape[2:]) for name, shape in unit.shapes.items())
    return None


def _groups(found: Iterable[Unit], signature: Callable[[Unit], Hashable]) -> dict[Hashable, list[Unit]]:
    groups: dict[Hashable, list[Unit]] = {}
    for unit in found:
        groups.setdefault(signature(unit), []).append(unit)
    return groups


def _alike(key: Hashable, groups: Mapping[Hashable, list[Unit]]) -> list[Unit]:
    """Those of the file that are like the layers of ``key``: for roles, which a file does not tell, by their shapes."""
    if not (isinstance(key, tuple) and key and key[0] in (INPUT, OUTPUT)):
        return groups.get(key, [])
    every = [unit for group in groups.values() for unit in group]
    return [unit for unit in every if _role(unit._replace(role=str(key[0]))) == key]


# -- what comes after what ----------------------------------------------------------------------------------------


def _before(graph: Graph, ours: Sequence[Unit]) -> dict[str, int]:
    """For each layer with weights a number with the bits of those before it, itself among them."""
    places = {unit.name: 1 << at for at, unit in enumerate(ours)}
    reached: dict[object, int] = {}
    for node in graph.nodes:
        bits = places.get(node.name, 0)
        for source in node.inputs:
            bits |= reached[source]
        reached[node] = bits
    return {node.name: reached[node] for node in graph.nodes if node.name in places}


def _exchangeable(count: int, is_known: Callable[[int, int], bool]) -> list[list[int]]:
    """``count`` places in groups: of two in different groups ``is_known`` which comes first."""
    groups: list[list[int]] = []
    for at in range(count):
        open_from = next(
            (place for place, group in enumerate(groups) if not all(is_known(one, at) for one in group)), None
        )
        if open_from is None:
            groups.append([at])
        else:
            groups[open_from:] = [[*chain.from_iterable(groups[open_from:]), at]]
    return groups


class _Order:
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


# -- what names tell ----------------------------------------------------------------------------------------------


def _decided(mine: Sequence[str], others: Sequence[str], order: _Order) -> dict[str, str]:
    """The pairs of one group: the only ones that no order forbids, or those that names favour; none if none tells."""
    if len(mine) > MOST_EXCHANGED:
        return {}
    left, right = _telling(mine), _telling(others)
    found = []
    for places in permutations(range(len(mine))):
        pairs = {mine[at]: others[to] for at, to in enumerate(places)}
        if order.allows(pairs):
            found.append((sum(len(left[at] & right[to]) for at, to in enumerate(places)), pairs))
    best = max((score for score, _ in found), default=0)
    winners = [pairs for score, pairs in found if score == best]
    return winners[0] if len(winners) == 1 else {}


def _telling(names: Sequence[str]) -> list[set[str]]:
    """The words of each name that not all of them have; a shortcut is one, whatever it is called."""
    words = [{_word(part) for part in name.split(".")} for name in names]
    shared = set.intersection(*words)
    return [found - shared for found in words]


def _word(part: str) -> str:
    plain = part.rstrip("0123456789_").lower()
    return "a shortcut" if plain in SHORTCUTS else part.lower()


# -- what stands beside -------------------------------------------------------------------------------------------


class _Beside:
    """The layer that reads another with weights is the one that a file has beside it: a norm and its convolution."""

    def __init__(self, graph: Graph, ours: Sequence[Unit], theirs: Sequence[Unit], *, ordered: bool) -> None:
        names = {unit.name for unit in ours}
        self.reads: dict[str, str] = {}
        last: dict[object, str] = {}
        for node in graph.nodes:
            source = last.get(node.inputs[0], "") if len(node.inputs) == 1 else ""
            if node.name in names and source:
                self.reads[node.name] = source
            last[node] = node.name if node.name in names else source
        self.after = {one.name: other.name for one, other in pairwise(theirs)} if ordered else {}
        self.inside: dict[str, list[str]] = {}
        for unit in theirs:
            self.inside.setdefault(layer_of(unit.name), []).append(unit.name)

    def decided(self, groups: Sequence[tuple[list[str], list[str]]], found: Mapping[str, str]) -> dict[str, str]:
        """Pairs of those ``groups`` in which each layer reads one of those ``found``, and each of the file's is one."""
        known = dict(found)
        waiting, before = [*groups], -1
        while len(waiting) != before:
            before = len(waiting)
            for group in list(waiting):
                mine, others = group
                pairs = {name: self._beside(known.get(self.reads.get(name, ""), ""), others) for name in mine}
                if {*pairs.values()} == {*others}:
                    known.update(pairs)
                    waiting.remove(group)
        return {name: theirs for name, theirs in known.items() if name not in found}

    def _beside(self, theirs: str, others: Sequence[str]) -> str:
        """The one of ``others`` that stands right after ``theirs``, or alone with it in one module; empty if none."""
        if self.after.get(theirs) in others:
            return self.after[theirs]
        near = [name for name in self.inside.get(layer_of(theirs), ()) if name in others and layer_of(theirs)]
        return near[0] if len(near) == 1 else ""
