"""Words as JSON Schema: what may be given to an operation or block where a layer uses it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from netspec.blocks.block import Block, layer_fields
from netspec.language import names
from netspec.language.definition import Definition
from netspec.language.values import Mapping as WrittenMapping
from netspec.language.values import Scalar, Value
from netspec.ops import Operation
from netspec.schema import naming
from netspec.schema.parameters import EXPRESSION, Schema, declared, fields, summary

NAME: Schema = {"type": ["string", "integer"]}
NULL: Schema = {"type": "null"}
ABSENT: Schema = {"const": names.NONE, "description": "A layer that is not there."}


@dataclass(frozen=True, slots=True)
class Use:
    """How a word is used.

    ``given`` is what may stand after it, as if every parameter had a default; those ``required`` have none. The
    ``main`` parameter is given without its name. A word that ``joins`` reads several layers; one that ``chooses`` is an
    operation, which a block takes as its ``norm`` or ``activation``. ``prefix`` begins the names of its definitions.
    """

    description: str
    given: Schema
    required: tuple[str, ...] = ()
    main: str = ""
    joins: bool = False
    chooses: bool = False
    prefix: str = ""

    @property
    def alone(self) -> bool:
        """Whether the word may stand without values."""
        return not self.required and not self.joins


def use(known: type[Operation | Block], prefix: str = "") -> Use:
    """How an operation or a block that is written in Python is used, in a vocabulary with ``prefix``."""
    prefix = prefix if layer_fields(known) else ""
    properties, required = fields(known, operation=f"{prefix}operation")
    is_operation = issubclass(known, Operation)
    joins = issubclass(known, Operation) and known.joins
    text = summary(known)
    is_source = issubclass(known, Operation) and known.takes[1] == 0
    written = given(text, properties, reads=None if is_source else reads(2 if joins else 1))
    return Use(text, written, tuple(required), next(iter(properties), ""), joins, is_operation, prefix)


def reads(least: int) -> Schema:
    """What ``from`` is where it names at least so many layers; an expression can give any number."""
    several: Schema = {"type": "array", "items": NAME, "minItems": least}
    return {"anyOf": [NAME if least == 1 else EXPRESSION, several]}


def own_uses(blocks: Mapping[str, Definition], known: Mapping[str, Use]) -> dict[str, Use]:
    """How the ``blocks`` of a spec are used, beside the ``known`` words."""
    return {name: _own(block, blocks, known) for name, block in blocks.items()}


def _own(block: Definition, blocks: Mapping[str, Definition], known: Mapping[str, Use]) -> Use:
    """A block has its own parameters, or those of the word that it is like, by way of others perhaps."""
    text = f"Block {block.name} of this spec."
    values: list[Value | None] = []
    passed: set[str] = set()
    found: Use | None = None
    while block.like is not None:
        values.append(block.like.arguments)
        word = str(block.like.word.value)
        if word in passed or word not in blocks:
            found = None if word in passed else known.get(word)
            break
        passed.add(word)
        block = blocks[word]
    else:
        found = _with_body(block, text)
    if found is None:  # worked out, so it can be any word
        return Use(text, {"description": text}, chooses=True)
    settled = {name for value in values for name in _named(value, found.main)}
    needed = tuple(name for name in found.required if name not in settled)
    return replace(found, description=text, given={**found.given, "description": text}, required=needed)


def _with_body(block: Definition, text: str) -> Use:
    properties = {name: declared(parameter) for name, parameter in block.params.items()}
    required = tuple(name for name, parameter in block.params.items() if parameter.default is None)
    written = given(text, properties, reads=reads(1 + len(block.reads)))
    return Use(text, written, required, next(iter(properties), ""), joins=bool(block.reads))


def _named(value: Value | None, main: str) -> Iterable[str]:
    """The parameters to which ``value``, written after a word, gives values."""
    if isinstance(value, WrittenMapping):
        return value.entries
    return [] if value is None or (isinstance(value, Scalar) and value.value is None) else [main]


def given(text: str, properties: dict[str, Schema], *, reads: Schema | None = None) -> Schema:
    """What may stand after a word: nothing, the main value, or parameters; ``reads`` is what ``from`` is there."""
    options: list[Schema] = [NULL]
    main = next(iter(properties), None)
    if main:
        options.append({"allOf": [properties[main], {"not": {"type": ["object", "null"]}}]})
    elif reads and NAME not in reads["anyOf"]:
        options.append(reads)
    entries = {**properties, "from": reads} if reads else properties
    return {
        "description": text,
        "anyOf": [*options, {"type": "object", "properties": entries, "additionalProperties": False}],
    }


def needing(required: Iterable[str], main: str) -> Schema:
    """That the parameters ``required`` are given; ``main`` may be, without its name."""
    needed = list(required)
    if not needed:
        return {}
    return {"required": needed, **({"not": NULL} if needed == [main] else {"type": "object"})}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words that layers may use, and others where it is ``open``; ``prefix`` begins the names of definitions."""

    prefix: str
    uses: Mapping[str, Use]
    open: bool

    def reference(self, name: str) -> Schema:
        """What may stand after the word ``name``."""
        return {"$ref": f"#/$defs/{self.uses[name].prefix}word.{name}"}

    def partial(self, name: str) -> Schema:
        """What may stand after the word ``name`` where the rest is given elsewhere."""
        one = self.uses[name]
        return {"$ref": f"#/$defs/{one.prefix}given.{name}"} if one.required else self.reference(name)

    def definitions(self) -> dict[str, Schema]:
        """What references to words lead to."""
        found: dict[str, Schema] = {}
        for name, one in self.uses.items():
            found[f"alone.{name}"] = {"const": name, "description": one.description}
            found[f"{one.prefix}word.{name}"] = one.given
            if one.required:
                found[f"{one.prefix}given.{name}"] = one.given
                found[f"{one.prefix}word.{name}"] = self.partial(name) | needing(one.required, one.main)
        return found

    def alone(self, known: Iterable[str]) -> list[Schema]:
        """The words that may stand without values: of the ``known`` ones, and any other if it is open."""
        taken = list(known)
        found: list[Schema] = [{"$ref": f"#/$defs/alone.{name}"} for name in taken]
        if self.open:
            lacking = [name for name in self.uses if name not in taken]
            found.append({"type": "string", **naming.block(), "not": {"enum": lacking}})
        return [*found, EXPRESSION]

    def single(self, known: Iterable[str], values: Mapping[str, Schema]) -> list[Schema]:
        """One word without anything beside it: of ``known`` ones alone, of others with ``values``."""
        other = [name for name in self.uses if name not in values]
        form: Schema = {
            "type": "object",
            "properties": {**values, names.NONE: NULL},
            "patternProperties": {"\\$": {}},
            "additionalProperties": self.open,
            "propertyNames": {"not": {"enum": [*sorted(names.RESERVED), *other]}},
            "minProperties": 1,
            "maxProperties": 1,
        }
        inside: Schema = {"additionalProperties": {"not": {"type": "object", "required": ["from"]}}}
        return [*self.alone(known), ABSENT, {"allOf": [form, inside]}]

    def operation(self) -> Schema:
        """What a block takes as its ``norm`` or ``activation``."""
        chosen = [name for name, one in self.uses.items() if one.chooses]
        return {
            "anyOf": self.single(
                (name for name in chosen if self.uses[name].alone), {name: self.reference(name) for name in chosen}
            )
        }

    def likeness(self) -> Schema:
        """The word that a block is like, and what it sets."""
        return {"anyOf": self.single(self.uses, {name: self.partial(name) for name in self.uses})}
