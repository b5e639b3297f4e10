"""Blocks that a spec defines: their parameters, what they read, and their layers."""

from __future__ import annotations

from typing import NamedTuple

from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.language import names
from netspec.language.layers import Chain, Layer, chain, reads, written_in
from netspec.language.parameter import Parameter, declared
from netspec.language.values import Mapping, Scalar, Value

DEFINITION = ("reads", "params", "body", "inline", "notes")
"""What a definition of a block has."""


class Definition(NamedTuple):
    """A block defined in the spec."""

    name: str
    params: dict[str, Parameter]
    body: Chain | Layer
    inline: bool
    span: Span
    reads: tuple[str, ...] = ()
    """What it reads beside its input: names that its layers can read, given in this order by ``from``."""


def mapping_of(value: Value | None, message: str, problems: Problems) -> Mapping | None:
    """``value`` if it is a mapping; an objection if it is anything else."""
    if value is None or isinstance(value, Mapping):
        return value
    problems.add(Problem("wrong-type", message, value.span))
    return None


def defined(section: Value | None, problems: Problems) -> dict[str, Definition]:
    """The blocks that the section ``blocks`` defines, those that are sound."""
    mapping = mapping_of(section, "blocks is a mapping of names to definitions", problems)
    found = {}
    for name, (span, value) in (mapping.entries if mapping else {}).items():
        fault = names.fault(name) if "." not in name else "a block's name has no dots"
        definition = mapping_of(value, f"block '{name}' is a mapping with 'params' and 'body'", problems)
        if fault:
            problems.add(Problem("bad-name", fault, span))
        elif definition:
            block = _definition(name, span, definition, problems)
            if block:
                found[name] = block
    return found


def _definition(name: str, span: Span, value: Mapping, problems: Problems) -> Definition | None:
    for key, (key_span, _) in value.entries.items():
        if key not in DEFINITION:
            message = f"the definition of a block has no '{key}'"
            hint = problems.hints.did_you_mean(key, DEFINITION)
            problems.add(Problem("unknown-parameter", message, key_span, hint))
    inline = value.get("inline")
    if inline is not None and not (isinstance(inline, Scalar) and isinstance(inline.value, bool)):
        problems.add(Problem("wrong-type", f"inline of block '{name}' must be true or false", inline.span))
    body_value = value.get("body")
    if body_value is None:
        problems.add(Problem("missing-parameter", f"block '{name}' needs a 'body'", span))
        return None
    params = declared(value.get("params"), problems)
    body = chain(body_value, problems)
    if body is None:
        return None
    read = written_in(body_value).names | written_in(value.get("params")).names
    for parameter in params.values():
        if parameter.name not in read:
            message = f"nothing in block '{name}' reads its parameter '{parameter.name}'"
            problems.add(Problem("unread-parameter", message, parameter.span, f"use it as ${parameter.name}"))
    is_inline = isinstance(inline, Scalar) and inline.value is True
    return Definition(name, params, body, is_inline, span, _reads(value.get("reads"), body, problems, inline=is_inline))


def _reads(value: Value | None, body: Chain | Layer, problems: Problems, *, inline: bool) -> tuple[str, ...]:
    """The names of a block's further inputs; they stand beside those of its layers."""
    found = reads(value, problems) if value else ()
    taken = {name for name, _, _ in body.layers if name} if isinstance(body, Chain) else set()
    for one in found:
        name = str(one.value)
        fault = names.fault(name) or (f"a layer of the block is called '{name}' too" if name in taken else "")
        fault = fault or ("an inline block has no names of its own, so it reads its input alone" if inline else "")
        if fault:
            problems.add(Problem("bad-name", fault, one.span))
        taken.add(name)
    return tuple(str(one.value) for one in found)
