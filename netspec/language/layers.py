"""How layers are written: a word, a word with values, a list, branches; and what may stand beside the word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as Names
from typing import NamedTuple

from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.language import expression, grammar, names
from netspec.language.values import Mapping, Scalar, Sequence, Value

NOTHING: Names[str, tuple[Span, Value]] = {}
"""No values are set over those that are written."""


class Use(NamedTuple):
    """An operation or block, by its word, with what is written after it, and what a patch sets ``over`` that."""

    word: Scalar
    arguments: Value | None
    over: Names[str, tuple[Span, Value]] = NOTHING


class Branches(NamedTuple):
    """Named branches over one input, and what joins them."""

    branches: tuple[tuple[str, Span, Layer], ...]
    join: Use


class Chain(NamedTuple):
    """Layers that run one after the other: named by a mapping, numbered by a list."""

    layers: tuple[tuple[str | None, Span, Layer], ...]
    span: Span
    named: bool


class Layer(NamedTuple):
    """One layer: what it is, and what stands beside the word. One that could not be read is None inside."""

    what: Use | Branches | Chain | None
    span: Span
    name: str | None = None
    reads: tuple[Scalar, ...] | None = None
    repeat: Value | None = None
    when: Value | None = None


FORMS = "a layer is a word (relu), a word with its main value (dropout: 0.5) or with its parameters (conv: {out: 64})"


def chain(value: Value, problems: Problems) -> Chain | Layer | None:
    """A section, a body or a branch: named layers, numbered layers, or one ``branches`` that adds no name."""
    if isinstance(value, Mapping) and "branches" in value.entries:
        return layer(value, problems)
    if isinstance(value, Scalar):
        hint = "a mapping names the layers, a list numbers them"
        problems.add(Problem("wrong-type", "expected layers, found a single value", value.span, hint))
        return None
    if isinstance(value, Mapping):
        found = [_named(name, span, inner, problems) for name, (span, inner) in value.entries.items()]
    else:
        items = [layer(item, problems) or Layer(None, item.span) for item in value.items]
        found = [(item.name, item.span, item) for item in items]
    if not found:
        problems.add(Problem("wrong-type", "expected at least one layer", value.span, "'identity' does nothing"))
    return Chain(tuple(found), value.span, isinstance(value, Mapping)) if found else None


def _named(name: str, span: Span, value: Value, problems: Problems) -> tuple[str | None, Span, Layer]:
    """An entry of a mapping of layers."""
    fault = names.fault(name)
    if fault:
        problems.add(Problem("bad-name", fault, span))
    one = layer(value, problems)
    if one and one.name:
        problems.add(Problem("bad-name", f"the layer is called '{name}' already", one.span))
    return name, span, one or Layer(None, value.span)


def layer(value: Value, problems: Problems) -> Layer | None:
    """One layer in any of its forms; None, with problems added, if it is none of them."""
    if isinstance(value, Sequence):
        inner = chain(value, problems)
        return Layer(inner, value.span) if isinstance(inner, Chain) else inner
    if isinstance(value, Scalar):
        if isinstance(value.value, str):
            return Layer(Use(value, None), value.span)
        problems.add(Problem("wrong-type", "expected a layer, found a value", value.span, FORMS))
        return None
    words = [key for key in value.entries if key not in names.BESIDE]
    if len(words) != 1:
        shown = " and ".join(f"'{word}'" for word in words[:3])
        message = f"a layer has one word, this has {len(words)}: {shown}" if words else "a layer needs a word"
        span = value.entries[words[1]][0] if words else value.span
        hint = "several layers form a list, or a 'chain' of names; only repeat, from, when and name stand beside a word"
        problems.add(Problem("layer-form", message, span, hint if words else FORMS))
        return None
    return _beside(value, words[0], problems)


def _beside(value: Mapping, word: str, problems: Problems) -> Layer | None:
    span, content = value.entries[word]
    beside = {key: value.entries[key] for key in names.BESIDE if key in value.entries}
    if isinstance(content, Mapping) and "from" in content.entries and word not in names.STRUCTURE:
        entries = dict(content.entries)
        inner = entries.pop("from")
        if "from" in beside:
            problems.add(Problem("duplicate-key", "'from' stands here twice", inner[0]))
        beside["from"] = inner
        content = content._replace(entries=entries)
    what = _what(word, span, content, beside, problems)
    if what is None:
        return None
    name = _name(beside["name"][1], problems) if "name" in beside else None
    sources = reads(beside["from"][1], problems) if "from" in beside else None
    repeat, when = (beside[key][1] if key in beside else None for key in ("repeat", "when"))
    return Layer(what, span, name, sources, repeat, when)


def _what(
    word: str, span: Span, content: Value, beside: dict[str, tuple[Span, Value]], problems: Problems
) -> Use | Branches | Chain | None:
    if word == "branches":
        return _branches(span, content, beside, problems)
    if "join" in beside:
        problems.add(Problem("layer-form", "'join' belongs to 'branches'", beside["join"][0]))
    if word == "chain":
        inner = chain(content, problems)
        return inner if isinstance(inner, Chain) or inner is None else Chain(((None, span, inner),), span, named=False)
    return Use(Scalar(word, span), content)


def _branches(span: Span, content: Value, beside: dict[str, tuple[Span, Value]], problems: Problems) -> Branches | None:
    if not isinstance(content, Mapping) or not content.entries:
        hint = "branches: {left: [...], right: identity}"
        problems.add(Problem("wrong-type", "branches is a mapping of names to layers", content.span, hint))
        return None
    found = []
    for name, (key, inner) in content.entries.items():
        fault = names.fault(name) or ("a branch's name has no dots" if "." in name else "")
        if fault:
            problems.add(Problem("bad-name", fault, key))
        one = layer(inner, problems)
        if one:
            found.append((name, key, one))
    if "join" not in beside:
        hint = "join: concat, join: add, or any other operation over several inputs"
        problems.add(Problem("missing-parameter", "branches need a 'join'", span, hint))
        return None
    join = layer(beside["join"][1], problems)
    if join is None or not isinstance(join.what, Use):
        if join:
            problems.add(Problem("wrong-type", "join is the word of an operation", join.span))
        return None
    return Branches(tuple(found), join.what)


def _name(value: Value, problems: Problems) -> str | None:
    if not isinstance(value, Scalar) or not isinstance(value.value, str):
        problems.add(Problem("wrong-type", "a name is a word", value.span))
        return None
    fault = names.fault(value.value)
    if fault:
        problems.add(Problem("bad-name", fault, value.span))
    return value.value


def reads(value: Value, problems: Problems) -> tuple[Scalar, ...]:
    """The names that ``from`` lists."""
    items = value.items if isinstance(value, Sequence) else (value,)
    found = []
    for item in items:
        if isinstance(item, Scalar) and isinstance(item.value, (str, int)) and not isinstance(item.value, bool):
            found.append(Scalar(str(item.value), item.span))
        else:
            problems.add(Problem("wrong-type", "'from' names a layer, or a list of layers", item.span))
    if not items:
        problems.add(Problem("wrong-type", "'from' names at least one layer", value.span))
    return tuple(found)


_NAMES = r"\$([A-Za-z_]\w*)"


class Written(NamedTuple):
    """What a value mentions: parameters in its expressions, and all its words."""

    names: frozenset[str]
    words: frozenset[str]


def written_in(value: Value | None, only: str | None = None) -> Written:
    """Everything mentioned anywhere in ``value``, or in its entry ``only``."""
    if only is not None and isinstance(value, Mapping):
        value = value.get(only)
    read: set[str] = set()
    words: set[str] = set()
    for text in set(_texts(value)):  # aliases repeat long texts at little cost
        if "$" not in text:
            words.add(text)
            continue
        try:
            read |= expression.names(text)
            words |= expression.words(text)
        except grammar.ExpressionError:  # its own message comes where it is worked out
            read.update(re.findall(_NAMES, text))
    return Written(frozenset(read), frozenset(words))


def _texts(value: Value | None) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, (_, inner) in value.entries.items():
            yield key
            yield from _texts(inner)
    elif isinstance(value, Sequence):
        for item in value.items:
            yield from _texts(item)
    elif isinstance(value, Scalar) and isinstance(value.value, str):
        yield value.value
