"""Receptive fields held against the NaN: their figures on a line, and the pixels they hold on the network's image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor

from netspec.analysis.receptive_field import Field, Interval
from netspec.graph.graph import Graph, Node, upstream
from netspec.ops.facts import ExactPerAxis, Shape
from netspec.verify.axis_fields import Lines
from netspec.verify.chosen import Chosen, chosen
from netspec.verify.nan_gradient import Position, linearised, seen, watching
from netspec.verify.result import Check
from netspec.verify.running import Compiled

ORACLE = "NaN"
SKIPPED = "the windows skip pixels"
NO_RECTANGLE = "the union of the paths is no full rectangle"
PADDED = "an end of it falls on padding, or between pixels"
HIDING = "a function before it may keep a gradient back"
Region = tuple[Interval, ...]
"""An interval for each axis."""


class Sighted(NamedTuple):
    """A node whose field is checked, and the line of each axis."""

    node: Node
    field: Field
    lines: tuple[Lines, ...]
    misses: bool
    """Whether a layer before it has windows that skip elements, or lie on padding, or hang over."""

    @property
    def reason(self) -> str:
        """Why what is stated may be larger than what is seen, by torch's layers; empty where it may not."""
        return next((line.reasons[self.node] for line in self.lines if self.node in line.reasons), "")

    def region(self, at: Position) -> Region:
        """The interval of the field of position ``at`` on each axis."""
        return tuple([self.field.interval(axis, place) for axis, place in enumerate(at)])

    def exact(self, at: Position) -> bool:
        """Whether the field of position ``at`` is, on every axis, what the lines say."""
        found = [line.interval(self.node, place) for line, place in zip(self.lines, at, strict=True)]
        return tuple(found) == self.region(at)


def field_checks(
    network: Compiled, nodes: Sequence[Node], pictured: Sequence[Node], fields: Mapping[Node, Field]
) -> list[Check]:
    """The fields of ``nodes`` beside what a NaN finds on lines, and those of ``pictured`` also on the network's image.

    Draws see nothing, and are left out.
    """
    found = chosen(network)
    checks = list(found.checks)
    for origin in network.graph.inputs:
        if len(origin.shape) > 1:
            told = [[node for node in some if node.origin is origin] for some in (nodes, pictured)]
            checks += _checks_in(origin, network.graph, found, told, fields)
    return checks


def _checks_in(
    origin: Node, graph: Graph, found: Chosen, told: Sequence[Sequence[Node]], fields: Mapping[Node, Field]
) -> list[Check]:
    """The checks of nodes that are ``told`` in the input ``origin``: those that are asked for, and those pictured."""
    own = {node: stand_in for node, stand_in in found.stand_ins.items() if node.origin is origin}
    lines = lines_of(found._replace(stand_ins=own), len(origin.shape) - 1, fields)
    checks: list[Check] = []
    nodes, pictured = told
    for node in nodes:
        if node in found.stand_ins:
            checks += _figures(Sighted(node, fields[node], lines, misses=False))
        elif found.doubts[node]:
            checks.append(Check("receptive field", node.name, fields[node].size, None, ORACLE, found.doubts[node]))
    shown = [node for node in pictured if node.inputs and node in found.stand_ins]
    seen_through = [node for node in shown if found.hiding.isdisjoint(upstream(node))]
    masks = _masks(graph, seen_through, found)
    for node in shown:
        misses = any(_misses(one) for one in upstream(node) if one.inputs)
        sighted = Sighted(node, fields[node], lines, misses)
        checks += _pixels(sighted, masks[node]) if node in masks else [_hidden(sighted)]
    return checks


def _masks(graph: Graph, nodes: Sequence[Node], found: Chosen) -> dict[Node, Tensor]:
    """Which pixels of the image the first, the middle and the last position of each of ``nodes`` see."""
    if not nodes:
        return {}
    network = linearised(watching(graph, nodes), found.on_image)
    return seen(network, graph, nodes, lambda node: ends_and_middle(node.grid))


def lines_of(found: Chosen, axes: int, fields: Mapping[Node, Field]) -> tuple[Lines, ...]:
    """The line of each of so many axes; one for all where nothing tells these apart."""
    first = Lines(found.stand_ins, 0, fields)
    if found.axes_are_alike:
        return (first,) * axes
    return (first, *[Lines(found.stand_ins, axis, fields) for axis in range(1, axes)])


