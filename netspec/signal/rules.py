"""What each kind of rule of :mod:`netspec.ops.signal` does: to the law of a value, and to its gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netspec.graph.graph import Node
from netspec.ops import signal
from netspec.signal import (
    adding,
    backward,
    forward,
    gating,
    moving,
    normalising,
    norms,
    pooling,
    sloping,
    smooth,
    transposed,
)
from netspec.signal.context import Context, Laws
from netspec.signal.slope import Around, Back

FORWARD: dict[type, Callable[[Any, Node, list[Laws], Context], Laws]] = {
    signal.Affine: norms.rescale,
    signal.Average: pooling.average,
    signal.Bend: smooth.bend,
    signal.Choose: moving.choose,
    signal.Deal: moving.deal,
    signal.Drop: forward.drop,
    signal.Largest: pooling.largest,
    signal.Mix: forward.mix,
    signal.Normalise: normalising.normalise,
    signal.NormaliseWithin: norms.normalise,
    signal.Product: gating.product,
    signal.Rectify: smooth.rectify,
    signal.RectifyBy: smooth.rectify_by,
    signal.Resample: moving.resample,
    signal.Respond: norms.respond,
    signal.Same: forward.same,
    signal.Scatter: transposed.scatter,
    signal.Stack: forward.stack,
    signal.Sum: adding.add,
    signal.Times: gating.times,
    signal.Weigh: adding.weigh,
}
"""Kind of rule -> what it makes of laws."""
BACKWARD: dict[type, Callable[[Any, Around], Back]] = {
    signal.Affine: norms.rescale_back,
    signal.Average: moving.average_back,
    signal.Bend: sloping.bend_back,
    signal.Choose: moving.choose_back,
    signal.Deal: moving.deal_back,
    signal.Drop: backward.drop,
    signal.Largest: sloping.largest_back,
    signal.Mix: backward.mix,
    signal.Normalise: normalising.normalise_back,
    signal.NormaliseWithin: norms.normalise_back,
    signal.Product: gating.product_back,
    signal.Rectify: backward.rectify,
    signal.RectifyBy: sloping.rectify_by_back,
    signal.Resample: moving.resample_back,
    signal.Respond: norms.respond_back,
    signal.Same: backward.same,
    signal.Scatter: transposed.scatter_back,
    signal.Stack: backward.stack,
    signal.Sum: adding.add_back,
    signal.Times: gating.times_back,
    signal.Weigh: sloping.weigh_back,
}
"""Kind of rule -> what it passes back."""
