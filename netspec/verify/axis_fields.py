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

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import lcm
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor
from torch.nn import functional

from netspec.analysis.receptive_field import Field, Interval
from netspec.graph.graph import Node
from netspec.graph.paths import placed
from netspec.ops.facts import Exact
from netspec.verify.stand_ins import Phases, StandIn, along

Place = TypeVar("Place", bound=Exact)

BETWEEN = "a position between elements reads those beside it: a field has room for every phase"
UNEVEN = "windows of adaptive pooling lie at uneven distances: a field has room for each"
DIFFERENT = "paths with different steps have met: a field has room for every position"
MARGIN = 4
"""How many times the largest step a line is longer than the largest field: room for one that is larger than said."""
MOST = 4096
"""Pixels of the largest step that all lines are a multiple of."""
DEEPEST = 200
"""Layers in a row before a line begins anew."""


class Extent(NamedTuple):
    """What positions see on one axis: ``u`` sees ``size`` elements from ``u * jump + start`` on.

    Not the extents of :mod:`netspec.graph.paths`, which are held against these.
    """

    size: Exact
    jump: Exact
    start: Exact

    def at(self, place: int) -> Ends:
        """First and last place that the position ``place`` sees; these need not be those of elements."""
        first = self.start + place * self.jump
        return first, first + self.size - 1

    def behind(self, before: Extent) -> Extent:
        """What is seen through windows of this extent by positions of what itself sees ``before``."""
        size = (self.size - 1) * before.jump + before.size
        return Extent(size, self.jump * before.jump, before.start + self.start * before.jump)


Ends = tuple[Exact, Exact]
"""First and last place on one axis, whether there is an element or not."""
EACH = Extent(1, 1, 0)
"""What elements see of themselves."""


