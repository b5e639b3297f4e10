"""Written values into checked parameters: expressions worked out, pydantic's objections worded with their place."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Names
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from netspec.errors.problem import Code, Problem, Problems
from netspec.errors.source import Span
from netspec.errors.text import did_you_mean
from netspec.language.expression import Absent, UnknownNameError, evaluate
from netspec.language.grammar import ExpressionError
from netspec.language.values import Mapping, Scalar, Sequence, Value


class Worked(NamedTuple):
    """A value with every expression in it worked out."""

    data: Any


class Arguments(NamedTuple):
    """What is written after a word: values by name, and the place of the word."""

    given: dict[str, tuple[Span, Value]]
    span: Span

    @classmethod
    def of(cls, value: Value | None, span: Span, main: str) -> Arguments:
        """From a mapping of parameters, or from a main value, which stands for the parameter ``main``."""
        if value is None or (isinstance(value, Scalar) and value.value is None):
            return cls({}, span)
        if isinstance(value, Mapping):
            return cls(value.entries, span)
        return cls({main: (value.span, value)}, span)

    def over(self, given: Names[str, tuple[Span, Value]]) -> Arguments:
        """The same with other values for what is ``given``."""
        return Arguments({**self.given, **given}, self.span) if given else self

    def with_stride_one(self) -> Arguments:
        """The same for a later repetition: a stride is for the first alone."""
        if "stride" not in self.given:
            return self
        span, value = self.given["stride"]
        return Arguments({**self.given, "stride": (span, Scalar(1, value.span))}, self.span)


def is_expression(value: Value) -> bool:
    """Whether ``value`` is a scalar that contains ``$``."""
    return isinstance(value, Scalar) and isinstance(value.value, str) and "$" in value.value


def evaluated(value: Value, scope: Names[str, Any], problems: Problems) -> Worked | None:
    """``value`` as plain data, its expressions worked out over ``scope``; None after a mistake, also an earlier one."""
    if isinstance(value, Scalar):
        if not is_expression(value):
            return Worked(value.value)
        text = str(value.value)
        try:
            return Worked(evaluate(text, scope))
        except Absent:
            return None
        except ExpressionError as error:
            problems.add(expression_problem(error, value, scope))
            return None
    if isinstance(value, Sequence):
        items = [evaluated(item, scope, problems) for item in value.items]
        return None if None in items else Worked([item.data for item in items if item])
    entries = {key: evaluated(inner, scope, problems) for key, (_, inner) in value.entries.items()}
    return None if None in entries.values() else Worked({key: item.data for key, item in entries.items() if item})


def expression_problem(error: ExpressionError, value: Scalar, scope: Names[str, Any]) -> Problem:
    """``error`` with its place, and the name that was perhaps meant."""
    text = str(value.value)
    written = value.span.source.line(value.span.line)[value.span.column - 1 :]
    inset = written.find(text)  # behind the opening quote, if there is one
    offset = error.offset + inset if inset in (0, 1) else 0
    length = len(error.name) + 1 if isinstance(error, UnknownNameError) else 1
    span = value.span._replace(column=value.span.column + offset, length=length)
    hint = did_you_mean(error.name, scope) if isinstance(error, UnknownNameError) else error.hint
    return Problem(error.code, error.message, span, hint)


def built(
    model: type[BaseModel],
    whose: str,
    arguments: Arguments,
    scope: Names[str, Any],
    problems: Problems,
    like: BaseModel | None = None,
) -> BaseModel | None:
    """An instance of ``model`` from what is written, and for the rest as ``like``.

    None, with problems added, if it does not fit.
    """
    data: dict[str, Any] = {name: getattr(like, name) for name in model.model_fields} if like else {}
    complete = known = True
    for name, (span, value) in arguments.given.items():
        if name not in model.model_fields:
            problems.add(unknown_parameter(whose, name, span, model.model_fields))
            complete = known = False
            continue
        worked = evaluated(value, scope, problems)
        if worked is None:
            complete = False
        else:
            data[name] = worked.data
    try:
        instance = model(**data)
    except ValidationError as error:
        for problem in _objections(error, whose, arguments, data):
            if known or problem.code != "missing-parameter":  # a misspelt parameter is missing under its right name
                problems.add(problem)
        return None
    return instance if complete else None


def unknown_parameter(whose: str, name: str, span: Span, known: Iterable[str]) -> Problem:
    """``name`` is no parameter of ``whose``."""
    names = list(known)
    message = f"{whose} has no parameter '{name}'" if name else f"{whose} takes no value"
    return Problem(
        "unknown-parameter", message if names else f"{whose} takes no parameters", span, did_you_mean(name, names)
    )


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


def _objections(error: ValidationError, whose: str, arguments: Arguments, data: dict[str, Any]) -> list[Problem]:
    """Pydantic's errors, one for each parameter, in our words."""
    by_name: dict[str, list[Any]] = {}
    for item in error.errors(include_url=False):
        by_name.setdefault(str(item["loc"][0]), []).append(item)
    problems = []
    for name, items in by_name.items():
        if items[0]["type"] == "missing" and len(items[0]["loc"]) == 1:
            if name not in arguments.given:
                problems.append(Problem("missing-parameter", f"{whose} needs parameter '{name}'", arguments.span))
            continue
        expected = dict.fromkeys(filter(None, (_expected(item) for item in items)))
        is_range = any(not item["type"].endswith("_type") and item["type"] != "int_from_float" for item in items)
        message = f"'{name}' of {whose} must be {' or '.join(expected)}, not {shown(data[name])}"
        hints = [item["ctx"]["error"].args[1] for item in items if _has_hint(item)]
        span = _item_span(arguments.given[name][1], items)
        code: Code = "wrong-value" if is_range else "wrong-type"
        problems.append(Problem(code, message, span, hints[0] if hints else ""))
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


def shown(data: object) -> str:
    """A value as it would be written in a spec, cut if long."""
    if data is None:
        return "nothing"
    text = f"'{data}'" if isinstance(data, str) else str(data).lower() if isinstance(data, bool) else str(data)
    limit = 60
    return text if len(text) <= limit else text[: limit - 3] + "..."
