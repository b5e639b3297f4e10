"""``extends``: a spec as changes to one parent. The parent's document is merged in before anything is read from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from netspec.errors.problem import Problem, Problems, SpecError
from netspec.errors.source import Source, Span
from netspec.errors.suggestions import did_you_mean
from netspec.language.inputs import refuse_both
from netspec.language.patched_text import Removal
from netspec.language.reader import read_yaml
from netspec.language.sections import OTHER, SECTIONS
from netspec.language.spec import Spec, parsed
from netspec.language.under import name_of, placed_under
from netspec.language.unread import Whole, without_unread
from netspec.language.values import Mapping, Scalar, Sequence, Value
from netspec.limits import LIMITS, Limits

MAX_PARENTS = 16
_SECTIONS = {section.key: section for section in SECTIONS}


class Parent(NamedTuple):
    """Where ``extends`` leads: a text, the variant of it that is meant, and how to go on from there."""

    source: Source
    variant: str | None
    open: Opener


Opener = Callable[[str, Span], Parent]
"""From what ``extends`` says, and where it says so, to the parent; refuses with :class:`SpecError`."""


def spec_of(source: Source, opener: Opener | None = None, limits: Limits = LIMITS) -> Spec:
    """What ``source`` says; mistakes that leave something to go on with are kept in its ``problems``.

    ``opener`` finds the parent that it extends, which a text that lies in no folder cannot have; ``limits`` hold for
    the networks that it makes, too. Raises :class:`netspec.SpecError` where nothing is left.
    """
    problems = Problems()
    spec = parsed(whole(read_yaml(source, limits), opener or refuse, limits), source, problems)
    if spec is None:
        problems.check()
        raise AssertionError  # pragma: no cover - no spec without a problem
    spec.limits = limits
    return spec


def whole(document: Value, opener: Opener, limits: Limits = LIMITS) -> Whole:
    """``document`` with its parents merged in, the eldest first, without what it inherits and nothing reads any more.

    Raises :class:`SpecError` when a parent is missing, refused, or its own descendant.
    """
    chain: list[tuple[Mapping, str | None, Span]] = []
    seen: list[str] = []
    current: Value = document
    variant: str | None = None
    span = document.span
    while isinstance(current, Mapping):
        refuse_both(current)
        chain.append((current, variant, span))
        entry = current.entries.get("extends")
        if entry is None:
            name_of(current)
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
            return Whole(document, {})
        message = f"what this extends, {current.span.source.name}, is no spec: it is not a mapping"
        raise SpecError([Problem("not-a-mapping", message, span)])
    merged, variant, span = chain.pop()
    removals: list[Removal] = []
    merged = _chosen(merged, variant, span, removals)
    while chain:
        child, variant, span = chain.pop()
        under = name_of(child)
        merged = placed_under(merged, *under, child) if under else merged
        merged = _chosen(_merged(merged, child, removals), variant, span, removals)
    return without_unread(merged, removals)


def refuse(reference: str, span: Span) -> Parent:
    """The opener of texts that lie in no folder: they extend nothing."""
    message = f"'{reference}' cannot be found from here: this text lies in no folder"
    raise SpecError([Problem("outside", message, span, "read the spec from its file")])


def _reference(value: Value) -> tuple[str, Span]:
    if isinstance(value, Scalar) and isinstance(value.value, str):
        return value.value, value.span
    hint = "extends: resnet.yaml@resnet50"
    raise SpecError([Problem("wrong-type", "'extends' is the path of one spec", value.span, hint)])


def _merged(parent: Mapping, child: Mapping, removals: list[Removal]) -> Mapping:
    """The child's entries over the parent's; patches after the parent's. What is replaced is added to ``removals``."""
    entries = {}
    for key, entry in parent.entries.items():
        other = OTHER.get(key)
        entries[other if other in child.entries else key] = entry
    for key, (span, value) in child.entries.items():
        before = entries.get(key)
        section = _SECTIONS.get(key)
        if key in ("extends", "under"):
            continue
        if not before or not section:
            entries[key] = (span, value)
        elif key == "patch":
            items = [*_items(before[1]), *_items(value)]
            entries[key] = (span, Sequence(tuple(items), value.span))
        elif section.merged and isinstance(before[1], Mapping) and isinstance(value, Mapping):
            if key != "blocks":  # blocks read no parameters but their own
                removals += _replaced(before[1], value, f"in '{key}'")
            entries[key] = (span, Mapping({**before[1].entries, **value.entries}, value.span))
        else:
            if section.expressions:
                removals.append(Removal(f"the section '{key}'", span, before[1]))
            entries[key] = (span, value)
            if section.layers and _is_empty(value):
                del entries[key]
    return Mapping(entries, child.span)


def _replaced(before: Mapping, after: Mapping, where: str) -> list[Removal]:
    """The entries of ``before`` that ``after``, which stands ``where``, has too."""
    shared = [name for name in after.entries if name in before.entries]
    return [Removal(f"'{name}' {where}", after.entries[name][0], before.entries[name][1]) for name in shared]


def _is_empty(value: Value) -> bool:
    """Whether a child's section says no more than that there is none."""
    if isinstance(value, Scalar):
        return value.value is None
    return not (value.entries if isinstance(value, Mapping) else value.items)


def _items(value: Value) -> tuple[Value, ...]:
    return value.items if isinstance(value, Sequence) else (value,)


def _chosen(document: Mapping, variant: str | None, wanted: Span, removals: list[Removal]) -> Mapping:
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
    unknown = [name for name in values.entries if name not in params.entries]
    if unknown:
        span = values.entries[unknown[0]][0]
        message = f"{variant} has no parameter '{unknown[0]}'"
        raise SpecError([Problem("unknown-parameter", message, span, did_you_mean(unknown[0], params.entries))])
    defaults = {key: (place, _default(value, values.get(key))) for key, (place, value) in params.entries.items()}
    removals += _replaced(params, values, f"of variant '{variant}'")
    entries = {key: entry for key, entry in document.entries.items() if key != "variants"}
    entries["params"] = (document.entries["params"][0], Mapping(defaults, params.span))
    return Mapping(entries, document.span)


def _default(declared: Value, chosen: Value | None) -> Value:
    """A declaration of a parameter with another default."""
    if chosen is None:
        return declared
    if isinstance(declared, Mapping):
        return Mapping({**declared.entries, "default": (chosen.span, chosen)}, declared.span)
    return chosen
