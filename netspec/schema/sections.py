"""The sections of a spec as JSON Schema."""

from __future__ import annotations

from netspec.language.budget import AMOUNT, FIGURES
from netspec.language.patch import KINDS
from netspec.language.sections import LAYER_SECTIONS, SECTIONS
from netspec.language.spec import Header, Spec
from netspec.limits import LARGEST_SIDE
from netspec.ops.initialisation import SCHEMES
from netspec.schema import naming
from netspec.schema.layers import value
from netspec.schema.parameters import Schema, declarations, declared, fields, size, summary

OPEN = "open."
"""Prefix of the definitions in which a word that is not known is taken for a block of the spec."""


def chain(prefix: str) -> Schema:
    """Layers one after the other."""
    return {"$ref": f"#/$defs/{prefix}chain"}


def sections(spec: Spec | None) -> dict[str, Schema]:
    """What stands at the top of a file."""
    header, _ = fields(Header, expressions=False)
    prefix = "" if spec else OPEN
    bound: Schema = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": f"^{AMOUNT}$"}]}
    found: dict[str, Schema] = {
        **header,
        "name": {"type": "string", **naming.title()},
        "extends": {"type": "string"},
        "input": size(LARGEST_SIDE),
        "params": declarations(),
        "variants": _variants(spec),
        "blocks": {
            "type": "object",
            "propertyNames": naming.layer(parts=1),
            "additionalProperties": _definition(prefix),
        },
        "init": _init(),
        **{name: {} for name in LAYER_SECTIONS},
        "outputs": _outputs(),
        "patch": _patch(prefix),
        "budget": {
            "type": "object",
            "properties": dict.fromkeys(FIGURES, bound),
            "additionalProperties": False,
        },
    }
    said = {section.key: section.description for section in SECTIONS}
    return {name: {"description": said[name], **one} for name, one in found.items()}


def _variants(spec: Spec | None) -> Schema:
    """Names to values; of ``spec``, values of its parameters."""
    values: Schema = {"type": "object"}
    if spec:
        values["properties"] = {name: declared(parameter) for name, parameter in spec.params.items()}
        values["additionalProperties"] = False
    return {"type": "object", "propertyNames": naming.title(), "additionalProperties": values}


def _definition(prefix: str) -> Schema:
    """A block that the spec defines."""
    inline = {"type": "boolean", "description": "Whether its layers join the names and numbers around it."}
    name: Schema = {"type": "string", **naming.layer()}
    reads: Schema = {"anyOf": [name, {"type": "array", "items": name, "minItems": 1}]}
    return {
        "type": "object",
        "properties": {
            "reads": {"description": "Names of what it reads beside its input, as 'from' lists it.", **reads},
            "params": {"description": "The parameters of the block.", **declarations()},
            "inline": inline,
            "body": {"description": "The layers of the block.", "allOf": [chain(prefix)]},
            "notes": {},
        },
        "required": ["body"],
        "additionalProperties": False,
    }


def _init() -> Schema:
    """Operation and tensor to a scheme."""
    schemes = {}
    alone = []
    for name, scheme in SCHEMES.items():
        properties, required = fields(scheme)
        schemes[name] = value(summary(scheme), properties, required)
        if not required:
            alone.append({"const": name, "description": summary(scheme)})
    form: Schema = {"type": "object", "properties": schemes, "additionalProperties": False}
    form |= {"minProperties": 1, "maxProperties": 1}
    return {
        "type": "object",
        "propertyNames": {"pattern": r"^[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z_][A-Za-z0-9_]*$"},
        "additionalProperties": {"anyOf": [*alone, form]},
    }


def _outputs() -> Schema:
    """Names to layers, at least one of them there outside training."""
    training: Schema = {
        "type": "object",
        "properties": {"from": {"type": "string"}, "when": {"const": "training"}},
        "required": ["from"],
        "additionalProperties": False,
    }
    only: Schema = {"minProperties": 1, "additionalProperties": {"type": "object", "required": ["when"]}}
    content: Schema = {"anyOf": [{"type": "string"}, training]}
    return {"type": "object", "propertyNames": naming.title(), "additionalProperties": content, "not": only}


def _patch(prefix: str) -> Schema:
    """A mapping of what is done to which layers, or a list of such."""
    layer = {"$ref": f"#/$defs/{prefix}layer"}
    content: dict[str, Schema] = {"set": {"type": "object"}, "replace": layer}
    inserted: Schema = {"type": "object", **chain(prefix)}
    paths: Schema = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    kinds = {
        kind: paths if kind == "remove" else {"type": "object", "additionalProperties": content.get(kind, inserted)}
        for kind in KINDS
    }
    one: Schema = {"type": "object", "properties": kinds, "additionalProperties": False}
    return {"anyOf": [one, {"type": "array", "items": one}]}
