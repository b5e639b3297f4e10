"""All that is said of one word: parameters, rules, what is built, an example, and its names elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any, NamedTuple

from netspec.blocks.block import Block
from netspec.errors.codes import Refusal
from netspec.errors.other_names import PARAMETERS, WORDS
from netspec.language.arguments import fields_of
from netspec.limits import MOST_AXES
from netspec.ops.fields import LARGEST, MOST
from netspec.ops.operation import Operation, free
from netspec.reference.meanings import MEANINGS, OTHERWISE
from netspec.schema.parameters import fields, summary

Word = type[Operation] | type[Block]
Rule = tuple[str, str]
"""A label and a sentence."""
INHERITED = {
    "shape": "that of the input",
    "tensors": "none",
    "window": "the same position of each input",
    "saved_for_backward": "the inputs",
}
"""Rule of an operation -> what holds where its class has none of its own."""
LABELS = {
    "shape": "Output",
    "tensors": "Tensors",
    "cost": "Counted",
    "window": "Window",
    "saved_for_backward": "Kept for the gradient",
}
JOINED = ["left", "right"]
"""What a join of an example reads."""
BOTH = ["x", "pool1"]
"""What an operation with two inputs reads in an example."""
SHAPES = ((8, 16, 16), (8, 16), (8, 16, 16, 16), (8,))
"""What examples read: the first that they take."""


class Parameter(NamedTuple):
    """A parameter of a word; ``default`` is empty where it must be given."""

    name: str
    type: str
    default: str
    meaning: str
    elsewhere: tuple[str, ...]


class Entry(NamedTuple):
    """A word: ``rules`` are sentences with labels, of operations alone."""

    word: str
    kind: str
    summary: str
    parameters: tuple[Parameter, ...]
    rules: tuple[Rule, ...]
    example: str
    elsewhere: tuple[str, ...]


def entry(known: Word) -> Entry:
    """What is said of an operation or a built-in block."""
    rules = tuple(_rules(known)) if issubclass(known, Operation) else ()
    kind = "operation" if issubclass(known, Operation) else "block"
    return Entry(
        known.word,
        kind,
        _code(summary(known)),
        _parameters(known),
        rules,
        example(known),
        WORDS.ours.get(known.word, ()),
    )


def example(known: Word) -> str:
    """A layer of that word, as a spec has it."""
    given = dict(known.example)
    if issubclass(known, Operation) and known.joins:
        return f"{known.word}: {_written({'from': JOINED, **given} if fields_of(known) else JOINED)}"
    if issubclass(known, Operation) and known.takes[0] > 1:
        return f"{{{known.word}: {_written(given) if given else ''}, from: {_written(BOTH)}}}"
    main = next(iter(fields_of(known)), "")
    value = given[main] if given.keys() == {main} and not isinstance(given[main], dict) else given
    return f"{known.word}: {_written(value)}" if given else known.word


def _parameters(known: Word) -> tuple[Parameter, ...]:
    described, required = fields(known, expressions=False)
    found = []
    for name, schema in described.items():
        default = "" if name in required else _default(schema)
        said = _code(schema.get("description", "").rstrip("."))
        meaning = MEANINGS.get(name) or said or OTHERWISE.get(name, "")
        found.append(Parameter(name, type_text(schema), default, meaning, PARAMETERS.ours.get(name, ())))
    return tuple(found)


def _code(text: str) -> str:
    """``text`` with what the docstring has as code between back quotes again."""
    return text.replace("'", "`") if text.count("'") % 2 == 0 else text


def _default(schema: dict[str, Any]) -> str:
    return _written(schema["default"]) if schema.get("default") is not None else "none"


def _written(value: Any) -> str:
    """A value as YAML has it on one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_written(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def type_text(schema: dict[str, Any]) -> str:
    """What a parameter can be, in a few words: ``whole number from 1, or one for each axis``."""
    choices = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    return ", or ".join(dict.fromkeys(_type_text(one) for one in choices))


def _type_text(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if schema.get("format") in ("operation", "scheme"):
        return str(schema["format"])
    kind: str = schema.get("type", "any")
    if kind == "array":
        least, most = schema.get("minItems"), schema.get("maxItems", 0)
        if most > MOST_AXES:
            return f"list of {least} to {most} whole numbers"
        if most:
            return "one for each axis"
        return f"list of {_type_text(schema.get('items', {})).replace('number', 'numbers')}"
    names: dict[str, str] = {"integer": "whole number", "number": "number", "boolean": "true | false", "string": "word"}
    return names.get(kind, kind) + _range_text(schema)


def _range_text(schema: dict[str, Any]) -> str:
    """The range of a number, without the bounds that all numbers have."""
    least, most = schema.get("minimum"), schema.get("maximum")
    if most in (LARGEST, MOST):
        most = None
    if least == -MOST:
        least = None
    if "exclusiveMinimum" in schema:
        return f" above {schema['exclusiveMinimum']}" + (f", at most {most}" if most is not None else "")
    if least is not None and most is not None:
        return f" from {least} to {most}"
    return f" from {least}" if least is not None else f" at most {most}" if most is not None else ""


def _rules(known: type[Operation]) -> Iterator[Rule]:
    """What each rule of an operation says, and the module that it builds for the example."""
    for rule, label in LABELS.items():
        own = getattr(known, rule)
        inherited = own is getattr(Operation, rule)
        said = "nothing" if own is free else INHERITED[rule] if inherited else _first(own.__doc__)
        yield label, said
    yield "Built as", _built(known)


def _first(text: str | None) -> str:
    """The first paragraph of a docstring, with code between back quotes and without its full stop."""
    paragraph = " ".join(cleandoc(text or "").partition("\n\n")[0].split())
    return paragraph.replace("``", "`").rstrip(".")


def _built(known: type[Operation]) -> str:
    """The module that is built, as data says it, and what the class says of it."""
    said = _first(known.layer.__doc__)
    target = f"`{_target(known)}`"
    return said if target in said else f"{target}" + (f": {said}" if said else "")


def _target(known: type[Operation]) -> str:
    """The dotted name of what the example is built as."""
    operation, inputs = reading(known)
    return operation.layer(*inputs).target


def reading(known: type[Operation]) -> tuple[Operation, tuple[tuple[int, ...], ...]]:
    """The operation of the example, and shapes that it takes."""
    operation = known(**known.example)
    count = known.takes[0]
    for shape in SHAPES:
        inputs = (shape,) * count
        try:
            operation.shape(*inputs)
        except Refusal:
            continue
        return operation, inputs
    message = f"the example of {known.word} takes none of {SHAPES}"
    raise ValueError(message)
