"""Schemes as they are written, in section ``init`` and beside a layer."""

from __future__ import annotations

from collections.abc import Mapping as Names
from types import MappingProxyType
from typing import Any

from netspec.errors.problem import Problem, Problems
from netspec.language.arguments import Arguments, built
from netspec.language.values import Mapping, Scalar, Value
from netspec.ops.initialisation import SCHEMES, Scheme

NONE: Names[str, Any] = MappingProxyType({})


def started(value: Value, problems: Problems, values: Names[str, Any] = NONE) -> Scheme | None:
    """The scheme that is written as ``value``, whose expressions see ``values``; None, with problems added, if none."""
    word, span, arguments = (value.value if isinstance(value, Scalar) else None), value.span, None
    if isinstance(value, Mapping) and len(value.entries) == 1:
        ((word, (span, arguments)),) = value.entries.items()
    if not isinstance(word, str):
        message = "an initialisation is a scheme, such as kaiming_normal or {normal: {std: 0.01}}"
        problems.add(Problem("wrong-type", message, value.span))
        return None
    scheme = SCHEMES.get(word)
    if scheme is None:
        hint = problems.hints.did_you_mean(word, SCHEMES)
        problems.add(Problem("unknown-scheme", f"there is no initialisation '{word}'", span, hint))
        return None
    main = next(iter(scheme.model_fields), "")
    instance = built(scheme, word, Arguments.of(arguments, span, main, values), problems)
    return instance if isinstance(instance, Scheme) else None
