"""Which pixels a position sees, by the NaN that comes back to the input from it (no arithmetic loses a NaN)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from netspec.graph.graph import Graph, Node, Output
from netspec.nn.build import module
from netspec.ops.facts import FLAT, PerAxis, Shape
from netspec.verify.flop_counters import quiet

Places = Callable[[Shape], Sequence[PerAxis]]
"""From the shape of a node to positions of it, always as many."""


def seen(network: nn.Module, nodes: Sequence[Node], size: Shape, places: Places) -> dict[Node, Tensor]:
    """For each of ``nodes`` and each of its ``places`` whether it sees the pixel: places x height x width, bool.

    ``network`` is :func:`watching` the nodes and linear; ``size`` is that of the image. In double precision on the CPU:
    fast kernels for single precision may spread a NaN over a tile.
    """
    count = len(places(nodes[0].shape))
    image = torch.zeros(count, *size, dtype=torch.double, requires_grad=True)
    with quiet():
        result = network(image)
    values = result if isinstance(result, dict) else {nodes[0].name: result}
    return {node: _reached(values[node.name], image, places) for node in nodes}


def watching(graph: Graph, nodes: Sequence[Node]) -> nn.Module:
    """The compiled network, on the meta device, with ``nodes`` as its outputs; what they do not need is not run."""
    outputs = [Output(node.name, node) for node in nodes]
    outputs += [Output(f"{output.name} as declared", output.node, training=True) for output in graph.outputs]
    watched = Graph(graph.name, graph.nodes, graph.root, graph.entries, tuple(outputs))
    return module(watched, device="meta").eval()


def _reached(value: Tensor, image: Tensor, places: Places) -> Tensor:
    """Where NaN comes out at the input, in any channel, when it goes in at each place, in every channel."""
    if not value.requires_grad:
        return torch.zeros(image.shape[0], *image.shape[2:], dtype=torch.bool)
    spoilt = torch.zeros_like(value)
    for image_number, (y, x) in enumerate(places(tuple(value.shape[1:]))):
        here = spoilt[image_number] if value.dim() == 1 + FLAT else spoilt[image_number, :, y, x]
        here.fill_(torch.nan)
    (gradient,) = torch.autograd.grad(value, image, spoilt, retain_graph=True, allow_unused=True)
    return gradient.isnan().any(dim=1)
