"""The text of a spec that counts for what reads what: all of it but what patches take away.

A layer that a patch removes or replaces by its exact path reads nothing any more. What stands beside its word is worked
out all the same, so that still counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from netspec.errors.source import Span
from netspec.language import names
from netspec.language.sections import SECTIONS
from netspec.language.values import Mapping, Scalar, Sequence, Value

BESIDE = ("from", "name", "repeat", "when")
"""What is worked out of a layer also where a patch removes it or puts another in its place."""
MAY_HIDE = ("when", "inline")
"""Beside a layer of a list, what may take its number away."""
GLOB = "*?["
"""Characters with which a path means several layers."""


class Removal(NamedTuple):
    """A value that counts no more: what took its place, where that stands, and what the value was."""

    what: str
    span: Span
    was: Value


class Counted(NamedTuple):
    """Values of the sections where parameters are read, and those among them that patches have taken away."""

    values: list[Value]
    removed: list[Removal]


def counted(document: Mapping) -> Counted:
    """What counts in ``document``."""
    patches = list(_patches(document.get("patch")))
    blocks = document.get("blocks")
    found = _Layers(patches, blocks.entries if isinstance(blocks, Mapping) else {})
    for section in SECTIONS:
        value = document.get(section.key)
        if value is None or not section.expressions or section.key == "patch":
            continue
        if section.layers and found.paths:
            found.section(section.key, value)
        else:
            found.values.append(value)
    for at, patch in enumerate(patches):
        if patch.value is not None:
            found.layer(patch.path if patch.kind == "replace" else None, patch.value, at)
    return Counted(found.values, found.removed)


class _Patch(NamedTuple):
    """What is done at a path, as written."""

    kind: str
    path: str
    span: Span
    value: Value | None


def _patches(section: Value | None) -> Iterator[_Patch]:
    """What a ``patch`` section does, in order."""
    for part in section.items if isinstance(section, Sequence) else (section,):
        for kind, (_, value) in part.entries.items() if isinstance(part, Mapping) else ():
            if kind == "remove":
                for item in value.items if isinstance(value, Sequence) else (value,):
                    yield _Patch(kind, str(item.value) if isinstance(item, Scalar) else "", item.span, None)
            elif isinstance(value, Mapping):
                yield from (_Patch(kind, path, span, inner) for path, (span, inner) in value.entries.items())


class _Layers:
    """Collects the text of layers, but of those that a patch removes or replaces by their path."""

    def __init__(self, patches: list[_Patch], blocks: dict[str, tuple[Span, Value]]) -> None:
        self.blocks = blocks
        self.opening = {name for name, (_, value) in blocks.items() if isinstance(value, Mapping) and _opens(value)}
        """Blocks whose layers may join those around, so that their number may be that of the first layer inside."""
        self.values: list[Value] = []
        self.removed: list[Removal] = []
        self.paths = {
            patch.path: (at, patch)
            for at, patch in enumerate(patches)
            if patch.kind in ("remove", "replace") and not any(sign in patch.path for sign in GLOB)
        }
        """Path -> the last patch that removes or replaces what is there, with its number."""

    def section(self, key: str, value: Value) -> None:
        """The layers of a section: a mapping adds nothing to their names, a list its own name."""
        if isinstance(value, Scalar) or (isinstance(value, Mapping) and "branches" in value.entries):
            self.values.append(value)
        else:
            self._chain("" if isinstance(value, Mapping) else f"{key}.", value, -1)

    def layer(self, path: str | None, value: Value, at: int = -1) -> None:
        """A layer at ``path``, if that is known, which only patches after number ``at`` meet."""
        found = self.paths.get(path) if path else None
        content = _chain(value)
        if found and found[0] > at:
            patch = found[1]
            self.removed.append(Removal(f"the patch of '{patch.path}'", patch.span, value))
            self.values += _beside(value)
        elif path and content:
            self.values += _beside(value)
            self._chain(f"{path}.", content, at)
        else:
            self.values.append(value)

    def _chain(self, prefix: str, content: Mapping | Sequence, at: int) -> None:
        if isinstance(content, Sequence):
            self._numbered(prefix, content, at)
            return
        for name, (_, inner) in content.entries.items():
            self.layer(prefix + name, inner, at)

    def _numbered(self, prefix: str, content: Sequence, at: int) -> None:
        """The layers of a list; behind one that may take no number, or several, their paths are not known."""
        number: int | None = 0
        for item in content.items:
            name = item.get("name") if isinstance(item, Mapping) else None
            if name is not None:
                self.layer(prefix + str(name.value) if isinstance(name, Scalar) else None, item, at)
                continue
            self.layer(None if number is None or self._may_open(item) else f"{prefix}{number}", item, at)
            number = number + 1 if number is not None and self._has_number(item) else None

    def _has_number(self, item: Value) -> bool:
        """Whether a layer of a list surely takes one number: it is no block, is not left out, and is not inline."""
        if isinstance(item, Scalar):
            return not self._may_vary(str(item.value))
        if isinstance(item, Sequence):
            return True
        words = [key for key in item.entries if key not in names.BESIDE]
        return not any(map(self._may_vary, words)) and not any(key in item.entries for key in MAY_HIDE)

    def _may_open(self, item: Value) -> bool:
        """Whether what is written as one layer of a list may add no name of its own."""
        if isinstance(item, Mapping) and "inline" in item.entries:
            return True
        words = item.entries if isinstance(item, Mapping) else [str(item.value)] if isinstance(item, Scalar) else []
        return any("$" in word or word in self.opening for word in words if word not in names.BESIDE)

    def _may_vary(self, word: str) -> bool:
        return "$" in word or word == "none" or word in self.blocks


def _opens(block: Mapping) -> bool:
    """Whether a block is, or may be like, one that is defined inline."""
    inline = block.get("inline")
    return "like" in block.entries or (isinstance(inline, Scalar) and inline.value is True)


def _chain(layer: Value) -> Mapping | Sequence | None:
    """The layers in ``layer`` if it is a chain whose paths are known: a list, or the word for it, not repeated."""
    if isinstance(layer, Mapping):
        inner = None if "repeat" in layer.entries else layer.get("chain")
        return None if isinstance(inner, Scalar) else inner
    return layer if isinstance(layer, Sequence) else None


def _beside(layer: Value) -> list[Value]:
    """What stands beside the word of a layer, ``from`` also where it stands inside."""
    if not isinstance(layer, Mapping):
        return []
    inside = [value.get("from") for _, value in layer.entries.values() if isinstance(value, Mapping)]
    found = [*(layer.get(key) for key in BESIDE), *inside]
    return [value for value in found if value is not None]
