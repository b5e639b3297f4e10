"""What is asked of a graph again and again while it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from netspec.diagram.from_graph.folding import Readers, fuses
from netspec.diagram.from_graph.marks import Marks
from netspec.diagram.from_graph.skips import Skips, Wiring, skips
from netspec.graph.graph import Graph, Node


class Facts(NamedTuple):
    """What is asked of a graph again and again.

    ``control`` are nodes that decide and whose values go nowhere, ``marks`` those that another network has otherwise.
    ``unseen`` have no box: parameters, which stand beside what joins them.
    """

    graph: Graph
    reading: Readers
    auxiliary: frozenset[Node]
    control: frozenset[Node]
    unseen: frozenset[Node]
    skips: Skips
    marks: Marks

    @classmethod
    def of(cls, graph: Graph, reading: Readers, marks: Marks) -> Facts:
        """The facts of ``graph``."""
        control, unseen = _control(graph), frozenset(graph.parameters)
        facts = cls(graph, reading, graph.auxiliary(), control, unseen, {}, marks)
        return facts._replace(skips=skips(graph, Wiring(facts.numbers, reading, partial(fuses, reading=reading))))

    def values(self, node: Node) -> Sequence[Node]:
        """What ``node`` reads: values and places of values, not what only decides or has a size.

        A decision has no other inputs than its own.
        """
        if node in self.control:
            return [source for source in node.inputs if source not in self.control]
        places = node.operation.reads_places
        read = len(node.inputs) if places else node.operation.differentiable_inputs(*node.input_shapes)
        return [source for source in node.inputs[:read] if source not in self.control and source not in self.unseen]

    def numbers(self, node: Node) -> Sequence[Node]:
        """What ``node`` reads values from, without the places of others."""
        return self.values(node)[:-1] if node.operation.reads_places else self.values(node)


def _control(graph: Graph) -> frozenset[Node]:
    """Nodes that are only read as decisions: by inputs that have no gradient, or by other such nodes."""
    deciding: set[Node] = set()
    read: set[Node] = {output.node for output in graph.outputs}
    for node in reversed(graph.nodes):
        if node not in read and node in deciding:
            deciding.update(node.inputs)
            continue
        values = node.operation.differentiable_inputs(*node.input_shapes)
        read.update(node.inputs[:values])
        deciding.update(node.inputs[values:])
    return frozenset(node for node in deciding if node not in read and node.inputs)
