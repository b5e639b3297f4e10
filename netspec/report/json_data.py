"""A summary as plain data and as a data frame: raw integers, stable keys, and what each figure means."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from netspec.analysis.inputs import inputs_data
from netspec.analysis.receptive_field import Field
from netspec.analysis.rows import Row
from netspec.analysis.summary import Summary
from netspec.ops.facts import Window, plain
from netspec.report.cells import GLOBAL, Value, decimals
from netspec.report.columns import FIGURES, Figure, Whole, whole_of
from netspec.report.grouping import Group, total

SCHEMA_VERSION = 1
"""Of the data of :func:`data`; it grows when a key changes its meaning or goes."""
COMPOSED = ("channels", "window")
"""Figures that repeat others in a form for readers."""
CONVENTIONS = {
    "op": "word of the operation in a spec",
    "family": "kind of operation",
    "label": "the operation in a few words",
    "block": "innermost block around the operation; null where there is none",
    "stage": "stage that it is in",
    "auxiliary": "whether only heads for training need it",
    "inputs": "operations that it reads; of a network with several inputs, their shapes by name",
    "input_shapes": "shapes of its inputs, one image",
    "output_shape": "shape of its output, one image",
    "window": "what it slides over its input, height and width: kernel, stride, dilation, zeros before it; or null",
    "groups": FIGURES["groups"].says,
    **{key: figure.says for key, figure in FIGURES.items() if figure.of or key in ("macs", "flops", "intensity")},
    "depth": "convolutions and linear layers on the longest path to the first output",
    "auxiliary_params": "parameters of heads for training, among params",
    "receptive_field": FIGURES["receptive_field"].says + ", height and width",
    "stride": FIGURES["effective_stride"].says,
    "left_padding": FIGURES["left_padding"].says,
    "center": FIGURES["center"].says,
    "global": "whether every position sees the whole of an earlier map",
    "aligned": "whether all paths that meet look at equal places",
    "weights": "bytes of parameters, heads for training too",
    "input": "bytes of one batch; of the network, the shape of its input, null if it has several",
    "inference_peak": "peak memory in eval mode: bytes of input, values and workspace at once; at which node; whose",
    "inference_total": "weights, buffers and the peak of inference",
    "saved_for_backward": "bytes that autograd keeps of a forward pass in train mode, heads for training too",
    "gradients": "bytes of the gradients of parameters",
    "optimizer_state": "bytes that the optimizer keeps between steps",
    "training_total": "weights, buffers, gradients, state, input and what is saved; at least inference and state",
}
"""Key of the data -> what it counts."""
WINDOW = Window._fields
SUMMED = {key: figure.of for key, figure in FIGURES.items() if figure.of and key != "params"}
"""Figures that add up, beside those of :class:`~netspec.analysis.summary.Totals`: key -> value of a row."""


def data(summary: Summary) -> dict[str, Any]:
    """All figures of ``summary``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "name": summary.name,
        **inputs_data(summary.inputs),
        "totals": totals(summary),
        "receptive_field": {**_field(summary.field), "node": summary.field_node},
        "memory": {**_setup(summary), **summary.memory.to_dict()},
        "conventions": CONVENTIONS,
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
    told = {key: raw.get(key, decimals(value)) for key, value in found.items()}
    if chosen:
        return told
    whole_map = None if group.scattered else group.rows[-1].field.whole
    size = None if told["receptive_field"] == GLOBAL else told["receptive_field"]
    return {**told, "receptive_field": size, "global": whole_map}


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
        "window": {name: list(map(plain, getattr(window, name))) for name in WINDOW} if window else None,
        "groups": row.groups,
        "params": node.params,
        "macs": row.work.macs,
        **{key: of(row) for key, of in SUMMED.items()},
        "intensity": row.traffic.intensity,
        "receptive_field": list(map(plain, field.size)),
        "stride": list(map(plain, field.jump)),
        "left_padding": list(map(plain, field.left_padding)),
        "center": list(field.center),
        "global": field.whole,
    }


def _field(field: Field) -> dict[str, Any]:
    return {
        "size": list(map(plain, field.size)),
        "stride": list(map(plain, field.jump)),
        "left_padding": list(map(plain, field.left_padding)),
        "center": list(field.center),
        "aligned": field.aligned,
    }


def _setup(summary: Summary) -> dict[str, Any]:
    setup = summary.setup
    return {"batch": setup.batch, "dtype": setup.dtype, "optimizer": setup.optimizer, "unit": "bytes"}
