"""What pydantic objects to in the parameters of a word, in our words and with its place."""

from __future__ import annotations

from collections.abc import Mapping as Names
from typing import Any

from pydantic import ValidationError

from netspec.errors.codes import Code
from netspec.errors.problem import Problem
from netspec.errors.source import Span
from netspec.language.values import Sequence, Value, shown

CUT = "an expression with a comma in it needs quotes inside {...}"


def is_cut(text: Any) -> bool:
    """Whether a comma of the YAML around it has cut ``text``, an expression, in two: brackets stand in both parts."""
    return isinstance(text, str) and any(text.count(one) != text.count(other) for one, other in ("()", "[]"))


_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a word",
    "list_type": "a list",
    "tuple_type": "a whole number or a list of them",
    "dict_type": "a mapping",
    "finite_number": "a finite number",
}


def objections(
    error: ValidationError, whose: str, given: Names[str, Value], span: Span, data: Names[str, Any], meant: set[str]
) -> list[Problem]:
    """Pydantic's errors about ``whose`` parameters, one for each of these, in our words.

    ``given`` are the parameters as written, and ``data`` what they come to; ``span`` is the place of the word. What is
    ``meant`` under a wrong name is not missing.
    """
    by_name: dict[str, list[Any]] = {}
    problems = []
    for item in error.errors(include_url=False):
        if item["loc"]:
            by_name.setdefault(str(item["loc"][0]), []).append(item)
        else:  # of several parameters together
            problems.append(Problem("wrong-value", f"{whose} must have {_expected(item)}", span))
    for name, items in by_name.items():
        if items[0]["type"] == "missing" and len(items[0]["loc"]) == 1:
            if name not in given and name not in meant:
                problems.append(Problem("missing-parameter", f"{whose} needs parameter '{name}'", span))
            continue
        expected = dict.fromkeys(filter(None, (_expected(item) for item in items)))
        is_range = any(not item["type"].endswith("_type") and item["type"] != "int_from_float" for item in items)
        message = f"'{name}' of {whose} must be {' or '.join(expected)}, not {shown(data[name])}"
        hints = [item["ctx"]["error"].args[1] for item in items if _has_hint(item)]
        span = _item_span(given[name], items)
        code: Code = "wrong-value" if is_range else "wrong-type"
        problems.append(Problem(code, message, span, hints[0] if hints else CUT if is_cut(data[name]) else ""))
    return problems


def _item_span(value: Value, items: list[Any]) -> Span:
    """The place of the wrong element of a list, if all objections are about one; else of the whole value."""
    indices = {part for item in items for part in item["loc"][1:] if isinstance(part, int)}
    if isinstance(value, Sequence) and len(indices) == 1:
        index = indices.pop()
        return value.items[index].span if index < len(value.items) else value.span
    return value.span


def _has_hint(item: Any) -> bool:
    return item["type"] == "value_error" and len(item["ctx"]["error"].args) > 1


def _expected(item: Any) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "none_required":
        return ""
    if kind == "literal_error":
        return str(context["expected"])
    if kind == "value_error":
        return str(context["error"].args[0])
    if kind == "missing":
        return "a whole number or a pair"
    if kind == "too_short":
        return f"a list of at least {context['min_length']}"
    if kind == "too_long":
        return f"a list of at most {context['max_length']}"
    bounds = {"greater_than_equal": "ge", "greater_than": "gt", "less_than_equal": "le", "less_than": "lt"}
    if kind in bounds:
        key = bounds[kind]
        said = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}[key]
        return f"{said} {context[key]:g}" if isinstance(context[key], float) else f"{said} {context[key]}"
    return _EXPECTED.get(kind, "another value")
