"""A spec with every choice made: one network, complete in itself, each value with its place."""

from __future__ import annotations

from collections.abc import Container, Iterator

import yaml

from netspec.errors.source import Span
from netspec.language.inputs import INPUT, INPUTS, Shape, Sizes
from netspec.language.spec import Spec
from netspec.language.unread import reading
from netspec.language.values import Mapping, Scalar, Sequence, Value, plain, retyped


def resolved(
    spec: Spec, name: str, sizes: Sizes, given: dict[str, tuple[Span, Value]], init: Container[str]
) -> Mapping:
    """The document of ``spec`` with the ``given`` values as defaults and inputs of these ``sizes``, without variants.

    ``init`` are the entries of that section that start any weights.
    """
    entries = {key: entry for key, entry in spec.document.entries.items() if key != "variants"}
    place, written = entries["name"]
    entries["name"] = (place, Scalar(name, written.span))
    if INPUT in entries:
        place, written = entries[INPUT]
        entries[INPUT] = (place, _size(sizes[INPUT], written))
    else:
        place, written = entries[INPUTS]
        named = {key: (span, _size(sizes[key], value)) for key, (span, value) in _entries(written).items()}
        entries[INPUTS] = (place, Mapping(named, written.span))
    place, params = entries.get("params", (place, written))
    if isinstance(params, Mapping):
        settled = {key: (span, _settled(value, given.get(key))) for key, (span, value) in params.entries.items()}
        entries["params"] = (place, Mapping(settled, params.span))
    document = _only(Mapping(entries, spec.document.span), "init", init)
    read = reading(document)
    return _only(_only(document, "params", read.params), "blocks", read.blocks)


def _only(document: Mapping, section: str, kept: Container[str]) -> Mapping:
    """``document`` with none but the ``kept`` entries of a section, and without the section if none are left."""
    value = document.get(section)
    if not isinstance(value, Mapping):
        return document
    entries = dict(document.entries)
    left = {name: entry for name, entry in value.entries.items() if name in kept}
    entries[section] = (entries[section][0], Mapping(left, value.span))
    if not left:
        del entries[section]
    return Mapping(entries, document.span)


def _size(size: Shape, written: Value) -> Value:
    """``size`` at the place of what is written."""
    return Sequence(tuple([Scalar(side, written.span) for side in size]), written.span)


def _entries(value: Value) -> dict[str, tuple[Span, Value]]:
    return value.entries if isinstance(value, Mapping) else {}


def _settled(written: Value, given: tuple[Span, Value] | None) -> Value:
    """A declaration with what was given as its default."""
    if given is None:
        return written
    return Mapping({**written.entries, "default": given}, written.span) if isinstance(written, Mapping) else given[1]


def text(document: Mapping) -> str:
    """``document`` as YAML."""
    return yaml.dump(plain(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


_SafeDumper: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_SafeDumper):  # type: ignore[valid-type, misc]
    """Writes every value out, and puts quotes around words that YAML 1.2 would read as something else."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - as PyYAML has it
        return True


def _word(dumper: yaml.SafeDumper, word: str) -> yaml.ScalarNode:
    style = None if isinstance(retyped(word), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", word, style=style)


_Dumper.add_representer(str, _word)


def origins(value: Value, path: str = "") -> Iterator[tuple[str, str, Span]]:
    """Every value in ``value`` with its path and its place; a short list is one value."""
    if isinstance(value, Mapping) and value.entries:
        for key, (_, inner) in value.entries.items():
            yield from origins(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, Sequence) and not all(isinstance(item, Scalar) for item in value.items):
        for index, item in enumerate(value.items):
            yield from origins(item, f"{path}.{index}")
    else:
        yield (
            path,
            yaml.dump(plain(value), Dumper=_SafeDumper, default_flow_style=True, width=10**6)
            .removesuffix("\n...\n")
            .strip(),
            value.span,
        )
