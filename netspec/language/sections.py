"""The sections of a spec: what stands at the top of a file, in canonical order."""

from __future__ import annotations

from typing import NamedTuple


class Section(NamedTuple):
    """A key at the top of a spec.

    Sections of one ``group`` stand together in canonical form, an empty line between groups. ``merged`` ones are merged
    with the parent's entry by entry; others replace the parent's, but patches, which follow it. ``layers`` ones hold
    layers, in this order of running. In ``expressions`` parameters are read and blocks are used. ``example`` is how a
    section begins that every spec has, or the ``other`` that says the same in another way.
    """

    key: str
    group: str
    description: str
    merged: bool = False
    layers: bool = False
    expressions: bool = False
    example: str = ""
    other: str = ""


SECTIONS = (
    Section("netspec", "top", "The version of the language.", example="netspec: 1"),
    Section("name", "top", "What the network is called.", example="name: mynet"),
    Section("paper", "top", "Where the network is published."),
    Section("notes", "top", "Where this file differs from what is published."),
    Section(
        "extends",
        "top",
        "The spec that this one changes: a file beside it, or a shipped network; a variant stands after @.",
    ),
    Section("under", "top", "The chain that the parent's layers are put in: their paths begin with its name."),
    Section(
        "input",
        "top",
        "Channels, height and width of one image; of other data, channels and 0 to 3 sizes.",
        expressions=True,
        example="input: [3, 224, 224]",
        other="inputs",
    ),
    Section(
        "inputs",
        "top",
        "Several inputs: names to sizes, in the order of the module's arguments.",
        expressions=True,
        other="input",
    ),
    Section("params", "top", "The values that a caller can set: a default, a type, or the long form.", merged=True),
    Section("variants", "top", "Named sets of parameter values."),
    Section(
        "init",
        "top",
        "How weights start: operation and tensor, such as conv.weight, to a scheme.",
        merged=True,
        expressions=True,
    ),
    Section("blocks", "blocks", "Blocks defined here.", merged=True),
    Section("stem", "layers", "The layers that run first.", layers=True, expressions=True),
    Section(
        "stages",
        "layers",
        "The layers that run after the stem: what the paper calls stages.",
        layers=True,
        expressions=True,
    ),
    Section("head", "layers", "The layers that run last.", layers=True, expressions=True),
    Section("outputs", "outputs", "What the network returns: names to layers.", expressions=True),
    Section(
        "patch",
        "patch",
        "Changes to layers by their paths; * stands for a part of a path, ** for any number of parts.",
        expressions=True,
    ),
    Section("budget", "budget", "Upper bounds of figures, such as {params: 8M, macs: 3G}.", merged=True),
)
"""Every section, in the order of the canonical form."""

KEYS = tuple(section.key for section in SECTIONS)
LAYER_SECTIONS = tuple(section.key for section in SECTIONS if section.layers)
"""Those that hold layers, in running order."""
NEEDED = {section.key: section.example for section in SECTIONS if section.example}
"""What every spec without a parent begins with, and how."""
OTHER = {section.key: section.other for section in SECTIONS if section.other}
"""Sections that say the same in two ways; of parent and child the child's counts."""
