"""Values as the text of a table's cell."""

from __future__ import annotations

from math import prod
from typing import TypeAlias

from netspec.ops.facts import Exact, plain

Value: TypeAlias = "int | float | str | tuple[Exact | float, ...] | None"
"""What a cell can hold; None where there is no value, such as the kernel of several operations."""


MIB = 1024 * 1024
GLOBAL = "global"
"""The receptive field of what sees every position of a map before it."""


def number(value: Value) -> float:
    """``value`` as something to sort by: the product of one for each axis, 0 for text."""
    if isinstance(value, tuple):
        return float(prod(value))
    return value if isinstance(value, int | float) else 0


def shown(value: Value) -> str:
    """``value`` as text: thousands separated, 0 as a dash, one number where those of all axes are equal."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return "x".join([_part(part) for part in (value[:1] if len(set(value)) == 1 else value)])
    if value == 0:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def decimals(value: Value) -> Value:
    """``value`` for a program: what is no whole number as a decimal one."""
    return tuple(map(plain, value)) if isinstance(value, tuple) else value


def _part(value: Exact | float) -> str:
    """The number of one axis: a coordinate as a decimal, a fraction as it is."""
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def operations(count: int) -> str:
    """``1 operation``, ``20 operations``."""
    return f"{count:,} operation{'s' if count > 1 else ''}"


def times(kind: str, count: int) -> str:
    """``bottleneck x3``, or ``bottleneck`` alone."""
    return f"{kind} x{count}" if count > 1 else kind


def images(count: int) -> str:
    """``1 image``, ``32 images``."""
    return "1 image" if count == 1 else f"{count:,} images"


def mebibytes(amount: int) -> str:
    """``97.7 MiB``; small ones with more digits."""
    size = amount / MIB
    return f"{size:,.1f} MiB" if size >= 1 else f"{size:.3f} MiB"
