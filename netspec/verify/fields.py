"""Receptive fields held against the NaN: their figures on a line, and the pixels they hold on the network's image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from torch import Tensor, nn

from netspec.analysis.receptive_field import Field, Interval
from netspec.graph.graph import Graph, Node, upstream
from netspec.nn.layers import DrawColumn
from netspec.ops.facts import MAP, PerAxis, Shape
from netspec.verify.axis_fields import Lines
from netspec.verify.axis_layers import SLIDING
from netspec.verify.linear_stand_ins import along, linearised
from netspec.verify.nan_gradient import seen, watching
from netspec.verify.result import Check

ORACLE = "NaN"
SKIPPED = "the windows skip pixels"
NO_RECTANGLE = "the union of the paths is no full rectangle"
PADDED = "an end of it falls on padding, or between pixels"
PLAIN = {"dilation": 1, "kernel_size": 1, "padding": 0}
"""What a window is where its layer does not say."""


class Sighted(NamedTuple):
    """A node whose field is checked, and the line of each axis."""

    node: Node
    field: Field
    lines: tuple[Lines, Lines]
    misses: bool
    """Whether a layer before it has windows that skip elements, or lie on padding, or hang over."""

    @property
    def reason(self) -> str:
        """Why what is stated may be larger than what is seen, by torch's layers; empty where it may not."""
        return next((line.reasons[self.node] for line in self.lines if self.node in line.reasons), "")

    def exact(self, at: PerAxis) -> bool:
        """Whether the field of position ``at`` is, on both axes, what the lines say."""
        found = (line.interval(self.node, place) for line, place in zip(self.lines, at, strict=True))
        return tuple(found) == self.field.seen(at)


def field_checks(
    graph: Graph, whole: nn.Module, nodes: Sequence[Node], pictured: Sequence[Node], fields: Mapping[Node, Field]
) -> list[Check]:
    """The fields of ``nodes`` beside what a NaN finds on lines, and those of ``pictured`` also on the network's image.

    ``whole`` is the compiled network, which has the layers. Draws see nothing, and are left out.
    """
    layers = dict(whole.named_modules())
    drawn: set[Node] = set()
    for node in graph.operations:
        if isinstance(layers.get(node.name), DrawColumn) or drawn.issuperset(node.inputs):
            drawn.add(node)
    lines = lines_of(graph, whole, fields)
    checks: list[Check] = []
    for node in nodes:
        if node not in drawn:
            checks += _figures(Sighted(node, fields[node], lines, misses=False))
    shown = [node for node in pictured if node.inputs and node not in drawn]
    masks = seen(linearised(watching(graph, shown)), shown, graph.input.shape, ends_and_middle) if shown else {}
    for node in shown:
        misses = any(_misses(layers.get(one.name)) for one in upstream(node) if one.inputs)
        checks += _pixels(Sighted(node, fields[node], lines, misses), masks[node])
    return checks


def lines_of(graph: Graph, whole: nn.Module, fields: Mapping[Node, Field]) -> tuple[Lines, Lines]:
    """The line of each axis; one for both where nothing tells these apart."""
    high = Lines(graph, whole, 0, fields)
    square = all(node.shape[1:2] == node.shape[2:] for node in graph.nodes)
    alike = square and not any(_tells_apart(layer) for layer in whole.modules())
    return high, high if alike else Lines(graph, whole, 1, fields)


def _tells_apart(layer: nn.Module) -> bool:
    """Whether some number of ``layer`` may be another for columns than for rows."""
    if not type(layer).__module__.startswith(("torch.nn.", "netspec.nn.")):
        return True
    return any(isinstance(one, tuple | list) and len(set(one)) > 1 for one in vars(layer).values())


