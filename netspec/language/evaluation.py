"""Written values with their expressions worked out."""

from __future__ import annotations

from collections.abc import Mapping as Names
from typing import Any, NamedTuple

from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.errors.suggestions import Hints
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


class Worked(NamedTuple):
    """A value with every expression in it worked out."""

    data: Any


class Placed(dict[str, Any]):
    """A mapping that was worked out, and remembers how it is written: as a layer it is used with its places."""

    written: Mapping


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
