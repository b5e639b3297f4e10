"""What a spec says: its parts, each with its place, before any parameter has a value."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Source, Span
from netspec.errors.text import did_you_mean
from netspec.language import names
from netspec.language.arguments import Arguments, built
from netspec.language.definition import Definition, defined, mapping_of
from netspec.language.layers import Chain, Layer, chain, written_in
from netspec.language.parameter import Parameter, declared
from netspec.language.patch import Rule, rules
from netspec.language.values import Mapping, Scalar, Value
from netspec.limits import LIMITS, Limits

SECTIONS = ("stem", "stages", "head")
"""The sections that hold layers, in running order."""


class Header(BaseModel):
    """What stands at the top of a spec and is not layers."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    netspec: Annotated[Literal[1], Field(description="Version of the language.")]
    name: str
    paper: str = ""
    notes: str | list[str] = ""


KEYS = (
    *Header.model_fields,
    "extends",
    "input",
    "params",
    "variants",
    "blocks",
    "init",
    *SECTIONS,
    "outputs",
    "patch",
    "budget",
)


class OutputDeclaration(NamedTuple):
    """A declared output: the layer that it comes from, and when it is there."""

    name: str
    layer: Scalar
    training: bool
    span: Span


class Limit(NamedTuple):
    """An upper bound that a spec sets for one of its figures."""

    amount: int
    span: Span


@dataclass(slots=True)
class Spec:
    """A spec as written, and what is wrong with it whatever its parameters are."""

    source: Source
    document: Mapping
    header: Header
    size: Value
    problems: Problems
    params: dict[str, Parameter] = field(default_factory=dict)
    variants: dict[str, tuple[Span, Mapping]] = field(default_factory=dict)
    blocks: dict[str, Definition] = field(default_factory=dict)
    init: Mapping | None = None
    rules: list[Rule] = field(default_factory=list)
    budget: dict[str, Limit] = field(default_factory=dict)
    sections: dict[str, tuple[Span, Chain | Layer]] = field(default_factory=dict)
    outputs: list[OutputDeclaration] = field(default_factory=list)
    limits: Limits = LIMITS
    files: tuple[Path, ...] = ()
    """What it was read from: its own file and those of its parents."""

    def family(self, given: Container[str] = ()) -> list[str | None]:
        """The variants, and None for the spec itself where its parameters have values without one."""
        complete = all(parameter.default is not None or name in given for name, parameter in self.params.items())
        return [*([None] if complete else []), *self.variants]


def parsed(document: Value, source: Source, problems: Problems) -> Spec | None:
    """What ``document`` says; None, with problems added, where it has no header to go on with."""
    if not isinstance(document, Mapping):
        message = "a spec is a mapping of sections, not a list or a single value"
        problems.add(Problem("not-a-mapping", message, document.span, "it begins with 'netspec: 1'"))
        return None
    for key, (span, _) in document.entries.items():
        if key not in KEYS:
            hint = did_you_mean(key, KEYS)
            problems.add(Problem("unknown-section", f"a spec has no section '{key}'", span, hint))
    needed = {"netspec": "netspec: 1", "name": "name: mynet", "input": "input: [3, 224, 224]"}
    missing = [key for key in needed if key not in document.entries]
    for key in missing:
        problems.add(Problem("missing-section", f"a spec needs '{key}'", document.span, needed[key]))
    size = document.get("input")
    if missing or size is None:
        return None
    given = {key: entry for key, entry in document.entries.items() if key in Header.model_fields}
    header = built(Header, "the spec", Arguments(given, document.span), {}, problems)
    if not isinstance(header, Header):
        return None
    _is_title(header.name, given["name"][1].span, problems)
    spec = Spec(source, document, header, size, problems, declared(document.get("params"), problems))
    spec.variants = _variants(document.get("variants"), problems)
    spec.blocks = defined(document.get("blocks"), problems)
    spec.init = mapping_of(document.get("init"), "init is a mapping such as {conv.weight: kaiming_normal}", problems)
    spec.budget = _budget(document.get("budget"), problems)
    spec.rules = rules(document.get("patch"), problems)
    for name in SECTIONS:
        entry = document.entries.get(name)
        body = chain(entry[1], problems) if entry else None
        if entry and body:
            spec.sections[name] = (entry[0], body)
    if not any(name in document.entries for name in SECTIONS):
        hint = "layers stand in the sections 'stem', 'stages' and 'head'"
        problems.add(Problem("missing-section", "a spec needs at least one section of layers", document.span, hint))
    spec.outputs = _outputs(document.get("outputs"), problems)
    _refuse_unread(spec, problems)
    return spec


