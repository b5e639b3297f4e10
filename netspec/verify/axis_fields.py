"""Receptive fields that nothing cuts off, by a NaN on an image that is long enough: a line for each axis.

What an image of the network's own size shows of a large field is cut off at its edges. Windows slide on each axis for
itself, so an image that is long on one axis and a pixel wide on the other shows all of the field on that axis. Channels
do not matter there: a position is asked for all of its channels, and each of those before it is read by one of them.

Where netspec states more than what a position sees, the line begins anew, with what it states as far as torch tells:
behind adaptive pooling the smallest window at even steps that holds each of torch's, behind paths with different steps
the smallest interval that holds every position of each. So it does after many layers, with what has been found, since
a NaN that went back through all of a deep network from each layer would take the square of its depth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import lcm

import torch
from torch import Tensor, nn

from netspec.analysis.receptive_field import Field, Interval
from netspec.graph.graph import Graph, Node
from netspec.graph.paths import placed
from netspec.nn.layers import DrawColumn
from netspec.ops.facts import MAP
from netspec.verify.axis_layers import slid
from netspec.verify.extents import EACH, Extent, around, held, windows
from netspec.verify.linear_stand_ins import along

UNEVEN = "windows of adaptive pooling lie at uneven distances: a field has room for each"
DIFFERENT = "paths with different steps have met: a field has room for every position"
MARGIN = 4
"""How many times the largest step a line is longer than the largest field: room for one that is larger than said."""
MOST = 4096
"""Pixels of the largest step that all lines are a multiple of."""
DEEPEST = 200
"""Layers in a row before a line begins anew."""


class Lines:
    """What positions of a network's operations see on one axis, as netspec states it, by torch's layers.

    ``whole`` is the compiled network. ``fields`` only say how long the line has to be.
    """

    def __init__(self, graph: Graph, whole: nn.Module, axis: int, fields: Mapping[Node, Field]) -> None:
        self.axis = axis
        self.layers = dict(whole.named_modules())
        self.common = _common(fields[node].jump[axis] for node in graph.nodes)
        longest = max(fields[node].size[axis] for node in graph.nodes if len(node.shape) == MAP)
        self.more = self.common * (-(-longest // self.common) + MARGIN)
        self.shared: dict[Node, Interval] = {}
        """What all positions of a node see alike: through flattening, global pooling, gates of one position."""
        self.reasons: dict[Node, str] = {}
        """Why a node need not see all of its field."""
        self._values: dict[Node, Tensor] = {}
        self._begun: dict[Node, Tensor] = {}
        self._extents: dict[Node, Extent] = {}
        self._depths: dict[Node, int] = {}
        for node in graph.nodes:
            self._add(node)

    def extent(self, node: Node) -> Extent | None:
        """Size, jump and start of the field of ``node``; None once features are flat."""
        if node not in self._extents and node in self._values:
            self._extents[node] = self._found(self._values[node])
        return self._extents.get(node)

    def interval(self, node: Node, at: int) -> Interval | None:
        """First and last pixel that the position ``at`` sees, beside others or alone; None where that is none."""
        extent = self.extent(node)
        own = [] if extent is None else [extent.at(at)]
        return around([*own, *([self.shared[node]] if node in self.shared else [])])

    def _add(self, node: Node) -> None:
        layer = self.layers.get(node.name)
        if isinstance(layer, DrawColumn):
            return
        places = [source for source in placed(node, self.axis) if source in self._values and len(node.shape) == MAP]
        common = [self.shared[source] for source in node.inputs if source in self.shared]
        common += [self._all(source) for source in node.inputs if source in self._values and source not in places]
        found = around(common)
        if found:
            self.shared[node] = found
        reasons = [self.reasons[source] for source in node.inputs if source in self.reasons]
        if reasons:
            self.reasons[node] = reasons[0]
        if not node.inputs:
            self._begin(node, EACH)
        elif isinstance(layer, nn.AdaptiveAvgPool2d) and places:
            self._pool(node, places[0], along(layer.output_size, self.axis, 1)[0])
        elif places:
            self._read(node, layer, places)

    def _read(self, node: Node, layer: nn.Module | None, places: Sequence[Node]) -> None:
        """What ``layer`` makes of its inputs; where these are not in step, the line begins anew."""
        values = [self._values[source] for source in places]
        if len(places) > 1:
            extents = [self._extent(source) for source in places]
            jumps = {extent.jump for extent in extents}
            if len(jumps) > 1 or len({value.shape for value in values}) > 1:
                count = node.shape[1 + self.axis]
                if len(jumps) > 1 and count > 1:
                    self.reasons[node] = DIFFERENT
                seen = [[extent.at(place) for place in range(count)] for extent in extents]
                self._begin(node, held(seen, max(jumps)))
                return
        value = slid(values, [source.shape[0] for source in places], layer, self.axis)
        self._values[node], self._depths[node] = value, 1 + max(self._depths[source] for source in places)
        if self._depths[node] > DEEPEST:
            self._begin(node, self._extent(node), value.shape[2])

    def _pool(self, node: Node, source: Node, out: int) -> None:
        """Begin anew with windows at even steps, the smallest that hold those of adaptive pooling."""
        size, before = source.shape[1 + self.axis], self._extent(source)
        spans = windows(size, out)
        # The step of a window over the whole map is the map's size.
        steps = range(1, size // out + 2) if out > 1 else (size,)
        even = min((held([spans], step) for step in steps), key=lambda one: (one.size, one.jump))
        if any(last - first + 1 < even.size for first, last in spans):
            self.reasons[node] = UNEVEN
        start, jump = before.start + even.start * before.jump, even.jump * before.jump
        self._begin(node, Extent((even.size - 1) * before.jump + before.size, jump, start))

    def _begin(self, node: Node, extent: Extent, length: int = 0) -> None:
        """Let ``node`` be an image, of whose positions it is known what they see; long enough unless told how long."""
        if not length:
            room = 0 if self.common % extent.jump == 0 else 2 * MARGIN
            length = node.shape[1 + self.axis] + self.more // extent.jump + room
        value = torch.zeros(2, 1, length, 1, dtype=torch.double, requires_grad=True)
        self._values[node], self._begun[node], self._extents[node] = value, value, extent
        self._depths[node] = 0

    def _extent(self, node: Node) -> Extent:
        found = self.extent(node)
        if found is None:
            message = f"'{node.name}' has no place on a line"
            raise ValueError(message)
        return found

    def _all(self, node: Node) -> Interval:
        """What all positions of ``node`` see together."""
        extent = self._extent(node)
        return extent.at(0)[0], extent.at(node.shape[1 + self.axis] - 1)[1]

    def _found(self, value: Tensor) -> Extent:
        """What the position in the middle and the next one see, by where the NaN arrives that is put into them."""
        middle = value.shape[2] // 2
        spoilt = torch.zeros_like(value)
        for image in (0, 1):
            spoilt[image, 0, middle + image] = torch.nan
        begun = list(self._begun)
        gradients = torch.autograd.grad(value, list(self._begun.values()), spoilt, retain_graph=True, allow_unused=True)
        seen: list[list[Interval]] = [[], []]
        for node, gradient in zip(begun, gradients, strict=True):
            for image in (0, 1) if gradient is not None else ():
                places = gradient[image].isnan().flatten().nonzero().flatten().tolist()
                if places:
                    extent = self._extent(node)
                    seen[image].append((extent.at(places[0])[0], extent.at(places[-1])[1]))
        first, second = (around(intervals) for intervals in seen)
        if first is None or second is None:
            message = "no gradient arrives at the input"
            raise ValueError(message)
        jump = second[0] - first[0]
        return Extent(first[1] - first[0] + 1, jump, first[0] - middle * jump)


def _common(jumps: Iterable[int]) -> int:
    """A multiple of as many of ``jumps`` as it can be: maps in step are then equally long."""
    common = 1
    for jump in sorted({jump for jump in jumps if jump > 0}):
        if lcm(common, jump) <= MOST:
            common = lcm(common, jump)
    return common
