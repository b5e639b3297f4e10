"""A summary that shows itself: what :meth:`netspec.Network.stats` returns."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from netspec.analysis.rows import Setup
from netspec.analysis.summary import Summary, summary
from netspec.graph.graph import Graph
from netspec.report.json_data import data, data_frame


class NetworkStats(Summary):
    """The figures of a network: rows, totals, receptive field, memory; as plain data, a data frame, a table."""

    __slots__ = ()

    @classmethod
    def of(cls, graph: Graph, setup: Setup | None = None) -> NetworkStats:
        """The figures of ``graph``; those in bytes for one image and float32 unless ``setup`` says otherwise."""
        found = summary(graph, setup)
        return cls(**{field.name: getattr(found, field.name) for field in fields(found)})

    def to_dict(self) -> dict[str, Any]:
        """All figures as plain data: raw integers, stable keys, and what each figure means."""
        return data(self)

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame`` with a row for each operation. Raises ImportError where pandas is missing."""
        return data_frame(self)

    def _repr_html_(self) -> str:
        from netspec.report.html_table import html  # noqa: PLC0415 - only notebooks ask

        return html(self)
