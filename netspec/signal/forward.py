"""What each kind of operation makes of the law of what it reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate, pairwise
from math import prod, sqrt
from typing import Any, NamedTuple

from netspec.graph.graph import Node
from netspec.ops.initialisation import UNIFORM, Drawn, Scheme, fans
from netspec.ops.signal import (
    Average,
    Drop,
    Largest,
    Mix,
    Normalise,
    Rectify,
    Same,
    Stack,
    Sum,
)
from netspec.signal.borders import Profile, Reading, Spans, along, blended, evened, readings, spans
from netspec.signal.gaussian import density, rectified_product, rectified_spread
from netspec.signal.law import Form, Gauss, Law, as_masses, flat_profiles, mean_of_squares
from netspec.signal.masses import FINENESS, Masses

Laws = tuple[Law, ...]
"""The laws of the channels of one value, in their order."""
HALF_MEAN = density(0.0)
"""The mean of max(x, 0) for a standard normal x."""


class CannotSay(Exception):
    """No rule would be right here; the message is the reason."""


class Context(NamedTuple):
    """What rules need to know beside the laws: how tensors start, and how many images are normalised together."""

    starts: dict[tuple[str, str], Scheme]
    batch: int

    def drawn(self, node: Node, name: str, otherwise: Drawn) -> Drawn | None:
        """How an element of the tensor ``name`` of ``node`` starts; None where it has no such tensor."""
        tensor = next((one for one in node.owner.tensors if one.name == name), None)
        if tensor is None:
            return None
        operation = node.operation
        scheme = operation.own_scheme or self.starts.get((operation.word, name))
        return scheme.moments(tensor.shape) if scheme else otherwise


def mix(rule: Mix, node: Node, given: list[Laws], context: Context) -> Laws:
    """Sums of many values with weights around 0 are normal; their moments are sums (He et al. 2015, section 2.2).

    The covariance of two images is the same sum of covariances (Cho and Saul 2009; Poole et al. 2016), so a channel's
    mean is one of the means, taken over those positions that the window reads.
    """
    law = merged(given[0])
    weight = weight_of(rule, node, context)
    bias = bias_of(rule, node, context)
    taps = node.owner.tensors[0].shape
    scale = weight.variance * taps[1]
    read = along(_read, readings(node), law.squares, law.means)
    plain = scale * law.square * prod([one.factor for one in read])
    common = min(plain, scale * law.mean_square * prod([one.mean_factor for one in read]))
    more = bias.variance if bias else 0.0
    square, together = plain + more, common + more
    squares = tuple([_levelled(one.squares, plain, square) for one in read])
    means = tuple([_levelled(one.means, common, together) for one in read])
    lags = tuple([lag[step - 1 :: step] for lag, step in zip(law.lags, node.window.stride, strict=True)])
    shared = min(1.0, together * prod(along(mean_of_squares, means)) / square) if square else 0.0
    own = 2 * _paired(shared * shared, _values(squares, context.batch)) / node.shape[0]
    found = Law(node.shape[0], square, together, 0.0, Gauss(square, shared), squares, means, lags)
    before = law.log_variance + law.own
    return (found._replace(log_variance=before, own=own, uneven=weight.tails / prod(taps[1:])),)


class Read(NamedTuple):
    """What windows on one axis make of profiles: factors of the moments, and the profiles of what comes out."""

    factor: float
    squares: Profile
    mean_factor: float
    means: Profile


def _read(one: Reading, squares: Profile, means: Profile) -> Read:
    """Sums over what each window reads: of squares, and of the squares of means."""
    factor, profile = evened(one.gathered(squares))
    _, kept = evened([sqrt(value) for value in one.gathered([value * value for value in means])])
    return Read(factor, profile, one.means_squared(means), kept)


def _levelled(profile: Profile, part: float, whole: float) -> Profile:
    """``profile`` of a ``part`` of a ``whole`` whose rest is even."""
    if part == whole:
        return profile
    share = part / whole
    return tuple([1 + share * (value - 1) for value in profile])


def _values(profiles: Sequence[Profile], batch: int) -> int:
    """How many values a channel has."""
    return batch * prod([len(axis) for axis in profiles])


def _paired(other: float, count: int) -> float:
    """The mean over pairs of ``count`` values of a figure that is 1 of one with itself, and ``other`` of two."""
    return other + (1 - other) / count


def weight_of(rule: Mix, node: Node, context: Context) -> Drawn:
    """How the weights of ``node`` start: by torch's own rule uniform up to 1 / sqrt(fan in)."""
    shape = node.owner.tensors[0].shape
    drawn = context.drawn(node, rule.weight, Drawn(0.0, 1 / (3 * fans(shape)[0]), UNIFORM))
    if drawn is None:
        raise CannotSay("it has no weights")
    if drawn.mean:
        raise CannotSay("weights that are not drawn around 0 add up")
    return drawn


