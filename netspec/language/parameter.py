"""Declared parameters, of networks and of blocks: a type, maybe a default, maybe bounds."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from netspec.errors.problem import Code, Problem, Problems
from netspec.errors.source import Span
from netspec.language import names
from netspec.language.arguments import Arguments, Worked, built, evaluated, refuse_unknown, shown
from netspec.language.expression import ABSENT
from netspec.language.values import Mapping, Value, plain

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


def declared(section: Value | None, problems: Problems) -> dict[str, Parameter]:
    """The parameters that a ``params:`` section declares."""
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
        fault = names.parameter_fault(name)
        if fault:
            problems.add(Problem("bad-name", fault, span))
            continue
        parameter = _declaration(name, span, value, problems)
        if parameter:
            found[name] = parameter
    return found


def _declaration(name: str, span: Span, value: Value, problems: Problems) -> Parameter | None:
    if isinstance(value, Mapping):
        long = built(Declaration, f"parameter {name}", Arguments.of(value, span, ""), {}, problems)
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


class Setting(NamedTuple):
    """Values given for parameters: by a variant, by a caller, or by the use of a block."""

    whose: str
    given: dict[str, tuple[Span, Value]]


def settled(
    parameters: dict[str, Parameter], setting: Setting, scope: dict[str, Any], span: Span, problems: Problems
) -> dict[str, Any]:
    """Name -> value for all ``parameters``, the given ones worked out over ``scope``; ABSENT after a mistake.

    Defaults may use the parameters before them.
    """
    whose, given = setting.whose, setting.given
    meant = refuse_unknown(whose, given, parameters, problems)
    known = {name: scope[name] for name in names.KNOWN_INSIDE if name in scope}
    values: dict[str, Any] = {}
    for name, parameter in parameters.items():
        value = given[name][1] if name in given else parameter.default
        if value is not None:
            worked = evaluated(value, scope if name in given else {**known, **values}, problems)
            values[name] = _fitting(parameter, whose, value, worked, problems)
            continue
        values[name] = ABSENT
        if name not in meant:
            hint = f"it is {SAID[parameter.kind]}"
            problems.add(Problem("missing-parameter", f"{whose} needs parameter '{name}'", span, hint))
    return values


def _fitting(parameter: Parameter, whose: str, value: Value, worked: Worked | None, problems: Problems) -> Any:
    """The data that was worked out, if it is what the parameter takes."""
    if worked is None:
        return ABSENT
    fault = parameter.fault(worked.data)
    if not fault:
        return worked.data
    message = f"parameter '{parameter.name}' of {whose} must be {fault}, not {shown(worked.data)}"
    code: Code = "wrong-type" if fault == SAID[parameter.kind] else "wrong-value"
    problems.add(Problem(code, message, value.span))
    return ABSENT
