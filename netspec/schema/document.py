"""``schema``: JSON Schema (draft 2020-12) of a spec."""

from __future__ import annotations

import json

from netspec.compiler import registry
from netspec.language.sections import LAYER_SECTIONS, NEEDED, OTHER
from netspec.language.spec import Spec
from netspec.schema.layers import layers, one_word
from netspec.schema.parameters import Schema
from netspec.schema.sections import definitions, sections, with_words
from netspec.schema.words import Vocabulary, own_uses, use

PAIR = next(iter(OTHER.items()))
"""Two sections of which a spec has one."""
DRAFT = "https://json-schema.org/draft/2020-12/schema"
OPEN = "open."
"""Prefix of the definitions in which a word that is not known is taken for a block of the spec."""
HIDING = "hiding."
"""Prefix of those in which any word is, because blocks of the spec hide known words."""


def schema(spec: Spec | None = None) -> Schema:
    """The JSON Schema of the language, with what the caller has registered; of ``spec``, with its own blocks as well.

    Without ``spec`` a file that defines blocks, or extends another, may use words that the schema does not know. If
    one of its blocks has the word of another that is known, the schema does not look at the values of words. A block
    of a parent that hides a known word is known to the schema of the child itself only.
    """
    known = {name: use(one) for name, one in registry.words().items()}
    own = own_uses(spec.blocks, known) if spec else {}
    vocabularies = [Vocabulary("", known | own, open=False)]
    if spec is None:
        opened = {name: use(one, OPEN) for name, one in registry.words().items()}
        vocabularies += [Vocabulary(OPEN, opened, open=True), Vocabulary(HIDING, {}, open=True)]
    return {
        "$schema": DRAFT,
        "title": f"netspec: {spec.header.name}" if spec else "netspec",
        "description": "A convolutional network as YAML.",
        "type": "object",
        "properties": sections(spec),
        "additionalProperties": False,
        "not": {"required": [*PAIR]},
        "if": {"required": ["extends"]},
        "else": {
            "required": [key for key in NEEDED if key not in OTHER],
            "allOf": [{"anyOf": [{"required": [name]} for name in one]} for one in (PAIR, LAYER_SECTIONS)],
            "properties": {"under": False},
        },
        "allOf": [with_words("") if spec else _by_blocks([*known])],
        "$defs": _definitions(vocabularies),
    }


def text(document: Schema) -> str:
    """A schema as it is printed and kept in a file."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _by_blocks(known: list[str]) -> Schema:
    """The sections that use words, by what is said of them: blocks of the spec, or of its parent, are words too."""
    fresh: Schema = {"propertyNames": {"not": {"enum": known}}}
    return {
        "if": {"properties": {"blocks": fresh}},
        "then": {
            "if": {"anyOf": [{"required": ["blocks"]}, {"required": ["extends"]}]},
            "then": with_words(OPEN),
            "else": with_words(""),
        },
        "else": with_words(HIDING),
    }


def _definitions(vocabularies: list[Vocabulary]) -> dict[str, Schema]:
    """What the rest of the schema refers to."""
    found: dict[str, Schema] = {
        "expression": {
            "description": "An expression over parameters, such as $width * 4.",
            "type": "string",
            "pattern": "\\$",
        },
        "one-word": one_word(),
    }
    for words in vocabularies:
        found |= {f"{words.prefix}operation": words.operation(), f"{words.prefix}likeness": words.likeness()}
        found |= words.definitions() | layers(words) | definitions(words.prefix)
    return found
