"""What a layer's ``name``, ``when`` and ``repeat`` come to, once expressions are worked out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.errors.codes import Code
from netspec.errors.problem import Problem, Problems
from netspec.language import names
from netspec.language.evaluation import evaluated
from netspec.language.layers import Layer
from netspec.language.values import Value, shown
from netspec.limits import RAISE


def name_of(value: Value, values: Mapping[str, Any], problems: Problems) -> str | None:
    """The name that ``value`` comes to; None after a mistake."""
    worked = evaluated(value, values, problems)
    if worked is None:
        return None
    data = str(worked.data) if isinstance(worked.data, int) and not isinstance(worked.data, bool) else worked.data
    if not isinstance(data, str):
        problems.add(Problem("wrong-type", f"a name is a word, not {shown(data)}", value.span))
        return None
    fault = names.fault(data) if not data.isdecimal() else ""
    if fault:
        problems.add(Problem("bad-name", fault, value.span))
    return None if fault else data


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
