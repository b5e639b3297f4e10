"""Which layer of a file is which of a network whose names are others: by shapes, by order, and by what names tell.

A file knows names, shapes and an order; a graph knows what comes after what. Layers of equal tensors are paired in the
order of both, where each of them comes after the one before: two that stand side by side (a shortcut beside the last
convolution of a block) could be exchanged, and so could any two of a file that is sorted by name. There names must tell
one from the other, or nothing is decided.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping
from math import prod
from typing import NamedTuple

from netspec.graph.graph import Graph
from netspec.ops.facts import Shape
from netspec.weights.order import Order, before, exchangeable
from netspec.weights.telling import Beside, decided
from netspec.weights.transfer import COUNTER
from netspec.weights.wanted import INPUT, OUTPUT, Wanted, layer_of


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


def units(
    shapes: Mapping[str, Shape], wanted: Mapping[str, Wanted] | None = None, own: Container[str] = ()
) -> list[Unit]:
    """The layers that own the tensors of ``shapes``, in order; batch counters are left out.

    A tensor whose last name is none of what layers call their ``own`` is a parameter: a layer itself.
    """
    found: dict[str, dict[str, Shape]] = {}
    for name, shape in shapes.items():
        layer, _, last = name.rpartition(".")
        if not name.endswith(COUNTER):
            is_own = last in own
            found.setdefault(layer if is_own else name, {})[last if is_own else ""] = shape
    roles = {name: one.role for name, one in (wanted or {}).items() if one.role}
    roles |= {layer_of(name): role for name, role in roles.items() if name not in found}
    return [Unit(name, tensors, roles.get(name, "")) for name, tensors in found.items()]


def pair(graph: Graph, wanted: Mapping[str, Wanted], given: Mapping[str, Shape], *, ordered: bool) -> Pairing:
    """Which layer of ``given``, by the names of a file, is which of ``graph``.

    ``ordered`` says that the file lists layers as they were defined, not by name.
    """
    own = {"weight", "bias"}.union(tensor.name for node in graph.nodes for tensor in node.tensors)
    ours = units({name: one.shape for name, one in wanted.items()}, wanted, own)
    theirs = units(given if ordered else dict(sorted(given.items(), key=lambda item: _natural(item[0]))), own=own)
    reached = before([unit.name for unit in ours], graph)
    beside = Beside(graph, [unit.name for unit in ours], [unit.name for unit in theirs], ordered=ordered)
    found: dict[str, str] = {}
    groups: list[tuple[list[str], list[str]]] = []
    found.update(_called_alike(ours, theirs))
    ours = [unit for unit in ours if unit.name not in found]
    theirs = [unit for unit in theirs if unit.name not in found]
    for signature in (_exact, _flattened, _role):
        for mine, others in _matched(ours, theirs, signature):
            order = Order(mine, others, reached, ordered=ordered)
            for group in exchangeable(len(mine), order.is_known):
                names = [mine[at] for at in group], [others[at] for at in group]
                pairs = decided(*names, order)
                found.update(pairs)
                groups += [] if pairs else [names]
        done = {*found, *(name for mine, _ in groups for name in mine)}
        taken = {*found.values(), *(name for _, others in groups for name in others)}
        ours = [unit for unit in ours if unit.name not in done]
        theirs = [unit for unit in theirs if unit.name not in taken]
    found.update(beside.decided(groups, found))
    several = [(mine, tuple(others)) for mine, others in groups]
    undecided = {name: others for mine, others in several for name in mine if name not in found}
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


def _matched(
    ours: Iterable[Unit], theirs: Iterable[Unit], signature: Callable[[Unit], Hashable]
) -> Iterator[tuple[list[str], list[str]]]:
    """Names of layers of both sides that have one signature, where there are as many on either side."""
    groups = _groups(theirs, signature)
    for key, mine in _groups(ours, signature).items():
        others = _alike(key, groups)
        if key is not None and len(mine) == len(others):
            yield [unit.name for unit in mine], [unit.name for unit in others]


def _called_alike(ours: Iterable[Unit], theirs: Iterable[Unit]) -> dict[str, str]:
    """Layers of one name where one side has more of that shape than the other, such as heads for training.

    A part that is a number is a place in a list, and where layers are missing it may be another's: such names are not
    taken, nor are any where layers are left over on both sides.
    """
    groups = _groups(theirs, _exact)
    found = {}
    for key, mine in _groups(ours, _exact).items():
        others = {unit.name for unit in groups.get(key, ())}
        names = [unit.name for unit in mine if unit.name in others and not re.search(r"(^|\.)\d+(\.|$)", unit.name)]
        ours_left, theirs_left = len(mine) - len(names), len(others) - len(names)
        if len(mine) != len(others) and (not ours_left or not theirs_left):
            found.update({name: name for name in names})
    return found


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