def bias_of(rule: Mix, node: Node, context: Context) -> Drawn | None:
    """How biases start, where there are any."""
    shape = node.owner.tensors[0].shape
    drawn = context.drawn(node, rule.bias, Drawn(0.0, 1 / (3 * fans(shape)[0]), UNIFORM))
    return drawn and drawn._replace(mean=0.0, variance=drawn.variance + drawn.mean**2)


def rectify(rule: Rectify, node: Node, given: list[Laws], context: Context) -> Laws:  # noqa: ARG001 - as all rules
    """Each law by itself."""
    return tuple([_rectified(law, rule.slope, context) for law in given[0]])


def _rectified(law: Law, slope: float, context: Context) -> Law:
    """Of what is normal around 0 half of the square is left (He et al. 2015, equation 8)."""
    if not law.square:
        return law
    if law.form is None:
        raise CannotSay("how what it reads is distributed is not known")
    if law.is_normal:
        return _halved(law, slope, context)
    if slope:
        raise CannotSay("a sloped rectifier of what is not normal is not worked out")
    if isinstance(law.form, Masses):
        return _cut(law, law.form)
    if law.form.rectified:
        return law
    return _moments_of(law, law.form._replace(rectified=True))


def _halved(law: Law, slope: float, context: Context) -> Law:
    """What has a mean then, as the product of two values says (Cho and Saul 2009, the arc-cosine kernel)."""
    shared, less = law.shared, 1 - slope
    square = law.square * (1 + slope * slope) / 2

    def product(correlation: float) -> float:
        plain = rectified_product(correlation)
        return less * less * plain + slope * less * correlation + slope * slope * correlation

    means, over = rooted(law.squares)
    here = law.square * product(shared)

    def beyond(lags: tuple[float, ...]) -> tuple[float, ...]:
        whole = [law.square * product(shared + (1 - shared) * lag) - here for lag in lags]
        return tuple([one / (square - here) if square > here else 0.0 for one in whole])

    lags = tuple([beyond(axis) if axis else () for axis in law.lags])
    spread = law.own * law.channels
    if not slope:
        spread = 5 * _paired(rectified_spread(shared) / 5, _values(law.squares, context.batch))
    return law._replace(
        square=square,
        mean_square=here * over,
        mean=less * HALF_MEAN * sqrt(law.square) * sqrt(over),
        form=Gauss(law.square, shared, rectified=True) if not slope else None,
        means=means,
        lags=lags,
        log_variance=law.log_variance + spread / law.channels,
        own=0.0,
    )


def rooted(profiles: Sequence[Profile]) -> tuple[tuple[Profile, ...], float]:
    """The roots of profiles, and the square of their mean, by which the square of a mean over positions is smaller."""
    found = along(_rooted, profiles)
    return tuple([root for _, root in found]), prod([mean**2 for mean, _ in found])


def _rooted(profile: Profile) -> tuple[float, Profile]:
    return evened([sqrt(value) for value in profile])


