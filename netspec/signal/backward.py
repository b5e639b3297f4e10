"""What each kind of operation makes of the gradient of its output: how large what it passes back is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from math import prod, sqrt

from netspec.graph.graph import Node
from netspec.ops.signal import Average, Drop, Largest, Mix, Rectify, Same, Stack
from netspec.signal.borders import Profile, Reading, Spans, along, evened, flat, readings, spans
from netspec.signal.context import Laws, bias_of, weight_of
from netspec.signal.gaussian import both_positive, density
from netspec.signal.law import Law
from netspec.signal.law import merged as merged_law
from netspec.signal.masses import Masses
from netspec.signal.pooling import divided
from netspec.signal.slope import Around, Back, Slope, Slopes, merged
from netspec.signal.where import above_zero


def _inside(read: Sequence[Reading]) -> float:
    """The share of what windows read that lies inside the map."""
    return prod([sum(one.counts) / one.windows / len(one.offsets) for one in read])


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
    windows = readings(node)
    factor, squares = _scattered(windows, slope)
    outputs = node.owner.tensors[0].shape[0] // max(1, node.operation.channel_groups)
    spread = weight.variance * outputs * factor * slope.square / (1 + slope.tilt)
    whole = merged_law(around.gives).square
    own = max(0.0, 1 - bias_of(rule, node, around.context) / whole) if whole else 0.0
    pull = slope.pull * sqrt(own)
    read = merged_law(around.reads[0])
    square = spread + _alongside(read, pull, spread, node)
    centred = slope.centred * (_inside(windows) if node.window.kernel else 1.0)
    logs = slope.log_variance + 2 * slope.alike / read.channels
    shared = slope.shared * prod(along(Reading.alike, windows))
    lags = slope.lags if all(step == 1 for step in node.window.stride) else ()
    passed = slope._replace(square=square, squares=squares, gate=None, along=0.0, where=None, tilt=0.0, centred=centred)
    passed = passed._replace(shared=shared, lags=lags, log_variance=logs)
    shares = [law.power / read.power if read.power else 0.0 for law in around.reads[0]]
    both = zip(around.reads[0], shares, strict=True)
    return [tuple([passed._replace(channels=law.channels, pull=pull * share) for law, share in both])]


def _alongside(read: Law, pull: float, spread: float, node: Node) -> float:
    """What lies along the value beyond what would by chance: weights have made both the value and the gradient.

    It is one direction of as many as a sum has values, and that for all positions that are alike.
    """
    if not pull:
        return 0.0
    alike = read.between + (1 - read.between) / read.positions
    return max(0.0, read.lengthened(pull**2) - spread * alike / prod(node.owner.tensors[0].shape[1:]))


def rectify(rule: Rectify, around: Around) -> Back:
    """It passes where the value is above 0: half of the second moment of what is anywhere (He et al. 2015, 2.3).

    What lies along the value passes wholly, as all of that does.
    """
    triples = zip(around.reads[0], around.gives, around.slopes, strict=True)
    return [tuple([_rectified(rule.slope, *one) for one in triples])]


def _rectified(less: float, law: Law, given: Law, slope: Slope) -> Slope:
    share = law.positive if slope.gate is None else slope.gate
    kept = share + less * less * (1 - share)
    both = share * share
    if slope.gate is None and law.is_normal:
        both = both_positive(law.between + (1 - law.between) * law.alike)
    if less:
        both += 2 * less * (share - both) + less * less * (1 - 2 * share + both)
    more = 0.0
    if slope.pull and slope.square:
        chance = slope.square * (slope.shared + (1 - slope.shared) / law.positions) / law.channels
        more = max(0.0, given.lengthened(slope.pull**2) - chance) * (1 - kept)
    return slope._replace(
        square=slope.square * kept + more,
        shared=slope.shared * both / kept if kept else 0.0,
        gate=None if less else 1.0,
        where=above_zero(law.form, slope.where) if isinstance(law.form, Masses) and not less else None,
        along=_sideways(law, share, both, less),
        centred=slope.centred * kept,
        alike=slope.alike * _kept_alike(law, share, slope),
        log_variance=slope.log_variance + _varied(law, share, slope) / law.channels,
        lags=nearer(law, slope, both_positive, kept) if slope.gate is None and law.is_normal and not less else (),
    )


def nearer(law: Law, slope: Slope, product: Callable[[float], float], kept: float) -> tuple[tuple[float, ...], ...]:
    """The lags of a gradient that is multiplied by slopes, of whose mean product ``product`` of a correlation says.

    Neighbours whose values are alike have slopes that are.
    """
    if not kept or not (any(law.lags) or any(slope.lags)):
        return ()
    between = law.between
    least = product(between + (1 - between) * law.alike)
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


def _sideways(law: Law, share: float, both: float, less: float) -> float:
    """How large the mean product of the gradient with the standardised value is, over its mean, both squared."""
    if not isinstance(law.form, Masses):
        return (density(0.0) * (1 - less)) ** 2 / max(both, 1e-9) if law.square else 0.0
    varied = law.square - law.mean**2
    cut = law.form.rectified()
    return (cut.mean - law.mean * share) ** 2 / (varied * share * share) if varied and share else 0.0


def _varied(law: Law, share: float, slope: Slope) -> float:
    """The variance of what passes one channel, over its square: of one whose values are alike all or nothing."""
    if not share:
        return 0.0
    if slope.gate is None and law.is_normal:
        return both_positive(law.between) / share**2 - 1
    return law.between * (1 - share) / share


def _kept_alike(law: Law, share: float, slope: Slope) -> float:
    """What is left of squared correlations: all, where positions of any images are above 0 together."""
    together = share * share * (1 + _varied(law, share, slope))
    return (together / share) ** 2 if share else 0.0


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
        shared = slope.shared * min(1.0, windows)
        found.append(
            slope._replace(channels=law.channels, square=square, squares=squares, shared=shared, gate=gate, where=None)
        )
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
        more = Slope(law.channels, square, tuple(squares), shared, pull=slope.pull, log_variance=slope.log_variance)
        found.append(more._replace(alike=slope.alike))
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
        flattened = [one._replace(squares=flat(sizes), shared=0.0, gate=None, where=None, along=0.0) for one in slopes]
        return [_of_channels(around.reads[0], flattened)]
    if node.shape[1:] == sizes:
        return [_of_channels(around.reads[0], slopes)]
    found = []
    for law, slope in zip(around.reads[0], slopes, strict=True):
        factor, squares = _scattered(readings(node), slope)
        shared, square = slope.shared * factor, slope.square * factor
        found.append(slope._replace(channels=law.channels, square=square, squares=squares, shared=shared))
    return [tuple(found)]


def _of_channels(laws: Laws, slopes: Sequence[Slope]) -> Slopes:
    return tuple([one._replace(channels=law.channels) for law, one in zip(laws, slopes, strict=True)])


def drop(rule: Drop, around: Around) -> Back:
    """As much is left as of values."""
    left = 1 - rule.share
    shared = 1.0 if rule.whole else left
    return [tuple([one._replace(square=one.square / left, shared=one.shared * shared) for one in around.slopes])]


def stack(_: Stack, around: Around) -> Back:
    """Each is passed that of its own channels."""
    rest = [*around.slopes]
    found = []
    for laws in around.reads:
        found.append(tuple(rest[: len(laws)]))
        rest = rest[len(laws) :]
    return found
