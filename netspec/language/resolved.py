"""A spec with every choice made: one network, complete in itself, each value with its place."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from netspec.errors import Span
from netspec.language.source import Mapping, Scalar, Sequence, Value, plain
from netspec.language.spec import Spec


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
    return Mapping(entries, spec.document.span)


def _settled(written: Value, given: tuple[Span, Value] | None) -> Value:
    """A declaration with what was given as its default."""
    if given is None:
        return written
    return Mapping({**written.entries, "default": given}, written.span) if isinstance(written, Mapping) else given[1]


def text(document: Mapping) -> str:
    """``document`` as YAML."""
    return yaml.safe_dump(plain(document), sort_keys=False, allow_unicode=True, width=120)


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
