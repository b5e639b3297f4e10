"""How layers are written: words with their values, and chains and branches of them, as JSON Schema."""

from __future__ import annotations

from itertools import combinations

from netspec.language import names
from netspec.limits import LIMITS
from netspec.schema import naming
from netspec.schema.parameters import EXPRESSION, Schema
from netspec.schema.words import ABSENT, NULL, Vocabulary, reads


def layers(words: Vocabulary) -> dict[str, Schema]:
    """The definitions ``layer``, ``chain``, ``branches``, ``chained`` and ``join`` with the prefix of ``words``."""
    prefix = words.prefix
    layer: Schema = {"$ref": f"#/$defs/{prefix}layer"}
    chain: Schema = {"$ref": f"#/$defs/{prefix}chain"}
    alone = words.alone(name for name, one in words.uses.items() if one.alone)
    return {
        f"{prefix}layer": {
            "anyOf": [*alone, ABSENT, {"type": "array", "items": layer, "minItems": 1}, _mapping(words)]
        },
        f"{prefix}chain": {
            "type": ["object", "array"],
            "if": {"type": "object", "required": ["branches"]},
            "then": layer,
            "else": {
                "items": layer,
                "minItems": 1,
                "propertyNames": naming.layer(),
                "additionalProperties": layer,
                "minProperties": 1,
            },
        },
        f"{prefix}branches": {
            "type": "object",
            "description": "Named branches over one input.",
            "propertyNames": naming.layer(parts=1),
            "additionalProperties": layer,
            "minProperties": 1,
        },
        f"{prefix}join": _join(words),
        f"{prefix}chained": {"description": "Layers that run one after the other.", "allOf": [chain]},
    }


def _mapping(words: Vocabulary) -> Schema:
    """A word with its value, and what stands beside it: exactly one word."""
    prefix = words.prefix
    return {
        "type": "object",
        "properties": {
            **{name: words.reference(name) for name in words.uses},
            names.NONE: NULL,
            "branches": {"$ref": f"#/$defs/{prefix}branches"},
            "chain": {"$ref": f"#/$defs/{prefix}chained"},
            "join": {"$ref": f"#/$defs/{prefix}join"},
            **beside(),
            "name": {
                "description": "What is built is called so, not by its key or number.",
                "type": "string",
                "anyOf": [naming.layer(), EXPRESSION],
            },
            names.INLINE: {"description": "The layer adds no name: what it would put under that joins those around."},
        },
        "patternProperties": {"\\$": {}, **({naming.block()["pattern"]: {}} if words.open else {})},
        "additionalProperties": False,
        "allOf": [
            {"$ref": "#/$defs/one-word"},
            {"if": {"required": ["branches"]}, "then": {"required": ["join"]}},
            {"if": {"required": ["join"]}, "then": {"required": ["branches"]}},
            _inline(words),
        ],
    }


def one_word() -> Schema:
    """A mapping with one word: one key more than there are of those that stand beside it."""
    keys = (*names.BESIDE, names.INLINE)
    most = [
        {"maxProperties": 1 + count, "anyOf": [{"required": list(some)} for some in combinations(keys, count)]}
        for count in range(1 + len(keys))
    ]
    return {"anyOf": most, "not": {"propertyNames": {"enum": list(names.BESIDE)}}}


def _inline(words: Vocabulary) -> Schema:
    """``inline`` is true, false or ``layers`` beside another word; without one it is the word of a block."""
    alone: Schema | bool = words.reference(names.INLINE) if names.INLINE in words.uses else words.open
    return {
        "if": {"propertyNames": {"enum": [*names.BESIDE, names.INLINE]}},
        "then": {"properties": {names.INLINE: alone}},
        "else": {"properties": {names.INLINE: {"enum": [True, False, names.LAYERS]}}},
    }


def beside() -> dict[str, Schema]:
    """What may stand beside a word, and patches can set."""
    often: Schema = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": LIMITS.repeat}, EXPRESSION]}
    return {
        "repeat": {"description": "How many of these follow one another; a stride goes to the first.", **often},
        "from": {"description": "The layers that this reads, not the one before.", **reads(1)},
        "when": {"description": "The layer is there only if this holds.", "anyOf": [{"type": "boolean"}, EXPRESSION]},
    }


def _join(words: Vocabulary) -> Schema:
    """What joins branches: an operation over several inputs."""
    joins = [name for name, one in words.uses.items() if one.joins]
    form: Schema = {
        "type": "object",
        "properties": {name: words.reference(name) for name in joins},
        "patternProperties": {"\\$": {}},
        "additionalProperties": words.open,
        "minProperties": 1,
    }
    return {"description": "The operation that joins the branches.", "anyOf": [*words.alone(joins), form]}
