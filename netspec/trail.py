"""How the inputs of a refused layer came to their shapes, back to the layer where their paths parted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netspec.errors import Trail
from netspec.facts import shape_text
from netspec.graph import Node, upstream

STEPS = 5
"""How many changes of shape are told of each input."""


def trail(inputs: Sequence[Node], labels: Sequence[str]) -> tuple[Trail, ...]:
    """A line for each input, and below it a line for each earlier layer that gave its path another shape."""
    parted = _parting(inputs)
    rows = []
    for node, label in zip(inputs, labels, strict=True):
        rows.append(Trail(label, shape_text(node.shape), _origin(node)))
        rows += [Trail("", shape_text(step.shape), _origin(step)) for step in _earlier(node, parted)]
    return tuple(rows)


def _parting(inputs: Sequence[Node]) -> Node | None:
    """The last layer that all inputs come from; None for a single input."""
    if len(inputs) == 1:
        return None
    shared = set.intersection(*(upstream(node) for node in inputs))
    return max(shared, key=lambda node: node.index, default=None)


def _earlier(node: Node, parted: Node | None) -> Iterator[Node]:
    """The last layers before each change of shape on the way back from ``node``, the layer of parting included."""
    shape, told = node.shape, 0
    while node.inputs and node is not parted and told < STEPS:
        node = max(node.inputs, key=lambda source: source.index)
        if node.shape != shape or node is parted:
            shape, told = node.shape, told + 1
            yield node


def _origin(node: Node) -> str:
    if node.span is None:
        return "the network's input"
    return f"from {node.operation.word} '{node.name}' (line {node.span.line})"
