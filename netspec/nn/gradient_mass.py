"""Where the gradient of one position lies on the input, in a freshly initialised network (Luo et al. 2016)."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

import torch

from netspec.errors.problem import Problem, SpecError
from netspec.graph.graph import Graph, Node, Output
from netspec.nn.build import module
from netspec.ops.facts import FLAT, MAP, PerAxis, shape_text

IMAGES = 2
SEEDS = 3
UNIT = "unit"
"""Name of the output whose gradient is taken."""


def gradient_mass(
    graph: Graph, node: Node, at: PerAxis, *, of: str = "", images: int = IMAGES, seeds: int = SEEDS
) -> list[list[float]]:
    """How strongly each input pixel acts on position ``at`` of ``node``: height rows of width numbers.

    The pixels are those of the input called ``of``, or of the first that the node comes from; others are noise, too.

    The gradient of the sum of the position's channels, its magnitude summed over the input's channels, averaged over
    ``images`` images of normal noise for each of ``seeds`` initialisations; eval mode, on the CPU. Each draw counts
    the same. The caller's random state stays as it was. Raises :class:`SpecError` where no gradient arrives, or none
    that is a number.
    """
    origin = next((one for one in graph.inputs if one.name == of), node.origin)
    if len(origin.shape) != MAP:
        message = f"a gradient is drawn over two axes; '{origin.name}' is {shape_text(origin.shape)}"
        raise SpecError([Problem("wrong-value", message, hint="leave --effective out")])
    total = torch.zeros(origin.shape[1:], dtype=torch.float64)
    if node is origin:
        total[at] = 1.0  # a pixel sees itself; there is no network to ask
        return _rows(total)
    asked = only(graph, node)
    with torch.random.fork_rng(devices=[]):
        for seed in range(seeds):
            torch.manual_seed(seed)
            network = module(asked, device="cpu").eval().requires_grad_(requires_grad=False)
            noise = [torch.randn(images, *one.shape) for one in graph.inputs]
            total += _drawn(network, noise, graph.inputs.index(origin), (node, at))
    return _rows(total / total.sum())


def only(graph: Graph, node: Node) -> Graph:
    """``graph`` with ``node`` as its output; what that does not need is built and not run."""
    others = tuple(output._replace(training=True) for output in graph.outputs)
    return replace(graph, outputs=(Output(UNIT, node), *others))


def _rows(mass: torch.Tensor) -> list[list[float]]:
    rows: list[list[float]] = mass.tolist()
    return rows


def _drawn(
    network: torch.nn.Module, noise: list[torch.Tensor], which: int, asked: tuple[Node, PerAxis]
) -> torch.Tensor:
    """The sum of the masses of the images of one input, each scaled to 1, for a position of a node.

    In double precision where single does not hold the numbers.
    """
    node, at = asked
    for kind in (torch.float32, torch.float64):
        given = [one.to(kind) for one in noise]
        image = given[which].requires_grad_()
        result = network.to(kind)(*given)
        unit = result if len(node.shape) == FLAT else result[(slice(None), slice(None), *at)]
        (gradient,) = torch.autograd.grad(unit.sum(), image)
        mass = gradient.abs().double().sum(dim=1)
        each = mass.sum(dim=(1, 2))
        if all(isfinite(value) and value > 0 for value in each.tolist()):
            return (mass / each[:, None, None]).sum(dim=0)
    message = f"no gradient of '{node.name}' at {','.join(map(str, at))} arrives at the input of a fresh network"
    raise SpecError([Problem("wrong-value", message, hint="choose another --node or --at")])
