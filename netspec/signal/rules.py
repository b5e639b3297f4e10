"""What each kind of rule of :mod:`netspec.ops.signal` does: to the law of a value, and to its gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from netspec.graph.graph import Node
from netspec.signal import backward, forward, gating, sloping, smooth
from netspec.signal.backward import Around, Back
from netspec.signal.context import Context, Laws

FORWARD: Mapping[type, Callable[[Any, Node, list[Laws], Context], Laws]] = {
    **forward.RULES,
    **smooth.FORWARD,
    **gating.FORWARD,
}
"""Kind of rule -> what it makes of laws."""
BACKWARD: Mapping[type, Callable[[Any, Around], Back]] = {**backward.RULES, **sloping.BACKWARD, **gating.BACKWARD}
"""Kind of rule -> what it passes back."""
