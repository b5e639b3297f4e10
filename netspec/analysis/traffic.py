"""What each operation moves: bytes, and floating-point operations for each of them."""

from __future__ import annotations

from typing import NamedTuple

from netspec.analysis.sizes import value_size
from netspec.graph.graph import Node


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


STILL = Traffic(0, 0, 0, 0)
"""Nothing moves."""


def moved(node: Node, weights: int, batch: int, bytes_per_element: int) -> Traffic:
    """The traffic of one node that runs in inference, whose tensors have so many bytes of ``weights``."""
    if node.operation.is_view(*node.input_shapes, training=False):
        return STILL
    return Traffic(
        flops=2 * batch * node.cost.macs,
        weights=weights,
        inputs=sum([value_size(source, batch, bytes_per_element) for source in dict.fromkeys(node.inputs)]),
        outputs=value_size(node, batch, bytes_per_element),
    )
