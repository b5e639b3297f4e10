"""What initialisation does to a signal and its gradient, measured on the compiled module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from netspec.graph.graph import Graph, Node
from netspec.graph.selection import selected
from netspec.nn.build import Form, module
from netspec.signal.result import Draw, Measured

CHANNELS = 1
"""The dimension of a batch that counts channels or features."""


def measured(
    graph: Graph, *, seeds: int, batch: int, images: Tensor | None = None, said: str = "noise", first: int = 0
) -> Measured:
    """Moments of every operation's output and of its gradient, for each of so many ``seeds`` from the ``first``.

    In train mode, on the CPU, for ``batch`` images of normal noise, or for the ``images`` that are given and are
    ``said`` to be something, N x C x H x W, the same for each initialisation. The gradient is that of the inference
    outputs, each of whose elements has normal noise as its gradient. The caller's random state stays as it was.
    """
    nodes = [node for node in graph.nodes if node.has_batch]
    asked = selected(graph, {node.name: node for node in nodes})
    given = [] if images is None else [images]
    count = batch if images is None else len(images)
    with torch.random.fork_rng(devices=[]):
        draws = [_drawn(graph, asked, seed, batch, given) for seed in range(first, first + seeds)]
    return Measured(tuple(draws), f"{count} images of {said}")


def _drawn(graph: Graph, asked: Graph, seed: int, batch: int, given: Sequence[Tensor]) -> Mapping[str, Draw]:
    """The moments for one initialisation, by the names of nodes."""
    torch.manual_seed(seed)
    network = module(asked, device="cpu", form=Form("all", named=True, inplace=False, whole=graph)).train()
    network.requires_grad_(requires_grad=False)
    for part in network.modules():
        if not any(part.children()):
            part.register_forward_hook(_apart)
    inputs = [*given] or [torch.randn(batch, *node.shape) for node in graph.inputs]
    values: dict[str, Tensor] = network(*[one.clone().requires_grad_() for one in inputs])
    outputs = [values[output.node.name] for output in graph.outputs if not output.training]
    noise = [torch.randn_like(one) for one in outputs]
    names = [name for name, value in values.items() if value.requires_grad]
    found = torch.autograd.grad(outputs, [values[name] for name in names], noise, retain_graph=True, allow_unused=True)
    gradients = dict(zip(names, found, strict=True))
    return {node.name: _moments(values, gradients, node) for node in graph.nodes if node.has_batch}


def _apart(_: nn.Module, given: tuple[Any, ...], output: Any) -> Any:
    """The output as a tensor of its own where a layer gives its input back, so that each has a gradient of its own."""
    return output.view_as(output) if isinstance(output, Tensor) and output is given[0] else output


def _moments(values: Mapping[str, Tensor], gradients: Mapping[str, Tensor | None], node: Node) -> Draw:
    """Those of one node."""
    value = values[node.name].detach().double()
    others = [axis for axis in range(value.dim()) if axis != CHANNELS]
    square, mean_square = value.square().mean().item(), value.mean(dim=others).square().mean().item()
    gradient = gradients.get(node.name)
    if gradient is None:
        return Draw(square, mean_square, None, None)
    size = gradient.double().square().mean().item()
    return Draw(square, mean_square, size, _factor(values, gradient, node, size))


def _factor(values: Mapping[str, Tensor], gradient: Tensor, node: Node, size: float) -> float | None:
    """How much larger the second moment of what the operation passes back is, over all that it reads.

    Where one of what it reads comes from another, what arrives there through that other is taken off.
    """
    names = dict.fromkeys(source for source in node.inputs if source.has_batch)
    sources = [values[one.name] for one in sorted(names, key=lambda one: -one.index) if values[one.name].requires_grad]
    if not sources or not size:
        return None
    starts, gradients = [values[node.name]], [gradient]
    total = 0.0
    for source in sources:
        (passed,) = torch.autograd.grad(starts, source, gradients, retain_graph=True, allow_unused=True)
        if passed is not None:
            total += passed.double().square().sum().item()
            starts.append(source)
            gradients.append(-passed)
    return total / sum(prod(one.shape) for one in sources) / size
