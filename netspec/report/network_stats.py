"""A summary that shows itself: what :meth:`netspec.Network.stats` returns."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from netspec.analysis.inputs import inputs_text
from netspec.analysis.setup import Setup
from netspec.analysis.summary import Summary, summary
from netspec.graph.graph import Graph
from netspec.report.columns import FIGURES
from netspec.report.grouping import View
from netspec.report.json_data import data, data_frame
from netspec.report.layer_table import COLUMNS, layer_table

NOTEBOOK = tuple(key for key in COLUMNS if key not in ("activations", "intensity", "training_flops"))
"""Columns of the table that notebooks show."""
MACS_AND_FLOPS = f"MACs: {FIGURES['macs'].says}; FLOPs: {FIGURES['flops'].says}."


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
        """A row for each stage, and the totals, as notebooks show it."""
        from netspec.report.html_table import html  # noqa: PLC0415 - only notebooks ask

        table = layer_table(self, View(), NOTEBOOK)
        return html(table._replace(title=f"{self.name}, input {inputs_text(self.inputs)}"), MACS_AND_FLOPS)
