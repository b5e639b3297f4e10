"""What a spec says: its parts, each with its place, before any parameter has a value."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from netspec.errors.other_names import SECTIONS as SECTION_NAMES
from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Source, Span
from netspec.language import names
from netspec.language.arguments import Arguments, built
from netspec.language.budget import Limit, limits
from netspec.language.definition import Definition, defined, mapping_of
from netspec.language.inputs import declared_inputs
from netspec.language.layers import Chain, Layer, chain
from netspec.language.outputs import OutputDeclaration, outputs
from netspec.language.parameter import Parameter, declared
from netspec.language.patch import Pattern, Rule, rules
from netspec.language.patched_text import Removal
from netspec.language.sections import KEYS, LAYER_SECTIONS, NEEDED, OTHER
from netspec.language.unread import Whole, reading
from netspec.language.values import Mapping, Value
from netspec.limits import LIMITS, Limits


class Header(BaseModel):
    """What stands at the top of a spec and is not layers."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    netspec: Annotated[Literal[1], Field(description="Version of the language.")]
    name: str
    paper: str = ""
    notes: str | list[str] = ""


@dataclass(slots=True, repr=False)
class Spec:
    """A spec as written, and what is wrong with it whatever its parameters are."""

    source: Source
    document: Mapping
    header: Header
    inputs: dict[str, Value]
    """Names to sizes, as written, in the order of the forward's arguments."""

    problems: Problems
    params: dict[str, Parameter] = field(default_factory=dict)
    variants: dict[str, tuple[Span, Mapping]] = field(default_factory=dict)
    blocks: dict[str, Definition] = field(default_factory=dict)
    init: Mapping | None = None
    rules: list[Rule] = field(default_factory=list)
    patterns: list[Pattern] = field(default_factory=list)
    """Those of the rules, in their order."""
    budget: dict[str, Limit] = field(default_factory=dict)
    sections: dict[str, tuple[Span, Chain | Layer]] = field(default_factory=dict)
    outputs: list[OutputDeclaration] = field(default_factory=list)
    limits: Limits = LIMITS
    dropped: dict[str, Removal | None] = field(default_factory=dict)
    """Inherited parameters that are gone because nothing reads them, with what took their last reader."""

    files: tuple[Path, ...] = ()
    """What it was read from: its own file and those of its parents."""

    def __repr__(self) -> str:
        return f"<Spec {self.header.name} from {self.source!r}>"

    def family(self, given: Container[str] = ()) -> list[str | None]:
        """The variants, and before them None for the spec itself where it is a network that none of them is.

        A variant without settings is the spec itself under another name.
        """
        named = any(not settings.entries for _, settings in self.variants.values())
        return [*([None] if self.is_network(given) and not named else []), *self.variants]

    def is_network(self, given: Container[str] = ()) -> bool:
        """Whether the parameters have values without a variant, those with names in ``given`` from the caller."""
        return all(parameter.default is not None or name in given for name, parameter in self.params.items())

    def inherits(self, span: Span) -> bool:
        """Whether what stands at ``span`` comes from a parent."""
        return span.source is not self.source

    def settable(self, given: dict[str, tuple[Span, Value]], problems: Problems) -> dict[str, tuple[Span, Value]]:
        """``given`` without inherited parameters that are gone; setting one is a mistake."""
        for name in [name for name in given if name in self.dropped]:
            problems.add(self.without_reader(name, given[name][0]))
        return {name: entry for name, entry in given.items() if name not in self.dropped}

    def without_reader(self, name: str, span: Span) -> Problem:
        """The mistake of setting, at ``span``, an inherited parameter that nothing reads any more."""
        message = f"nothing reads the parameter '{name}' any more, so it cannot be set"
        removal = self.dropped.get(name)
        if removal is None:
            return Problem("unknown-parameter", message, span)
        place = f"{removal.span.source.name}:{removal.span.line}"
        note = f"its last reader was taken away by {removal.what} ({place})"
        return Problem("unknown-parameter", message, span, notes=(note,))


def parsed(whole: Whole, source: Source, problems: Problems) -> Spec | None:
    """What a document with its parents says; None, with problems added, where it has no header to go on with."""
    document = whole.document
    if not isinstance(document, Mapping):
        message = "a spec is a mapping of sections, not a list or a single value"
        problems.add(Problem("not-a-mapping", message, document.span, "it begins with 'netspec: 1'"))
        return None
    for key, (span, _) in document.entries.items():
        if key not in KEYS:
            hint = problems.hints.of(key, KEYS, SECTION_NAMES).text
            problems.add(Problem("unknown-section", f"a spec has no section '{key}'", span, hint))
    missing = [key for key in NEEDED if key not in document.entries and OTHER.get(key) not in document.entries]
    for key in missing:
        problems.add(Problem("missing-section", f"a spec needs '{key}'", document.span, NEEDED[key]))
    if missing:
        return None
    inputs = declared_inputs(document, problems)
    given = {key: entry for key, entry in document.entries.items() if key in Header.model_fields}
    header = built(Header, "the spec", Arguments.of(Mapping(given, document.span), document.span, "", {}), problems)
    if not isinstance(header, Header):
        return None
    _is_title(header.name, given["name"][1].span, problems)
    spec = Spec(source, document, header, inputs, problems, dropped=whole.dropped)
    _read_sections(spec, document, problems)
    _refuse_unread(spec, problems)
    return spec


def _read_sections(spec: Spec, document: Mapping, problems: Problems) -> None:
    """Everything below the header."""
    spec.params = declared(document.get("params"), problems)
    spec.variants = _variants(document.get("variants"), problems)
    spec.blocks = defined(document.get("blocks"), problems)
    spec.init = mapping_of(document.get("init"), "init is a mapping such as {conv.weight: kaiming_normal}", problems)
    budget = mapping_of(document.get("budget"), "budget is a mapping such as {params: 8M, macs: 3G}", problems)
    spec.budget = limits(budget, problems)
    spec.rules = rules(document.get("patch"), problems)
    spec.patterns = [Pattern(rule.pattern) for rule in spec.rules]
    for name in LAYER_SECTIONS:
        entry = document.entries.get(name)
        body = chain(entry[1], problems) if entry else None
        if entry and body:
            spec.sections[name] = (entry[0], body)
    if not any(name in document.entries for name in LAYER_SECTIONS):
        hint = "layers stand in the sections 'stem', 'stages' and 'head'"
        problems.add(Problem("missing-section", "a spec needs at least one section of layers", document.span, hint))
    declarations = mapping_of(document.get("outputs"), "outputs is a mapping of names to layers", problems)
    spec.outputs = outputs(declarations, problems)


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


def _refuse_unread(spec: Spec, problems: Problems) -> None:
    """Parameters and blocks that nothing reads are mistakes, most often of spelling."""
    read = reading(spec.document, params=spec.params)
    for parameter in spec.params.values():
        if parameter.name not in read.params:
            message = f"nothing reads the parameter '{parameter.name}'"
            problems.add(Problem("unread-parameter", message, parameter.span, f"use it as ${parameter.name}"))
    for block in spec.blocks.values():
        if block.name not in read.blocks:
            problems.add(Problem("unused-block", f"nothing uses the block '{block.name}'", block.span))
