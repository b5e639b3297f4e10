"""How layers are written: a word, a word with values, a list, branches; and what may stand beside the word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as Names
from typing import Any, NamedTuple

from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.language import expression, grammar, names
from netspec.language.evaluation import evaluated
from netspec.language.values import Mapping, Scalar, Sequence, Value, weight


class Setting(NamedTuple):
    """Values that a patch sets over those that are written, for the whole layer or ``once``, for one repetition."""

    entries: Mapping
    once: bool = False


class Use(NamedTuple):
    """An operation or block, by its word, with what is written after it, and what patches set ``over`` that.

    ``weight`` is that of what is written after it, for what looks at a layer again and again.
    """

    word: Scalar
    arguments: Value | None
    over: tuple[Setting, ...] = ()
    weight: int = 0


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
    """One layer: what it is, and what stands beside the word. One that could not be read is None inside.

    ``name``, ``reads``, ``repeat`` and ``when`` are as written, and may be expressions. An ``inline`` layer adds no
    name of its own: its repetitions join those around it or, where it ``opens``, the layers inside each of them.
    """

    what: Use | Branches | Chain | None
    span: Span
    name: Value | None = None
    reads: Value | None = None
    repeat: Value | None = None
    when: Value | None = None
    inline: bool = False
    opens: bool = False
    absent: tuple[int, ...] = ()
    """Which of those that ``reads`` lists, counted from 0, come to ``none``: known once it is worked out."""


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
        found = [(None, item.span, layer(item, problems) or Layer(None, item.span)) for item in value.items]
    if not found:
        problems.add(Problem("wrong-type", "expected at least one layer", value.span, "'identity' does nothing"))
    return Chain(tuple(found), value.span, isinstance(value, Mapping)) if found else None


def _named(name: str, span: Span, value: Value, problems: Problems) -> tuple[str | None, Span, Layer]:
    """An entry of a mapping of layers."""
    fault = key_fault(name)
    if fault:
        problems.add(Problem("bad-name", fault, span, KEY_HINT if "$" in name else ""))
    return name, span, layer(value, problems, name) or Layer(None, value.span)


KEY_HINT = "a layer of a list can have a name that is worked out: name: layer$index"


def key_fault(name: str) -> str:
    """What is wrong with ``name`` as a key that names a layer; empty if nothing is."""
    return f"'{name}': a key is not worked out" if "$" in name else names.fault(name)


def layer(value: Value, problems: Problems, called: str | None = None) -> Layer | None:
    """One layer in any of its forms, ``called`` by the key before it; None, with problems added, if it is no layer."""
    if isinstance(value, Sequence):
        inner = chain(value, problems)
        return Layer(inner, value.span) if isinstance(inner, Chain) else inner
    if isinstance(value, Scalar):
        if isinstance(value.value, str):
            return Layer(Use(value, None), value.span)
        problems.add(Problem("wrong-type", "expected a layer, found a value", value.span, FORMS))
        return None
    words = [key for key in value.entries if key not in names.BESIDE]
    if len(words) > 1 and names.INLINE in words:
        words.remove(names.INLINE)
    if len(words) != 1:
        problems.add(_not_one_word(value, words, called))
        return None
    return _beside(value, words[0], problems)


def _not_one_word(value: Mapping, words: list[str], called: str | None) -> Problem:
    """A mapping that is no layer, and what it was understood to be."""
    if not words:
        return Problem("layer-form", "a layer needs a word", value.span, FORMS)
    whose = f"the layer '{called}'" if called else "a layer"
    shown = " and ".join(f"'{word}'" for word in words[:3])
    message = f"{whose} has one word, this has {len(words)}: {shown}"
    hint = "several layers form a list, or a 'chain' of names; repeat, from, when, name and inline stand beside a word"
    if called:
        hint = (
            f"'{called}' names a layer here, and behind it stands its word: {called}: {{conv: {{out: 64}}}}; "
            "a block that is one word with other values is written 'like: {conv: {out: 64}}'"
        )
    return Problem("layer-form", message, value.entries[words[1]][0], hint)


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
    name, sources, repeat, when = (
        beside[key][1] if key in beside else None for key in ("name", "from", "repeat", "when")
    )
    if name and not _is_name(name, problems):
        name = None
    if sources and not written_in(sources).names:
        named(sources, {}, problems)
    inline = word != names.INLINE and _inline(value.get(names.INLINE), problems)
    opens = inline == names.LAYERS or (bool(inline) and repeat is None)
    return Layer(what, span, name, sources, repeat, when, bool(inline), opens)


def is_beside(one: Layer) -> bool:
    """Whether anything stands beside the word of a layer."""
    return any((one.name, one.reads, one.repeat, one.when, one.inline))


def _inline(value: Value | None, problems: Problems) -> bool | str:
    """What ``inline`` is as written; False after a mistake."""
    if value is None:
        return False
    if isinstance(value, Scalar) and (isinstance(value.value, bool) or value.value == names.LAYERS):
        return value.value
    message = "'inline' is true, false, or 'layers', where those inside each repetition are meant"
    problems.add(Problem("wrong-type", message, value.span))
    return False


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
    if word == names.NONE and not (isinstance(content, Scalar) and content.value is None):
        problems.add(Problem("unknown-parameter", "none takes no parameters: it is a layer that is not there", span))
    return Use(Scalar(word, span), content, weight=weight(content))


def _branches(span: Span, content: Value, beside: dict[str, tuple[Span, Value]], problems: Problems) -> Branches | None:
    if not isinstance(content, Mapping) or not content.entries:
        hint = "branches: {left: [...], right: identity}"
        problems.add(Problem("wrong-type", "branches is a mapping of names to layers", content.span, hint))
        return None
    found = []
    for name, (key, inner) in content.entries.items():
        fault = key_fault(name) or ("a branch's name has no dots" if "." in name else "")
        if fault:
            problems.add(Problem("bad-name", fault, key))
        one = layer(inner, problems, name)
        if one:
            found.append((name, key, one))
    if "join" not in beside:
        hint = "join: concat, join: add, or any other operation over several inputs"
        problems.add(Problem("missing-parameter", "branches need a 'join'", span, hint))
        return None
    join = layer(beside["join"][1], problems)
    if join is None or not isinstance(join.what, Use) or is_beside(join):
        if join:
            hint = "join: concat, or {drop_path_mean: {p: 0.1}}; nothing stands beside the word"
            problems.add(Problem("wrong-type", "join is the word of an operation", join.span, hint))
        return None
    return Branches(tuple(found), join.what)


def _is_name(value: Value, problems: Problems) -> bool:
    """Whether ``value`` can be a name, as far as that can be told before expressions are worked out."""
    if not isinstance(value, Scalar) or not isinstance(value.value, str):
        problems.add(Problem("wrong-type", "a name is a word", value.span))
        return False
    fault = "" if "$" in value.value else names.fault(value.value)
    if fault:
        problems.add(Problem("bad-name", fault, value.span))
    return not fault


def named(value: Value, values: Names[str, Any], problems: Problems) -> tuple[Scalar, ...] | None:
    """The names that ``from``, or the main value of a join, lists over ``values``; None after a mistake.

    It is a name, a number, or a list of these; each may be an expression, and one expression may give the list.
    """
    found: list[Scalar] = []
    sound = True
    for item in value.items if isinstance(value, Sequence) else (value,):
        worked = evaluated(item, values, problems)
        if worked is None:
            sound = False
            continue
        whole = worked.data if isinstance(worked.data, list) and not isinstance(value, Sequence) else [worked.data]
        for data in whole:
            if isinstance(data, (str, int)) and not isinstance(data, bool):
                found.append(Scalar(str(data), item.span))
            else:
                sound = False
                problems.add(Problem("wrong-type", "'from' names a layer, or a list of layers", item.span))
    if sound and not found:
        problems.add(Problem("wrong-type", "'from' names at least one layer", value.span))
    return tuple(found) if sound and found else None


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
