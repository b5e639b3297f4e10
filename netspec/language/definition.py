"""Blocks that a spec defines: their parameters, what they read, and their layers."""

from __future__ import annotations

from typing import NamedTuple

from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.language import names
from netspec.language.layers import Chain, Layer, Use, chain, is_beside, layer, named, written_in
from netspec.language.parameter import Parameter, declared
from netspec.language.values import Mapping, Scalar, Value, weight

DEFINITION = ("reads", "params", "body", "like", "inline", "notes")
"""What a definition of a block has."""


class Definition(NamedTuple):
    """A block defined in the spec: it has a body, or is like another word with other defaults."""

    name: str
    params: dict[str, Parameter]
    body: Chain | Layer | None
    like: Use | None
    inline: bool
    span: Span
    reads: tuple[str, ...] = ()
    """What it reads beside its input: names that its layers can read, given in this order by ``from``."""
    weight: int = 0
    """How much there is to work out in its parameters where nothing is given, one for each of them included."""


def mapping_of(value: Value | None, message: str, problems: Problems) -> Mapping | None:
    """``value`` if it is a mapping; an objection if it is anything else."""
    if value is None or isinstance(value, Mapping):
        return value
    problems.add(Problem("wrong-type", message, value.span))
    return None


def defined(section: Value | None, problems: Problems) -> dict[str, Definition]:
    """The blocks that the section ``blocks`` defines; one that is not sound has neither a body nor a like."""
    mapping = mapping_of(section, "blocks is a mapping of names to definitions", problems)
    found = {}
    for name, (span, value) in (mapping.entries if mapping else {}).items():
        fault = names.block_fault(name)
        definition = mapping_of(value, f"block '{name}' is a mapping with 'params' and 'body'", problems)
        if fault:
            problems.add(Problem("bad-name", fault, span))
        block = _definition(name, span, definition, problems) if definition else None
        found[name] = block or Definition(name, {}, None, None, inline=False, span=span)
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
    is_inline = isinstance(inline, Scalar) and inline.value is True
    if "like" in value.entries:
        return _likeness(name, span, value, problems, inline=is_inline)
    body_value = value.get("body")
    if body_value is None:
        hint = (
            "a body has layers; a block that is another word with other values is written like: {conv: {bias: false}}"
        )
        problems.add(Problem("missing-parameter", f"block '{name}' needs a 'body'", span, hint))
        return None
    params = declared(value.get("params"), problems, names.inner_parameter_fault)
    body = chain(body_value, problems)
    if body is None:
        return None
    read = written_in(body_value).names | written_in(value.get("params")).names
    for parameter in params.values():
        if parameter.name not in read:
            message = f"nothing in block '{name}' reads its parameter '{parameter.name}'"
            problems.add(Problem("unread-parameter", message, parameter.span, f"use it as ${parameter.name}"))
    reads = _reads(value.get("reads"), body, problems, inline=is_inline)
    effort = sum(1 + weight(parameter.default) for parameter in params.values())
    return Definition(name, params, body, None, is_inline, span, reads, effort)


def _likeness(name: str, span: Span, value: Mapping, problems: Problems, *, inline: bool) -> Definition | None:
    """A block that is another word with other defaults."""
    key, written = value.entries["like"]
    others = [other for other in ("body", "params", "reads") if other in value.entries]
    if others:
        message = f"a block has a body or is like another; '{name}' has 'like' and '{others[0]}'"
        problems.add(
            Problem("layer-form", message, value.entries[others[0]][0], "a 'like' has the parameters of its word")
        )
        return None
    found = layer(written, problems)
    if found and (is_beside(found) or not isinstance(found.what, Use)):
        hint = "like: {conv: {bias: false}}; from, when and repeat stand where the block is used"
        problems.add(Problem("layer-form", f"'{name}' is like one word, with or without values", key, hint))
        return None
    return Definition(name, {}, None, found.what, inline, span) if found and isinstance(found.what, Use) else None


def _reads(value: Value | None, body: Chain | Layer, problems: Problems, *, inline: bool) -> tuple[str, ...]:
    """The names of a block's further inputs; they stand beside those of its layers."""
    found = named(value, {}, problems) or () if value else ()
    taken = {name for name, _, _ in body.layers if name} if isinstance(body, Chain) else set()
    for one in found:
        name = str(one.value)
        fault = names.read_fault(name) or (f"a layer of the block is called '{name}' too" if name in taken else "")
        fault = fault or ("an inline block has no names of its own, so it reads its input alone" if inline else "")
        if fault:
            problems.add(Problem("bad-name", fault, one.span))
        taken.add(name)
    return tuple(str(one.value) for one in found)
