"""The work of a training step: forward pass, gradients of weights and gradients of inputs."""

from __future__ import annotations

from typing import NamedTuple

from netspec.graph.graph import Graph, Node


class TrainingMacs(NamedTuple):
    """Multiply-adds of one image at one node: the pass itself, and what its two gradients take.

    A convolution or linear layer pairs every weight with the same inputs and outputs in all three, so each is as much
    as the forward pass, or nothing. ``input_gradient`` has the gradients of values inside a recurrent layer too, which
    lead from each step to the one before.
    """

    forward: int = 0
    weight_gradient: int = 0
    input_gradient: int = 0

    @property
    def total(self) -> int:
        """All three."""
        return self.forward + self.weight_gradient + self.input_gradient


NONE = TrainingMacs()


def training_macs(graph: Graph) -> dict[Node, TrainingMacs]:
    """Multiply-adds of one image at each node in train mode, heads for training among them.

    As everywhere, those of convolutions and linear layers alone. The loss is taken to read every output. An input has
    a gradient where a parameter lies before it: the first layer computes none for the image. A layer that no gradient
    reaches computes none at all. A convolution in groups takes 1/groups of the multiply-adds in each of the three
    (torch's ``FlopCounterMode`` counts its weight gradient as if it had one group).
    """
    learned = trained(graph)
    found: dict[Node, TrainingMacs] = {}
    for node in graph.nodes:
        macs = node.cost.macs
        weights = node in learned and node.owner.params
        if not macs:
            found[node] = NONE
            continue
        read, inside = node.operation.gradient_macs(node.shape, *node.input_shapes) if node in learned else (0, 0)
        before = 0 if learned.isdisjoint(node.inputs) else read
        found[node] = TrainingMacs(macs, macs if weights else 0, before + inside)
    return found


def trained(graph: Graph) -> frozenset[Node]:
    """Nodes whose values have a gradient: they depend on a parameter, and the values of an output depend on them."""
    learned: set[Node] = set()
    for node in graph.nodes:
        if node.owner.params or not learned.isdisjoint(_differentiated(node)):
            learned.add(node)
    reached = {output.node for output in graph.outputs} & learned
    for node in reversed(graph.nodes):
        if node in reached:
            reached.update(learned.intersection(_differentiated(node)))
    return frozenset(reached)


def _differentiated(node: Node) -> tuple[Node, ...]:
    """The inputs that the output of ``node`` passes its gradient on to."""
    return node.inputs[: node.operation.differentiable_inputs(*node.input_shapes)]
