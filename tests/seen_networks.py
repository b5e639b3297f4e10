"""Shipped networks of images, seen into at every operation by every method, beside what the transposition says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import shipped
import torch
from torch import Tensor
from transposed import Transposed

from netspec.analysis.seen import Method
from netspec.analysis.units import judged_by
from netspec.errors.problem import SpecError
from netspec.graph.graph import Graph, Node
from netspec.nn.seeing.looking_back import Cut
from netspec.ops.facts import MAP, key

CLOSE = 1e-10
"""Of the largest magnitude, how much what comes back may differ from the oracle's in double precision."""
METHODS: tuple[Method, ...] = ("deconvnet", "guided", "gradient")
OTHER_INPUTS = ("c3d", "m5", "s3d", "video_resnet")
"""Files of networks that read volumes or sound."""
IMAGES = [case for case in shipped.CASES if case.file not in OTHER_INPUTS and case.word != "unet.yaml@unet3d"]


class Look(NamedTuple):
    """At which node it was looked and how, and by how much of the largest magnitude it differs from the oracle."""

    node: str
    method: Method
    apart: float
    dark: bool
    """Whether nothing comes back."""


def taken(case: shipped.Case) -> bool:
    """Whether the network can read images of that size."""
    try:
        return bool(shipped.network(case))
    except SpecError:
        return False


def prepared(nodes: Iterable[Node]) -> dict[str, Tensor]:
    """Weights in double precision for ``nodes``; batch norm has statistics of its own."""
    torch.manual_seed(0)
    state = {}
    for one in nodes:
        for tensor in one.tensors:
            name = key(one.name, tensor.name)
            values = torch.randn(tensor.shape, dtype=torch.double)
            fan = max(tensor.size // tensor.shape[0], 1) if tensor.shape else 1
            state[name] = values * (2 / fan) ** 0.5 if len(tensor.shape) > 1 else 1 + 0.1 * values
            if tensor.name == "running_var":
                state[name] = state[name].abs()
            elif tensor.name in ("bias", "running_mean"):
                state[name] = 0.1 * values
    return state


def apart(found: Tensor, expected: Tensor, largest: float | None = None) -> float:
    """How much they differ, of the ``largest`` magnitude; infinitely where either has what is no finite number."""
    if found.shape != expected.shape or not bool((found.isfinite() & expected.isfinite()).all()):
        return float("inf")
    largest = float(expected.abs().max()) if largest is None else largest
    return float((found - expected).abs().max()) / (largest or 1.0)


def looks(graph: Graph, nodes: Iterable[Node] | None = None) -> Iterator[Look]:
    """Every look at ``nodes``, or at every operation of ``graph`` that has a value for each image."""
    state = prepared(graph.nodes)
    torch.manual_seed(1)
    image = torch.randn(1, *graph.input.shape, dtype=torch.double)
    by_hand = {method: Transposed(graph, graph.nodes, state, image, method) for method in METHODS}
    for node in graph.operations if nodes is None else nodes:
        if not node.inputs or not node.has_batch:
            continue
        cut = Cut(graph, node, state)
        seed = torch.randn(1, *node.shape, dtype=torch.double)
        for method in METHODS:
            expected = by_hand[method].back(node, seed, node.origin)
            found = cut.looked_back(image, seed, method)
            yield Look(node.name, method, apart(found, expected), not bool(expected.any()))
        if len(node.shape) == MAP:
            yield from _explained(graph, node, state, image, by_hand["gradient"])


def _explained(
    graph: Graph, node: Node, state: dict[str, Tensor], image: Tensor, by_hand: Transposed
) -> Iterator[Look]:
    """Grad-CAM by the map of ``node``, where an output comes from it: each channel by the mean of what comes back."""
    try:
        output = judged_by(graph, node)
    except SpecError:
        return
    cut = Cut(graph, node, state, output)
    scores = (
        by_hand.values[output.node].flatten(2).sum(2) if len(output.node.shape) > 1 else by_hand.values[output.node]
    )
    channel = scores.argmax(1)
    seed = torch.zeros_like(by_hand.values[output.node])
    seed[0, channel] = 1
    shares = by_hand.back(output.node, seed, node).mean((2, 3), keepdim=True)
    parts = shares * by_hand.values[node]  # behind a normalisation they may add up to nothing
    expected, largest = parts.sum(1).clamp(min=0), float(parts.abs().sum(1).max())
    heat, score = cut.weighed(image, channel)
    worst = max(apart(heat, expected, largest), apart(score, scores.gather(1, channel[:, None])[:, 0]))
    yield Look(node.name, "gradcam", worst, not bool(expected.any()))
