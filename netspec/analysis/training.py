"""The work of a training step: forward pass, gradients of weights and gradients of inputs."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.graph import Graph, Node


@dataclass(frozen=True, slots=True)
class TrainingMacs:
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


def training_macs(graph: Graph) -> dict[Node, TrainingMacs]:
    """Multiply-adds of one image at each node in train mode, heads for training among them.

    As everywhere, those of convolutions and linear layers alone. An input has a gradient where a parameter lies before
    it: the first layer computes none for the image. A convolution in groups takes 1/groups of the multiply-adds
    in each of the three (torch's ``FlopCounterMode`` counts its weight gradient as if it had one group).
    """
    learned = trained(graph)
    found: dict[Node, TrainingMacs] = {}
    for node in graph.nodes:
        macs = node.operation.cost(node.shape, *node.input_shapes).macs
        weights = any(tensor.trainable for tensor in node.operation.tensors(*node.input_shapes))
        before = any(source in learned for source in node.inputs)
        found[node] = TrainingMacs(macs, macs if weights else 0, macs if before else 0)
    return found


def training_flops(graph: Graph) -> int:
    """Floating-point operations of forward and backward pass over one image: two for each multiply-add."""
    return 2 * sum(macs.total for macs in training_macs(graph).values())


def trained(graph: Graph) -> frozenset[Node]:
    """Nodes whose values depend on a parameter, and so have a gradient."""
    found: set[Node] = set()
    for node in graph.nodes:
        owned = node.operation.tensors(*node.input_shapes)
        if any(tensor.trainable for tensor in owned) or not found.isdisjoint(node.inputs):
            found.add(node)
    return frozenset(found)
