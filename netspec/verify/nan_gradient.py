"""Which pixels a position sees, by the NaN that comes back to the input from it (no arithmetic loses a NaN)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from netspec.graph.graph import Graph, Node, Output
from netspec.nn.build import module
from netspec.verify.running import blank, quiet

Position = tuple[int, ...]
"""A place on each axis of a map."""
Places = Callable[[Node], Sequence[Position]]
"""From a node to positions of it, always as many."""


class Standin(nn.Module):
    """Calls a function."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> Tensor:
        """What the function makes of ``inputs``; never one of them, which the network would not write over."""
        found = self.function(*inputs)
        return found.clone() if any(found is x for x in inputs) else found


def linearised(network: nn.Module, stand_ins: Mapping[str, Callable[..., Tensor]]) -> nn.Module:
    """``network`` with ``stand_ins`` in place of the layers of these names, and zeros for what parameters are left."""
    for name, function in stand_ins.items():
        parent, _, child = name.rpartition(".")
        setattr(network.get_submodule(parent), child, Standin(function))
    for name, parameter in list(network.named_parameters()):
        parent, _, child = name.rpartition(".")
        setattr(network.get_submodule(parent), child, nn.Parameter(torch.zeros(parameter.shape, dtype=torch.double)))
    return network


def seen(network: nn.Module, graph: Graph, nodes: Sequence[Node], places: Places) -> dict[Node, Tensor]:
    """For each of ``nodes`` and each of its ``places`` whether it sees the pixel: places x sizes of the image, bool.

    The image is that of the input that the node is told in. ``network`` is that of ``graph``, :func:`watching` the
    nodes and linear. In double precision on the CPU: fast kernels for single precision may spread a NaN over a tile.
    """
    images = blank(graph, len(places(nodes[0])), dtype=torch.double, requires_grad=True)
    given = dict(zip(graph.inputs, images, strict=True))
    with quiet():
        result = network(*images)
    values = result if isinstance(result, dict) else {nodes[0].name: result}
    found = {}
    for node in nodes:
        at = places(node)
        found[node] = _reached(values[node.name], given[node.origin], at if node.has_places else [()] * len(at))
    return found


def watching(graph: Graph, nodes: Sequence[Node]) -> nn.Module:
    """The compiled network, on the meta device, with ``nodes`` as its outputs; what they do not need is not run."""
    outputs = [Output(node.name, node) for node in nodes]
    outputs += [Output(f"{output.name} as declared", output.node, training=True) for output in graph.outputs]
    watched = Graph(graph.name, graph.nodes, graph.root, graph.entries, tuple(outputs))
    return module(watched, device="meta").eval()


def _reached(value: Tensor, image: Tensor, places: Sequence[Position]) -> Tensor:
    """Where NaN comes out at the input, in any channel, when it goes in at each place, in every channel.

    A place that is on no axis is everywhere.
    """
    if not value.requires_grad:
        return torch.zeros(image.shape[0], *image.shape[2:], dtype=torch.bool)
    spoilt = torch.zeros_like(value)
    for number, at in enumerate(places):
        here = spoilt[number]
        for place in at if len(at) == here.dim() - 1 else ():
            here = here.select(1, place)
        here.fill_(torch.nan)
    (gradient,) = torch.autograd.grad(value, image, spoilt, retain_graph=True, allow_unused=True)
    if gradient is None:
        return torch.zeros(image.shape[0], *image.shape[2:], dtype=torch.bool)
    return gradient.isnan().any(dim=1)
