"""Written values into checked parameters: expressions worked out, pydantic's objections worded with their place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Mapping as Names
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from netspec.errors.codes import Code
from netspec.errors.other_names import PARAMETERS
from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.errors.suggestions import Hints, Suggestion, did_you_mean
from netspec.language.expression import (
    MAX_ELEMENTS,
    Absent,
    Own,
    UnknownNameError,
    elements,
    evaluate,
    names,
    no_layer,
)
from netspec.language.grammar import ExpressionError
from netspec.language.values import Mapping, Scalar, Sequence, Value

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

CUT = "an expression with a comma in it needs quotes inside {...}"
MAX_OWN = 20
"""How many values of parameters of one layer may be worked out from one another with ``$.``."""


class Worked(NamedTuple):
    """A value with every expression in it worked out."""

    data: Any


class Placed(dict[str, Any]):
    """A mapping that was worked out, and remembers how it is written: as a layer it is used with its places."""

    written: Mapping


class Given(NamedTuple):
    """One value of a parameter: where its name stands, what is written, and what its expressions see."""

    span: Span
    value: Value
    scope: Names[str, Any]


class Arguments(NamedTuple):
    """What the parameters of a word are given, and the place of the word.

    A parameter may be given several values, one over the other: the last one holds, and ``$.x`` in it is the one
    before, of the parameter ``x`` itself.
    """

    given: dict[str, tuple[Given, ...]]
    span: Span

    @classmethod
    def of(cls, value: Value | None, span: Span, main: str, scope: Names[str, Any]) -> Arguments:
        """From a mapping of parameters, or from a main value, which stands for the parameter ``main``."""
        if value is None or (isinstance(value, Scalar) and value.value is None):
            return cls({}, span)
        if not isinstance(value, Mapping):
            return cls({main: (Given(value.span, value, scope),)}, span)
        return cls({name: (Given(key, inner, scope),) for name, (key, inner) in value.entries.items()}, span)

    def over(self, upper: Arguments) -> Arguments:
        """The same with the values of ``upper`` over them."""
        if not upper.given:
            return self
        if not self.given:
            return Arguments(upper.given, self.span)
        joined = {name: (*self.given.get(name, ()), *values) for name, values in upper.given.items()}
        return Arguments({**self.given, **joined}, self.span)

    def with_stride_one(self) -> Arguments:
        """The same for a later repetition: a stride is for the first alone, unless it says which one is meant."""
        values = self.given.get("stride", ())
        if not values or "index" in read_in(values[-1].value):
            return self
        span, value, scope = values[-1]
        one = Given(span, Scalar(1, value.span), scope)
        return Arguments({**self.given, "stride": (*values[:-1], one)}, self.span)


def read_in(value: Value) -> frozenset[str]:
    """The parameters that the expressions in ``value`` read."""
    if isinstance(value, Scalar):
        try:
            return names(str(value.value)) if is_expression(value) else frozenset()
        except ExpressionError:  # told where it is worked out
            return frozenset()
    inner = value.items if isinstance(value, Sequence) else [entry for _, entry in value.entries.values()]
    return frozenset[str]().union(*map(read_in, inner))


def is_expression(value: Value) -> bool:
    """Whether ``value`` is a scalar that contains ``$``."""
    return isinstance(value, Scalar) and isinstance(value.value, str) and "$" in value.value


def evaluated(value: Value, scope: Names[str, Any], problems: Problems, own: Own = no_layer) -> Worked | None:
    """``value`` as plain data, its expressions worked out over ``scope``; None after a mistake, also an earlier one.

    ``own`` says what the other parameters of the same layer get.
    """
    if isinstance(value, Scalar):
        text = value.value
        if not isinstance(text, str) or "$" not in text:
            return Worked(text)
        try:
            return Worked(evaluate(text, scope, own))
        except Absent:
            return None
        except ExpressionError as error:
            problems.add(expression_problem(error, value, scope, problems.hints))
            return None
    if isinstance(value, Sequence):
        items = [_inside(item, scope, problems, own) for item in value.items]
        return None if None in items else Worked([item.data for item in items if item])
    entries = {key: _inside(inner, scope, problems, own) for key, (_, inner) in value.entries.items()}
    if None in entries.values():
        return None
    found = Placed({key: item.data for key, item in entries.items() if item})
    found.written = Mapping(
        {key: (span, written(found[key], inner.span)) for key, (span, inner) in value.entries.items()}, value.span
    )
    return Worked(found)


def _inside(value: Value, scope: Names[str, Any], problems: Problems, own: Own) -> Worked | None:
    """As :func:`evaluated`, in a list or mapping: parameters that hold one another twice would double each time."""
    worked = evaluated(value, scope, problems, own)
    is_expression = isinstance(value, Scalar)
    if is_expression and worked and isinstance(worked.data, (list, dict)) and elements(worked.data) > MAX_ELEMENTS:
        message = f"in a list or mapping an expression may come to at most {MAX_ELEMENTS:,} values"
        problems.add(Problem("limit", message, value.span))
        return None
    return worked


def written(data: Any, span: Span) -> Value:
    """``data`` as a value that stands at ``span``, or at its own place where it remembers that."""
    if isinstance(data, Placed):
        return data.written
    if isinstance(data, dict):
        return Mapping({key: (span, written(inner, span)) for key, inner in data.items()}, span)
    if isinstance(data, list):
        return Sequence(tuple(written(item, span) for item in data), span)
    return Scalar(data, span)


def expression_problem(error: ExpressionError, value: Scalar, scope: Names[str, Any], hints: Hints) -> Problem:
    """``error`` with its place, and the name that was perhaps meant."""
    text = str(value.value)
    written = value.span.source.line(value.span.line)[value.span.column - 1 :]
    inset = written.find(text)  # behind the opening quote, if there is one
    offset = error.offset + inset if inset in (0, 1) else 0
    length = len(error.name) + 1 if isinstance(error, UnknownNameError) else 1
    span = value.span._replace(column=value.span.column + offset, length=length)
    hint = hints.did_you_mean(error.name, scope) if isinstance(error, UnknownNameError) else error.hint
    return Problem(error.code, error.message, span, hint)


Held = Callable[[str, Any, Span], Any]
"""From the name of a parameter, what it was worked out to, and its place, to what its model takes."""


class Parameters:
    """The values of one word's parameters, each worked out once, when it is asked for."""

    def __init__(self, arguments: Arguments, default: Callable[[str], Worked | None], problems: Problems) -> None:
        self.arguments = arguments
        self.default = default
        """What a parameter is where nothing is given; raises :class:`KeyError` where it has no default."""
        self.problems = problems
        self._worked: dict[tuple[str, int], Worked | None] = {}
        self._waiting: list[tuple[str, int]] = []

    def value(self, name: str) -> Worked | None:
        """What ``name`` is given in the end; None after a mistake."""
        values = self.arguments.given[name]
        value = values[-1].value
        if isinstance(value, Scalar) and not is_expression(value):
            return Worked(value.value)
        return self._at(name, len(values))

    def _at(self, name: str, level: int) -> Worked | None:
        """The value of ``name`` of which so many are given, the default being the one below the first."""
        if level == 0:
            return self.default(name)
        key = (name, level)
        if key not in self._worked:
            self._waiting.append(key)
            _, value, scope = self.arguments.given[name][level - 1]
            self._worked[key] = evaluated(value, scope, self.problems, self._own)
            self._waiting.pop()
        return self._worked[key]

    def _own(self, name: str) -> Any:
        """What ``$.name`` is in the value that is being worked out."""
        asking, level = self._waiting[-1]
        below = level - 1 if name == asking else len(self.arguments.given.get(name, ()))
        if len(self._waiting) >= MAX_OWN:
            message = f"'$.{name}' leads through more than {MAX_OWN} values"
            raise ExpressionError(message, code="limit")
        if (name, below) in self._waiting:
            message = f"'$.{name}' leads back to itself"
            raise ExpressionError(message, code="cycle")
        try:
            worked = self._at(name, below)
        except KeyError:
            message = f"'$.{name}' has no value: nothing is given for it before, and it has no default"
            raise ExpressionError(message, code="missing-parameter") from None
        if worked is None:
            raise Absent
        return worked.data


