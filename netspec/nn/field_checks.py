"""Receptive fields held against the NaN: their figures on a line, and the pixels they hold on the network's image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from torch import Tensor, nn

from netspec.analysis.receptive_field import AXES, Field, Interval, Region, placed
from netspec.analysis.verification import Check
from netspec.facts import MAP, Pair, Shape
from netspec.graph import Graph, Node, upstream
from netspec.nn import modules
from netspec.nn.linearised import along, linearised
from netspec.nn.lines import SLIDING, Extent, extents
from netspec.nn.nan_field import seen, watching

ORACLE = "NaN"
SELECTED = "channels were selected on the way: a field is that of all channels"
UNEVEN = "windows of adaptive pooling lie at uneven distances: a field has room for each"
DIFFERENT = "paths with different steps have met: a field has room for every position"
SKIPPED = "the windows skip pixels"
NO_RECTANGLE = "the union of the paths is no full rectangle"
PADDED = "an end of it falls on padding, or between pixels"
PLAIN = {"dilation": 1, "kernel_size": 1, "padding": 0}
"""What a window is where its layer does not say."""


class Sighted(NamedTuple):
    """A node whose field is checked, and what two positions of it see on the line of each axis, where that is known."""

    node: Node
    field: Field
    lines: tuple[Extent | None, Extent | None]
    reason: str
    """Why its field may be larger than what is seen, by torch's layers before it; empty where it may not."""
    misses: bool
    """Whether one of those layers has windows that skip elements, or lie on padding, or hang over."""


def field_checks(graph: Graph, whole: nn.Module, nodes: Sequence[Node], fields: Mapping[Node, Field]) -> list[Check]:
    """The fields of ``nodes`` beside what a NaN finds; ``whole`` is the compiled network, which has the layers."""
    layers = dict(whole.named_modules())
    nodes = [node for node in nodes if node.inputs and not isinstance(layers.get(node.name), modules.DrawColumn)]
    if not nodes:
        return []
    longest = [max(fields[node].size[axis] for node in nodes) for axis in AXES]
    lines = [extents(graph, whole, nodes, axis, longest[axis]) for axis in AXES]
    masks = seen(linearised(watching(graph, nodes)), nodes, graph.input.shape, ends_and_middle)
    checks = []
    for node in nodes:
        before = {one: layers.get(one.name) for one in upstream(node) if one.inputs}
        misses = any(_misses(layer) for layer in before.values())
        sighted = Sighted(node, fields[node], (lines[0].get(node), lines[1].get(node)), _reason(before, fields), misses)
        checks += [*_figures(sighted), *_pixels(sighted, masks[node])]
    return checks


