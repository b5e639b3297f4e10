"""Fields of pydantic classes, and parameters declared in a spec, as JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from inspect import cleandoc
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from netspec.blocks.block import chosen
from netspec.language.parameter import Declaration, Parameter
from netspec.limits import MOST_AXES
from netspec.ops import Operation
from netspec.ops.initialisation import scheme_of
from netspec.schema import naming

Schema = dict[str, Any]
EXPRESSION: Schema = {"$ref": "#/$defs/expression"}
SCHEME: Schema = {"$ref": "#/$defs/scheme"}
_SCHEME_MARK: Schema = {"format": "scheme"}
_MARK: Schema = {"format": "operation"}
"""Stands for the choice of an operation as long as pydantic, which knows its own references only, has the schema."""
TYPES: dict[str, Schema] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "str": {"type": "string"},
    "list": {"type": "array"},
    "any": {},
}
"""Type of a declared parameter -> what its values are."""


class _Fields(GenerateJsonSchema):
    """Pydantic's schema, but of what is written before it is brought into shape: an operation's word."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        """What the function takes."""
        function: Any = schema["function"]["function"]
        if function is scheme_of:
            return dict(_SCHEME_MARK)
        return dict(_MARK) if function is chosen else self.generate_inner(schema["schema"])

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        """One number for all axes, or a list."""
        return self.get_flattened_anyof([self.generate_inner(choice) for choice in schema["choices"].values()])

    def encode_default(self, dft: Any) -> Any:
        """A default as a spec would write it."""
        if isinstance(dft, Operation):
            given = dft.model_dump(exclude_defaults=True)
            return {dft.word: given} if given else dft.word
        return super().encode_default(dft)

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - as pydantic has it
        """Never: the key says it."""
        return False


def summary(model: type[BaseModel]) -> str:
    """The docstring of ``model``, one line for each paragraph; editors show it as it is, so code stands in quotes."""
    text = cleandoc(model.__doc__ or "").replace("``", "'")
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def fields(
    model: type[BaseModel], *, expressions: bool = True, operation: str = "operation"
) -> tuple[dict[str, Schema], list[str]]:
    """The fields of ``model`` by name, and the names of those that must be given.

    With ``expressions`` every value may be an expression. A field is described by what the docstring says of it. What
    a field that takes an operation can hold is the definition ``operation``.
    """
    whole = model.model_json_schema(schema_generator=_Fields)
    found = {}
    for name, schema in whole.get("properties", {}).items():
        said = schema.get("description") or _said_of(name, summary(model))
        found[name] = {"description": said} if said else {}
        found[name] |= with_expression(schema, operation) if expressions else schema
    return found, list(whole.get("required", []))


def _said_of(name: str, text: str) -> str:
    """The sentences of ``text`` that mention ``name`` as code."""
    sentences = re.split(r"(?<!\bal\.)(?<=[.;])\s+", text)
    found = [sentence.rstrip(";.") for sentence in sentences if re.search(rf"'{name}\b", sentence)]
    return "; ".join(found) + "." if found else ""


def with_expression(schema: Schema, operation: str = "operation") -> Schema:
    """``schema``, or an expression in its place or in the place of any part; ``operation`` defines what a choice is."""
    outer: Schema = {key: schema[key] for key in ("description", "default") if key in schema}
    inner = {key: value for key, value in schema.items() if key not in outer}
    if inner == _SCHEME_MARK:
        return {**outer, "anyOf": [SCHEME, EXPRESSION]}
    if inner == _MARK:  # takes expressions itself
        return {**outer, "$ref": f"#/$defs/{operation}"}
    if not inner:
        return schema
    options = inner.get("anyOf", [inner])
    return {**outer, "anyOf": [*map(_parts, options), EXPRESSION]}


def _parts(schema: Schema) -> Schema:
    """A list with expressions in the place of its items."""
    found = dict(schema)
    if "prefixItems" in found:
        found["prefixItems"] = [with_expression(item) for item in found["prefixItems"]]
    if isinstance(found.get("items"), Mapping):
        found["items"] = with_expression(found["items"])
    return found


def declared(parameter: Parameter, *, expressions: bool = True) -> Schema:
    """A parameter that a spec declares."""
    schema = dict(TYPES[parameter.kind])
    limits = parameter.declaration
    if limits:
        bounds = {"enum": limits.choices, "minimum": limits.min, "maximum": limits.max}
        schema |= {key: value for key, value in bounds.items() if value is not None}
        schema |= {"description": limits.help} if limits.help else {}
    return with_expression(schema) if expressions else schema


def declarations() -> Schema:
    """A ``params:`` section: names with a default, a type, or the long form."""
    long, required = fields(Declaration, expressions=False)
    kinds = list(get_args(Declaration.model_fields["type"].annotation))
    form = {
        "type": "object",
        "description": summary(Declaration),
        "properties": long,
        "required": required,
        "additionalProperties": False,
        "allOf": [_typed(kind) for kind in kinds if kind != "any"],
    }
    short = {"type": ["integer", "number", "boolean", "string", "array"]}
    return {
        "type": "object",
        "propertyNames": naming.inner_parameter(),
        "additionalProperties": {"anyOf": [{"enum": kinds, "description": "A type: it must be set."}, short, form]},
    }


def _typed(kind: str) -> Schema:
    """A default, if there is one, is of the declared type; bounds are for numbers."""
    then: Schema = {"properties": {"default": with_expression(TYPES[kind])}}
    if kind not in ("int", "float"):
        then["properties"] |= {"min": {"type": "null"}, "max": {"type": "null"}}
    return {"if": {"properties": {"type": {"const": kind}}, "required": ["type"]}, "then": then}


def size(largest: int) -> Schema:
    """Channels, and a size for each axis."""
    side = with_expression({"type": "integer", "minimum": 1, "maximum": largest})
    return with_expression({"type": "array", "items": side, "minItems": 1, "maxItems": 1 + MOST_AXES})
