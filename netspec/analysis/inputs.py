"""What a network is given, in words and as data: one shape, or shapes by name."""

from __future__ import annotations

from typing import Any

from netspec.graph.graph import Graph
from netspec.ops.facts import Shape, shape_text

Inputs = tuple[tuple[str, Shape], ...]
"""Names and shapes, in the order of the forward's arguments."""


def inputs_of(graph: Graph) -> Inputs:
    """Those of ``graph``."""
    return tuple([(node.name, node.shape) for node in graph.inputs])


def the_input(inputs: Inputs) -> Shape | None:
    """The shape of the one input; None where there are several."""
    return inputs[0][1] if len(inputs) == 1 else None


def inputs_text(inputs: Inputs) -> str:
    """``3x224x224``, or ``left 3x224x224, right 3x112x112``."""
    shape = the_input(inputs)
    return shape_text(shape) if shape else ", ".join([f"{name} {shape_text(size)}" for name, size in inputs])


def inputs_data(inputs: Inputs) -> dict[str, Any]:
    """Plain data: ``input`` is the shape of the one input; of several it is null, and ``inputs`` has them by name."""
    shape = the_input(inputs)
    if shape:
        return {"input": list(shape)}
    return {"input": None, "inputs": {name: list(size) for name, size in inputs}}
