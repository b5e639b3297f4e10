"""A network cut into consecutive stages, for processes that work one after the other on parts of a batch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import NamedTuple

from netspec.analysis.sizes import tensors_size
from netspec.analysis.step_memory import StepModel
from netspec.analysis.training import training_macs
from netspec.errors.problem import Problem, SpecError
from netspec.graph.graph import Graph, Node
from netspec.graph.selection import section, selected

WIDTH = 4
"""Bytes of a value or a weight."""
Fits = Callable[[int, int], bool]
"""Whether the operations between two cuts may be one stage."""


class Stage(NamedTuple):
    """One stage: a graph of its own whose input is what the stage before gives, and what it costs.

    ``first`` and ``last`` are its first and its last operation. ``macs`` are multiply-adds of one image in training,
    and ``bytes`` what its weights, gradients and values kept for the backward pass take.
    """

    graph: Graph
    first: str
    last: str
    macs: int
    bytes: int


def cuts(graph: Graph) -> list[int]:
    """The places in running order after which a single value goes on, and no module that was run before.

    They are numbers of nodes, from none to all.
    """
    again = [0] * (len(graph.nodes) + 1)
    for node in graph.nodes:
        if node.shares:
            again[node.owner.index + 1] += 1
            again[node.index + 1] -= 1
    shared = [*accumulate(again)]
    last: dict[Node, int] = {}
    for node in graph.nodes:
        for source in node.inputs:
            last[source] = node.index
    ends = {output.node for output in graph.outputs}
    found = []
    alive: dict[Node, None] = {}
    for node in graph.nodes:
        alive[node] = None
        for source in (node, *node.inputs):
            if last.get(source, -1) <= node.index and source not in ends:
                alive.pop(source, None)
        if (
            node.inputs
            and len(alive) == 1
            and node in alive
            and not shared[node.index + 1]
            and node.index + 1 < len(graph.nodes)
        ):
            found.append(node.index + 1)
    return [len(graph.inputs), *found, len(graph.nodes)]


def split(graph: Graph, count: int, *, batch: int = 1) -> tuple[Stage, ...]:
    """``graph`` in ``count`` stages, each with as few multiply-adds of training as there can be in the largest.

    Of all such splits one whose largest stage takes least memory for ``batch`` images. Stages are cut where a single
    value goes on, inside of blocks too; heads for training are left out. Raises :class:`SpecError` where there are too
    few such places.
    """
    outputs = {output.name: output.node for output in graph.outputs if not output.training}
    part = graph if len(outputs) == len(graph.outputs) else selected(graph, outputs)
    return Balance(part, batch=batch).split(count)


class Balance:
    """What the operations between any two cuts of a graph cost."""

    def __init__(self, graph: Graph, *, batch: int = 1) -> None:
        self.graph = graph
        self.places = cuts(graph)
        macs = training_macs(graph)
        self.work = [0, *accumulate(macs[node].total for node in graph.nodes)]
        self.held = _held(graph, batch)

    def macs(self, first: int, last: int) -> int:
        """Multiply-adds between two cuts, by their numbers."""
        return self.work[self.places[last]] - self.work[self.places[first]]

    def bytes(self, first: int, last: int) -> int:
        """Memory between two cuts, by their numbers."""
        return self.held[self.places[last]] - self.held[self.places[first]]

    def cut(self, count: int) -> list[int]:
        """The numbers of the cuts of the best ``count`` stages, both ends among them. Raises :class:`SpecError`."""
        parts = len(self.places) - 1
        if parts < count:
            message = f"{self.graph.name} cannot be split into {count} stages: its cuts leave {parts} parts"
            raise SpecError([Problem("wrong-value", message)])

        def within(most: int, room: int) -> list[int]:
            return _cut(parts, count, lambda a, b: self.macs(a, b) <= most and self.bytes(a, b) <= room)

        most = _least(lambda value: within(value, self.held[-1]), self.work[-1])
        room = _least(lambda value: within(most, value), self.held[-1])
        return within(most, room)

    def split(self, count: int) -> tuple[Stage, ...]:
        """The best ``count`` stages."""
        found = []
        for first, last in pairwise(self.cut(count)):
            begin, end = self.places[first], self.places[last]
            names = self.graph.nodes[begin].name, self.graph.nodes[end - 1].name
            costs = self.macs(first, last), self.bytes(first, last)
            found.append(Stage(section(self.graph, begin, end), *names, *costs))
        return tuple(found)


def _held(graph: Graph, batch: int) -> list[int]:
    """Bytes of weights, gradients and buffers, and of values kept for the backward pass, of the first so many nodes."""
    kept = StepModel(graph, batch=batch).kept_by_node()
    sizes = [2 * WIDTH * node.params + tensors_size(node, WIDTH) - WIDTH * node.params for node in graph.nodes]
    return [0, *accumulate(size + kept[node] for size, node in zip(sizes, graph.nodes, strict=True))]


def _least(is_enough: Callable[[int], object], most: int) -> int:
    """The smallest number up to ``most`` that is enough, where every larger one is too."""
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle + 1, high)
    return low


def _cut(parts: int, count: int, fits: Fits) -> list[int]:
    """``count`` stages of at least one of ``parts``, each as long as ``fits`` allows; empty where they do not reach.

    What fits must fit without its end: then no other cuts reach further.
    """
    chosen = [0]
    for stage in range(count):
        first, last = chosen[-1], parts - (count - 1 - stage)
        longest = _least(lambda size, first=first: not fits(first, first + size + 1), last - first)  # type: ignore[misc]
        if not longest:
            return []
        chosen.append(first + longest)
    return chosen if chosen[-1] == parts else []
