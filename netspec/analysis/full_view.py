"""Which operations see the whole input: those with a position that sees its first and its last row and column.

Fields do not tell: they have room that no position fills where paths of different jumps have met and after windows of
uneven size, and a stride may leave the last pixels out. So both edges of the input are followed through the network.
The positions of a node that see an edge are neighbours, and a window over the node makes neighbours of them again.

What is claimed is sure. Not all is claimed: of a dilated window over fewer positions than its dilation one tap is
followed, and neither paths with windows on nothing but padding are followed through joins, nor channels that were
picked where channels differ. Pixels between the edges may be unseen, behind a gate of one pixel or where paths see
different corners.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import NamedTuple

from netspec.analysis.receptive_field import Interval
from netspec.graph.graph import Graph, Node
from netspec.graph.paths import is_repeated, window_over
from netspec.ops.facts import PerAxis, Window

Positions = Interval | None
"""The first and the last of neighbouring positions on one axis, if there are any."""


class Edges(NamedTuple):
    """The positions of a node, on one axis, that see the first pixel of the input, and those that see its last."""

    first: Positions
    last: Positions

    @property
    def both(self) -> int | None:
        """The first position that sees both pixels."""
        if self.first is None or self.last is None:
            return None
        at = max(self.first[0], self.last[0])
        return at if at <= min(self.first[1], self.last[1]) else None


Seen = tuple[Edges, ...]
"""Edges on each axis."""
UNSEEN = Edges(None, None)


def seeing_positions(graph: Graph) -> Iterator[tuple[Node, PerAxis | None]]:
    """Every node, in running order, and its first position that is sure to see the whole input, if there is one."""
    seen: dict[Node, Seen] = {}
    differing: set[Node] = set()
    blank: set[Node] = set()
    for node in graph.nodes:
        if _channels_differ(node, differing):
            differing.add(node)
        if _sees_padding_alone(node) or not blank.isdisjoint(node.inputs):
            blank.add(node)
        if node in differing and node.operation.selects_channels:
            seen[node] = (UNSEEN,) * len(node.grid)
        elif node.inputs:
            seen[node] = _edges(node, seen, blank)
        elif not node.has_batch:
            seen[node] = (UNSEEN,) * len(node.grid)
        else:
            seen[node] = tuple([Edges((0, 0), (size - 1, size - 1)) for size in node.grid])
        at: list[int | None] = [edges.both for edges in seen[node]]
        yield node, None if None in at or not node.has_batch else tuple([place for place in at if place is not None])


def seeing_position(graph: Graph, node: Node) -> PerAxis | None:
    """The first position of ``node`` that is sure to see the whole input, if there is one."""
    return next(at for other, at in seeing_positions(graph) if other is node)


def first_that_sees_all(graph: Graph) -> Node | None:
    """The first node, in running order, of which a position is sure to see the whole input."""
    return next((node for node, at in seeing_positions(graph) if at is not None), None)


def _channels_differ(node: Node, differing: set[Node]) -> bool:
    """Whether not all channels of ``node`` need see the same: after joins, and beside channels of zeros."""
    if len(node.inputs) == 1:
        padded = node.shape[0] > node.input_shapes[0][0] and not node.owner.tensors
        return padded or node.inputs[0] in differing
    return bool(node.inputs)


def _sees_padding_alone(node: Node) -> bool:
    """Whether there may be windows of ``node`` that hold no position of its input."""
    if node.uneven and node.inputs[0].has_places:
        return any(one.may_be_empty for one in node.uneven)
    window = window_over(node, node.inputs[0]) if node.inputs else None
    return window is not None and any(
        padding > spread * (kernel - 1) or spread > count
        for kernel, spread, padding, count in zip(
            window.kernel, window.dilation, window.padding, node.inputs[0].grid, strict=True
        )
    )


def _edges(node: Node, seen: dict[Node, Seen], blank: set[Node]) -> Seen:
    """The edges of ``node`` from those of the inputs whose values it takes, at a join without those in ``blank``."""
    sources = node.inputs[: node.operation.differentiable_inputs(*node.input_shapes)]
    if len(node.inputs) > 1:
        sources = tuple(source for source in sources if source.origin is node.origin and source not in blank)
    if len(node.inputs) == len(sources) == 1 and not node.uneven and window_over(node, sources[0]) is None:
        return seen[sources[0]]
    return tuple(
        [_around(_through(node, one, axis, seen[one][axis]) for one in sources) for axis in range(len(node.grid))]
    )


def _through(node: Node, source: Node, axis: int, edges: Edges) -> Edges:
    """The edges of ``node`` on ``axis`` as far as it reads ``source``, whose own are ``edges``."""
    count = node.grid[axis]
    if is_repeated(node, source, axis):
        return Edges(edges.first and (0, count - 1), edges.last and (0, count - 1))
    if node.uneven and source.has_places:
        first, last = (ends and node.uneven[axis].readers(ends) for ends in edges)
        return Edges(first, last)
    window = window_over(node, source)
    if window is None:
        return edges
    return Edges(_slid(edges.first, window, axis, count, 0), _slid(edges.last, window, axis, count, 1))


def _slid(seen: Positions, window: Window, axis: int, count: int, end: int) -> Positions:
    """Those of ``count`` positions whose window holds one of ``seen``; ``end`` is that of the window that may be used.

    It is 0 for the first tap and 1 for the last; all taps are used but where they may step over ``seen``.
    """
    if seen is None:
        return None
    kernel, stride, dilation, padding = (figure[axis] for figure in window)
    low, high = seen
    reach = dilation * (kernel - 1)
    if high - low + 1 < dilation:
        low, high = low - end * reach, high - end * reach
    else:
        low -= reach
    first, last = max(0, -(-(low + padding) // stride)), min(count - 1, (high + padding) // stride)
    return (first, last) if first <= last else None


def _around(found: Iterable[Edges]) -> Edges:
    """What any of ``found`` sees. Of positions that are no neighbours those nearer the other edge are kept."""
    first: Positions = None
    last: Positions = None
    for edges in found:
        first = _joined(first, edges.first, 1)
        last = _joined(last, edges.last, 0)
    return Edges(first, last)


def _joined(one: Positions, other: Positions, end: int) -> Positions:
    """Both, where they are neighbours; otherwise the one that reaches farther at its ``end``, 0 or 1."""
    if one is None or other is None:
        return one or other
    begins, ends = zip(one, other, strict=True)
    if max(begins) <= min(ends) + 1:
        return min(begins), max(ends)
    return max(one, other, key=itemgetter(1)) if end else min(one, other, key=itemgetter(0))