def _cut(law: Law, form: Masses) -> Law:
    """Of a sum of what is not normal: by its masses; what channels differ by is kept in the part that is linear."""
    cut = form.rectified()
    mean, square = cut.mean, cut.square
    varied, before = square - mean * mean, law.square - law.mean**2
    excess = min(1.0, max(0.0, (law.here - law.mean**2) / before)) if before > 0 else 0.0
    linear = min(1.0, form.positive**2 * before / varied) if varied > 0 else 1.0
    product = mean * mean + varied * (linear * excess + (1 - linear) * excess * excess)
    means, over = rooted(law.squares)
    return law._replace(
        square=square,
        mean_square=product * over,
        mean=mean * sqrt(over),
        form=cut,
        means=means,
        log_variance=law.log_variance + law.own,
        own=0.0,
    )


def normalise(rule: Normalise, node: Node, given: list[Laws], context: Context) -> Laws:
    """The variance of a channel, not its second moment, becomes 1 (Ioffe and Szegedy 2015): its mean is taken away.

    So what is common to all images of a channel does not pass (Yang et al. 2019, section 3).
    """
    weight, bias = (context.drawn(node, name, Drawn(one, 0.0)) for name, one in (("weight", 1.0), ("bias", 0.0)))
    found = []
    for law in given[0]:
        variance = max(law.square - law.sampled(context.batch), 0.0)
        if not variance:
            raise CannotSay("all values of a channel are equal")
        square = variance / (variance + rule.eps) * (1 - (law.uneven * rule.eps / (variance + rule.eps)) ** 2)
        factor = sqrt(square / variance)
        squares = tuple(along(partial(_centred, law.square / variance), law.squares, law.means))
        form: Form = Gauss(square, 0.0)
        if isinstance(law.form, (Gauss, Masses)) and not law.is_normal:
            step = sqrt(variance) / 8
            one = as_masses(law, step)
            form = one.shifted(-one.mean).scaled(factor) if one else form
        found.append(Law(law.channels, square, 0.0, 0.0, form, squares, flat_profiles(node.shape[1:]), law.lags))
    result = (merged(found),) if all(law.is_normal for law in found) else tuple(found)
    return tuple([_scaled(law, weight, bias) for law in result])


def _centred(share: float, squares: Profile, means: Profile) -> Profile:
    """The profile of the squares less the mean over all positions; before, these were ``share`` times as much."""
    both = zip(squares, means, strict=True)
    return evened([max(0.0, 1 + share * (value - 1) - 2 * (share - 1) * (mean - 1)) for value, mean in both])[1]


def _scaled(law: Law, weight: Drawn | None, bias: Drawn | None) -> Law:
    """With the factor and the term that a channel has."""
    factor = 1.0 if weight is None else weight.mean**2 + weight.variance
    term = 0.0 if bias is None else bias.mean**2 + bias.variance
    if factor == 1.0 and not term:
        return law
    square = law.square * factor + term
    centre = 0.0 if bias is None else bias.mean
    form = Gauss(square, term / square) if law.is_normal and square and not centre else None
    return law._replace(square=square, mean_square=term, mean=centre, form=form)


def largest(_: Largest, node: Node, given: list[Laws], context: Context) -> Laws:  # noqa: ARG001 - as all rules
    """The largest value of a window over windows is the largest of the positions that both together read."""
    own = spans(node)
    found = []
    for law in given[0]:
        if not law.square:
            found.append(law._replace(squares=flat_profiles(node.shape[1:]), means=flat_profiles(node.shape[1:])))
            continue
        if isinstance(law.form, Masses):
            found.append(_largest_of_masses(law, law.form, own))
            continue
        if law.form is None:
            raise CannotSay("how what it reads is distributed is not known")
        both = own
        if law.form.spans:
            both = tuple(along(_composed, own, law.form.spans))
        squares = tuple(along(_averaged, own, law.squares))
        found.append(_moments_of(law._replace(squares=squares), law.form._replace(spans=both)))
    return tuple(found)


