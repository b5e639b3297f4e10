"""The sections of a spec as JSON Schema."""

from __future__ import annotations

from netspec.compiler.patches import SETTABLE
from netspec.language import names
from netspec.language.budget import AMOUNT, FIGURES
from netspec.language.patch import KINDS
from netspec.language.sections import LAYER_SECTIONS, SECTIONS
from netspec.language.spec import Header, Spec
from netspec.limits import LARGEST_SIDE
from netspec.ops.initialisation import SCHEMES
from netspec.schema import naming
from netspec.schema.layers import beside
from netspec.schema.parameters import SCHEME, Schema, declarations, declared, fields, size, summary
from netspec.schema.words import given, needing

PARAMS: Schema = {"$ref": "#/$defs/params"}


def chain(prefix: str) -> Schema:
    """Layers one after the other."""
    return {"$ref": f"#/$defs/{prefix}chain"}


def sections(spec: Spec | None) -> dict[str, Schema]:
    """What stands at the top of a file, but for what uses words."""
    header, _ = fields(Header, expressions=False)
    bound: Schema = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": f"^{AMOUNT}$"}]}
    found: dict[str, Schema] = {
        **header,
        "name": {"type": "string", **naming.title()},
        "extends": {"type": "string"},
        "under": {"type": "string", **naming.layer()},
        "input": size(LARGEST_SIDE),
        "inputs": {
            "type": "object",
            "propertyNames": naming.argument(),
            "additionalProperties": size(LARGEST_SIDE),
            "minProperties": 1,
        },
        "params": {"propertyNames": naming.parameter(), **PARAMS},
        "variants": _variants(spec),
        "blocks": {"type": "object", "propertyNames": naming.block()},
        "init": _init(),
        **{name: {} for name in LAYER_SECTIONS},
        "outputs": _outputs(),
        "patch": {},
        "budget": {
            "type": "object",
            "properties": dict.fromkeys(FIGURES, bound),
            "additionalProperties": False,
        },
    }
    said = {section.key: section.description for section in SECTIONS}
    return {name: {"description": said[name], **one} for name, one in found.items()}


def with_words(prefix: str) -> dict[str, Schema]:
    """The sections that use words, of the vocabulary with ``prefix``; a child may drop sections of layers."""
    own = {name: chain(prefix) for name in LAYER_SECTIONS}
    dropped: Schema = {"enum": [None, {}, []], "description": "Drops the section of the parent."}
    changed = {name: {"anyOf": [one, dropped]} for name, one in own.items()}
    return {
        "properties": {
            "blocks": {"additionalProperties": {"$ref": f"#/$defs/{prefix}block"}},
            "patch": {"$ref": f"#/$defs/{prefix}patch"},
        },
        "if": {"required": ["extends"]},
        "then": {"properties": changed},
        "else": {"properties": own},
    }


def definitions(prefix: str) -> dict[str, Schema]:
    """What the sections refer to, beside layers."""
    return {
        "params": declarations(),
        "scheme": _scheme(),
        f"{prefix}block": _definition(prefix),
        f"{prefix}patch": _patch(prefix),
    }


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
    name: Schema = {"type": "string", **naming.read()}
    reads: Schema = {"anyOf": [name, {"type": "array", "items": name, "minItems": 1}]}
    return {
        "type": "object",
        "properties": {
            "reads": {"description": "Names of what it reads beside its input, as 'from' lists it.", **reads},
            "params": {"description": "The parameters of the block.", **PARAMS},
            "inline": inline,
            "body": {"description": "The layers of the block.", "allOf": [chain(prefix)]},
            "like": {
                "description": "The word whose parameters the block has, with other defaults.",
                "$ref": f"#/$defs/{prefix}likeness",
            },
            "notes": {},
        },
        "additionalProperties": False,
        "if": {"required": ["like"]},
        "then": {"properties": {"body": False, "params": False, "reads": False}},
        "else": {"required": ["body"]},
    }


def _init() -> Schema:
    """Operation and tensor to a scheme."""
    word = "[A-Za-z_][A-Za-z0-9_]*"
    return {
        "type": "object",
        "propertyNames": {"pattern": rf"^{word}(\.{word})?$"},
        "additionalProperties": SCHEME,
    }


def _scheme() -> Schema:
    """How a tensor starts."""
    schemes = {}
    alone = []
    for name, scheme in SCHEMES.items():
        properties, required = fields(scheme)
        schemes[name] = given(summary(scheme), properties) | needing(required, next(iter(properties), ""))
        if not required:
            alone.append({"const": name, "description": summary(scheme)})
    form: Schema = {"type": "object", "properties": schemes, "additionalProperties": False}
    form |= {"minProperties": 1, "maxProperties": 1}
    return {"anyOf": [*alone, form]}


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
    replaced: Schema = {"anyOf": [layer, {"$ref": f"#/$defs/{prefix}join"}]}
    content: dict[str, Schema] = {"set": _settings(), "replace": replaced}
    inserted: Schema = {"type": "object", "not": {"required": ["branches"]}, **chain(prefix)}
    paths: Schema = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    kinds = {
        kind: paths if kind == "remove" else {"type": "object", "additionalProperties": content.get(kind, inserted)}
        for kind in KINDS
    }
    one: Schema = {"type": "object", "properties": kinds, "additionalProperties": False}
    return {"anyOf": [one, {"type": "array", "items": one}]}


def _settings() -> Schema:
    """Values of parameters, and what patches can set beside a word."""
    unset = sorted(names.RESERVED.difference(SETTABLE))
    return {
        "type": "object",
        "properties": {name: one for name, one in beside().items() if name in SETTABLE},
        "propertyNames": {"not": {"enum": unset}},
    }
