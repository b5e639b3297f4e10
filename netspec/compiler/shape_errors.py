"""How a refused layer is told of: how its inputs came to their shapes, back to where their paths parted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Listed

from netspec.errors.problem import Problem, Trail
from netspec.errors.source import Span
from netspec.errors.text import FEW
from netspec.graph.builder import NodeRefused
from netspec.graph.graph import INPUT, Node, upstream
from netspec.language.layers import Layer
from netspec.language.patch import Rule
from netspec.language.values import Scalar, Sequence, Value
from netspec.ops.facts import Family, shape_text

STEPS = 5
"""How many changes of shape are told of each input."""


def refused(
    error: NodeRefused, layer: Layer, path: str, uses: Iterable[tuple[str, Span]], patched: Iterable[Rule]
) -> Problem:
    """What a shape rule says of ``layer``, with its place, and where each input comes from.

    ``uses`` are the blocks around it, ``patched`` the patches that changed something near ``path``.
    """
    refusal = error.refusal
    inside = f"in {error.name}: " if error.name != path else ""
    labels = _read_names(layer.reads)
    named = len(labels) == len(error.inputs) and not inside
    shown = trail(error.inputs, labels if named else [node.name for node in error.inputs])
    notes = [f"in block '{name}', used in line {span.line}" for name, span in reversed([*uses])]
    notes += [f"changed by the patch in {rule.span}" for rule in patched]
    return Problem(refusal.code, inside + refusal.message, layer.span, refusal.hint, shown, tuple(notes))


def _read_names(reads: Value | None) -> list[str]:
    """The names that ``from`` lists, as far as they are written out."""
    items = reads.items if isinstance(reads, Sequence) else [reads]
    return [str(item.value) for item in items if isinstance(item, Scalar) and "$" not in str(item.value)]


def trail(inputs: Listed[Node], labels: Listed[str]) -> tuple[Trail, ...]:
    """A line for each input, and below it a line for each earlier layer that gave its path another shape.

    Of many inputs only the first are told, and where these parted: to look back from each would take too long.
    """
    inputs, labels = inputs[:FEW], labels[:FEW]
    parted = _parting(inputs)
    rows = []
    for node, label in zip(inputs, labels, strict=True):
        rows.append(Trail(label, shape_text(node.shape), _origin(node)))
        rows += [Trail("", shape_text(step.shape), _origin(step)) for step in _earlier(node, parted)]
    return tuple(rows)


def _parting(inputs: Listed[Node]) -> Node | None:
    """The last layer that all inputs come from; None for a single input."""
    if len(inputs) == 1:
        return None
    shared = set.intersection(*(upstream(node) for node in inputs))
    return max(shared, key=lambda node: node.index, default=None)


def _earlier(node: Node, parted: Node | None) -> Iterator[Node]:
    """The last layers before each change of shape on the way back from ``node``, the layer of parting included."""
    shape, told = node.shape, 0
    while node.inputs and node is not parted and told < STEPS:
        node = max([source for source in node.inputs if source.has_batch], key=lambda source: source.index)
        if node.shape != shape or node is parted:
            shape, told = node.shape, told + 1
            yield node


def _origin(node: Node) -> str:
    if node.operation.family is Family.INPUT:
        return "the network's input" + (f" '{node.name}'" if node.name != INPUT else "")
    place = f" (line {node.span.line})" if node.span else ""
    return f"from {node.operation.word} '{node.name}'{place}"