class Lines:
    """What positions of a network's operations see on one axis, as netspec states it, by torch's layers.

    ``stand_ins`` are those of the nodes that are looked at, which do not read any others. ``fields`` only say how long
    the line has to be.
    """

    def __init__(self, stand_ins: Mapping[Node, StandIn], axis: int, fields: Mapping[Node, Field]) -> None:
        self.axis = axis
        self.stand_ins = stand_ins
        self.common = _common(fields[node].jump[axis] for node in stand_ins)
        longest = max(fields[node].size[axis] for node in stand_ins if node.has_places)
        self.more = self.common * (-(-longest // self.common) + MARGIN)
        self.shared: dict[Node, Interval] = {}
        """What all positions of a node see alike: through flattening, global pooling, gates of one position."""
        self.reasons: dict[Node, str] = {}
        """Why a node need not see all of its field."""
        self._values: dict[Node, Tensor] = {}
        self._begun: dict[Node, Tensor] = {}
        self._extents: dict[Node, Extent] = {}
        self._depths: dict[Node, int] = {}
        for node in stand_ins:
            self._add(node)

    def extent(self, node: Node) -> Extent | None:
        """Size, jump and start of the field of ``node``; None once features are flat."""
        if node not in self._extents and node in self._values:
            self._extents[node] = self._found(self._values[node])
        return self._extents.get(node)

    def interval(self, node: Node, at: int) -> Interval | None:
        """First and last pixel that the position ``at`` sees, beside others or alone; None where that is none."""
        extent = self.extent(node)
        own = [] if extent is None else [elements(extent.at(at))]
        return around([*own, *([self.shared[node]] if node in self.shared else [])])

    def _add(self, node: Node) -> None:
        stand_in = self.stand_ins[node]
        inputs = [source for source in node.inputs[: stand_in.reads or None] if source in self.stand_ins]
        places = [source for source in placed(node, self.axis) if source in inputs and source in self._values]
        if not node.has_places or (stand_in.phases and self._repeats(node, inputs)) or self._spread(node, places):
            places = []
        common = [self.shared[source] for source in inputs if source in self.shared]
        common += [self._all(source) for source in inputs if source in self._values and source not in places]
        found = around(common)
        if found:
            self.shared[node] = found
        reasons = [self.reasons[source] for source in inputs if source in self.reasons]
        if reasons:
            self.reasons[node] = reasons[0]
        if not node.inputs:
            self._begin(node, EACH)
        elif stand_in.phases and places:
            self._phases(node, places[0], stand_in.phases)
        elif stand_in.shared_out is not None and places:
            self._pool(node, places[0], along(stand_in.shared_out, (self.axis,))[0] or places[0].shape[1 + self.axis])
        elif places:
            self._read(node, stand_in, places)
        if places and self._sees_all(node, places[0]):
            self.shared[node] = self.interval(node, 0) or elements(self._extent(node).at(0))

    def _read(self, node: Node, stand_in: StandIn, places: Sequence[Node]) -> None:
        """What ``stand_in`` makes of the inputs of ``node``; where these are not in step, the line begins anew."""
        values = [self._values[source] for source in places]
        if len(places) > 1:
            extents = [self._window(node).behind(self._extent(source)) for source in places]
            jumps = {extent.jump for extent in extents}
            if len(jumps) > 1 or len({value.shape for value in values}) > 1:
                count = node.shape[1 + self.axis]
                if len(jumps) > 1 and count > 1:
                    self.reasons[node] = DIFFERENT
                seen = [[extent.at(place) for place in range(count)] for extent in extents]
                self._begin(node, held(seen, max(jumps)))
                return
        slid = [stand_in.on_line(value, self.axis) for value in values]
        value = sum(slid[1:], start=slid[0])
        self._values[node], self._depths[node] = value, 1 + max(self._depths[source] for source in places)
        if self._depths[node] > DEEPEST:
            self._begin(node, self._extent(node), value.shape[2])

    def _pool(self, node: Node, source: Node, out: int) -> None:
        """Begin anew with windows at even steps, the smallest that hold those of adaptive pooling."""
        size = source.shape[1 + self.axis]
        spans = windows(size, out)
        # The step of a window over the whole map is the map's size.
        steps = range(1, size // out + 2) if out > 1 else (size,)
        even = min((held([spans], step) for step in steps), key=lambda one: (one.size, one.jump))
        if any(last - first + 1 < even.size for first, last in spans):
            self.reasons[node] = UNEVEN
        self._begin(node, even.behind(self._extent(source)))

    def _repeats(self, node: Node, inputs: Sequence[Node]) -> bool:
        """Whether ``node`` repeats the one position of what it reads."""
        size, count = (one.shape[1 + self.axis] for one in (inputs[0], node))
        return self.stand_ins[node].repeats_one and size == 1 < count

    def _spread(self, node: Node, places: Sequence[Node]) -> bool:
        """Whether a join repeats the one position that each of ``places`` has over a map of another input."""
        size = 1 + self.axis
        return len(node.inputs) > 1 and all(one.shape[size] == 1 < node.shape[size] for one in places)

    def _phases(self, node: Node, source: Node, phases: Callable[[int, int, int], Phases]) -> None:
        """Begin anew with windows at even steps, the smallest that hold those of each phase."""
        step, spans = phases(self.axis, source.shape[1 + self.axis], node.shape[1 + self.axis])
        moved = [(first - at * step, last - at * step) for at, (first, last) in spans]
        start = min(first for first, _ in moved)
        even = Extent(max(last for _, last in moved) - start + 1, step, start)
        if len(set(moved)) > 1:
            self.reasons[node] = BETWEEN
        self._begin(node, even.behind(self._extent(source)))

    def _sees_all(self, node: Node, source: Node) -> bool:
        """Whether the one position of ``node`` sees from the first to the last of several of ``source``."""
        return node.positions == 1 < source.positions and all(
            self._spans(node, axis, size) for axis, size in enumerate(source.grid)
        )

    def _spans(self, node: Node, axis: int, size: int) -> bool:
        """Whether the one position of ``node`` sees the first and the last of ``size`` elements."""
        stand_in = self.stand_ins[node]
        if stand_in.shared_out is not None:
            return True
        if stand_in.phases:
            step, spans = stand_in.phases(axis, size, 1)
            at, (first, last) = spans[0]
            return first - at * step <= 0 and last - at * step >= size - 1
        line = torch.zeros(1, 1, size, dtype=torch.double, requires_grad=True)
        (gradient,) = torch.autograd.grad(stand_in.on_line(line, axis).flatten()[0] * torch.nan, line)
        return bool(gradient[0, 0, 0].isnan() and gradient[0, 0, -1].isnan())

    def _window(self, node: Node) -> Extent:
        """The window that stands for a layer of others; joins that are known take each position from the same one."""
        if not self.stand_ins[node].shape:
            return EACH
        kernel, stride, dilation, padding = (numbers[self.axis] for numbers in node.window)
        return Extent(dilation * (kernel - 1) + 1, stride, -padding)

    def _begin(self, node: Node, extent: Extent, length: int = 0) -> None:
        """Let ``node`` be an image, of whose positions it is known what they see; long enough unless told how long."""
        if not length:
            room = 0 if self.common % extent.jump == 0 else 2 * MARGIN
            length = node.shape[1 + self.axis] + self.more // extent.jump + room
        value = torch.zeros(2, 1, length, dtype=torch.double, requires_grad=True)
        self._values[node], self._begun[node], self._extents[node] = value, value, extent
        self._depths[node] = 0

    def _extent(self, node: Node) -> Extent:
        found = self.extent(node)
        if found is None:
            message = f"'{node.name}' has no place on a line"
            raise ValueError(message)
        return found

    def _all(self, source: Node) -> Interval:
        """What all positions of ``source`` see together."""
        extent = self._extent(source)
        return elements((extent.at(0)[0], extent.at(source.shape[1 + self.axis] - 1)[1]))

    def _found(self, value: Tensor) -> Extent:
        """What the position in the middle and the next one see, by where the NaN arrives that is put into them."""
        middle = value.shape[2] // 2
        spoilt = torch.zeros_like(value)
        for image in (0, 1):
            spoilt[image, 0, middle + image] = torch.nan
        begun = list(self._begun)
        gradients = torch.autograd.grad(value, list(self._begun.values()), spoilt, retain_graph=True, allow_unused=True)
        seen: list[list[Ends]] = [[], []]
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


def _common(jumps: Iterable[Exact]) -> int:
    """A multiple of as many of ``jumps`` as it can be: maps in step are then equally long."""
    common = 1
    for jump in sorted({jump.numerator for jump in jumps if jump > 0}):
        if lcm(common, jump) <= MOST:
            common = lcm(common, jump)
    return common


def elements(ends: Ends) -> Interval:
    """The first and the last element between two places."""
    return -int(-ends[0] // 1), int(ends[1] // 1)


def around(intervals: Sequence[tuple[Place, Place]]) -> tuple[Place, Place] | None:
    """The smallest interval with all of ``intervals`` in it; none around nothing."""
    if not intervals:
        return None
    return min(first for first, _ in intervals), max(last for _, last in intervals)


def held(paths: Sequence[Sequence[Ends]], jump: Exact) -> Extent:
    """The smallest window at steps of ``jump`` that holds each interval, those of each path in order of positions."""
    moved = [(first - at * jump, last - at * jump) for path in paths for at, (first, last) in enumerate(path)]
    start = min(first for first, _ in moved)
    return Extent(max(last for _, last in moved) - start + 1, jump, start)


def windows(size: int, out: int) -> list[Interval]:
    """The ``out`` windows that torch's adaptive pooling has over ``size`` elements, by a NaN from each."""
    lines = torch.zeros(out, 1, size, dtype=torch.double, requires_grad=True)
    pooled = functional.adaptive_avg_pool1d(lines, out)
    spoilt = torch.zeros(out, 1, out, dtype=torch.double)
    spoilt[:, 0].fill_diagonal_(torch.nan)
    (gradient,) = torch.autograd.grad(pooled, lines, spoilt)
    spans = [line.flatten().nonzero().flatten().tolist() for line in gradient.isnan()]
    return [(span[0], span[-1]) for span in spans]
