"""What a layer's word, ``when`` and ``repeat`` come to, once expressions are worked out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.errors.problem import Code, Problem, Problems
from netspec.language.arguments import evaluated, shown
from netspec.language.layers import Layer, Use
from netspec.limits import RAISE


def word_of(use: Use, values: Mapping[str, Any], problems: Problems) -> str | None:
    """The word of ``use``, which may be an expression; None after a mistake."""
    worked = evaluated(use.word, values, problems)
    if worked is None or isinstance(worked.data, str):
        return worked.data if worked else None
    problems.add(Problem("wrong-type", f"a layer's word cannot be {shown(worked.data)}", use.word.span))
    return None


def is_wanted(layer: Layer, values: Mapping[str, Any], problems: Problems) -> bool:
    """Whether the ``when`` of ``layer`` holds; True after a mistake."""
    worked = None if layer.when is None else evaluated(layer.when, values, problems)
    if layer.when is None or worked is None:
        return True
    if isinstance(worked.data, bool):
        return worked.data
    hint = "of outputs it can be 'training'" if worked.data == "training" else "compare: $depth > 50"
    message = f"'when' of a layer is true or false, not {shown(worked.data)}"
    problems.add(Problem("wrong-type", message, layer.when.span, hint))
    return True


def repetitions(layer: Layer, values: Mapping[str, Any], problems: Problems, most: int) -> int:
    """How often ``layer`` is repeated, ``most`` times at most; 1 after a mistake."""
    worked = None if layer.repeat is None else evaluated(layer.repeat, values, problems)
    if layer.repeat is None or worked is None:
        return 1
    count = worked.data
    is_whole = isinstance(count, int) and not isinstance(count, bool)
    if is_whole and 1 <= count <= most:
        return int(count)
    if is_whole and count > most:
        message = f"'repeat' may be at most {most:,}, not {count:,}"
        problems.add(Problem("limit", message, layer.repeat.span, RAISE))
        return 1
    message = f"'repeat' must be a whole number from 1, not {shown(count)}"
    code: Code = "wrong-value" if is_whole else "wrong-type"
    problems.add(Problem(code, message, layer.repeat.span, "leave a layer out with 'when'"))
    return 1
