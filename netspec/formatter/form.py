"""``formatted``: a spec's text in canonical form."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from yaml import AliasEvent, CollectionEndEvent, MappingStartEvent, NodeEvent, ScalarEvent, YAMLError

from netspec.errors.problem import Problem, SpecError
from netspec.errors.source import Source, Span
from netspec.formatter import layout, place, words
from netspec.formatter.remarks import MODELINE, Remarks, remarks
from netspec.formatter.text import Text
from netspec.formatter.tree import Branch, Entry, Leaf, entries, root
from netspec.language.reader import Loader, read_yaml
from netspec.language.sections import SECTIONS
from netspec.language.values import retyped


def formatted(source: Source) -> str:
    """The canonical form of ``source``: the same data, the same comments, one layout.

    Raises :class:`netspec.SpecError` when the text is no plain YAML data, and when the canonical form would not
    be read back as the same data with the same comments.
    """
    events: list[Any] = []
    read_yaml(source, events=events)
    text = Text(source.text, events)
    result = _written(text)
    if not _same(text, result):
        message = "this spec has no canonical form that means the same"
        hint = "very long keys, and anchors on keys, cannot be laid out; write it in another way"
        raise SpecError([Problem("unwritable", message, Span(source, 1, 1), hint)])
    return result


def _same(text: Text, after: str) -> bool:
    """Whether ``after`` holds the data of ``text``, for any tool, and its comments."""
    loader, events = Loader(after), list[Any]()
    try:
        while event := loader.get_event():
            events.append(event)
    except YAMLError:
        return False
    finally:
        loader.dispose()
    result = Text(after, events)
    if _data(text.events) != _data(events) or _quoted(text) != _quoted(result):
        return False
    return sorted(one.text for one in text.comments) == sorted(one.text for one in result.comments)


def _quoted(text: Text) -> list[str]:
    """The words that are words only because they are quoted, for tools that know YAML 1.1."""
    scalars = [event for event in text.events if isinstance(event, ScalarEvent)]
    return sorted(scalar.value for scalar in scalars if scalar.style and not words.is_word_elsewhere(scalar.value))


def _data(events: list[Any]) -> dict[str, list[Any]]:
    """The data of ``events`` in the order of the text, by section; 1 and 1.0 differ."""
    sections: dict[str, list[Any]] = {}
    part: list[Any] = sections.setdefault("", [])
    keys: list[bool | None] = []
    """Whether the next node in each list or mapping that is open is a key; None for a list."""
    for event in events:
        if isinstance(event, CollectionEndEvent):
            keys.pop()
            if keys:
                part.append(None)
        elif isinstance(event, NodeEvent):
            is_key = keys[-1] if keys else None
            if is_key is not None:
                keys[-1] = not is_key
            if isinstance(event, ScalarEvent):
                if is_key and len(keys) == 1:
                    part = sections.setdefault(event.value, [])
                value = event.value if is_key or event.style else retyped(event.value)
                part.append((event.anchor, value if isinstance(value, str) else (repr(value),)))
            elif isinstance(event, AliasEvent):
                part.append((event.anchor,))
            else:
                is_mapping = isinstance(event, MappingStartEvent)
                part.append((event.anchor, is_mapping))
                keys.append(True if is_mapping else None)
    return sections


def _written(text: Text) -> str:
    document = root(text)
    found = remarks(text, document)
    lines = list(found.head)
    if any(not line.startswith(MODELINE) for line in lines):
        lines.append("")
    if isinstance(document, Leaf):
        lines.append(words.written(document, flow=False))
    elif not document.entries or document.anchor:
        lines.append(" ".join(cell.text for cell in layout.cells(document)))
    elif not document.is_mapping:
        lines += layout.block(document, place.VALUES, 0, found)
    else:
        lines += _sections(document, found)
    return "\n".join([*lines, *found.tail]) + "\n"


def _sections(document: Branch, found: Remarks) -> list[str]:
    """The sections, an empty line between the groups."""
    lines: list[str] = []
    for group in _groups(document):
        lines += [""] if lines else []
        lines += layout.block(document._replace(entries=tuple(group)), place.ROOT, 0, found)
    return lines


def _groups(document: Branch) -> list[list[Entry]]:
    """The entries of ``document`` in canonical order; those of no known section come last.

    A text with aliases keeps its order: an anchor has to stand before what refers to it.
    """
    order = {section.key: rank for rank, section in enumerate(SECTIONS)}
    ranks = [
        (order.get(entry.key.word or "", len(SECTIONS)) if entry.key else len(SECTIONS), entry)
        for entry in document.entries
    ]
    if not _has_alias(document):
        ranks.sort(key=lambda ranked: ranked[0])
    groups = [section.group for section in SECTIONS] + [""]
    return [[entry for _, entry in group] for _, group in groupby(ranks, key=lambda ranked: groups[ranked[0]])]


def _has_alias(node: Branch) -> bool:
    """Whether a value or key in ``node`` refers to an anchor."""
    parts = (part for entry in entries(node) for part in (entry.key, entry.value) if isinstance(part, Leaf))
    return any(part.word is None and part.spelling.startswith("*") for part in parts)
