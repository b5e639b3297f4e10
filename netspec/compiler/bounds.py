"""What a checked network may come to, so that every figure of it can be worked out and every tensor has a size."""

from __future__ import annotations

from netspec.errors.problem import Problem, Problems
from netspec.graph.graph import Graph, Node
from netspec.graph.paths import EACH, Extent, extents

MAX_ELEMENTS = 2**40
"""Elements of one tensor; more than any network has in all its tensors together."""
MAX_STRIDE = 2**40
"""What the strides on one path multiply to."""


def refuse_oversized(graph: Graph, problems: Problems) -> None:
    """Object to the first tensor with too many elements, and to the first path whose strides lead too far."""
    heavy = [node for node in graph.nodes if node.params + node.buffers > MAX_ELEMENTS]
    large = [(node, tensor) for node in heavy for tensor in node.tensors if tensor.size > MAX_ELEMENTS]
    for node, tensor in large[:1]:
        message = f"the {tensor.name} of '{node.name}' has {tensor.size:,} elements, the limit is {MAX_ELEMENTS:,}"
        problems.add(Problem("limit", message, node.span))
    far = _far(graph)
    if far:
        message = f"the strides up to '{far.name}' multiply to more than {MAX_STRIDE:,}"
        problems.add(Problem("limit", message, far.span, "a stride on a map of one position leads nowhere"))


def _far(graph: Graph) -> Node | None:
    """The first node whose positions lie too far apart, measured in the input."""
    if _all_strides(graph) <= MAX_STRIDE:  # as in nearly all networks; no path has more than all of them
        return None
    known: dict[Node, tuple[Extent, ...]] = {node: (EACH,) * len(node.grid) for node in graph.inputs}
    for node in graph.operations:
        known[node] = extents(node, known.__getitem__)
        if any(extent.jump > MAX_STRIDE for extent in known[node]):
            return node
    return None


def _all_strides(graph: Graph) -> int:
    """The product of the largest strides of all operations, or of so many that it is past the limit."""
    product = 1
    for node in graph.operations:
        product *= max((node.bounding_window or node.window).stride, default=1)
        if product > MAX_STRIDE:
            break
    return product
