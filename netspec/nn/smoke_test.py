"""The proof that a compiled network runs: one forward pass whose shapes are the ones that were inferred."""

from __future__ import annotations

import torch
from torch import nn

from netspec.graph.graph import Graph
from netspec.nn.build import module
from netspec.ops.facts import Shape


def built(graph: Graph, seed: int) -> tuple[nn.Module, dict[str, Shape]]:
    """The module of ``graph``, initialised from ``seed``, and the shapes of all its outputs for one image.

    Raises :class:`AssertionError` if torch's shapes differ from those of the graph: a fault of netspec.
    """
    torch.manual_seed(seed)
    whole = module(graph, outputs="all").eval()
    with torch.inference_mode():
        result = whole(torch.zeros(1, *graph.input.shape))
    outputs = result if isinstance(result, dict) else {graph.outputs[0].name: result}
    shapes = {name: tuple(tensor.shape) for name, tensor in outputs.items()}
    inferred = {output.name: (1, *output.node.shape) for output in graph.outputs}
    if shapes != inferred:
        message = f"torch computes {shapes}, netspec inferred {inferred}"
        raise AssertionError(message)
    return whole, shapes
