"""``schema``: JSON Schema (draft 2020-12) of a spec."""

from __future__ import annotations

import json

from netspec.compiler import registry
from netspec.language.sections import LAYER_SECTIONS, NEEDED
from netspec.language.spec import Spec
from netspec.ops import OPERATIONS
from netspec.schema.layers import NULL, Use, layers, own_use, use, word
from netspec.schema.parameters import Schema
from netspec.schema.sections import OPEN, chain, sections

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema(spec: Spec | None = None) -> Schema:
    """The JSON Schema of the language, with what the caller has registered; of ``spec``, with its own blocks as well.

    Without ``spec`` a file that defines blocks, or extends another, may use words that the schema does not know.
    """
    uses = {name: use(known) for name, known in registry.words().items()}
    if spec:
        uses |= {name: own_use(block) for name, block in spec.blocks.items()}
    result: Schema = {
        "$schema": DRAFT,
        "title": f"netspec: {spec.header.name}" if spec else "netspec",
        "description": "A convolutional network as YAML.",
        "type": "object",
        "properties": sections(spec),
        "additionalProperties": False,
        "if": {"required": ["extends"]},
        "else": {"required": [*NEEDED], "anyOf": [{"required": [name]} for name in LAYER_SECTIONS]},
    }
    result["allOf"] = [_layers(OPEN if spec is None else "")]
    definitions = _definitions(uses)
    if spec is None:
        definitions |= layers(uses, OPEN, is_open=True)
    return {**result, "$defs": definitions}


def text(document: Schema) -> str:
    """A schema as it is printed and kept in a file."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _layers(prefix: str) -> Schema:
    """Sections of layers, of known words; of those with ``prefix`` where there are blocks or a parent."""
    known, own = ({"properties": {name: chain(one) for name in LAYER_SECTIONS}} for one in ("", prefix))
    dropped: Schema = {"enum": [None, {}, []], "description": "Drops the section of the parent."}
    changed: Schema = {"properties": {name: {"anyOf": [chain(prefix), dropped]} for name in LAYER_SECTIONS}}
    alone: Schema = {"if": {"required": ["blocks"]}, "then": own, "else": known}
    return {"if": {"required": ["extends"]}, "then": changed, "else": alone}


def _definitions(uses: dict[str, Use]) -> dict[str, Schema]:
    """What the rest of the schema refers to."""
    chosen = {name: {"$ref": f"#/$defs/word.{name}"} for name in OPERATIONS}
    words = word(uses, (name for name in OPERATIONS if uses[name].alone))
    inside: Schema = {"additionalProperties": {"not": {"type": "object", "required": ["from"]}}}
    form: Schema = {"type": "object", "properties": chosen, "additionalProperties": False}
    form |= {"minProperties": 1, "maxProperties": 1}
    return {
        "expression": {
            "description": "An expression over parameters, such as $width * 4.",
            "type": "string",
            "pattern": "\\$",
        },
        "operation": {
            "anyOf": [
                *words["anyOf"],
                {"const": "none", "description": "No operation."},
                NULL,
                {"allOf": [form, inside]},
            ]
        },
        **{f"word.{name}": one.value for name, one in uses.items()},
        **layers(uses, "", is_open=False),
    }
