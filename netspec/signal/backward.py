"""What each kind of operation makes of the gradient of its output: how large what it passes back is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

from netspec.graph.graph import Node
from netspec.ops.initialisation import Drawn
from netspec.ops.signal import Average, Drop, Largest, Mix, Normalise, Rectify, Same, Stack, Sum
from netspec.signal.borders import Profile, Reading, Spans, along, beside, blended, evened, flat, readings, spans
from netspec.signal.borders import together as together_of
from netspec.signal.context import FEW, Context, Laws, few, unevenness, variance_of, weight_of
from netspec.signal.gaussian import both_positive
from netspec.signal.law import Law, blended_lags
from netspec.signal.masses import Masses
from netspec.signal.pooling import divided


class Slope(NamedTuple):
    """The gradient of ``channels`` of a value, whose weights are drawn alike.

    ``square`` is its second moment, shared out over positions as ``squares`` says on each axis. ``shared`` is the
    correlation of two positions of one image. ``gate`` is the share of values above 0 where it lies, None where it lies
    anywhere; ``along`` how large its mean product with the standardised value is, over its mean, both squared.
    ``inverse`` is how much it is larger where the variance of a channel is small. On each axis ``lags`` are the
    correlations, beyond what is shared, of positions that lie 1, 2, ... apart.
    """

    channels: int
    square: float
    squares: tuple[Profile, ...] = ()
    shared: float = 0.0
    gate: float | None = None
    along: float = 0.0
    inverse: float = 0.0
    lags: tuple[tuple[float, ...], ...] = ()


Slopes = tuple[Slope, ...]


def noise(laws: Laws) -> Slopes:
    """Independent standard normal gradients of an output."""
    sizes = tuple([len(axis) for axis in laws[0].squares])
    return tuple([Slope(law.channels, 1.0, flat(sizes)) for law in laws])


def together(laws: Laws, slopes: Sequence[Slopes]) -> Slopes:
    """The gradient of a value that several operations read: they have weights of their own, so squares add up."""
    if len(slopes) == 1:
        return slopes[0]
    found = []
    for law, parts in zip(laws, zip(*slopes, strict=True), strict=True):
        square = sum([part.square for part in parts])
        if not square:
            found.append(parts[0])
            continue
        shares = [part.square / square for part in parts]
        gates = [part.gate for part in parts]
        gate = None
        if any(one is not None for one in gates):
            free = law.positive
            gate = sum([share * (free if one is None else one) for share, one in zip(shares, gates, strict=True)])
        squares = _blended(list(zip(parts, shares, strict=True)))
        shared = sum([share * part.shared for share, part in zip(shares, parts, strict=True)])
        along = sum([share * part.along * part.shared for share, part in zip(shares, parts, strict=True)])
        lags = _blended_lags(list(zip(parts, shares, strict=True)))
        found.append(Slope(law.channels, square, squares, shared, gate, along / shared if shared else 0.0, lags=lags))
    return tuple(found)


def _blended(parts: Sequence[tuple[Slope, float]]) -> tuple[Profile, ...]:
    """The profiles of all together, on each axis."""
    axes = range(len(parts[0][0].squares))
    return tuple([blended([(part.squares[axis], share) for part, share in parts]) for axis in axes])


def _blended_lags(parts: Sequence[tuple[Slope, float]]) -> tuple[tuple[float, ...], ...]:
    """The correlations of all together, on each axis."""
    if not any(one.lags for one, _ in parts):
        return ()
    axes = range(len(parts[0][0].squares))
    return tuple([blended_lags([(one.lags[axis] if one.lags else (), share) for one, share in parts]) for axis in axes])


class Around(NamedTuple):
    """An operation with the laws of what it reads and of what it gives, and the gradient of that."""

    node: Node
    reads: list[Laws]
    gives: Laws
    slopes: Slopes
    context: Context


Back = list[Slopes]
"""For each input of an operation, the gradient that it passes back."""


def merged(slopes: Slopes) -> Slope:
    """One for all channels together."""
    if len(slopes) == 1:
        return slopes[0]
    count = sum([one.channels for one in slopes])
    square = sum([one.channels * one.square for one in slopes]) / count
    if not square:
        return slopes[0]._replace(channels=count)
    parts = [(one, one.channels * one.square / (count * square)) for one in slopes]
    gates = [(one.gate, share) for one, share in parts]
    gate = None if any(one is None for one, _ in gates) else sum([(one or 0.0) * share for one, share in gates])
    shared = sum([share * one.shared for one, share in parts])
    inverse = sum([share * one.inverse for one, share in parts])
    return Slope(count, square, _blended(parts), shared, gate, inverse=inverse, lags=_blended_lags(parts))


def _scattered(read: Sequence[Reading], slope: Slope) -> tuple[float, tuple[Profile, ...]]:
    """How many windows read a position, in the mean and on each axis, weighted with the gradient there."""
    found = along(_passed, read, slope.squares)
    return prod([factor for factor, _ in found]), tuple([profile for _, profile in found])


def _passed(one: Reading, squares: Profile) -> tuple[float, Profile]:
    return evened(one.scattered(squares))


def mix(rule: Mix, around: Around) -> Back:
    """Each value is passed the gradients of all that it is summed into, with the same weights (He et al. 2015, 2.3)."""
    node = around.node
    slope = merged(around.slopes)
    weight = weight_of(rule, node, around.context)
    factor, squares = _scattered(readings(node), slope)
    outputs = node.owner.tensors[0].shape[0] // max(1, node.operation.channel_groups)
    square = weight.variance * outputs * factor * slope.square / (1 + slope.inverse)  # of small weights there is less
    shared = slope.shared * prod(along(Reading.alike, readings(node)))
    lags = slope.lags if all(step == 1 for step in node.window.stride) else ()
    return [tuple([Slope(law.channels, square, squares, shared, lags=lags) for law in around.reads[0]])]


def rectify(rule: Rectify, around: Around) -> Back:
    """It passes where the value is above 0: half of the second moment of what is anywhere (He et al. 2015, 2.3)."""
    found = []
    for law, slope in zip(around.reads[0], around.slopes, strict=True):
        share = law.positive if slope.gate is None else slope.gate
        less = rule.slope * rule.slope
        kept = share + less * (1 - share)
        both, free = share * share, slope.gate is None and law.is_normal and not rule.slope
        if slope.gate is None and law.is_normal:
            both = both_positive(law.between + (1 - law.between) * alike(law))
        if rule.slope:
            both += 2 * rule.slope * (share - both) + less * (1 - 2 * share + both)
        sideways = 0.0
        varied = law.square - law.mean**2
        if isinstance(law.form, Masses):
            cut = law.form.rectified()
            sideways = (cut.mean - law.mean * share) ** 2 / (varied * share * share) if varied and share else 0.0
        elif law.square:
            sideways = (0.39894 * (1 - rule.slope)) ** 2 / max(both, 1e-9)
        shared = slope.shared * both / kept if kept else 0.0
        gate = 1.0 if not rule.slope else None
        lags = nearer(law, slope, both_positive, kept) if free else ()
        found.append(slope._replace(square=slope.square * kept, shared=shared, gate=gate, along=sideways, lags=lags))
    return [tuple(found)]


def nearer(law: Law, slope: Slope, product: Callable[[float], float], kept: float) -> tuple[tuple[float, ...], ...]:
    """The lags of a gradient that is multiplied by slopes, of whose mean product ``product`` of a correlation says.

    Neighbours whose values are alike have slopes that are.
    """
    if not kept or not (any(law.lags) or any(slope.lags)):
        return ()
    between = law.between
    least = product(between + (1 - between) * alike(law))
    rest = 1 - slope.shared * least / kept
    if rest <= 0:
        return ()
    found = []
    for lags, own in itertools.zip_longest(law.lags, slope.lags, fillvalue=()):
        axis = []
        for lag, passed in itertools.zip_longest(lags, own, fillvalue=0.0):
            both = product(between + (1 - between) * lag)
            axis.append((slope.shared * (both - least) + (1 - slope.shared) * passed * both) / kept / rest)
        found.append(tuple(axis))
    return tuple(found)


def alike(law: Law) -> float:
    """The correlation of two positions of one image, in the mean, beyond what all images have in common."""
    if not any(law.lags):
        return 0.0
    axes = zip(law.squares, law.lags, strict=True)
    return beside([together_of(len(axis), lags) / len(axis) ** 2 for axis, lags in axes], law.positions)


def normalise(rule: Normalise, around: Around) -> Back:
    """It is divided by the deviation, and less its own mean and what is along the value (Ioffe and Szegedy 2015, 3)."""
    weight = around.context.drawn(around.node, "weight", Drawn(1.0, 0.0))
    scale = 1.0 if weight is None else weight.mean**2 + weight.variance
    batch = around.context.batch
    slopes = around.slopes * len(around.reads[0]) if len(around.slopes) < len(around.reads[0]) else around.slopes
    found = []
    for law, slope in zip(around.reads[0], slopes, strict=True):
        variance = variance_of(law, batch)
        count = batch * law.positions
        eased = variance / (variance + rule.eps)
        means = slope.shared / batch + (1 - slope.shared) / count
        lost = min(0.9, means + (slope.shared / batch * slope.along + 1 / count) * eased)
        uneven = 1 + unevenness(law, batch) * eased * eased
        square = slope.square * scale * uneven / (variance + rule.eps) * (1 - lost)
        shared = slope.shared * (1 - 1 / batch)
        inverse = few(law) * eased if law.uneven > FEW else 0.0
        passed = slope._replace(channels=law.channels, square=square, shared=shared, inverse=inverse)
        found.append(passed._replace(gate=None, along=0.0))
    return [tuple(found)]


def largest(_: Largest, around: Around) -> Back:
    """Each gradient goes to the one position of its window that is largest, which is above 0 if any there is."""
    node = around.node
    sizes = node.input_shapes[0][1:]
    windows = prod([count / size for count, size in zip(node.shape[1:], sizes, strict=True)])
    more = _met(spans(node))
    found = []
    for law, given, slope in zip(around.reads[0], around.gives, around.slopes, strict=True):
        squares = flat(sizes) if node.uneven else _scattered(readings(node), slope)[1]
        gate = given.positive if slope.gate is None else max(given.positive, slope.gate)
        square = slope.square * windows * (1 + slope.shared * more)
        found.append(Slope(law.channels, square, squares, slope.shared * min(1.0, windows), gate))
    return [tuple(found)]


def _met(axes: Spans) -> float:
    """With how many other windows one shares its largest value, where all values are alike: what both read over all.

    The mean over windows; positions that only one of two reads are as likely to be largest as those that both do.
    """
    pairs = [_overlaps(axis) for axis in axes]
    found: dict[tuple[int, int, int], float] = {(1, 1, 1): 1.0}
    for one in pairs:
        wider: dict[tuple[int, int, int], float] = {}
        for (common, first, second), weight in found.items():
            for (other, size, next_size), more in one.items():
                key = (common * other, first * size, second * next_size)
                wider[key] = wider.get(key, 0.0) + weight * more
        found = wider
    return sum([weight * common / (first + second - common) for (common, first, second), weight in found.items()]) - 1


def _overlaps(axis: Sequence[tuple[int, int]]) -> dict[tuple[int, int, int], float]:
    """Of windows that overlap on one axis: what both and each of them read, and how many such there are a window."""
    found: dict[tuple[int, int, int], float] = {}
    for at, (start, stop) in enumerate(axis):
        for step in (-1, 1):
            near = at if step < 0 else at + 1
            while 0 <= near < len(axis):
                common = min(stop, axis[near][1]) - max(start, axis[near][0])
                if common <= 0:
                    break
                key = (common, stop - start, axis[near][1] - axis[near][0])
                found[key] = found.get(key, 0.0) + 1 / len(axis)
                near += step
    return found


def average(rule: Average, around: Around) -> Back:
    """Each position of a window is passed its share of the gradient."""
    node = around.node
    axes = divided(rule, node)
    found = []
    for law, slope in zip(around.reads[0], around.slopes, strict=True):
        square, squares = slope.square, []
        sides = slope.squares or ((1.0,),) * len(axes)
        for axis, side, size in zip(axes, sides, node.input_shapes[0][1:], strict=True):
            passed = [0.0] * size
            for (start, stop, by), value in zip(axis, side, strict=True):
                for at in range(start, stop):
                    passed[at] += value / by**2
            factor, profile = evened(passed)
            square *= factor
            squares.append(profile)
        shared = 1.0 if all(len(axis) == 1 for axis in axes) else slope.shared
        found.append(Slope(law.channels, square, tuple(squares), shared))
    return [tuple(found)]


def same(rule: Same, around: Around) -> Back:
    """It is passed as it is; channels of zeros pass none, nor do positions that are left out."""
    node = around.node
    slopes = [*around.slopes]
    if rule.before:
        slopes = slopes[1:]
    slopes = slopes[: len(around.reads[0])]
    sizes = node.input_shapes[0][1:]
    if len(node.shape) < len(node.input_shapes[0]):
        even = flat(sizes)
        return [
            tuple([Slope(law.channels, one.square, even) for law, one in zip(around.reads[0], slopes, strict=True)])
        ]
    if node.shape[1:] == sizes:
        return [tuple([one._replace(channels=law.channels) for law, one in zip(around.reads[0], slopes, strict=True)])]
    found = []
    for law, slope in zip(around.reads[0], slopes, strict=True):
        factor, squares = _scattered(readings(node), slope)
        shared, square = slope.shared * factor, slope.square * factor
        found.append(slope._replace(channels=law.channels, square=square, squares=squares, shared=shared))
    return [tuple(found)]


def drop(rule: Drop, around: Around) -> Back:
    """As much is left as of values."""
    left = 1 - rule.share
    return [tuple([one._replace(square=one.square / left, shared=one.shared * left) for one in around.slopes])]


def add(_: Sum, around: Around) -> Back:
    """Each of what is summed is passed all of it."""
    found = []
    for laws in around.reads:
        parts, rest, wholes = [], [*around.slopes], [*around.gives]
        for law in laws:
            own, left = [], law.channels
            while left:
                slope, whole = rest.pop(0), wholes.pop(0)
                gate = _above(law, whole, slope.gate) if slope.gate is not None and law.is_rectified else None
                own.append(slope._replace(along=slope.along * _less(law, whole), gate=gate))
                left -= slope.channels
            parts.append(merged(tuple(own)))
        found.append(tuple(parts))
    return found


def _above(law: Law, whole: Law, gate: float) -> float:
    """The share of a rectified value above 0 where the sum that it is part of is so at a share ``gate``.

    Where it is 0 the sum is that of the others, which is above 0 as often as below.
    """
    zero = (1 - law.positive) / 2
    above = whole.positive
    where_above = 1 - min(1.0, zero / above) if above else 0.0
    where_below = 1 - min(1.0, zero / (1 - above)) if above < 1 else 1.0
    return gate * where_above + (1 - gate) * where_below


def _less(law: Law, whole: Law) -> float:
    """What of the whole's variance is that of one of its parts."""
    varied = whole.square - whole.mean**2
    return (law.square - law.mean**2) / varied if varied > 0 else 0.0


def stack(_: Stack, around: Around) -> Back:
    """Each is passed that of its own channels."""
    rest = [*around.slopes]
    found = []
    for laws in around.reads:
        found.append(tuple(rest[: len(laws)]))
        rest = rest[len(laws) :]
    return found


RULES: dict[type, Callable[[Any, Around], Back]] = {
    Mix: mix,
    Rectify: rectify,
    Normalise: normalise,
    Largest: largest,
    Average: average,
    Same: same,
    Drop: drop,
    Sum: add,
    Stack: stack,
}
"""Kind of rule -> what it passes back."""
