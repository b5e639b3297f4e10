"""``inputs`` and ``input``: what a network is given, by names, and how large each is."""

from __future__ import annotations

from typing import Any

from netspec.errors.codes import Code
from netspec.errors.problem import Problem, Problems, SpecError
from netspec.errors.source import Span
from netspec.language import names
from netspec.language.evaluation import evaluated
from netspec.language.values import Mapping, Value, shown
from netspec.limits import LARGEST_SIDE, MOST_AXES

INPUT, INPUTS = "input", "inputs"
"""The section of one input, and that of several. A network has one of both; ``input: S`` is ``inputs: {input: S}``."""
SHAPE_HINT = "channels, then a size for each axis, of one image: [3, 224, 224]"
Shape = tuple[int, ...]
"""Channels, then a size for each axis."""
Sizes = dict[str, Shape]
"""Shapes that a caller gives, by the names of inputs; that of the only one, whatever it is called, as ``input``."""


def refuse_both(document: Mapping) -> None:
    """Raise :class:`SpecError` where a document has both sections."""
    if INPUT in document.entries and INPUTS in document.entries:
        first, second = sorted((INPUT, INPUTS), key=list(document.entries).index)
        message = f"'{second}' stands beside '{first}', which says the same"
        hint = "'input: S' is short for 'inputs: {input: S}'"
        raise SpecError([Problem("duplicate-key", message, document.entries[second][0], hint)])


def declared_inputs(document: Mapping, problems: Problems) -> dict[str, Value]:
    """Name -> size, as written, of each input that ``document`` has, in the order of the forward's arguments."""
    if INPUT in document.entries:
        return {INPUT: document.entries[INPUT][1]}
    section = document.get(INPUTS)
    if section is None:
        return {}
    if not isinstance(section, Mapping) or not section.entries:
        hint = "inputs: {left: [3, 224, 224], right: [3, 224, 224]}"
        problems.add(Problem("wrong-type", "inputs is a mapping of names to sizes", section.span, hint))
        return {}
    for place, (name, (span, _)) in enumerate(section.entries.items()):
        fault = names.input_fault(name)
        if name == INPUT and place:
            fault = "'input' means the first input, so no other can be called so"
        if fault:
            problems.add(Problem("bad-name", fault, span))
    return {name: value for name, (_, value) in section.entries.items()}


def sizes(
    declared: dict[str, Value], values: dict[str, Any], given: Sizes, whose: str, problems: Problems
) -> Sizes | None:
    """The shape of each input that is ``declared``: what is ``given``, else as written; None after a mistake."""
    found = dict(given)
    if len(declared) == 1 and INPUT in found:
        found[next(iter(declared))] = found.pop(INPUT)
    span = next(iter(declared.values())).span if declared else None
    for name in [name for name in found if name not in declared]:
        problems.add(_unknown(name, found.pop(name), declared, whose, span, problems))
    shapes = {name: found.get(name) or _size(value, name, values, problems) for name, value in declared.items()}
    known = {name: shape for name, shape in shapes.items() if shape}
    return known if known and len(known) == len(declared) else None


def _unknown(
    name: str, shape: Shape, declared: dict[str, Value], whose: str, span: Span | None, problems: Problems
) -> Problem:
    """The mistake of giving a size for what is no input."""
    known = ", ".join(declared)
    if name == INPUT:
        message = f"{whose} has {len(declared)} inputs ({known}), and a size is given without a name"
        first = next(iter(declared), "")
        return Problem("unknown-name", message, span, f"name it: {first}={'x'.join(map(str, shape))}")
    hint = problems.hints.did_you_mean(name, declared)
    return Problem("unknown-name", f"{whose} has no input '{name}'; it has {known}", span, hint)


def _size(written: Value, name: str, values: dict[str, Any], problems: Problems) -> Shape | None:
    worked = evaluated(written, values, problems)
    if worked is None:
        return None
    code = misshapen(worked.data)
    if code is None:
        return tuple(worked.data)
    whose = "input" if name == INPUT else f"input '{name}'"
    message = f"{whose} must be {SHAPE_WORDS}, not {shown(worked.data)}"
    problems.add(Problem(code, message, written.span, SHAPE_HINT))
    return None


SHAPE_WORDS = f"channels and up to {MOST_AXES} sizes, all positive whole numbers"


def misshapen(data: object) -> Code | None:
    """The code of what keeps ``data`` from being the shape of an input; None if nothing does."""
    if not isinstance(data, list) or not 1 <= len(data) <= 1 + MOST_AXES or not all(type(side) is int for side in data):
        return "wrong-type"
    return None if all(0 < side <= LARGEST_SIDE for side in data) else "wrong-value"