def _is_title(name: str, span: Span, problems: Problems) -> bool:
    """Whether a network, a variant or an output can be called ``name``."""
    fault = names.title_fault(name)
    if fault:
        problems.add(Problem("bad-name", fault, span))
    return not fault


def _variants(section: Value | None, problems: Problems) -> dict[str, tuple[Span, Mapping]]:
    mapping = mapping_of(section, "variants is a mapping of names to parameters", problems)
    found = {}
    for name, (span, value) in (mapping.entries if mapping else {}).items():
        settings = mapping_of(value, f"variant '{name}' is a mapping of parameters to values", problems)
        if _is_title(name, span, problems) and settings:
            found[name] = (span, settings)
    return found


FIGURES = ("params", "macs", "flops", "depth", "buffers")
UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def _budget(section: Value | None, problems: Problems) -> dict[str, Limit]:
    """Figure -> largest value; ``8M`` is eight million."""
    mapping = mapping_of(section, "budget is a mapping such as {params: 8M, macs: 3G}", problems)
    found = {}
    for name, (span, value) in (mapping.entries if mapping else {}).items():
        amount = re.fullmatch(r"(\d+(?:\.\d+)?)([kMGT]?)", str(value.value)) if isinstance(value, Scalar) else None
        if name not in FIGURES:
            problems.add(
                Problem("unknown-parameter", f"there is no budget for '{name}'", span, did_you_mean(name, FIGURES))
            )
        elif amount is None:
            message = f"the budget of {name} is a number with k, M, G or T behind it, such as 8M"
            problems.add(Problem("wrong-type", message, value.span))
        else:
            found[name] = Limit(round(float(amount[1]) * UNITS[amount[2]]), value.span)
    return found


def _outputs(section: Value | None, problems: Problems) -> list[OutputDeclaration]:
    mapping = mapping_of(section, "outputs is a mapping of names to layers", problems)
    found = []
    for name, (span, value) in (mapping.entries if mapping else {}).items():
        _is_title(name, span, problems)
        layer: Value | None = value
        training = False
        if isinstance(value, Mapping):
            layer, when = value.get("from"), value.get("when")
            for key, (key_span, _) in value.entries.items():
                if key not in ("from", "when"):
                    hint = did_you_mean(key, ("from", "when"))
                    problems.add(Problem("unknown-parameter", f"an output has no '{key}'", key_span, hint))
            training = isinstance(when, Scalar) and when.value == "training"
            if when is not None and not training:
                problems.add(Problem("wrong-value", "'when' of an output can only be 'training'", when.span))
        if not isinstance(layer, Scalar) or not isinstance(layer.value, str):
            message = f"output '{name}' is the name of a layer, or {{from: name, when: training}}"
            problems.add(Problem("wrong-type", message, value.span))
            continue
        found.append(OutputDeclaration(name, layer, training, span))
    if mapping and found and all(output.training for output in found):
        message = "at least one output must be there outside training"
        problems.add(Problem("wrong-value", message, found[0].span))
    return found


def _refuse_unread(spec: Spec, problems: Problems) -> None:
    """Parameters and blocks that nothing reads are mistakes, most often of spelling."""
    entries = spec.document.entries
    sections = {
        key: written_in(entries[key][1]) for key in ("input", "init", "outputs", "patch", *SECTIONS) if key in entries
    }
    bodies = {name: written_in(entries["blocks"][1], only=name) for name in spec.blocks}
    set_values = [written_in(entries[key][1]) for key in ("params", "variants") if key in entries]
    read = frozenset[str]().union(*(part.names for part in sections.values()))
    if "params" in entries:
        read |= set_values[0].names
    for parameter in spec.params.values():
        if parameter.name not in read:
            message = f"nothing reads the parameter '{parameter.name}'"
            problems.add(Problem("unread-parameter", message, parameter.span, f"use it as ${parameter.name}"))
    used = frozenset[str]().union(*(part.words for part in [*sections.values(), *set_values]))
    while True:
        more = used.union(*(bodies[name].words for name in bodies if name in used))
        if more == used:
            break
        used = more
    for block in spec.blocks.values():
        if block.name not in used:
            problems.add(Problem("unused-block", f"nothing uses the block '{block.name}'", block.span))
