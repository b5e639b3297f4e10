"""``extends``: a spec as changes to one parent. The parent's document is merged in before anything is read from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from netspec.errors.problem import Problem, SpecError
from netspec.errors.source import Source, Span
from netspec.errors.suggestions import did_you_mean
from netspec.language.reader import read_yaml
from netspec.language.values import Mapping, Scalar, Sequence, Value
from netspec.limits import LIMITS, Limits

MAX_PARENTS = 16
MERGED = ("params", "blocks", "init", "budget")
"""Sections whose entries are merged by name; others are the child's if it has them, else the parent's."""


class Parent(NamedTuple):
    """Where ``extends`` leads: a text, the variant of it that is meant, and how to go on from there."""

    source: Source
    variant: str | None
    open: Opener


Opener = Callable[[str, Span], Parent]
"""From what ``extends`` says, and where it says so, to the parent; refuses with :class:`SpecError`."""


def whole(document: Value, opener: Opener, limits: Limits = LIMITS) -> Value:
    """``document`` with its parents merged in, the eldest first.

    Raises :class:`SpecError` when a parent is missing, refused, or its own descendant.
    """
    chain: list[tuple[Mapping, str | None, Span]] = []
    seen: list[str] = []
    current: Value = document
    variant: str | None = None
    span = document.span
    while isinstance(current, Mapping):
        chain.append((current, variant, span))
        entry = current.entries.get("extends")
        if entry is None:
            break
        reference, span = _reference(entry[1])
        parent = opener(reference, span)
        if parent.source.name in seen or len(chain) > MAX_PARENTS:
            message = f"'{reference}' extends itself, by way of {' and '.join(seen) or 'nothing'}"
            raise SpecError([Problem("cycle", message, span, "a spec has one parent, which knows nothing of it")])
        seen.append(parent.source.name)
        current, variant, opener = read_yaml(parent.source, limits), parent.variant, parent.open
    if not isinstance(current, Mapping):
        if not chain:
            return document
        message = f"what this extends, {current.span.source.name}, is no spec: it is not a mapping"
        raise SpecError([Problem("not-a-mapping", message, span)])
    merged, variant, span = chain.pop()
    merged = _chosen(merged, variant, span)
    while chain:
        child, variant, span = chain.pop()
        merged = _chosen(_merged(merged, child), variant, span)
    return merged


def refuse(reference: str, span: Span) -> Parent:
    """The opener of texts that lie in no folder: they extend nothing."""
    message = f"'{reference}' cannot be found from here: this text lies in no folder"
    raise SpecError([Problem("outside", message, span, "read the spec from its file")])


def _reference(value: Value) -> tuple[str, Span]:
    if isinstance(value, Scalar) and isinstance(value.value, str):
        return value.value, value.span
    hint = "extends: resnet.yaml@resnet50"
    raise SpecError([Problem("wrong-type", "'extends' is the path of one spec", value.span, hint)])


def _merged(parent: Mapping, child: Mapping) -> Mapping:
    """The child's entries over the parent's; patches after the parent's."""
    entries = dict(parent.entries)
    for key, (span, value) in child.entries.items():
        before = entries.get(key)
        if key == "extends":
            continue
        if before and key == "patch":
            items = [*_items(before[1]), *_items(value)]
            entries[key] = (span, Sequence(tuple(items), value.span))
        elif before and key in MERGED and isinstance(before[1], Mapping) and isinstance(value, Mapping):
            entries[key] = (span, Mapping({**before[1].entries, **value.entries}, value.span))
        else:
            entries[key] = (span, value)
    return Mapping(entries, child.span)


def _items(value: Value) -> tuple[Value, ...]:
    return value.items if isinstance(value, Sequence) else (value,)


def _chosen(document: Mapping, variant: str | None, wanted: Span) -> Mapping:
    """``document`` with the values of ``variant``, which is asked for at ``wanted``, as its defaults."""
    if variant is None:
        return document
    section = document.get("variants")
    known = section.entries if isinstance(section, Mapping) else {}
    if variant not in known:
        message = f"what this extends has no variant '{variant}'"
        raise SpecError([Problem("unknown-variant", message, wanted, did_you_mean(variant, known))])
    values = known[variant][1]
    params = document.get("params")
    if not isinstance(values, Mapping) or not isinstance(params, Mapping):
        return document
    defaults = {key: (place, _default(value, values.get(key))) for key, (place, value) in params.entries.items()}
    unknown = {key: entry for key, entry in values.entries.items() if key not in defaults}
    entries = {key: entry for key, entry in document.entries.items() if key != "variants"}
    entries["params"] = (document.entries["params"][0], Mapping({**defaults, **unknown}, params.span))
    return Mapping(entries, document.span)


def _default(declared: Value, chosen: Value | None) -> Value:
    """A declaration of a parameter with another default."""
    if chosen is None:
        return declared
    if isinstance(declared, Mapping):
        return Mapping({**declared.entries, "default": (chosen.span, chosen)}, declared.span)
    return chosen
