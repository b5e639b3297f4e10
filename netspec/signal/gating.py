"""What products make of values, of constants and of gates, and what of a gradient they pass back to each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import prod, sqrt

from netspec.graph.graph import Node
from netspec.ops.initialisation import Drawn
from netspec.ops.signal import Product, Times
from netspec.signal import common
from netspec.signal.borders import Profile, evened, flat
from netspec.signal.common import Common, Kernel, mean
from netspec.signal.context import CannotSay, Context, Laws, aligned, scaled
from netspec.signal.curves import collected
from netspec.signal.law import Form, Gauss, Law, as_masses
from netspec.signal.law import merged as law_of
from netspec.signal.masses import FINE, Masses
from netspec.signal.slope import Around, Back, Slope, Slopes, merged

STEADY = 0.02
"""A variance of a factor, over the square of its mean, that leaves what is normal so."""


def constant(node: Node, context: Context) -> Laws:
    """A tensor of the network itself, the same for all images: only channels and positions differ."""
    drawn = context.drawn(node, "", Drawn(0.0, 0.0)) or Drawn(0.0, 0.0)
    channels, *sizes = node.shape
    square, ends = drawn.square, flat(tuple(sizes))
    both = common.of_mean(drawn.mean, ends)
    both = both._replace(all=both.all + drawn.variance / prod(sizes), here=square, alike=not drawn.variance)
    form = Gauss(square, 1.0) if drawn.variance and not drawn.mean else None
    return (Law(channels, square, drawn.mean, both, form, ends, ((),) * len(sizes)),)


def times(rule: Times, _: Node, given: list[Laws], __: Context) -> Laws:
    """The square is multiplied by that of the factor."""
    return tuple([scaled(law, rule.factor) for law in given[0]])


def times_back(rule: Times, around: Around) -> Back:
    """The gradient is multiplied by the factor."""
    return [tuple([one._replace(square=one.square * rule.factor**2) for one in around.slopes])]


def product(_: Product, node: Node, given: list[Laws], __: Context) -> Laws:
    """Squares are multiplied where values know nothing of each other, as a gate does not of the value that it scales.

    The gate is made of the value, but by weights around 0 of its own (Hu et al. 2018, equation 3).
    """
    return reduce(lambda one, two: _products(one, two, node.shape), given[1:], given[0])


def _products(one: Laws, two: Laws, shape: Sequence[int]) -> Laws:
    """Of two values, whose channels or positions are repeated over those of the product."""
    first, second = (_repeated(laws, shape) for laws in (one, two))
    return tuple([_product(*pair, tuple(shape[1:])) for pair in aligned(first, second)])


def _repeated(laws: Laws, shape: Sequence[int]) -> Laws:
    """As many channels as ``shape`` has."""
    count = sum([law.channels for law in laws])
    return (laws[0]._replace(channels=shape[0]),) if count == 1 < shape[0] else laws


def _product(one: Law, two: Law, sizes: tuple[int, ...]) -> Law:
    one, two = (_spread(law, sizes) for law in (one, two))
    squares = [_both(*axes) for axes in zip(one.squares, two.squares, strict=True)]
    heres = [_both(*axes) for axes in zip(one.common.heres, two.common.heres, strict=True)]
    between = [_kernels(*axes) for axes in zip(one.common.even.kernels, two.common.even.kernels, strict=True)]
    square = one.square * two.square * prod([factor for factor, _ in squares])
    here = min(square, one.common.here * two.common.here * prod([factor for factor, _ in heres]))
    all_ = min(here, one.common.all * two.common.all * prod([factor for factor, _ in between]))
    both = Common(
        all_,
        here,
        tuple([profile for _, profile in heres]),
        tuple([kernel for _, kernel in between]),
        one.common.alike and two.common.alike,
    )
    lags = tuple([_lags(one, two, axis, square - here) for axis in range(len(sizes))])
    uneven = (1 + one.uneven + _unlike(one)) * (1 + two.uneven + _unlike(two)) - 1
    centre = one.mean * two.mean
    return Law(
        one.channels,
        square,
        centre,
        both,
        _form(one, two),
        tuple([profile for _, profile in squares]),
        lags,
        one.logs + two.logs,
        0.0,
        uneven,
    )


def _unlike(law: Law) -> float:
    """How much the squares of a factor with one position differ from channel to channel."""
    if law.positions > 1 or not law.square:
        return 0.0
    return min(2.0, 4 * max(0.0, law.square - law.mean**2) / law.square)


def _spread(law: Law, sizes: tuple[int, ...]) -> Law:
    """``law`` on so many positions, over which what has one is repeated; flat features are one position."""
    before = tuple(map(len, law.squares)) or (1,) * len(sizes)
    if before == sizes:
        return law
    ends, heres = law.squares or ((1.0,),) * len(sizes), law.common.heres or ((1.0,),) * len(sizes)
    kernels = law.common.even.kernels or (Kernel((1.0,)),) * len(sizes)

    def wide(profiles: Sequence[Profile]) -> tuple[Profile, ...]:
        return tuple([one * size if len(one) < size else one for one, size in zip(profiles, sizes, strict=True)])

    both = law.common.even._replace(
        heres=wide(heres),
        kernels=tuple(
            [Kernel((1.0,) * size) if len(one.roots) < size else one for one, size in zip(kernels, sizes, strict=True)]
        ),
    )
    lags = tuple(
        [
            (1.0,) * (size - 1) if old < size else lag
            for old, size, lag in zip(before, sizes, law.lags or ((),) * len(sizes), strict=True)
        ]
    )
    return law._replace(squares=wide(ends), common=both, lags=lags)


def _both(one: Profile, two: Profile) -> tuple[float, Profile]:
    return evened([first * second for first, second in zip(one, two, strict=True)])


def _kernels(one: Kernel, two: Kernel) -> tuple[float, Kernel]:
    """Of the product of two means."""
    factor, roots = _both(one.roots, two.roots)
    if one.makes is None and two.makes is None:
        return factor * factor, Kernel(roots)

    def rows() -> common.Rows:
        return tuple(
            [
                tuple([first * second for first, second in zip(*row, strict=True)])
                for row in zip(one.rows, two.rows, strict=True)
            ]
        )

    whole = mean(rows(), len(roots))
    return whole, Kernel(roots, lambda: common.scaled(rows(), whole))


def _lags(one: Law, two: Law, axis: int, varied: float) -> tuple[float, ...]:
    """The correlations of the product beyond what images have in common."""
    if varied <= 0:
        return ()
    most = max(len(one.lags[axis]), len(two.lags[axis]))
    found = []
    for at in range(most):
        pair = [
            law.common.here + (law.square - law.common.here) * (law.lags[axis][at] if at < len(law.lags[axis]) else 0.0)
            for law in (one, two)
        ]
        found.append((pair[0] * pair[1] - one.common.here * two.common.here) / varied)
    return tuple(found) if any(abs(one) > LITTLE for one in found) else ()


LITTLE = 1e-3
"""A correlation that makes no difference."""


def _form(one: Law, two: Law) -> Form:
    """How a product is distributed: as one factor, where the other hardly varies."""
    for value, factor in ((one, two), (two, one)):
        if factor.square and factor.mean > 0 and factor.square / factor.mean**2 - 1 <= STEADY:
            return scaled(value, factor.mean).form
    if one.form is None or two.form is None or not one.square or not two.square:
        return None
    parts = [_coarse(law) for law in (one, two)]
    return collected([(x * y, share * other) for x, share in parts[0] for y, other in parts[1]])


def _coarse(law: Law) -> list[tuple[float, float]]:
    found = as_masses(law, sqrt(law.square) / FINE)
    if not isinstance(found, Masses):
        raise CannotSay("how what it reads is distributed is not known")
    return found.coarser(found.step * 2).points


def product_back(_: Product, around: Around) -> Back:
    """Each factor is passed the gradient times the others, summed up over what it is repeated over."""
    node = around.node
    found = []
    for at, laws in enumerate(around.reads):
        others = [law_of(one) for place, one in enumerate(around.reads) if place != at]
        found.append(_factor_back(laws, others, merged(around.slopes), node.input_shapes[at], node.shape))
    return found


def _factor_back(
    laws: Laws, others: Sequence[Law], slope: Slope, before: Sequence[int], after: Sequence[int]
) -> Slopes:
    square = slope.square * prod([law.square for law in others])
    sizes = tuple(before[1:]) or (1,) * (len(after) - 1)
    many = prod(after[1:]) // prod(sizes)
    together = [_together(law) for law in others]
    square *= many * (prod(_alongside(slope, others)) + (many - 1) * slope.shared * prod(together))
    square *= after[0] // before[0]
    squares = slope.squares if many == 1 else flat(tuple(before[1:]))
    passed = slope.beyond()._replace(square=square, squares=squares)
    return tuple([passed._replace(channels=law.channels) for law in laws])


def _alongside(slope: Slope, others: Sequence[Law]) -> list[float]:
    """On each axis, how much larger the mean of the product is than the product of means: borders are weak in both."""
    pairs = [pair for law in others for pair in zip(slope.squares, law.squares, strict=False)]
    return [_both(side, axis)[0] for side, axis in pairs if len(side) == len(axis)]


def _together(law: Law) -> float:
    """The mean of the product of two positions of one image, over the mean of the square."""
    return law.between + (1 - law.between) * law.alike if law.positions > 1 else 1.0
