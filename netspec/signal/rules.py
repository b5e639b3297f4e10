"""What each kind of rule of :mod:`netspec.ops.signal` does: to the law of a value, and to its gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from netspec.graph.graph import Node
from netspec.signal import backward, forward, gating, moving, norms, sloping, smooth, transposed
from netspec.signal.backward import Around, Back
from netspec.signal.context import Context, Laws

FORWARD: Mapping[type, Callable[[Any, Node, list[Laws], Context], Laws]] = {
    **forward.RULES,
    **smooth.FORWARD,
    **gating.FORWARD,
    **transposed.FORWARD,
    **moving.FORWARD,
    **norms.FORWARD,
}
"""Kind of rule -> what it makes of laws."""
BACKWARD: Mapping[type, Callable[[Any, Around], Back]] = {
    **backward.RULES,
    **sloping.BACKWARD,
    **gating.BACKWARD,
    **transposed.BACKWARD,
    **moving.BACKWARD,
    **norms.BACKWARD,
}
"""Kind of rule -> what it passes back."""
