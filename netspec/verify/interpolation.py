"""What torch's interpolation reads on one axis: for each position the elements that it takes with a weight.

Weights are found by interpolating lines that tell elements apart. A weight that is a rounding of 0 is none: where a
position lies on an element, torch adds its neighbour times 0 or nearly so, and a NaN would come from both.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from netspec.ops.facts import Exact

MODES = {
    **dict.fromkeys(("nearest",), "nearest"),
    **dict.fromkeys(("linear", "bilinear", "trilinear"), "bilinear"),
    **dict.fromkeys(("bicubic",), "bicubic"),
}
"""Mode of a layer -> the mode of two axes that does the same on each."""
APART = 8
"""Elements that lie so far apart are never read by one position."""
NONE = 1e-9
"""A smaller weight is none."""
SIMPLE = 2**16
"""Scales are fractions with denominators up to this, as far as a float can tell."""
PERIODS = 5
"""How many times the map is repeated, so that the periods in the middle are far from the ends."""
Span = tuple[int, int]
"""The first and the last element that a position reads."""


def spans(layer: Any, axis: int, size: int, out: int) -> list[Span]:
    """What each of ``out`` positions reads of ``size`` elements, as ``layer`` interpolates along ``axis``."""
    scale = getattr(layer, "scale_factor", None)
    factor = scale[axis] if isinstance(scale, tuple) else scale
    elements = torch.arange(size, dtype=torch.double)
    lines = torch.stack([elements, *((elements % APART == which).double() for which in range(APART))])
    wanted: dict[str, Any] = {"size": (1, out)} if factor is None else {"scale_factor": (1.0, factor)}
    mode = MODES[layer.mode]
    found = functional.interpolate(
        lines.view(1, 1 + APART, 1, size),
        mode=mode,
        align_corners=None if mode == "nearest" else bool(layer.align_corners),
        **wanted,
    ).view(1 + APART, -1)
    # In the middle of a line the first value is where the position lies, as all three modes keep a slope.
    return [
        _span(float(place), [which for which in range(APART) if abs(weights[which]) > NONE], size)
        for place, weights in zip(found[0], found[1:].T.tolist(), strict=True)
    ]


def _span(place: float, classes: list[int], size: int) -> Span:
    """The elements of these ``classes`` that lie nearest to ``place``."""
    middle = min(max(round(place), 0), size - 1)
    near = range(max(0, middle - APART // 2), min(size, middle + APART // 2))
    read = [element for element in near if element % APART in classes]
    return read[0], read[-1]


def periods(layer: Any, axis: int, size: int, out: int) -> tuple[Exact, list[tuple[int, Span]]]:
    """The step of ``layer`` on ``axis`` between maps of these sizes, and what positions of each phase read.

    Each position with its place, far from both ends. A single position at a corner is a whole map from the next.
    """
    scale = getattr(layer, "scale_factor", None)
    if bool(layer.align_corners):
        step = Fraction(size - 1, out - 1) if out > 1 else Fraction(size)
    elif scale is not None:
        factor = scale[axis] if isinstance(scale, tuple) else scale
        step = 1 / Fraction(factor).limit_denominator(SIMPLE)
    else:
        step = Fraction(size, out)
    rise, run = step.numerator, step.denominator
    more = PERIODS * -(-APART // min(rise, run))
    if bool(layer.align_corners):
        found = spans(_by_size(layer), axis, more * rise + 1, more * run + 1)
    else:
        found = spans(layer if scale is not None else _by_size(layer), axis, more * rise, more * run)
    first = (more // 2) * run
    return step, [(at, found[at]) for at in range(first, first + run)]


class _by_size:  # noqa: N801 - a view of a layer
    """A layer as it interpolates to a given size."""

    def __init__(self, layer: Any) -> None:
        self.mode, self.align_corners = layer.mode, layer.align_corners


def size_of(layer: Any, x: Tensor, *like: Tensor) -> tuple[int, ...]:
    """The size that ``layer`` gives the map ``x``, or two maps of which the second says it."""
    return tuple(layer(x[:1, :1], *[other[:1, :1] for other in like]).shape[2:])


def summed(layer: Any, x: Tensor, at: int, axis: int, out: int) -> Tensor:
    """``x`` on the axis that is its ``at``-th with each position the sum of the elements that it reads."""
    size = x.shape[2 + at]
    read = spans(layer, axis, size, out)
    taps = max(last - first for first, last in read) + 1
    places = [torch.tensor([min(first + tap, last) for first, last in read]) for tap in range(taps)]
    return torch.stack([x.index_select(2 + at, place) for place in places]).sum(0)