def ends_and_middle(shape: Shape) -> tuple[Pair, Pair, Pair]:
    """The first, the middle and the last position of a map."""
    high, wide = shape[1:] if len(shape) == MAP else (1, 1)
    return (0, 0), (high // 2, wide // 2), (high - 1, wide - 1)


def _reason(before: Mapping[Node, nn.Module | None], fields: Mapping[Node, Field]) -> str:
    """What the convention says of fields behind such layers and joins; empty if nothing."""
    if any(isinstance(layer, modules.Select) for layer in before.values()):
        return SELECTED
    if any(isinstance(layer, nn.AdaptiveAvgPool2d) and _uneven(node) for node, layer in before.items()):
        return UNEVEN
    jumps = ({fields[source].jump[axis] for source in placed(node, axis)} for node in before for axis in AXES)
    return DIFFERENT if any(len(some) > 1 for some in jumps) else ""


def _misses(layer: nn.Module | None) -> bool:
    """Whether elements lie between those of its windows, or between its windows, or these reach beyond the map."""
    if not isinstance(layer, SLIDING):
        return False
    dilation, kernel, padding = (getattr(layer, name, other) for name, other in PLAIN.items())
    beyond = bool(getattr(layer, "ceil_mode", False)) or padding not in (0, (0, 0))
    axes = [(along(dilation, axis, 1)[0], along(layer.stride, axis, 1)[0], along(kernel, axis, 1)[0]) for axis in AXES]
    return beyond or any(spread > 1 or stride > size for spread, stride, size in axes)


def _uneven(node: Node) -> bool:
    return any(size % out for size, out in zip(node.input_shapes[0][1:], node.shape[1:], strict=True))


def _figures(sighted: Sighted) -> Iterator[Check]:
    """Size, jump and padding of a field that an image of any size would show; none where they depend on that."""
    first, second = sighted.lines
    if first is None or second is None:
        return
    node, field, lines = sighted.node, sighted.field, (first, second)
    expected = [_interval(field, axis, line.at) for axis, line in zip(AXES, lines, strict=True)]
    inside = all(line.seen[0] >= one[0] and line.seen[1] <= one[1] for line, one in zip(lines, expected, strict=True))
    excused = inside and sighted.reason == SELECTED
    step = _pair(*(line.next[0] - line.seen[0] for line in lines))
    found = {
        "receptive field": (field.size, _pair(*(line.seen[1] - line.seen[0] + 1 for line in lines))),
        "jump": (field.jump, step),
        "padding": (
            _pair(-field.start[0], -field.start[1]),
            _pair(*(step[axis] * line.at - line.seen[0] for axis, line in zip(AXES, lines, strict=True))),
        ),
    }
    for figure, (ours, theirs) in found.items():
        yield Check(figure, node.name, ours, theirs, ORACLE, sighted.reason if excused else "", excused)


def _interval(field: Field, axis: int, at: int) -> Interval:
    first = field.start[axis] + at * field.jump[axis]
    return first, first + field.size[axis] - 1


def _pixels(sighted: Sighted, masks: Tensor) -> Iterator[Check]:
    """Pixels of the image that the first, the middle and the last position see, and those outside of the field."""
    node, field = sighted.node, sighted.field
    for at, mask in dict(zip(ends_and_middle(node.shape), masks, strict=True)).items():
        of = f"{node.name} at {at[0]},{at[1]}"
        region = field.seen(at)
        rows, columns = (_clipped(interval, size) for interval, size in zip(region, mask.shape, strict=True))
        inside = mask[rows.start : rows.stop, columns.start : columns.stop]
        held, found = inside.numel(), int(inside.sum())
        yield Check("pixels outside the field", of, 0, int(mask.sum()) - found, ORACLE)
        note = _explanation(sighted, region, mask, inside) if found < held else ""
        missing = f"{held - found:,} pixels of the field are not seen: {note}" if note else ""
        yield Check("pixels in the field", of, held, found, ORACLE, missing, bool(note))


def _clipped(interval: Interval, size: int) -> range:
    first = max(0, interval[0])
    return range(first, max(first, min(size, interval[1] + 1)))


def _explanation(sighted: Sighted, region: Region, mask: Tensor, inside: Tensor) -> str:
    """Why fewer pixels are seen than the field holds; empty where it holds too many.

    What is missing lies between the ends of the field. Those need not be reached where the image cuts it: windows may
    miss elements of their map, and where lines have shown that the field is right, so may all of a path.
    """
    if sighted.reason:
        return sighted.reason
    rows, columns = inside.any(dim=1), inside.any(dim=0)
    reached = [bool(line[place]) for line in (rows, columns) for place in (0, -1)]
    if not all(reached):
        beyond = [
            out for (first, last), size in zip(region, mask.shape, strict=True) for out in (first < 0, last >= size)
        ]
        cut = any(beyond) and all(_is_exact(sighted, axis) for axis in AXES)
        near = sighted.misses and all(seen or out for seen, out in zip(reached, beyond, strict=True))
        return PADDED if cut or near else ""
    return SKIPPED if bool((inside == (rows[:, None] & columns)).all()) else NO_RECTANGLE


def _is_exact(sighted: Sighted, axis: int) -> bool:
    """Whether a line has shown the field as netspec has it."""
    line = sighted.lines[axis]
    return line is not None and line.seen == _interval(sighted.field, axis, line.at)


def _pair(first: int, second: int) -> Pair:
    return first, second