def ends_and_middle(shape: Shape) -> tuple[PerAxis, PerAxis, PerAxis]:
    """The first, the middle and the last position of a map."""
    high, wide = shape[1:] if len(shape) == MAP else (1, 1)
    return (0, 0), (high // 2, wide // 2), (high - 1, wide - 1)


def _misses(layer: nn.Module | None) -> bool:
    """Whether elements lie between those of its windows, or between its windows, or these reach beyond the map."""
    if not isinstance(layer, SLIDING):
        return False
    dilation, kernel, padding = (getattr(layer, name, other) for name, other in PLAIN.items())
    beyond = bool(getattr(layer, "ceil_mode", False)) or padding not in (0, (0, 0))
    axes = [
        (along(dilation, axis, 1)[0], along(layer.stride, axis, 1)[0], along(kernel, axis, 1)[0]) for axis in range(2)
    ]
    return beyond or any(spread > 1 or stride > size for spread, stride, size in axes)


def _figures(sighted: Sighted) -> Iterator[Check]:
    """Size, jump and padding of a field that an image of any size would show; the ends of one that all positions share.

    The latter for features that are flat, and for maps that global pooling or a gate has a part in.
    """
    node, field, lines = sighted.node, sighted.field, sighted.lines
    high, wide = (line.extent(node) for line in lines)
    if high and wide:
        yield Check("receptive field", node.name, field.size, (high.size, wide.size), ORACLE)
        yield Check("jump", node.name, field.jump, (high.jump, wide.jump), ORACLE)
        yield Check("padding", node.name, _pair(-field.start[0], -field.start[1]), (-high.start, -wide.start), ORACLE)
    if not (high and wide) or any(node in line.shared for line in lines):
        found = [line.interval(node, 0) for line in lines]
        for place, name in enumerate(("first pixel of all positions", "last pixel of all positions")):
            ends = [interval[place] for interval in found if interval]
            yield Check(name, node.name, _pair(*(one[place] for one in field.seen())), tuple(ends), ORACLE)


def _pixels(sighted: Sighted, masks: Tensor) -> Iterator[Check]:
    """Pixels of the image that the first, the middle and the last position see, and those outside of the field."""
    node, field = sighted.node, sighted.field
    for at, mask in dict(zip(ends_and_middle(node.shape), masks, strict=True)).items():
        of = f"{node.name} at {at[0]},{at[1]}"
        region = field.seen(at)
        rows, columns = (_clipped(interval, size) for interval, size in zip(region, mask.shape, strict=True))
        inside = mask[rows.start : rows.stop, columns.start : columns.stop]
        pixels, found = inside.numel(), int(inside.sum())
        yield Check("pixels outside the field", of, 0, int(mask.sum()) - found, ORACLE)
        note = _explanation(sighted, at, mask, inside) if found < pixels else ""
        missing = f"{pixels - found:,} pixels of the field are not seen: {note}" if note else ""
        yield Check("pixels in the field", of, pixels, found, ORACLE, missing, bool(note))


def _clipped(interval: Interval, size: int) -> range:
    first = max(0, interval[0])
    return range(first, max(first, min(size, interval[1] + 1)))


def _explanation(sighted: Sighted, at: PerAxis, mask: Tensor, inside: Tensor) -> str:
    """Why fewer pixels are seen than the field holds; empty where it holds too many.

    What is missing lies between the ends of the field. Those need not be reached where the lines have shown that they
    are where the convention has them, and where besides that has room for more, or the image cuts the field, or windows
    miss elements of their map.
    """
    rows, columns = inside.any(dim=1), inside.any(dim=0)
    reached = [bool(line[place]) for line in (rows, columns) if len(line) for place in (0, -1)]
    if reached and all(reached):
        return SKIPPED if bool((inside == (rows[:, None] & columns)).all()) else NO_RECTANGLE
    if not sighted.exact(at):
        return ""
    if sighted.reason:
        return sighted.reason
    region = sighted.field.seen(at)
    beyond = any(first < 0 or last >= size for (first, last), size in zip(region, mask.shape, strict=True))
    return PADDED if beyond or sighted.misses else ""


def _pair(first: int, second: int) -> PerAxis:
    return first, second
