"""What the parameters of a word are given, the values that these come to, and the model that they make."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Mapping as Names
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from netspec.errors.other_names import PARAMETERS
from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.errors.suggestions import Suggestion, did_you_mean
from netspec.language.evaluation import Worked, evaluated, is_expression, read_in
from netspec.language.expression import Absent
from netspec.language.grammar import ExpressionError
from netspec.language.objections import CUT, is_cut, objections
from netspec.language.values import Mapping, Scalar, Value

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

MAX_OWN = 20
"""How many values of parameters of one layer may be worked out from one another with ``$.``."""


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


Held = Callable[[str, Any, Span], Any]
"""From the name of a parameter, what it was worked out to, and its place, to what its model takes."""


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
    data: dict[str, Any] = {name: getattr(like, own) for name, own in attributes_of(model).items()} if like else {}
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
        written = {name: values[-1].value for name, values in arguments.given.items()}
        for problem in objections(error, whose, written, arguments.span, data, meant):
            problems.add(problem)
        return None
    return instance if complete else None


@cache
def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of ``model`` by their names in a spec; pydantic looks for them anew each time that it is asked."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


@cache
def attributes_of(model: type[BaseModel]) -> dict[str, str]:
    """The names of the fields of ``model`` in a spec, and in Python."""
    return {field.alias or name: name for name, field in model.model_fields.items()}


def _default(model: type[BaseModel], whose: str, like: BaseModel | None, name: str) -> Worked:
    """What ``name`` is where nothing is given for it."""
    field = fields_of(model).get(name)
    if field is None:
        raise no_parameter(whose, name, fields_of(model))
    if like is not None:
        return Worked(_as_written(getattr(like, attributes_of(model)[name])))
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


def _unknown(whose: str, name: str, *, takes_any: bool) -> str:
    """A value without a name is one for the main parameter, which a word without parameters lacks."""
    if not takes_any:
        return f"{whose} takes no parameters"
    return f"{whose} has no parameter '{name}'" if name else f"{whose} takes no value"
