"""Receptive fields that nothing cuts off, by a NaN on an image that is long enough: a line for each axis.

What an image of the network's own size shows of a large field is cut off at its edges. Windows slide on each axis for
itself, so an image that is long on one axis and a pixel wide on the other shows all of the field on that axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import lcm
from typing import NamedTuple

from torch import nn

from netspec.analysis.receptive_field import AXES, Interval, placed
from netspec.facts import Pair, Shape
from netspec.graph import Graph, Node
from netspec.nn import modules
from netspec.nn.linearised import along, linearised
from netspec.nn.nan_field import seen, watching

SLIDING = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d, modules.PadShortcut)
MARGIN = 4
"""How many times the largest step a line is longer than the largest field: room for one that is larger than said."""


class Extent(NamedTuple):
    """First and last element that two neighbouring positions see on one axis, and the first of the two."""

    at: int
    seen: Interval
    next: Interval


def extents(graph: Graph, whole: nn.Module, nodes: Sequence[Node], axis: int, longest: int) -> dict[Node, Extent]:
    """What two positions in the middle of each node see on ``axis``, of a line with room for fields of ``longest``.

    ``whole`` is the compiled network: its layers say how far windows step. Nodes are left out whose windows depend on
    the size of the image, and those where paths with different steps have met.
    """
    apart = _steps(graph, whole, axis)
    able = {node: step for node in nodes if (step := apart[node])}
    if not able:
        return {}
    # A multiple of all steps is added, so that maps of equal size stay equal.
    common = lcm(*able.values())
    length = graph.input.shape[1 + axis] + common * (-(-longest // common) + MARGIN)
    network = linearised(_with_fixed_windows(watching(graph, list(able)), graph, axis), axis)
    found = seen(network, list(able), (graph.input.shape[0], length, 1), _middle)
    result = {}
    for node, masks in found.items():
        first, second = (mask.flatten().nonzero().flatten().tolist() for mask in masks)
        if first and second:
            at = _place(node, length, able[node], graph.input.shape[1 + axis], axis)
            result[node] = Extent(at, (first[0], first[-1]), (second[0], second[-1]))
    return result


def _middle(shape: Shape) -> tuple[Pair, Pair]:
    """The position in the middle of a line and the one after it."""
    return (shape[1] // 2, 0), (shape[1] // 2 + 1, 0)


def _place(node: Node, length: int, step: int, size: int, axis: int) -> int:
    """Which position was in the middle: the map has grown by as many positions as the image has steps."""
    return (node.shape[1 + axis] + (length - size) // step) // 2


def _steps(graph: Graph, whole: nn.Module, axis: int) -> dict[Node, int | None]:
    """How far the positions of each node lie apart in the image, by torch's layers.

    0 where one stands for all of the axis, as after pooling to 1; None where there is no one answer.
    """
    layers = dict(whole.named_modules())
    found: dict[Node, int | None] = {graph.input: 1}
    for node in graph.nodes[1:]:
        places = placed(node, axis)
        before = {found[source] for source in places}
        repeated = {found[source] for source in node.inputs if source not in places}
        known = before.pop() if len(before) == 1 and repeated <= {0} else None
        stride = _stride(node, layers.get(node.name), axis)
        found[node] = None if known is None or stride is None else known * stride
    return found


def _stride(node: Node, layer: nn.Module | None, axis: int) -> int | None:
    """How far the windows of ``layer`` step; a join has no layer. 0 and None as in :func:`_steps`."""
    if isinstance(layer, modules.DrawColumn):
        return 0
    if isinstance(layer, nn.AdaptiveAvgPool2d):
        size, out = node.input_shapes[0][1 + axis], along(layer.output_size, axis, 1)[0]
        return 0 if out == 1 else None if size % out else size // out
    if isinstance(layer, modules.GlobalAvgPool | nn.Flatten):
        return None
    return along(layer.stride, axis, 1)[0] if isinstance(layer, SLIDING) else 1


def _with_fixed_windows(network: nn.Module, graph: Graph, axis: int) -> nn.Module:
    """``network`` with the windows that adaptive pooling has on the network's own image, where they are all alike."""
    layers = dict(network.named_modules())
    for node in graph.nodes[1:]:
        if isinstance(layers.get(node.name), nn.AdaptiveAvgPool2d) and _stride(node, layers[node.name], axis):
            high, wide = (max(1, node.input_shapes[0][1 + one] // node.shape[1 + one]) for one in AXES)
            network.set_submodule(node.name, nn.AvgPool2d((high, wide)))
    return network
