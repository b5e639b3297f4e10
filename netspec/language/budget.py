"""``budget``: upper bounds of a network's figures."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import NamedTuple

from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.language.values import Mapping, Scalar, Value

FIGURES = (
    "params",
    "macs",
    "flops",
    "depth",
    "buffers",
    "receptive_field",
    "activations",
    "inference_memory",
    "training_memory",
)
"""What can be bounded. ``receptive_field`` is in pixels, on the longer side; memory is in bytes."""
UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
"""Powers of ten, for bytes too."""
AMOUNT = r"([0-9]{1,30}(?:\.[0-9]{1,30})?)([kMGT]?)"


class Limit(NamedTuple):
    """An upper bound that a spec sets for one of its figures."""

    amount: int
    span: Span


def limits(section: Mapping | None, problems: Problems) -> dict[str, Limit]:
    """Figure -> largest value; ``8M`` is eight million."""
    found = {}
    for name, (span, value) in (section.entries if section else {}).items():
        amount = _amount(value)
        if name not in FIGURES:
            hint = problems.hints.did_you_mean(name, FIGURES)
            problems.add(Problem("unknown-parameter", f"there is no budget for '{name}'", span, hint))
        elif amount is None:
            message = f"the budget of {name} is a number with k, M, G or T behind it, such as 8M"
            problems.add(Problem("wrong-type", message, value.span))
        else:
            found[name] = Limit(amount, value.span)
    return found


def _amount(value: Value) -> int | None:
    """The largest whole number that ``value`` allows; None if it is no amount."""
    written = value.value if isinstance(value, Scalar) else None
    if isinstance(written, float) and math.isfinite(written) and written >= 0:
        return math.floor(written)
    found = re.fullmatch(AMOUNT, str(written))
    return math.floor(Fraction(found[1]) * UNITS[found[2]]) if found else None
