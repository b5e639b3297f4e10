"""A summary as plain data and as a data frame: raw integers, stable keys, and what each figure means."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from netspec.analysis.figures import FIGURES, Figure, Value, Whole, whole_of
from netspec.analysis.grouping import Group, total
from netspec.analysis.receptive_field import Field
from netspec.analysis.rows import Row
from netspec.analysis.summary import SCHEMA_VERSION, Summary
from netspec.facts import Window

COMPOSED = ("channels", "window")
"""Figures that repeat others in a form for readers."""
WINDOW = Window._fields
SUMMED = {key: figure.of for key, figure in FIGURES.items() if figure.of and key != "params"}
"""Figures that add up, beside those of :class:`~netspec.analysis.summary.Totals`: key -> value of a row."""


def data(summary: Summary) -> dict[str, Any]:
    """All figures of ``summary``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "name": summary.name,
        "input": list(summary.input),
        "totals": totals(summary),
        "receptive_field": {**_field(summary.field), "node": summary.field_node},
        "memory": {**_setup(summary), **summary.memory.to_dict()},
        "conventions": {key: figure.says for key, figure in FIGURES.items() if key not in ("name", *COMPOSED)},
        "layers": [_layer(row) for row in summary.rows],
    }


def totals(summary: Summary) -> dict[str, Any]:
    """The sums over all rows."""
    sums = {key: sum(map(of, summary.rows)) for key, of in SUMMED.items()}
    intensity = FIGURES["intensity"].value(total(summary.rows), whole_of(()))
    return {**summary.totals.to_dict(), **sums, "intensity": intensity}


def record(group: Group, whole: Whole, chosen: list[Figure] | None = None) -> dict[str, Value]:
    """A group as one flat record, its full path for a name."""
    plain = [figure for key, figure in FIGURES.items() if key not in COMPOSED]
    found = {figure.key: figure.value(group, whole) for figure in chosen or plain}
    raw: dict[str, Value] = {"name": group.path, "macs": sum(row.macs for row in group.rows)}
    if not group.scattered:
        seen = group.rows[-1].field
        pad = (-seen.start[0], -seen.start[1])
        raw |= {"field": seen.size, "jump": seen.jump, "pad": pad, "center": seen.center}
    return {key: raw.get(key, value) for key, value in found.items()}


def data_frame(summary: Summary) -> Any:
    """A ``pandas.DataFrame`` with a record for each operation."""
    try:
        pandas = import_module("pandas")
    except ImportError as error:
        message = "to_pandas() needs pandas, which is not installed: pip install pandas"
        raise ImportError(message) from error
    whole = whole_of(summary.rows)
    return pandas.DataFrame([record(Group(row.name, row.name, row.label, (row,)), whole) for row in summary.rows])


def _layer(row: Row) -> dict[str, Any]:
    node, field, window = row.node, row.field, row.window
    return {
        "name": node.name,
        "op": row.op,
        "family": row.family,
        "label": row.label,
        "block": row.block or None,
        "stage": row.stage,
        "auxiliary": row.auxiliary,
        "inputs": [source.name for source in node.inputs],
        "input_shapes": [list(shape) for shape in node.input_shapes],
        "output_shape": list(node.shape),
        "window": dict(zip(WINDOW, map(list, window), strict=True)) if window else None,
        "groups": row.groups,
        "params": node.params,
        "macs": row.work.macs,
        **{key: of(row) for key, of in SUMMED.items()},
        "intensity": row.traffic.intensity,
        "receptive_field": list(field.size),
        "stride": list(field.jump),
        "left_padding": [-field.start[0], -field.start[1]],
        "center": list(field.center),
        "global": field.whole,
    }


def _field(field: Field) -> dict[str, Any]:
    return {
        "size": list(field.size),
        "stride": list(field.jump),
        "left_padding": [-start for start in field.start],
        "center": list(field.center),
        "aligned": field.aligned,
    }


def _setup(summary: Summary) -> dict[str, Any]:
    setup = summary.setup
    return {"batch": setup.batch, "dtype": setup.dtype, "optimizer": setup.optimizer, "unit": "bytes"}
