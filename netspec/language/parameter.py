"""Declared parameters, of networks and of blocks: a type, maybe a default, maybe bounds."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Names
from functools import cached_property
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from netspec.errors.codes import Code
from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.language import names
from netspec.language.arguments import Arguments, Parameters, built, no_parameter, refuse_unknown
from netspec.language.evaluation import Worked, evaluated, read_in
from netspec.language.expression import ABSENT
from netspec.language.grammar import ExpressionError
from netspec.language.values import Mapping, Value, plain, shown

MAX_PARAMETERS = 1_000
Kind = Literal["int", "float", "bool", "str", "list", "any"]
KINDS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "str": (str,),
    "list": (list,),
    "any": (object,),
}
SAID = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "a word",
    "list": "a list",
    "any": "a value",
}


HOLDS = "to hold a layer with parameters, declare it as any: {type: any, default: batch_norm}"


class Declaration(BaseModel):
    """The long form of a parameter: ``{type: int, default: 32, min: 1, max: 64, choices: [...], help: ...}``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    type: Kind
    default: Any = None
    min: float | None = None
    max: float | None = None
    choices: list[Any] | None = None
    help: str = ""


class Parameter(NamedTuple):
    """A name that a caller can set. Without a ``default`` the caller must."""

    name: str
    kind: str
    default: Value | None
    declaration: Declaration | None
    span: Span

    def fault(self, value: Any) -> str:
        """What ``value`` should have been; empty if it fits."""
        right = isinstance(value, KINDS[self.kind]) and (self.kind in ("bool", "any") or not isinstance(value, bool))
        if not right:
            return SAID[self.kind]
        limits = self.declaration
        if limits and limits.choices is not None and value not in limits.choices:
            return "one of " + ", ".join(shown(choice) for choice in limits.choices)
        if limits and limits.min is not None and value < limits.min:
            return f"at least {limits.min:g}"
        if limits and limits.max is not None and value > limits.max:
            return f"at most {limits.max:g}"
        return ""


def declared(
    section: Value | None, problems: Problems, fault_of: Callable[[str], str] = names.parameter_fault
) -> dict[str, Parameter]:
    """The parameters that a ``params:`` section declares; ``fault_of`` says what is wrong with the name of one."""
    if section is None:
        return {}
    if not isinstance(section, Mapping):
        problems.add(Problem("wrong-type", "params is a mapping of names to defaults", section.span))
        return {}
    if len(section.entries) > MAX_PARAMETERS:
        message = f"there may be {MAX_PARAMETERS:,} parameters, here are {len(section.entries):,}"
        problems.stop(Problem("limit", message, section.span))
    found = {}
    for name, (span, value) in section.entries.items():
        fault = fault_of(name)
        if fault:
            problems.add(Problem("bad-name", fault, span))
            continue
        parameter = _declaration(name, span, value, problems)
        if parameter:
            found[name] = parameter
    return found


def _declaration(name: str, span: Span, value: Value, problems: Problems) -> Parameter | None:
    if isinstance(value, Mapping):
        long = built(Declaration, f"parameter {name}", Arguments.of(value, span, "", {}), problems)
        if not isinstance(long, Declaration):
            return None
        limits_fit = long.type in ("int", "float") or (long.min is None and long.max is None)
        if not limits_fit:
            problems.add(Problem("wrong-value", f"min and max are for numbers, '{name}' is {SAID[long.type]}", span))
            return None
        return Parameter(name, long.type, value.get("default"), long, span)
    data = plain(value)
    if isinstance(data, str) and data in KINDS:
        return Parameter(name, data, None, None, span)
    if isinstance(data, str) and "$" in data:
        return Parameter(name, "any", value, None, span)
    if data is None:
        hint = f"write a default, or a type for a parameter that must be set: {', '.join(KINDS)}"
        problems.add(Problem("wrong-type", f"parameter '{name}' has neither a default nor a type", span, hint))
        return None
    kind = next(kind for kind, types in KINDS.items() if type(data) in types or kind == "any")
    return Parameter(name, kind, value, None, span)


