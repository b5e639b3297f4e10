"""The tensors that a network needs, by name, with what is known of them from its graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from netspec.errors.text import printable
from netspec.graph.graph import Graph, Node
from netspec.ops.facts import FLAT, Family, Shape, key

INPUT, OUTPUT = "input", "output"
MIXING = (Family.CONV, Family.LINEAR)
"""What makes new channels out of all that it reads."""


class Wanted(NamedTuple):
    """A tensor that a network needs.

    ``role`` is :data:`INPUT` for the weight of a convolution that reads the network's input, :data:`OUTPUT` for what a
    classifier owns, empty for all others. ``place`` is where the spec says so, ``file:line``; empty if nobody knows.
    """

    shape: Shape
    trainable: bool = True
    role: str = ""
    place: str = ""


def wanted(graph: Graph) -> dict[str, Wanted]:
    """The state_dict of ``graph``, by key, in running order."""
    first, last = _readers_of_inputs(graph), _classifiers(graph)
    found = {}
    for node in graph.operations:
        place = f"{printable(node.span.source.name)}:{node.span.line}" if node.span else ""
        for tensor in node.tensors:
            is_first = node in first and len(tensor.shape) > FLAT and tensor.shape[1] == node.input_shapes[0][0]
            role = INPUT if is_first else OUTPUT if node in last else ""
            found[key(node.name, tensor.name)] = Wanted(tensor.shape, tensor.trainable, role, place)
    return found


def foreign(graph: Graph, given: Mapping[str, Shape]) -> list[str]:
    """The names of tensors that ``graph`` needs and are not ``given`` in their shape, and of those that it has not."""
    needed = {key(node.name, tensor.name): tensor.shape for node in graph.nodes for tensor in node.tensors}
    return sorted(name for name in {*needed, *given} if needed.get(name) != given.get(name))


def _readers_of_inputs(graph: Graph) -> set[Node]:
    """The convolutions that read an input, or what has its channels."""
    raw = set(graph.inputs)
    found = set()
    for node in graph.operations:
        if raw.isdisjoint(node.inputs):
            continue
        if node.operation.family is Family.CONV:
            found.add(node)
        elif len(node.inputs) == 1 and node.shape[0] == node.input_shapes[0][0] and not node.tensors:
            raw.add(node)
    return found


def _classifiers(graph: Graph) -> set[Node]:
    """The last layers with weights before each output, back to the one that makes as many features as it has."""
    found: set[Node] = set()
    waiting = [output.node for output in graph.outputs]
    seen = set(waiting)
    while waiting:
        node = waiting.pop()
        if node.tensors:
            found.add(node)
        if node.operation.family in MIXING:
            continue
        fresh = [source for source in node.inputs if source not in seen and source.shape[0] == node.shape[0]]
        seen.update(fresh)
        waiting.extend(fresh)
    return found


def layer_of(name: str) -> str:
    """The layer that the tensor ``name`` belongs to."""
    return name.rpartition(".")[0]


def some(names: Iterable[str], count: int = 3) -> str:
    """The first few of ``names``, and how many there are beside."""
    known = list(names)
    return ", ".join(known[:count]) + (f" and {len(known) - count:,} more" if len(known) > count else "")