def ends_and_middle(sizes: Shape) -> tuple[Position, Position, Position]:
    """The first, the middle and the last position of a map that has so many on each axis."""
    return (0,) * len(sizes), tuple([size // 2 for size in sizes]), tuple([size - 1 for size in sizes])


def _misses(node: Node) -> bool:
    """Whether elements lie between those of its windows, or between its windows, or these reach beyond the map."""
    return bool(node.uneven) or any(_misses_on(axis, node) for axis in range(len(node.window.kernel)))


def _misses_on(axis: int, node: Node) -> bool:
    kernel, stride, dilation, padding = (numbers[axis] for numbers in node.window)
    before = node.input_shapes[0]
    size, count = before[1 + axis], node.shape[1 + axis] if len(node.shape) == len(before) else 1
    beyond = (count - 1) * stride - padding + dilation * (kernel - 1) >= size
    return padding > 0 or beyond or dilation > 1 or stride > kernel


def _figures(sighted: Sighted) -> Iterator[Check]:
    """Size, effective stride and left padding of a field, as an image of any size would show them.

    Of a field that all positions share its ends: for features that are flat, and for maps that global pooling or a
    gate has a part in.
    """
    node, field, lines = sighted.node, sighted.field, sighted.lines
    extents = [extent for extent in (line.extent(node) for line in lines) if extent]
    if len(extents) == len(lines):
        sizes, jumps, starts = zip(*extents, strict=True)
        yield Check("receptive field", node.name, field.size, sizes, ORACLE)
        yield Check("effective stride", node.name, field.jump, jumps, ORACLE)
        yield Check("left padding", node.name, _negative(field.start), _negative(starts), ORACLE)
    if len(extents) < len(lines) or any(node in line.shared for line in lines):
        found = [line.interval(node, 0) for line in lines]
        stated = sighted.region((0,) * len(lines))
        for place, name in enumerate(("first pixel of all positions", "last pixel of all positions")):
            ends = [interval[place] for interval in found if interval]
            yield Check(name, node.name, tuple([one[place] for one in stated]), tuple(ends), ORACLE)


def _pixels(sighted: Sighted, masks: Tensor) -> Iterator[Check]:
    """Pixels of the image that the first, the middle and the last position see, and those outside of the field."""
    for at, mask in dict(zip(ends_and_middle(sighted.node.grid), masks, strict=True)).items():
        of, within = _placed(sighted.node, at), _within(sighted.region(at), tuple(mask.shape))
        inside = mask[tuple([slice(one.start, one.stop) for one in within])]
        pixels, found = inside.numel(), int(inside.sum())
        yield Check("pixels outside the field", of, 0, int(mask.sum()) - found, ORACLE)
        note = _explanation(sighted, at, mask, inside) if found < pixels else ""
        missing = f"{pixels - found:,} pixels of the field are not seen: {note}" if note else ""
        yield Check("pixels in the field", of, pixels, found, ORACLE, missing, bool(note))


def _hidden(sighted: Sighted) -> Check:
    """That a function before the node may keep gradients back, and has no module whose place could be taken."""
    at = (0,) * len(sighted.lines)
    pixels = prod(map(len, _within(sighted.region(at), sighted.node.origin.shape[1:])))
    return Check("pixels in the field", _placed(sighted.node, at), pixels, None, ORACLE, HIDING)


def _placed(node: Node, at: Position) -> str:
    return f"{node.name} at {','.join(map(str, at))}"


def _within(region: Region, sizes: Shape) -> list[range]:
    """The pixels of the image that lie in ``region``, on each axis."""
    return [_clipped(interval, size) for interval, size in zip(region, sizes, strict=True)]


def _clipped(interval: Interval, size: int) -> range:
    first = max(0, interval[0])
    return range(first, max(first, min(size, interval[1] + 1)))


def _explanation(sighted: Sighted, at: Position, mask: Tensor, inside: Tensor) -> str:
    """Why fewer pixels are seen than the field holds; empty where it holds too many.

    What is missing lies between the ends of the field. Those need not be reached where the lines have shown that they
    are where the convention has them, and where besides that has room for more, or the image cuts the field, or windows
    miss elements of their map.
    """
    lines = [_projected(inside, axis) for axis in range(inside.dim())]
    reached = [bool(line[place]) for line in lines if len(line) for place in (0, -1)]
    if reached and all(reached):
        return SKIPPED if _is_product(inside, lines) else NO_RECTANGLE
    if not sighted.exact(at):
        return ""
    if sighted.reason:
        return sighted.reason
    sizes = tuple(mask.shape)
    beyond = any(first < 0 or last >= size for (first, last), size in zip(sighted.region(at), sizes, strict=True))
    return PADDED if beyond or sighted.misses else ""


def _projected(inside: Tensor, axis: int) -> Tensor:
    """Whether anything is seen at each place of one axis."""
    others = [other for other in range(inside.dim()) if other != axis]
    return inside.any(dim=others) if others else inside


def _is_product(inside: Tensor, lines: Sequence[Tensor]) -> bool:
    """Whether all is seen that has a place on every axis where something is."""
    product = torch.ones_like(inside)
    for axis, line in enumerate(lines):
        product &= line.view([-1 if other == axis else 1 for other in range(inside.dim())])
    return bool((inside == product).all())


def _negative(start: ExactPerAxis) -> ExactPerAxis:
    return tuple([-first for first in start])
