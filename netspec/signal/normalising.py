"""What normalisation over a batch makes of the law of what it reads, and what it passes back."""

from __future__ import annotations

from functools import partial
from math import sqrt

from netspec.graph.graph import Node
from netspec.ops.signal import Normalise
from netspec.signal.borders import Profile, along, evened
from netspec.signal.common import SMALL
from netspec.signal.context import Context, Laws, inverted, left, variance_of
from netspec.signal.law import Form, Gauss, Law, as_masses
from netspec.signal.masses import FINE, Masses
from netspec.signal.norms import affine, scaling
from netspec.signal.slope import Around, Back, Slope


def normalise(rule: Normalise, node: Node, given: list[Laws], context: Context) -> Laws:
    """The variance of a channel, not its second moment, becomes 1 (Ioffe and Szegedy 2015): its mean is taken away.

    So what is common to all images of a channel does not pass (Yang et al. 2019, section 3).
    """
    found = [context.once(law, rule, partial(_normalised, law, rule.eps, context)) for law in given[0]]
    result = (context.merged(tuple(found)),) if all(law.is_normal for law in found) else tuple(found)
    return tuple([affine(law, *scaling(node, context)) for law in result])


def _normalised(law: Law, eps: float, context: Context) -> Law:
    """Before there are factors and terms."""
    variance = variance_of(law, context)
    square = variance / (variance + eps)
    roots = [kernel.roots for kernel in law.common.kernels]
    squares = tuple(along(partial(_centred, law.square / variance), law.squares, roots))
    form: Form = Gauss(square, 0.0)
    if isinstance(law.form, (Gauss, Masses)) and not law.is_normal:
        one = as_masses(law, sqrt(variance) / FINE)
        form = one.shifted(-one.mean).scaled(sqrt(square / (one.square - one.mean**2))) if one else form
    both = law.common.centred(variance).weighted(square)
    swings = law.fluctuation.centred(law.common.all / law.square, context.batch)
    added = (1 - square) ** 2  # what is added to variances levels none that are small beside it
    uneven = unevenness(law, context.batch) * added if added > SMALL else 0.0
    return Law(law.channels, square, 0.0, both, form, squares, law.lags, uneven=uneven, fluctuation=swings, centred=1.0)


def _centred(share: float, squares: Profile, roots: Profile) -> Profile:
    """The profile of the squares less the mean over all positions; before, these were ``share`` times as much."""
    both = zip(squares, roots, strict=True)
    return evened([max(0.0, 1 + share * (value - 1) - 2 * (share - 1) * (root - 1)) for value, root in both])[1]


def normalise_back(rule: Normalise, around: Around) -> Back:
    """It is divided by the deviation, and less its own mean and what is along the value (Ioffe and Szegedy 2015, 3)."""
    weight, _ = scaling(around.node, around.context)
    context = around.context
    return [tuple([_passed(rule.eps, weight.square, context, *pair) for pair in around.channels])]


def _passed(eps: float, scale: float, context: Context, law: Law, slope: Slope) -> Slope:
    batch = context.batch
    factor, eased, tilt, one = context.once(law, ("passed", eps), partial(_figures, law, eps, context))
    common = slope.shared / batch * (1 - slope.balanced)
    means = common + (1 - slope.shared) * one * (1 - slope.centred)
    square = slope.square * scale * factor * left(means + (common * slope.along + one) * eased)
    return Slope(
        law.channels,
        square,
        slope.squares,
        slope.shared * (1 - 1 / batch),
        tilt=tilt,
        log_variance=slope.log_variance,
        centred=1.0,
        balanced=1.0,
        alike=slope.alike,
    )


def _figures(law: Law, eps: float, context: Context) -> tuple[float, float, float, float]:
    """By what it is multiplied, what of the variance is no ``eps``, what is less where weights are large, one value."""
    variance = variance_of(law, context)
    eased = variance / (variance + eps)
    factor = inverted(unevenness(law, context.batch) * eased * eased) / (variance + eps)
    tilt = (inverted(law.uneven) - 1) * eased * eased
    return factor, eased, tilt, 1 / (context.batch * law.positions)


def unevenness(law: Law, batch: int) -> float:
    """How much the variance of a channel differs from channel to channel: its variance over its square.

    By the weights that it is a sum of squares of, and twice the part of directions that values vary in: as many as
    there are values, fewer for what all images have in common and differs by position.
    """
    variance, pattern = law.varied, law.common.pattern
    own = (variance - pattern) ** 2 * law.fluctuation.within(batch * law.positions, batch)
    own += max(0.0, variance**2 - pattern**2) * law.fluctuation.correlated
    if pattern > SMALL * variance and not law.common.alike:
        own += law.common.pattern_squared
    return law.uneven + 2 * own / variance**2
