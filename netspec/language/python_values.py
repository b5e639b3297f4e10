"""Values that a Python caller gives: plain data, or arrays and their scalars, for which NumPy need not be imported."""

from __future__ import annotations

from collections.abc import Mapping as Names
from math import isfinite
from typing import Any

from netspec.errors.codes import Code
from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Source, Span
from netspec.language.reader import MAX_DEPTH, MAX_DIGITS
from netspec.language.values import Mapping, Scalar, Sequence, Value, shown, weight
from netspec.limits import LIMITS, RAISE, Limits

TAKEN = "numbers, text, True, False, None, and lists and dicts of them are taken; arrays and their scalars too"


class _Refused(Exception):
    """A value that no spec can hold: code, what it is, and what helps."""

    def __init__(self, code: Code, what: str, hint: str = TAKEN) -> None:
        super().__init__(what)
        self.code, self.what, self.hint = code, what, hint


def python_values(arguments: Names[str, object], problems: Problems, limits: Limits = LIMITS) -> dict[str, Value]:
    """Name -> value of each argument, at a place of its own that messages can show.

    Adds a problem for each argument that is no data of a spec, and leaves it out.
    """
    found = {}
    for name, given in arguments.items():
        try:
            found[name] = _value(name, given, limits)
        except _Refused as refused:
            span = _span(name, f"<{type(given).__name__}>")
            problems.add(Problem(refused.code, f"argument '{name}' {refused.what}", span, refused.hint))
    return found


def _value(name: str, given: object, limits: Limits) -> Value:
    data = _plain(given, 0)
    value = _placed(data, _span(name, shown(data)))
    if weight(value) > limits.values:
        raise _Refused("limit", f"has more than {limits.values:,} values", RAISE)
    return value


def _span(name: str, text: str) -> Span:
    return Span(Source(f"argument {name}", text), 1, 1, len(text))


def _plain(given: Any, depth: int) -> Any:
    """``given`` as what YAML could have said: None, bool, int, float, str, and lists and dicts of these."""
    if depth > MAX_DEPTH:
        raise _Refused("limit", f"is nested more than {MAX_DEPTH} deep", "")
    if given is None or isinstance(given, (bool, int, float, str)):
        return _scalar(given)
    if isinstance(given, (list, tuple, range)):
        return [_plain(item, depth + 1) for item in given]
    if isinstance(given, Names):
        if not all(isinstance(key, str) for key in given):
            raise _Refused("wrong-type", "has keys that are no text")
        return {str.__str__(key): _plain(item, depth + 1) for key, item in given.items()}
    return _plain(_unwrapped(given), depth + 1)


def _scalar(given: Any) -> Any:
    """``given`` without the subclass that it may be of: an enumeration's member, NumPy's float64."""
    if given is None or isinstance(given, bool):
        return given
    if isinstance(given, str):
        text = str.__str__(given)
        if any("\ud800" <= char <= "\udfff" for char in text):
            raise _Refused("wrong-value", "has half a character in it, which no file could hold", "")
        return text
    if isinstance(given, int):
        if abs(given) >= 10**MAX_DIGITS:
            raise _Refused("limit", f"has a number of more than {MAX_DIGITS} digits", "")
        return int(given)
    if not isfinite(given):
        raise _Refused("wrong-value", f"must be finite, not {float(given)}", "")
    return float(given)


def _unwrapped(given: Any) -> Any:
    """What an array or one of its scalars holds, as plain data: NumPy's, torch's and pandas' have one method for it."""
    try:
        return given.tolist()
    except (AttributeError, TypeError, ValueError, RuntimeError):  # also of classes, and of tensors without values
        kind = f"{type(given).__module__}.{type(given).__qualname__}".removeprefix("builtins.")
        raise _Refused("wrong-type", f"is of type {kind}, which no spec can hold") from None


def _placed(data: Any, span: Span) -> Value:
    """``data`` at ``span``."""
    if isinstance(data, list):
        return Sequence(tuple(_placed(item, span) for item in data), span)
    if isinstance(data, dict):
        return Mapping({key: (span, _placed(item, span)) for key, item in data.items()}, span)
    return Scalar(data, span)
