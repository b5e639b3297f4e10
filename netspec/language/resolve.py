"""A spec with every choice made: one network, complete in itself, each value with its place."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from netspec.errors.source import Span
from netspec.language.layers import written_in
from netspec.language.spec import Spec
from netspec.language.values import Mapping, Scalar, Sequence, Value, plain, retyped

Entries = dict[str, tuple[Span, Value]]


def resolved(spec: Spec, name: str, size: tuple[int, ...], given: dict[str, tuple[Span, Value]]) -> Mapping:
    """The document of ``spec`` with the ``given`` values as defaults, for images of ``size``, without variants."""
    entries = {key: entry for key, entry in spec.document.entries.items() if key != "variants"}
    place, written = entries["name"]
    entries["name"] = (place, Scalar(name, written.span))
    place, written = entries["input"]
    entries["input"] = (place, Sequence(tuple(Scalar(side, written.span) for side in size), written.span))
    place, params = entries.get("params", (place, written))
    if isinstance(params, Mapping):
        settled = {key: (span, _settled(value, given.get(key))) for key, (span, value) in params.entries.items()}
        entries["params"] = (place, Mapping(settled, params.span))
    return Mapping(_without_unread(entries), spec.document.span)


def _without_unread(entries: Entries) -> Entries:
    """``entries`` without the parameters and blocks that only the choices made have needed."""
    while True:
        kept = {
            key: _read_of(key, value, entries) for key, (_, value) in entries.items() if key in ("params", "blocks")
        }
        fewer: Entries = {}
        for key, (span, value) in entries.items():
            left = kept.get(key, value)
            if left is not None:
                fewer[key] = (span, left)
        if fewer == entries:
            return entries
        entries = fewer


def _read_of(section: str, value: Value, entries: Entries) -> Value | None:
    """The entries of ``section`` that anything else reads; None if nothing is left."""
    if not isinstance(value, Mapping):
        return value
    others = [
        written_in(inner) for key, (_, inner) in entries.items() if key not in (section, "name", "notes", "paper")
    ]
    kept = {}
    for key, entry in value.entries.items():
        siblings = [written_in(inner) for name, (_, inner) in value.entries.items() if name != key]
        read = frozenset[str]().union(*(part[section == "blocks"] for part in [*others, *siblings]))
        if key in read:
            kept[key] = entry
    return Mapping(kept, value.span) if kept else None


def _settled(written: Value, given: tuple[Span, Value] | None) -> Value:
    """A declaration with what was given as its default."""
    if given is None:
        return written
    return Mapping({**written.entries, "default": given}, written.span) if isinstance(written, Mapping) else given[1]


def text(document: Mapping) -> str:
    """``document`` as YAML."""
    return yaml.dump(plain(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Dumper(yaml.SafeDumper):
    """Writes every value out, and puts quotes around words that YAML 1.2 would read as something else."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - as PyYAML has it
        return True


def _word(dumper: _Dumper, word: str) -> yaml.ScalarNode:
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
            yaml.safe_dump(plain(value), default_flow_style=True, width=10**6).removesuffix("\n...\n").strip(),
            value.span,
        )
