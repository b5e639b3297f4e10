"""What norms within one image make of values and gradients: of groups of channels, of neighbouring ones, of one."""

from __future__ import annotations

from math import exp, log, prod, sqrt
from typing import NamedTuple

from netspec.graph.graph import Node
from netspec.ops.initialisation import Drawn
from netspec.ops.signal import Affine, NormaliseWithin, Respond
from netspec.signal import common
from netspec.signal.borders import Profile, evened, flat, together
from netspec.signal.common import Common
from netspec.signal.context import CannotSay, Context, Laws, inverted, left, scaled
from netspec.signal.curves import known
from netspec.signal.law import Form, Gauss, Law, as_masses
from netspec.signal.law import merged as law_of
from netspec.signal.masses import FINE
from netspec.signal.slope import Around, Back, Slope


class Group(NamedTuple):
    """What is normalised together: so many ``channels`` at so many ``positions``, of a ``mean`` and a ``variance``.

    ``apart`` is what the mean of one group has beside that of all, squared, and ``uneven`` how much the variance
    differs from one group to another: its variance over its square.
    """

    channels: int
    positions: int
    mean: float
    variance: float
    apart: float
    uneven: float


def groups(rule: NormaliseWithin, laws: Laws) -> list[Group]:
    """The group that the channels of each law lie in."""
    count = sum([law.channels for law in laws])
    size = count // rule.groups
    if rule.groups == 1:
        return [_group(law_of(laws), size, rule)] * len(laws)
    if any(law.channels % size for law in laws):
        raise CannotSay("it normalises channels together that are drawn differently")
    return [_group(law, size, rule) for law in laws]


def _group(law: Law, size: int, rule: NormaliseWithin) -> Group:
    """The variance within a group: the second moment less the square of its mean (Wu and He 2018, equation 2)."""
    alone, positions = law.square, 1
    if rule.positions:
        positions = law.positions
        alike = prod([together(len(axis), lags) for axis, lags in zip(law.squares, law.lags, strict=True)])
        alone = law.common.all + law.varied * min(1.0, max(0.0, alike) / positions**2)
    centre = law.mean**2
    apart = max(0.0, alone - centre) / size
    variance = law.square - centre - apart
    if variance <= 0:
        raise CannotSay("all values of a group are equal")
    own = 2 / (size * positions) + law.uneven / size
    return Group(size, positions, law.mean, variance, apart, own)


def normalise(rule: NormaliseWithin, node: Node, given: list[Laws], context: Context) -> Laws:
    """Each group less its mean, over its deviation (Ba et al. 2016, Ulyanov et al. 2016, Wu and He 2018)."""
    weight, bias = scaling(node, context)
    found = [_normalised(law, group, rule) for law, group in zip(given[0], groups(rule, given[0]), strict=True)]
    return tuple([affine(law, weight, bias) for law in found])


def scaling(node: Node, context: Context) -> tuple[Drawn, Drawn]:
    """The factors and the terms that channels start with: ones and zeros unless a scheme says otherwise."""
    weight, bias = (context.drawn(node, name, Drawn(one, 0.0)) for name, one in (("weight", 1.0), ("bias", 0.0)))
    return weight or Drawn(1.0, 0.0), bias or Drawn(0.0, 0.0)


def _normalised(law: Law, group: Group, rule: NormaliseWithin) -> Law:
    whole = group.variance + rule.eps
    varied = law.square - 2 * law.mean * group.mean + group.mean**2
    square = (varied - group.apart) / whole
    sizes = tuple(map(len, law.squares))
    form: Form = Gauss(square, 0.0)
    if law.form is None:
        form = None
    elif not law.is_normal:
        one = as_masses(law, sqrt(group.variance) / FINE)
        form = one.shifted(-group.mean).scaled(1 / sqrt(whole)) if one else None
    if group.channels == 1:
        both = law.common.centred(group.variance).weighted(square)
    else:
        both = _less(law.common, group.mean**2, (1 - 1 / group.channels) / whole)
    squares = law.squares if rule.positions else flat(sizes)
    if rule.positions and group.mean:
        squares = tuple([_centred(axis, law.square / varied) for axis in law.squares])
    centre = (law.mean - group.mean) / sqrt(whole)
    if isinstance(form, Gauss):
        form = Gauss(square, both.here / square)
    return Law(law.channels, square, centre, both, form, squares, law.lags, uneven=law.uneven)


def _centred(side: Profile, share: float) -> Profile:
    """A profile of squares less an even part; before it was taken away, these were ``share`` times as much."""
    return evened([max(0.0, 1 + share * (value - 1)) for value in side])[1]


def _less(both: Common, even: float, by: float) -> Common:
    """Less an even part that all have in common, times a factor."""
    if both.alike or both.here <= even:
        return common.none(tuple([len(axis) for axis in both.heres]))
    share = both.here / (both.here - even)
    return Common(
        max(0.0, both.all - even) * by,
        (both.here - even) * by,
        tuple([_centred(axis, share) for axis in both.heres]),
        both.kernels,
        taken=(both.taken + min(even, both.all)) * by,
    )


