"""What each operation moves and makes: activations in RegNet's sense, bytes, and floating-point operations per byte."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from netspec.analysis.memory import size, tensors_size
from netspec.graph import Graph, Node


class Traffic(NamedTuple):
    """Bytes that one operation reads and writes for a batch in eval mode, each tensor once, and its FLOPs.

    ``weights`` are parameters and buffers. An operation that passes its input on moves nothing. FLOPs are two for each
    multiply-add of convolutions and linear layers; other work counts none, so only moves bytes.
    """

    flops: int
    weights: int
    inputs: int
    outputs: int

    @property
    def bytes(self) -> int:
        """All that is moved."""
        return self.weights + self.inputs + self.outputs

    @property
    def intensity(self) -> float:
        """Arithmetic intensity (Williams et al. 2009): FLOPs for each byte moved; 0 where nothing is."""
        return self.flops / self.bytes if self.bytes else 0.0

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data."""
        return {
            "flops": self.flops,
            "weight_bytes": self.weights,
            "input_bytes": self.inputs,
            "output_bytes": self.outputs,
            "intensity": self.intensity,
        }


STILL = Traffic(0, 0, 0, 0)
"""Nothing moves."""


def traffic(graph: Graph, *, batch: int = 1, bytes_per_element: int = 4) -> dict[Node, Traffic]:
    """The traffic of every node that runs in inference, its values of ``bytes_per_element`` each."""
    aside = graph.auxiliary()
    return {
        node: moved(node, tensors_size(node, bytes_per_element), batch, bytes_per_element)
        for node in graph.nodes[1:]
        if node not in aside
    }


def total_traffic(graph: Graph, *, batch: int = 1, bytes_per_element: int = 4) -> Traffic:
    """The sum over all nodes: an upper bound, as fused operations move less."""
    rows = traffic(graph, batch=batch, bytes_per_element=bytes_per_element).values()
    return Traffic(
        flops=sum(row.flops for row in rows),
        weights=sum(row.weights for row in rows),
        inputs=sum(row.inputs for row in rows),
        outputs=sum(row.outputs for row in rows),
    )


def activations(graph: Graph) -> int:
    """Output elements of all convolutions and linear layers for one image in inference.

    The measure of Radosavovic et al. 2020 (RegNet, section 4), which follows run time on accelerators better than
    FLOPs do; they count convolutions alone, fvcore linear layers too, as here. It is no memory: most of these values
    do not live at one time, and other operations have outputs too.
    """
    aside = graph.auxiliary()
    multiplying = (node for node in graph.nodes if node not in aside and node.cost.macs)
    return sum(prod(node.shape) for node in multiplying)


def moved(node: Node, weights: int, batch: int, bytes_per_element: int) -> Traffic:
    """The traffic of one node that runs in inference, whose tensors have so many bytes of ``weights``."""
    if node.operation.passes_on(*node.input_shapes, training=False):
        return STILL
    return Traffic(
        flops=2 * batch * node.cost.macs,
        weights=weights,
        inputs=sum([size(source, batch, bytes_per_element) for source in node.inputs]),
        outputs=size(node, batch, bytes_per_element),
    )