def _composed(outer: Sequence[tuple[int, int]], inner: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """What windows read of what windows read."""
    return tuple([(inner[start][0], inner[stop - 1][1]) for start, stop in outer])


def _averaged(axis: Sequence[tuple[int, int]], side: Profile) -> Profile:
    """The mean of a profile over windows."""
    sums = [0.0, *accumulate(side)]
    return tuple([(sums[stop] - sums[start]) / (stop - start) for start, stop in axis])


def _moments_of(law: Law, form: Gauss) -> Law:
    """``law`` with the moments of its form; windows at the border are smaller."""
    whole, base = prod(form.counts), form.moments()

    def relative(axis: Sequence[tuple[int, int]], side: Profile) -> Profile:
        average = sum([stop - start for start, stop in axis]) / len(axis)
        sizes = {stop - start for start, stop in axis}
        ratio = {size: form.moments(whole / average * size).square / base.square for size in sizes}
        return evened([ratio[stop - start] * value for (start, stop), value in zip(axis, side, strict=True)])[1]

    squares = tuple(along(relative, form.spans, law.squares))
    means, over = rooted(squares)
    lags = tuple(along(_lags, form.spans))
    product = base.product * form.square
    return law._replace(
        square=base.square * form.square,
        mean_square=product * over,
        mean=base.mean * sqrt(form.square * over),
        form=form,
        squares=squares,
        means=means,
        lags=lags,
        log_variance=law.log_variance + law.own,
        own=0.0,
    )


MOST_LAGS = 4


def _lags(axis: Sequence[tuple[int, int]]) -> tuple[float, ...]:
    """How much of two windows that lie 1, 2, ... positions apart is the same: the share of both together."""
    middle = len(axis) // 2
    found = []
    for lag in range(1, min(MOST_LAGS, len(axis) - middle)):
        (start, stop), (other, last) = axis[middle], axis[middle + lag]
        common = max(0, stop - other)
        if not common:
            break
        found.append(common / (max(stop, last) - min(start, other)))
    return tuple(found)


def _largest_of_masses(law: Law, form: Masses, own: Spans) -> Law:
    counts = [sum([stop - start for start, stop in axis]) / len(axis) for axis in own]
    count = prod(counts)
    below = [0.0, *accumulate(form.parts)]
    parts = [after**count - before**count for before, after in pairwise(below)]
    result = form._replace(parts=tuple(parts)).trimmed()
    squares = tuple(along(_averaged, own, law.squares))
    means, over = rooted(squares)
    return law._replace(
        square=result.square,
        mean_square=result.mean**2 * over,
        mean=result.mean * sqrt(over),
        form=result,
        squares=squares,
        means=means,
        lags=tuple(along(_lags, own)),
    )


def average(rule: Average, node: Node, given: list[Laws], context: Context) -> Laws:  # noqa: ARG001 - as all rules
    """What is common to all positions stays, and the rest averages out as far as positions differ."""
    shares = divided(rule, node)
    return tuple([_mean_of(law, shares, node) for law in given[0]])


Shares = tuple[tuple[tuple[int, int, float], ...], ...]
"""On each axis, for each window, its first position, the one after the last, and what each of them is divided by."""


def divided(rule: Average, node: Node) -> Shares:
    """What windows read, and what they divide by, on each axis."""
    axes = spans(node)
    if rule.divisor:
        root = rule.divisor ** (1 / len(axes))
        return tuple([tuple([(start, stop, root) for start, stop in axis]) for axis in axes])
    whole = not node.uneven and rule.counts_padding
    kernel = node.window.kernel
    return tuple(
        [
            tuple([(start, stop, float(kernel[place] if whole else stop - start)) for start, stop in axis])
            for place, axis in enumerate(axes)
        ]
    )


def _mean_of(law: Law, shares: Shares, node: Node) -> Law:
    varied = law.square - law.mean_square
    here, mean = law.mean_square, law.mean
    squares, means, lags = [], [], []
    for axis, side, root, lag in zip(shares, law.squares, law.means, law.lags, strict=True):
        sums = [0.0, *accumulate(side)]
        factor, profile = evened(
            [
                (sums[stop] - sums[start]) / (stop - start) * _together(stop - start, lag) / by**2
                for start, stop, by in axis
            ]
        )
        roots = [0.0, *accumulate(root)]
        over, kept = evened([(roots[stop] - roots[start]) / by for start, stop, by in axis])
        varied *= factor
        here *= over**2
        mean *= over
        squares.append(profile)
        means.append(kept)
        lags.append(_lags([(start, stop) for start, stop, _ in axis]))
    square = varied + here
    flat = len(node.shape) == 1
    form = Gauss(square, here / square) if law.is_normal and square else None
    return law._replace(
        square=square,
        mean_square=here,
        mean=mean,
        form=form,
        squares=() if flat else tuple(squares),
        means=() if flat else tuple(means),
        lags=() if flat else tuple(lags),
        log_variance=law.log_variance + law.own,
        own=0.0,
    )


def _together(size: int, lags: Sequence[float]) -> float:
    """The sum of the correlations of all pairs of ``size`` neighbours."""
    return size + 2 * sum([(size - lag) * one for lag, one in enumerate(lags, 1) if lag < size])


def same(rule: Same, node: Node, given: list[Laws], context: Context) -> Laws:  # noqa: ARG001 - as all rules
    """Values stay; flat features are the positions of all channels."""
    laws = given[0]
    if len(node.shape) < len(node.input_shapes[0]):
        if len(node.shape) > 1:
            raise CannotSay("flattening of some axes is not worked out")
        return tuple([_flat(law) for law in laws])
    if node.shape[1:] != node.input_shapes[0][1:]:
        laws = tuple([_thinned(law, node.window.stride) for law in laws])
    if not rule.before and not rule.after:
        return laws
    even = flat_profiles(node.shape[1:])
    zeros = Law(0, 0.0, 0.0, 0.0, Gauss(0.0, 0.0), even, even, ((),) * len(even))
    around = [zeros._replace(channels=count) for count in (rule.before, rule.after)]
    return tuple([law for law in (around[0], *laws, around[1]) if law.channels])


def _flat(law: Law) -> Law:
    channels = law.channels * prod([len(axis) for axis in law.squares])
    form = law.form
    if isinstance(form, Gauss) and form.spans:
        form = None
    return law._replace(channels=channels, mean_square=law.here, form=form, squares=(), means=(), lags=())


def _thinned(law: Law, stride: Sequence[int]) -> Law:
    """Every so many positions."""
    factors = 1.0
    squares, means, lags, over = [], [], [], 1.0
    for axis, step in enumerate(stride):
        factor, profile = evened(law.squares[axis][::step])
        mean, root = evened(law.means[axis][::step])
        factors *= factor
        over *= mean
        squares.append(profile)
        means.append(root)
        lags.append(law.lags[axis][step - 1 :: step])
    form = law.form
    if isinstance(form, Gauss) and form.spans:
        form = form._replace(spans=tuple([axis[::step] for axis, step in zip(form.spans, stride, strict=True)]))
    return law._replace(
        square=law.square * factors,
        mean_square=law.mean_square * over**2,
        mean=law.mean * over,
        form=form,
        squares=tuple(squares),
        means=tuple(means),
        lags=tuple(lags),
    )


def drop(rule: Drop, node: Node, given: list[Laws], context: Context) -> Laws:  # noqa: ARG001 - as all rules
    """What is left is divided by its share, so that means stay (Srivastava et al. 2014, section 10)."""
    if rule.share >= 1:
        raise CannotSay("it drops everything")
    if not rule.share:
        return given[0]
    return tuple([law._replace(square=law.square / (1 - rule.share), form=None) for law in given[0]])


def add(_: Sum, node: Node, given: list[Laws], context: Context) -> Laws:  # noqa: ARG001 - as all rules
    """Second moments add up where each value has weights of its own around 0 (Hanin and Rolnick 2018, section 4)."""
    total = given[0]
    for other in given[1:]:
        total = tuple([_added(*pair) for pair in aligned(total, other)])
    return total


def aligned(first: Laws, second: Laws) -> list[tuple[Law, Law]]:
    """Both with equal numbers of channels, as many laws as it takes."""
    found = []
    left, right = [*first], [*second]
    while left and right:
        count = min(left[0].channels, right[0].channels)
        found.append((left[0]._replace(channels=count), right[0]._replace(channels=count)))
        for side in (left, right):
            rest = side[0].channels - count
            side[0] = side[0]._replace(channels=rest)
            if not rest:
                side.pop(0)
    return found


def _added(one: Law, two: Law) -> Law:
    if not one.square or not two.square:
        return one if one.square else two
    cross = 2 * one.mean * two.mean
    square = one.square + two.square + cross
    here = one.mean_square + two.mean_square + cross
    weights = (one.square / (one.square + two.square), two.square / (one.square + two.square))
    shares = _shares(one.mean_square, two.mean_square)
    varied = _shares(one.square - one.mean_square, two.square - two.mean_square)
    squares = tuple([blended(_with(sides, weights)) for sides in zip(one.squares, two.squares, strict=True)])
    means = tuple([blended(_with(sides, shares)) for sides in zip(one.means, two.means, strict=True)])
    lags = tuple([_blended_lags(_with(sides, varied)) for sides in zip(one.lags, two.lags, strict=True)])
    logs = [one.log_variance + one.own, two.log_variance + two.own]
    common = min(logs)
    return Law(
        one.channels,
        square,
        here,
        one.mean + two.mean,
        _sum_form(one, two, square),
        squares,
        means,
        lags,
        log_variance=common + sum([(log - common) * weight**2 for log, weight in zip(logs, weights, strict=True)]),
    )


def _with(sides: tuple[Profile, Profile], weights: tuple[float, float]) -> list[tuple[Profile, float]]:
    return list(zip(sides, weights, strict=True))


def _shares(one: float, two: float) -> tuple[float, float]:
    return (one / (one + two), two / (one + two)) if one + two else (0.5, 0.5)


def _sum_form(one: Law, two: Law, square: float) -> Form:
    if one.is_normal and two.is_normal:
        return Gauss(square, (one.here + two.here) / square)
    if one.form is None or two.form is None:
        return None
    step = sqrt(min(one.square, two.square)) / FINENESS
    steps = [form.step for form in (one.form, two.form) if isinstance(form, Masses)]
    step = max([step, *steps])
    first, second = as_masses(one, step), as_masses(two, step)
    return first.plus(second) if first and second else None


def stack(_: Stack, node: Node, given: list[Laws], context: Context) -> Laws:  # noqa: ARG001 - as all rules
    """One after the other."""
    return tuple([law for laws in given for law in laws])


def merged(laws: Sequence[Law]) -> Law:
    """One law for all channels together, for what takes sums over them; its form is that of all, if they have one."""
    first = laws[0]
    if len(laws) == 1:
        return first
    count = sum([law.channels for law in laws])
    square = sum([law.channels * law.square for law in laws]) / count
    here = sum([law.channels * law.mean_square for law in laws]) / count
    axes = range(len(first.squares))
    parts = [(law, law.channels * law.square / (count * square) if square else 1 / len(laws)) for law in laws]
    even = [(law, law.channels * law.mean_square / (count * here) if here else 1 / len(laws)) for law in laws]
    rest = count * (square - here)
    varied = [(law, law.channels * (law.square - law.mean_square) / rest if rest else 0.0) for law in laws]
    return Law(
        count,
        square,
        here,
        sum([law.channels * law.mean for law in laws]) / count,
        Gauss(square, here / square) if all(law.is_normal for law in laws) and square else None,
        tuple([blended([(law.squares[axis], share) for law, share in parts]) for axis in axes]),
        tuple([blended([(law.means[axis], share) for law, share in even]) for axis in axes]),
        tuple([_blended_lags([(law.lags[axis], share) for law, share in varied]) for axis in axes]),
        log_variance=sum([share * (law.log_variance + law.own) for law, share in parts]),
    )


def _blended_lags(parts: Sequence[tuple[tuple[float, ...], float]]) -> tuple[float, ...]:
    """The sum of correlations with weights."""
    most = max([len(lags) for lags, _ in parts])
    return tuple([sum([share * lags[at] for lags, share in parts if at < len(lags)]) for at in range(most)])


RULES: dict[type, Callable[[Any, Node, list[Laws], Context], Laws]] = {
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
"""Kind of rule -> what it makes of laws."""
