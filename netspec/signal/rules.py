"""What each kind of rule of :mod:`netspec.ops.signal` does: to the law of a value, and to its gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from netspec.graph.graph import Node
from netspec.ops.signal import Sum, Weigh
from netspec.signal import backward, forward, gating, moving, norms, sloping, smooth, transposed
from netspec.signal.backward import Around, Back
from netspec.signal.context import Context, Laws, scaled


def weigh(rule: Weigh, node: Node, given: list[Laws], context: Context) -> Laws:
    """The sum of what is multiplied before."""
    return forward.add(Sum(), node, _weighed(rule, given), context)


def _weighed(rule: Weigh, given: Sequence[Laws]) -> list[Laws]:
    return [tuple([scaled(law, by) for law in laws]) for laws, by in zip(given, rule.factors, strict=True)]


def weigh_back(rule: Weigh, around: Around) -> Back:
    """Each is passed the gradient times its factor."""
    passed = sloping.add_back(Sum(), around._replace(reads=_weighed(rule, around.reads)))
    return [
        tuple([one._replace(square=one.square * by * by) for one in slopes])
        for slopes, by in zip(passed, rule.factors, strict=True)
    ]


FORWARD: Mapping[type, Callable[[Any, Node, list[Laws], Context], Laws]] = {
    **forward.RULES,
    **smooth.FORWARD,
    **gating.FORWARD,
    **transposed.FORWARD,
    **moving.FORWARD,
    **norms.FORWARD,
    Weigh: weigh,
}
"""Kind of rule -> what it makes of laws."""
BACKWARD: Mapping[type, Callable[[Any, Around], Back]] = {
    **backward.RULES,
    **sloping.BACKWARD,
    **gating.BACKWARD,
    **transposed.BACKWARD,
    **moving.BACKWARD,
    **norms.BACKWARD,
    Weigh: weigh_back,
}
"""Kind of rule -> what it passes back."""
