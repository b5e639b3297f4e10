"""The proof that a compiled network runs: one forward pass whose shapes are the ones that were inferred."""

from __future__ import annotations

import torch
from torch import nn

from netspec.errors.problem import Problem, SpecError
from netspec.graph.graph import Graph
from netspec.nn.build import module
from netspec.ops.facts import Shape


def built(graph: Graph, seed: int) -> tuple[nn.Module, dict[str, Shape]]:
    """The module of ``graph``, initialised from ``seed``, and the shapes of all its outputs for one image.

    Raises :class:`SpecError` if there is not enough memory for it, and :class:`AssertionError` if torch's shapes differ
    from those of the graph: a fault of netspec.
    """
    torch.manual_seed(seed)
    try:
        whole, result = _run(graph)
    except (RuntimeError, MemoryError) as error:
        if not _is_of_size(error):
            raise
        elements = sum(node.params for node in graph.nodes)
        message = f"{graph.name} is too large for this machine: torch could not get the memory to run it once"
        hint = f"it has {elements:,} parameters; netspec stats shows the layers that have most"
        raise SpecError([Problem("limit", message, hint=hint)]) from None
    outputs = result if isinstance(result, dict) else {graph.outputs[0].name: result}
    shapes = {name: tuple(tensor.shape) for name, tensor in outputs.items()}
    inferred = {output.name: (1, *output.node.shape) for output in graph.outputs}
    if shapes != inferred:
        message = f"torch computes {shapes}, netspec inferred {inferred}"
        raise AssertionError(message)
    return whole, shapes


def _run(graph: Graph) -> tuple[nn.Module, torch.Tensor | dict[str, torch.Tensor]]:
    """The module with all outputs, and what it makes of one black image."""
    whole = module(graph, outputs="all").eval()
    with torch.inference_mode():
        return whole, whole(torch.zeros(1, *graph.input.shape))


def _is_of_size(error: Exception) -> bool:
    """Whether ``error`` is one of size: torch has no class of its own for those of the CPU."""
    return isinstance(error, MemoryError) or any(word in str(error) for word in ("memory", "overflow"))