def settled(
    parameters: dict[str, Parameter], whose: str, arguments: Arguments, known: Names[str, Any], problems: Problems
) -> dict[str, Any]:
    """Name -> value for all ``parameters`` of ``whose``, as given or by their defaults; ABSENT after a mistake.

    Defaults see ``known`` and the parameters before them.
    """
    if not parameters and not arguments.given:
        return {}
    settling = _Settling(parameters, whose, arguments, known, problems)
    meant = refuse_unknown(whose, arguments, parameters, problems)
    for name, parameter in parameters.items():
        if name not in arguments.given and parameter.default is None:
            settling.values[name] = ABSENT
            if name not in meant:
                hint = f"it is {SAID[parameter.kind]}"
                message = f"{whose} needs parameter '{name}'"
                problems.add(Problem("missing-parameter", message, arguments.span, hint))
        else:
            settling.settle(name)
    return settling.values


class _Settling:
    """Gives parameters their values in the order declared, or sooner where ``$.x`` asks."""

    def __init__(
        self,
        parameters: dict[str, Parameter],
        whose: str,
        arguments: Arguments,
        known: Names[str, Any],
        problems: Problems,
    ) -> None:
        self.parameters = parameters
        self.whose = whose
        self.given = Parameters(arguments, self.default, problems)
        self.problems = problems
        self.values: dict[str, Any] = {}
        self.scope = dict(known)
        self.waiting: set[str] = set()

    def settle(self, name: str) -> None:
        """Work out what ``name`` is; raises :class:`ExpressionError` where that leads back to itself."""
        if name in self.values:
            return
        if name in self.waiting:
            message = f"the value of '{name}' leads back to itself"
            raise ExpressionError(message, code="cycle")
        self.waiting.add(name)
        parameter, values = self.parameters[name], self.given.arguments.given.get(name)
        worked = self.given.value(name) if values else self.default(name)
        value = values[-1].value if values else parameter.default
        self.values[name] = self.scope[name] = _fitting(parameter, self.whose, value, worked, self.problems)

    def default(self, name: str) -> Worked | None:
        """The default of ``name``; raises :class:`KeyError` where there is none."""
        parameter = self.parameters.get(name)
        if parameter is None:
            raise no_parameter(self.whose, name, self.parameters)
        if parameter.default is None:
            raise KeyError(name)
        unsettled = [one for one in read_in(parameter.default) if one in self.parameters and one not in self.values]
        if unsettled:
            for other in self._needed(name):
                self.settle(other)
            later = sorted(set(unsettled) - set(self.values))
            if later:
                message = f"'{name}' is worked out from '{later[0]}', which is declared behind it"
                hint = f"move '{later[0]}' before '{name}'"
                self.problems.add(Problem("unknown-parameter", message, parameter.default.span, hint))
                return None
        return evaluated(parameter.default, self.scope, self.problems)

    def _needed(self, name: str) -> list[str]:
        """What the default of ``name`` is worked out from and has no value yet, in the order of declaration."""
        found: set[str] = set()
        pending = [name]
        while pending:
            one = self.parameters[pending.pop()]
            reads = frozenset[str]() if one.default is None else read_in(one.default)
            for other in reads - found:
                if other in self.values or self._order.get(other, len(self._order)) >= self._order[one.name]:
                    continue
                found.add(other)
                if other not in self.given.arguments.given:
                    pending.append(other)
        return sorted(found, key=self._order.__getitem__)

    @cached_property
    def _order(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.parameters)}


def _fitting(parameter: Parameter, whose: str, value: Value | None, worked: Worked | None, problems: Problems) -> Any:
    """The data that was worked out, if it is what the parameter takes."""
    if worked is None:
        return ABSENT
    fault = parameter.fault(worked.data)
    if not fault:
        return worked.data
    message = f"parameter '{parameter.name}' of {whose} must be {fault}, not {shown(worked.data)}"
    code: Code = "wrong-type" if fault == SAID[parameter.kind] else "wrong-value"
    hint = HOLDS if parameter.kind == "str" and isinstance(worked.data, dict) else ""
    problems.add(Problem(code, message, value.span if value else None, hint))
    return ABSENT
