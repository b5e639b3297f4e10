"""What a mapping or list holds, by where it stands: sections, named layers, one layer, or values."""

from __future__ import annotations

from typing import NamedTuple

from netspec.formatter.tree import Branch, Entry, Node

WIDTH = 120
BODY_WIDTH = 105
"""Several layers share a line only if it is short."""
DEFINITION_WIDTH = 90
"""The parameters and the body of a block share a line only if it is shorter still."""


class Place(NamedTuple):
    """What a branch holds, and how it is laid out.

    ``open`` branches have their entries on lines of their own, others where they do not fit into ``width``; entries of
    ``aligned`` mappings have their values in a column.
    """

    holds: str
    open: bool = False
    aligned: bool = False
    width: int = WIDTH


ROOT = Place("sections", open=True)
VALUES = Place("values")
ENTRIES = Place("entries", open=True)
ROWS = Place("rows", open=True, aligned=True)
DEFINITIONS = Place("definitions", open=True, aligned=True)
DEFINITION = Place("definition", width=DEFINITION_WIDTH)
LIKENESS = Place("definition")
SECTION = Place("layers", open=True, aligned=True)
NAMES = Place("layers", aligned=True, width=BODY_WIDTH)
LAYER = Place("layer")

_SECTIONS = {
    "notes": ENTRIES,
    "variants": ROWS,
    "blocks": DEFINITIONS,
    "stem": SECTION,
    "stages": SECTION,
    "head": SECTION,
    "outputs": ENTRIES,
    "patch": ENTRIES,
}


def inside(where: Place, entry: Entry) -> Place:
    """What the value of ``entry`` holds, if it is a mapping or list that stands in ``where``."""
    word = entry.key.word if entry.key else None
    found = VALUES
    if where.holds == "sections":
        found = _SECTIONS.get(word or "", VALUES)
    elif where.holds == "definitions":
        found = LIKENESS if _has(entry.value, "like") else DEFINITION
    elif where.holds == "definition" and word == "body":
        found = NAMES
    elif where.holds == "layers" or (where.holds == "layer" and entry.key is None):
        found = LAYER
    elif where.holds == "layer" and word in ("branches", "chain"):
        found = NAMES
    return _layers(found, entry.value) if found.holds == "layers" else found


def _layers(found: Place, value: Node) -> Place:
    """A section that is a list may stand on one line; a mapping with ``branches`` in place of names is one layer."""
    if not isinstance(value, Branch) or not value.is_mapping:
        return found._replace(open=False)
    return LAYER._replace(open=found.open) if _has(value, "branches") else found


def _has(value: Node, word: str) -> bool:
    """Whether ``value`` is a mapping with the key ``word``."""
    return isinstance(value, Branch) and any(entry.key and entry.key.word == word for entry in value.entries)
