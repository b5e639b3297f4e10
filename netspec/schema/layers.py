"""How layers are written: words with their values, and chains and branches of them, as JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from netspec.compiler.registry import Word
from netspec.language import names
from netspec.language.definition import Definition
from netspec.limits import LIMITS
from netspec.ops import Operation
from netspec.schema import naming
from netspec.schema.parameters import EXPRESSION, Schema, declared, fields, summary

NAME: Schema = {"type": ["string", "integer"]}
NULL: Schema = {"type": "null"}


@dataclass(frozen=True, slots=True)
class Use:
    """How a word is used: what may stand after it, and whether it may stand alone, or joins several inputs."""

    description: str
    value: Schema
    alone: bool
    joins: bool = False


def use(known: Word) -> Use:
    """How an operation or a block that is written in Python is used."""
    properties, required = fields(known)
    joins = issubclass(known, Operation) and known.joins
    reads: Schema = {"type": "array", "items": NAME, "minItems": 2 if joins else 1}
    return Use(
        summary(known),
        value(summary(known), properties, required, reads=reads if joins else {"anyOf": [NAME, reads]}),
        alone=not required and not joins,
        joins=joins,
    )


def own_use(block: Definition) -> Use:
    """How a block of the spec is used."""
    properties = {name: declared(parameter) for name, parameter in block.params.items()}
    required = [name for name, parameter in block.params.items() if parameter.default is None]
    text = f"Block {block.name} of this spec."
    reads: Schema = {"anyOf": [NAME, {"type": "array", "items": NAME, "minItems": 1}]}
    return Use(text, value(text, properties, required, reads=reads), alone=not required)


def value(text: str, properties: dict[str, Schema], required: list[str], *, reads: Schema | None = None) -> Schema:
    """What may stand after a word: nothing, the main value, or parameters; ``reads`` is what ``from`` is there."""
    options: list[Schema] = [] if required else [NULL]
    main = next(iter(properties), None)
    if main and set(required) <= {main}:
        options.append({"allOf": [properties[main], {"not": {"type": ["object", "null"]}}]})
    elif reads and not properties and reads.get("type") == "array":
        options.append(reads)
    entries = {**properties, "from": reads} if reads else properties
    form: Schema = {"type": "object", "properties": entries, "additionalProperties": False}
    return {"description": text, "anyOf": [*options, form | ({"required": required} if required else {})]}


def word(uses: Mapping[str, Use], names_: Iterable[str]) -> Schema:
    """One of the words ``names_``, each with its description."""
    return {"anyOf": [*({"const": name, "description": uses[name].description} for name in names_), EXPRESSION]}


def layers(uses: Mapping[str, Use], prefix: str, *, is_open: bool) -> dict[str, Schema]:
    """The definitions ``{prefix}layer``, ``{prefix}named`` and ``{prefix}chain``; ``is_open`` takes any word."""
    layer: Schema = {"$ref": f"#/$defs/{prefix}layer"}
    chain: Schema = {"$ref": f"#/$defs/{prefix}chain"}
    alone: Schema = {"type": "string", "pattern": r"^[A-Za-z_][A-Za-z0-9_]*$"}
    words = word(uses, (name for name, one in uses.items() if one.alone))
    if is_open:
        lacking = [name for name, one in uses.items() if not one.alone]
        words["anyOf"].append({**alone, "not": {"enum": lacking}})
    return {
        f"{prefix}layer": {
            "anyOf": [words, {"type": "array", "items": layer, "minItems": 1}, _mapping(uses, prefix, is_open=is_open)]
        },
        f"{prefix}named": {"allOf": [layer, {"not": {"type": "object", "required": ["name"]}}]},
        f"{prefix}chain": {
            "type": ["object", "array"],
            "if": {"type": "object", "required": ["branches"]},
            "then": layer,
            "else": {
                "items": layer,
                "minItems": 1,
                "propertyNames": naming.layer(),
                "additionalProperties": {"$ref": f"#/$defs/{prefix}named"},
                "minProperties": 1,
            },
        },
        f"{prefix}branches": {
            "type": "object",
            "description": "Named branches over one input.",
            "propertyNames": naming.layer(parts=1),
            "additionalProperties": {"$ref": f"#/$defs/{prefix}named"},
            "minProperties": 1,
        },
        f"{prefix}join": _join(uses, is_open=is_open),
        f"{prefix}chained": {"description": "Layers that run one after the other.", "allOf": [chain]},
    }


def _mapping(uses: Mapping[str, Use], prefix: str, *, is_open: bool) -> Schema:
    """A word with its value, and what stands beside it: exactly one word."""
    known = [*uses, *names.STRUCTURE]
    other: Schema = {
        "propertyNames": {"not": {"enum": known}},
        "not": {"propertyNames": {"enum": list(names.BESIDE)}},
    }
    return {
        "type": "object",
        "properties": {
            **{name: {"$ref": f"#/$defs/word.{name}"} for name in uses},
            "branches": {"$ref": f"#/$defs/{prefix}branches"},
            "chain": {"$ref": f"#/$defs/{prefix}chained"},
            "join": {"$ref": f"#/$defs/{prefix}join"},
            **_beside(),
        },
        "patternProperties": {"\\$": {}},
        "additionalProperties": is_open,
        "oneOf": [*({"required": [name]} for name in known), other],
        "allOf": [
            {"if": {"required": ["branches"]}, "then": {"required": ["join"]}},
            {"if": {"required": ["join"]}, "then": {"required": ["branches"]}},
        ],
    }


def _beside() -> dict[str, Schema]:
    """What may stand beside a word."""
    reads: Schema = {"anyOf": [NAME, {"type": "array", "items": NAME, "minItems": 1}]}
    often: Schema = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": LIMITS.repeat}, EXPRESSION]}
    return {
        "repeat": {"description": "How many of these follow one another; a stride goes to the first.", **often},
        "from": {"description": "The layers that this reads, not the one before.", **reads},
        "when": {"description": "The layer is there only if this holds.", "anyOf": [{"type": "boolean"}, EXPRESSION]},
        "name": {"description": "A name in place of a number, in lists.", "type": "string", **naming.layer()},
    }


def _join(uses: Mapping[str, Use], *, is_open: bool) -> Schema:
    """What joins branches: an operation over several inputs."""
    joins = [name for name, one in uses.items() if one.joins]
    schema = word(uses, joins)
    properties = {name: {"$ref": f"#/$defs/word.{name}"} for name in joins}
    schema["anyOf"].append(
        {"type": "object", "properties": properties, "additionalProperties": is_open, "minProperties": 1}
    )
    if is_open:
        schema["anyOf"].append({"type": "string", "not": {"enum": [name for name in uses if name not in joins]}})
    return {"description": "The operation that joins the branches.", **schema}
