"""What ``netspec weights`` says: which tensors of a file a network takes, which it makes fit, and what is left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from netspec.report.page import Page
from netspec.report.table import WIDE_GAP, Cells, Table, words
from netspec.weights.pairing import Pairing
from netspec.weights.transfer import LoadedWeights
from netspec.weights.wanted import layer_of, some

LINES = 20
"""How many lines a table has before it is cut off."""


SEVERAL = 8
"""How many layers are named that one could be."""


class WeightsReport(NamedTuple):
    """What would be loaded into the network ``name``; with ``pairs``, what was written to ``file`` of them."""

    name: str
    found: LoadedWeights
    pairs: Pairing | None = None
    file: Path | None = None

    def pages(self, width: int | None) -> list[Page]:  # noqa: ARG002 - names are told in full
        """Counts, and every layer that is not simply loaded."""
        return self.tables()

    def tables(self) -> list[Page]:
        """Counts, and every layer that is not simply loaded."""
        found = self.found
        place = f" ({found.source})" if found.source else ""
        notes = [("", f"{found.counts()} of {len(found.loaded) + len(found.adapted) + len(found.fresh):,} tensors")]
        if self.pairs:
            notes.append(("", f"{len(self.pairs.pairs):,} layers paired, {len(self.pairs.open):,} open: {self.file}"))
        parts = [
            _table("called otherwise", ("layer", "in the file"), _renamed(found.loaded)),
            _table("adapted", ("tensor", "how"), ((name, one.how) for name, one in found.adapted.items())),
            _table("fresh", ("tensor", "why", "place"), ((name, *one) for name, one in found.fresh.items())),
            _table("unused", ("in the file",), ((name,) for name in found.unused)),
            _table("open", ("layer", "one of"), self._open()),
        ]
        heading = f"{self.name}, from {found.path}{place}"
        return [Page(heading, tuple(part for part in parts if part.rows), tuple(notes))]

    def data(self) -> dict[str, Any]:
        """Everything as plain data."""
        pairs = self.pairs
        told = {"pairs": pairs.pairs, "open": {name: list(of) for name, of in pairs.open.items()}} if pairs else {}
        return {"schema_version": 1, "network": self.name, **self.found.to_dict(), **told}

    def _open(self) -> Iterator[Cells]:
        for name, several in (self.pairs.open if self.pairs else {}).items():
            yield name, some(several, SEVERAL)


def _renamed(loaded: Mapping[str, str]) -> Iterator[Cells]:
    """Layers that are called otherwise in the file, each once."""
    layers = {layer_of(ours): layer_of(theirs) for ours, theirs in loaded.items()}
    yield from ((ours, theirs) for ours, theirs in layers.items() if ours != theirs)


def _table(title: str, headings: tuple[str, ...], rows: Iterator[Cells]) -> Table:
    return Table(words(*headings), tuple(rows), title, gap=WIDE_GAP).limited(LINES)