def affine(law: Law, weight: Drawn, bias: Drawn) -> Law:
    """With the factor and the term that a channel has."""
    if weight == Drawn(1.0, 0.0) and bias == Drawn(0.0, 0.0):
        return law
    factor, term = weight.square, bias.square
    cross = 2 * weight.mean * bias.mean * law.mean
    square = law.square * factor + term + cross
    both = law.common.weighted(factor)
    if term:
        sizes = tuple([len(axis) for axis in law.squares])
        more = common.of_mean(sqrt(term), flat(sizes))
        both = common.added([(both, 1.0), (more, 1.0)])
        both = both._replace(all=both.all + cross, here=both.here + cross, alike=law.common.alike and not bias.variance)
    form: Form = None
    if law.is_normal and square and not bias.mean:
        form = Gauss(square, both.here / square)
    elif not weight.variance and not bias.variance and weight.mean > 0:
        larger = scaled(law, weight.mean)
        form = larger.form
        if bias.mean:
            one = as_masses(larger, sqrt(larger.square) / FINE)
            form = one.shifted(bias.mean) if one else None
    return law._replace(square=square, mean=law.mean * weight.mean + bias.mean, common=both, form=form)


def rescale(_: Affine, node: Node, given: list[Laws], context: Context) -> Laws:
    """A factor and a term for each channel."""
    return tuple([affine(law, *scaling(node, context)) for law in given[0]])


def rescale_back(_: Affine, around: Around) -> Back:
    """The gradient times the factor."""
    weight, _bias = scaling(around.node, around.context)
    return [tuple([one._replace(square=one.square * weight.square) for one in around.slopes])]


def normalise_back(rule: NormaliseWithin, around: Around) -> Back:
    """It is divided by the deviation, and less its mean and what is along the value (Ba et al. 2016, section 5)."""
    weight, _ = scaling(around.node, around.context)
    both = zip(around.channels, groups(rule, around.reads[0]), strict=True)
    return [tuple([_normalised_back(law, slope, group, rule, weight.square) for (law, slope), group in both])]


def _normalised_back(law: Law, slope: Slope, group: Group, rule: NormaliseWithin, scale: float) -> Slope:
    count = group.channels * group.positions
    eased = group.variance / (group.variance + rule.eps)
    means = (slope.shared + (1 - slope.shared) / group.positions) / group.channels
    lost = means + (slope.shared * slope.along / group.channels + 1 / count) * eased
    uneven = 1 + (inverted(group.uneven) - 1) * eased**2
    square = slope.square * scale * uneven / (group.variance + rule.eps) * left(lost)
    squares = slope.squares
    if not rule.positions:
        sides = [_over(*axes, eased) for axes in zip(slope.squares, law.squares, strict=True)]
        square *= prod([factor for factor, _ in sides])
        squares = tuple([profile for _, profile in sides])
    return slope.beyond()._replace(
        channels=law.channels,
        square=square,
        squares=squares,
        shared=slope.shared * (1 - 1 / group.channels),
        gate=None,
        along=0.0,
        tilt=(inverted(law.uneven) - 1) * eased if group.channels == 1 else 0.0,
    )


def _over(squares: Profile, sides: Profile, eased: float) -> tuple[float, Profile]:
    """A gradient that is divided by the variance at each position of an axis."""
    return evened([one / (1 + eased * (side - 1)) for one, side in zip(squares, sides, strict=True)])


def response(x: float, k: float, alpha: float, beta: float, others: float, spread: float) -> float:
    """A value over what its square and those of its neighbours add up to: these lie ``spread`` around ``others``."""
    own = k + alpha * x * x
    more, less = own + alpha * (others + spread), own + alpha * max(0.0, others - spread)
    return x * (exp(-beta * log(more)) + exp(-beta * log(less))) / 2


def respond(rule: Respond, _: Node, given: list[Laws], __: Context) -> Laws:
    """Values over a power of a sum of squares of neighbours, which are drawn alike (Krizhevsky et al. 2012, 3.3)."""
    return tuple([_responding(law, rule) for law in given[0]])


def _responding(law: Law, rule: Respond) -> Law:
    return scaled(law, _response(law, rule).factor)


class Response(NamedTuple):
    """What values are divided by, as a ``factor``; ``beside`` is what a gradient is passed from the neighbours."""

    factor: float
    kept: float
    beside: float


def _response(law: Law, rule: Respond) -> Response:
    count = _neighbours(rule.size, law.channels)
    numbers = (rule.k, rule.alpha / rule.size, rule.beta)
    share = numbers[1] * law.square * (count + 1) / rule.k
    if share > NEARLY:
        raise CannotSay("a response that its neighbours change much is not worked out")
    form = known(law)
    fourth = sum([weight * x**4 for x, weight in form.points])
    others = (count * form.square, sqrt(max(0.0, count * (fourth - form.square**2))))
    step = form.step / 2
    values = [(x, weight, response(x, *numbers, *others)) for x, weight in form.points]
    slopes = [
        ((response(x + step, *numbers, *others) - response(x - step, *numbers, *others)) / form.step, weight)
        for x, weight in form.points
    ]
    square = sum([weight * y * y for _, weight, y in values])
    kept = sum([weight * slope * slope for slope, weight in slopes])
    whole = rule.k + numbers[1] * (count + 1) * law.square
    beside = (2 * rule.beta * numbers[1]) ** 2 * count * law.square**2 * exp(-(2 * rule.beta + 2) * log(whole))
    return Response(sqrt(square / form.square), kept, beside)


NEARLY = 0.2
"""Neighbours that add more of what a response is divided by change how values are distributed."""


def _neighbours(size: int, channels: int) -> float:
    """How many others there are in the mean: fewer at the first and the last channels."""
    before, after = size // 2, (size - 1) // 2
    cut = sum([max(0, before - at) + max(0, after - at) for at in range(min(channels, size))])
    return max(0.0, size - 1 - cut / channels)


def respond_back(rule: Respond, around: Around) -> Back:
    """It is divided as values are, and less what neighbours change each other by."""
    found = []
    for law, slope in zip(around.reads[0], around.slopes, strict=True):
        one = _response(law, rule)
        found.append(slope._replace(square=slope.square * (one.kept + one.beside)))
    return [tuple(found)]
