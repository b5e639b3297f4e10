"""What elementwise functions pass back of a gradient, and where it lies behind joins and maxima of what they make."""

from __future__ import annotations

from math import prod

from netspec.ops.signal import Bend, Largest, RectifyBy, Sum, Weigh
from netspec.signal import backward
from netspec.signal.adding import add_back, weighed
from netspec.signal.borders import Profile, evened, spans
from netspec.signal.curves import EVEN, curve, known, nearby, points_of, slope_of
from netspec.signal.law import Law
from netspec.signal.masses import Masses
from netspec.signal.slope import Around, Back, Slope


def bend_back(rule: Bend, around: Around) -> Back:
    """It is multiplied by the slope where the value lies (Poole et al. 2016, section 4; Schoenholz et al. 2017)."""
    both = zip(around.reads[0], around.slopes, strict=True)
    return [tuple([_bent_back(law, slope, rule) for law, slope in both])]


def _bent_back(law: Law, slope: Slope, rule: Bend) -> Slope:
    if not law.is_normal or not law.square:
        return _back_of_masses(law, slope, rule)
    one = curve(rule.function, rule.parameters, nearby(law))
    kept, above = one.kept(slope.gate)
    alike = law.between + (1 - law.between) * law.alike
    both = one.slopes.at(alike) if slope.gate is None else min(kept, one.slopes.parts[0])
    sides = [_steeper(*axes, one.steepens) for axes in zip(slope.squares, law.squares, strict=False)]
    return slope.beyond()._replace(
        square=slope.square * kept * prod([factor for factor, _ in sides]),
        squares=tuple([profile for _, profile in sides]),
        shared=slope.shared * both / kept if kept else 0.0,
        gate=above / kept if kept else None,
        along=one.sideways**2 / both if both else 0.0,
        lags=backward.nearer(law, slope, one.slopes.at, kept) if slope.gate is None else (),
    )


def _steeper(squares: Profile, sides: Profile, power: float) -> tuple[float, Profile]:
    """A gradient that is shared out over an axis, where slopes grow with the values there."""
    return evened([one * side**power for one, side in zip(squares, sides, strict=True)])


def _back_of_masses(law: Law, slope: Slope, rule: Bend) -> Slope:
    points = points_of(rule, known(law))
    above = sum([one.share * one.slope**2 for one in points if one.x > 0])
    kept = sum([one.share * one.slope**2 for one in points])
    share = sum([one.share for one in points if one.x > 0])
    if slope.gate is not None and 0 < share < 1:
        rest = (kept - above) * (1 - slope.gate) / (1 - share)
        above *= slope.gate / share
        kept = above + rest
    mean = sum([one.share * one.slope for one in points])
    shared = min(1.0, mean * mean / kept) if kept else 0.0
    gate = above / kept if kept else None
    return slope.beyond()._replace(
        square=slope.square * kept, shared=slope.shared * shared, gate=gate, along=0.0, lags=()
    )


def rectify_by_back(rule: RectifyBy, around: Around) -> Back:
    """The same."""
    return backward.rectify(slope_of(rule, around.node, around.context), around)


def _has_signs(law: Law) -> bool:
    """Whether ``law`` is that of a function with values on both sides of 0, as its argument has."""
    return isinstance(law.form, Masses) and ONE_SIDED < law.positive < 1 - ONE_SIDED


ONE_SIDED = 0.1
"""A share of values on one side of 0 that is so little has no sign to speak of."""


def weigh_back(rule: Weigh, around: Around) -> Back:
    """Each is passed the gradient times its factor."""
    passed = add_back(Sum(), around._replace(reads=weighed(rule, around.reads)))
    return [
        tuple([one._replace(square=one.square * by * by) for one in slopes])
        for slopes, by in zip(passed, rule.factors, strict=True)
    ]


def largest_back(rule: Largest, around: Around) -> Back:
    """It lies where values are large: above the middle of those that a function makes, where all are above 0."""
    (found,) = backward.largest(rule, around)
    counts = [sum([stop - start for start, stop in axis]) / len(axis) for axis in spans(around.node)]
    above = 1 - EVEN ** prod(counts)
    laws = around.reads[0]
    sided = [isinstance(law.form, Masses) and not law.is_rectified and not _has_signs(law) for law in laws]
    return [tuple([one._replace(gate=above) if other else one for one, other in zip(found, sided, strict=True)])]
