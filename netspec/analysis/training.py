"""The work of a training step: forward pass, gradients of weights and gradients of inputs."""

from __future__ import annotations

from typing import NamedTuple

from netspec.graph import Graph, Node


class TrainingMacs(NamedTuple):
    """Multiply-adds of one image at one node: the pass itself, and what its two gradients take.

    A convolution or linear layer pairs every weight with the same inputs and outputs in all three, so each is as much
    as the forward pass, or nothing.
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

    As everywhere, those of convolutions and linear layers alone. An input has a gradient where a parameter lies before
    it: the first layer computes none for the image. A convolution in groups takes 1/groups of the multiply-adds
    in each of the three (torch's ``FlopCounterMode`` counts its weight gradient as if it had one group).
    """
    learned = trained(graph)
    found: dict[Node, TrainingMacs] = {}
    for node in graph.nodes:
        macs = node.cost.macs
        before = not learned.isdisjoint(node.inputs)
        found[node] = TrainingMacs(macs, macs if node.params else 0, macs if before else 0) if macs else NONE
    return found


def training_flops(graph: Graph) -> int:
    """Floating-point operations of forward and backward pass over one image: two for each multiply-add."""
    return 2 * sum(macs.total for macs in training_macs(graph).values())


def trained(graph: Graph) -> frozenset[Node]:
    """Nodes whose values depend on a parameter, and so have a gradient."""
    found: set[Node] = set()
    for node in graph.nodes:
        if node.params or not found.isdisjoint(node.inputs):
            found.add(node)
    return frozenset(found)