Model = TypeVar("Model", bound=BaseModel)


def built(
    model: type[Model],
    whose: str,
    arguments: Arguments,
    problems: Problems,
    *,
    like: BaseModel | None = None,
    held: Held | None = None,
) -> Model | None:
    """An instance of ``model`` from what is given, and for the rest as ``like``.

    ``held`` makes of a parameter's name, data and place what the model takes; it raises :class:`ValueError`, with
    problems added, where it cannot. None, with problems added, if the instance does not fit.
    """
    fields = fields_of(model)
    data: dict[str, Any] = {name: getattr(like, name) for name in fields} if like else {}
    meant = refuse_unknown(whose, arguments, fields, problems)
    complete = True
    parameters = Parameters(arguments, lambda name: _default(model, whose, like, name), problems)
    for name, values in arguments.given.items():
        worked = parameters.value(name)
        if worked is None or name not in fields:
            complete = False
            continue
        try:
            data[name] = held(name, worked.data, values[-1].value.span) if held else worked.data
        except ValueError:
            complete = False
    try:
        instance = model(**data)
    except ValidationError as error:
        for problem in _objections(error, whose, arguments, data, meant):
            problems.add(problem)
        return None
    return instance if complete else None


@cache
def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of ``model`` by name; pydantic looks for them anew each time that it is asked."""
    return model.model_fields


def _default(model: type[BaseModel], whose: str, like: BaseModel | None, name: str) -> Worked:
    """What ``name`` is where nothing is given for it."""
    field = fields_of(model).get(name)
    if field is None:
        raise no_parameter(whose, name, fields_of(model))
    if like is not None:
        return Worked(_as_written(getattr(like, name)))
    if field.is_required():
        raise KeyError(name)
    return Worked(_as_written(field.get_default()))


def _as_written(value: Any) -> Any:
    """What stands in a spec for a value that a model holds: one number for both axes, a list for two."""
    if not isinstance(value, tuple):
        return value
    return value[0] if len(set(value)) == 1 else list(value)


def no_parameter(whose: str, name: str, known: Iterable[str]) -> ExpressionError:
    """What is wrong with ``$.name`` where ``whose`` has no such parameter."""
    message = f"{whose} has no parameter '{name}'"
    return ExpressionError(message, hint=did_you_mean(name, known), code="unknown-parameter")


def refuse_unknown(whose: str, arguments: Arguments, known: Names[str, Any], problems: Problems) -> set[str]:
    """Add a problem for each name that is given and no parameter; the parameters that were surely meant.

    One of these is missing under its right name only: who reads of both would mend one mistake twice.
    """
    meant: set[str] = set()
    if arguments.given.keys() <= known.keys():
        return meant
    for name in [name for name in arguments.given if name not in known]:
        hint = Suggestion((), CUT) if is_cut(name) else problems.hints.of(name, known, PARAMETERS)
        message = _unknown(whose, name, takes_any=bool(known))
        problems.add(Problem("unknown-parameter", message, arguments.given[name][-1].span, hint.text))
        meant.update(hint.names if len(hint.names) == 1 else ())
    return meant


def is_cut(text: Any) -> bool:
    """Whether a comma of the YAML around it has cut ``text``, an expression, in two: brackets stand in both parts."""
    return isinstance(text, str) and any(text.count(one) != text.count(other) for one, other in ("()", "[]"))


def _unknown(whose: str, name: str, *, takes_any: bool) -> str:
    """A value without a name is one for the main parameter, which a word without parameters lacks."""
    if not takes_any:
        return f"{whose} takes no parameters"
    return f"{whose} has no parameter '{name}'" if name else f"{whose} takes no value"


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


def _objections(
    error: ValidationError, whose: str, arguments: Arguments, data: dict[str, Any], meant: set[str]
) -> list[Problem]:
    """Pydantic's errors, one for each parameter, in our words; what is ``meant`` under a wrong name is not missing."""
    by_name: dict[str, list[Any]] = {}
    problems = []
    for item in error.errors(include_url=False):
        if item["loc"]:
            by_name.setdefault(str(item["loc"][0]), []).append(item)
        else:  # of several parameters together
            problems.append(Problem("wrong-value", f"{whose} must have {_expected(item)}", arguments.span))
    for name, items in by_name.items():
        if items[0]["type"] == "missing" and len(items[0]["loc"]) == 1:
            if name not in arguments.given and name not in meant:
                problems.append(Problem("missing-parameter", f"{whose} needs parameter '{name}'", arguments.span))
            continue
        expected = dict.fromkeys(filter(None, (_expected(item) for item in items)))
        is_range = any(not item["type"].endswith("_type") and item["type"] != "int_from_float" for item in items)
        message = f"'{name}' of {whose} must be {' or '.join(expected)}, not {shown(data[name])}"
        hints = [item["ctx"]["error"].args[1] for item in items if _has_hint(item)]
        span = _item_span(arguments.given[name][-1].value, items)
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


def shown(data: object) -> str:
    """A value as it would be written in a spec, cut if long."""
    if data is None:
        return "nothing"
    text = f"'{data}'" if isinstance(data, str) else str(data).lower() if isinstance(data, bool) else str(data)
    limit = 60
    return text if len(text) <= limit else text[: limit - 3] + "..."
