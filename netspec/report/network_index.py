"""The figures of the networks that come with netspec, kept beside their specs, so that no list works them out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from netspec.ops.facts import Exact
from netspec.report.network_groups import group_of
from netspec.report.network_list import Listed

NAME = "figures.json"
"""The file in the folder of the specs; ``tools/docs.py`` writes it."""


class Known(NamedTuple):
    """The networks of a shipped file as they were when it had this ``digest``."""

    digest: int
    networks: tuple[Listed, ...]


def text(files: Mapping[str, Known]) -> str:
    """The content of the index, a line for each network of each file."""
    parts = []
    for file, known in files.items():
        rows = ",\n  ".join([json.dumps(_row(one)) for one in known.networks])
        parts.append(f" {json.dumps(file)}: [{known.digest}, [\n  {rows}]]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def read(path: Path) -> dict[str, Known]:
    """Name of a shipped file -> what is known of it; nothing where there is no index."""
    if not path.is_file():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    return {
        file: Known(digest, tuple([_listed(file, row) for row in rows])) for file, (digest, rows) in content.items()
    }


def _row(one: Listed) -> list[Any]:
    field = [size if isinstance(size, int) else str(size) for size in one.receptive_field]
    return [one.name, one.variant, one.params, one.macs, one.depth, field, one.inputs]


def _listed(file: str, row: Sequence[Any]) -> Listed:
    name, variant, params, macs, depth, field, inputs = row
    sizes: tuple[Exact, ...] = tuple([size if isinstance(size, int) else Fraction(size) for size in field])
    shapes = tuple([(called, tuple(shape)) for called, shape in inputs])
    return Listed(name, group_of(file), f"{file}.yaml", variant, params, macs, depth, sizes, shapes)
