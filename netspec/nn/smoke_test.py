"""The proof that a compiled network runs: one forward pass whose shapes are the ones that were inferred."""

from __future__ import annotations

import torch
from torch import nn

from netspec.analysis.memory import memory
from netspec.errors.problem import Problem, SpecError
from netspec.graph.graph import Graph
from netspec.nn.build import module
from netspec.ops.facts import Shape

SHORT = ("allocate memory", "not enough memory", "Storage size calculation overflowed")
"""What torch says, in a RuntimeError, where memory does not suffice."""


def built(graph: Graph, seed: int) -> tuple[nn.Module, dict[str, Shape]]:
    """The module of ``graph``, initialised from ``seed``, and the shapes of all its outputs for one image.

    Raises :class:`SpecError` where memory does not suffice, and :class:`AssertionError` if torch's shapes differ from
    those of the graph: a fault of netspec.
    """
    torch.manual_seed(seed)
    try:
        whole = module(graph, outputs="all").eval()
        with torch.inference_mode():
            result = whole(*[torch.zeros(1, *node.shape) for node in graph.inputs])
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError) or any(words in str(error) for words in SHORT):
            raise SpecError([_too_large(graph)]) from None
        raise
    outputs = result if isinstance(result, dict) else {graph.outputs[0].name: result}
    shapes = {name: tuple(tensor.shape) for name, tensor in outputs.items()}
    inferred = {output.name: (1, *output.node.shape) for output in graph.outputs}
    if shapes != inferred:
        message = f"torch computes {shapes}, netspec inferred {inferred}"
        raise AssertionError(message)
    return whole, shapes


def _too_large(graph: Graph) -> Problem:
    """What is said where memory does not suffice to build ``graph`` and to run it once."""
    held = memory(graph)
    message = f"{graph.name} does not fit in memory: {held.weights + held.buffers:,} bytes of weights and buffers, and "
    message += f"{held.inference_peak.bytes:,} bytes of values at '{held.inference_peak.node}'"
    return Problem("limit", message, hint="build it on a larger machine, or with a smaller --input")
