"""Several networks, or one at several sizes, as a table with one row each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netspec.analysis.inputs import inputs_text
from netspec.analysis.summary import Summary
from netspec.report.cells import MIB, Value, decimals, images, shown
from netspec.report.table import Column, Table

FIGURES: dict[str, tuple[str, Callable[[Summary], Value]]] = {
    "name": ("name", lambda one: one.name),
    "input": ("input", lambda one: inputs_text(one.inputs)),
    "params": ("params", lambda one: one.totals.params),
    "auxiliary_params": ("auxiliary params", lambda one: one.totals.auxiliary_params),
    "macs": ("MACs", lambda one: one.totals.macs),
    "flops": ("FLOPs", lambda one: one.totals.flops),
    "training_flops": ("training FLOPs", lambda one: one.totals.training_flops),
    "activations": ("activations", lambda one: one.totals.activations),
    "depth": ("depth", lambda one: one.totals.depth),
    "receptive_field": ("receptive field", lambda one: one.field.size),
    "effective_stride": ("effective stride", lambda one: one.field.jump),
    "inference_mib": ("inference MiB", lambda one: one.memory.inference_total / MIB),
    "training_mib": ("training MiB", lambda one: one.memory.training_total / MIB),
}
"""Key -> heading and value."""
WORDS = ("name", "input")
CONVENTION = (
    "MACs are multiply-adds of convolutions and linear layers, one image, eval mode; depth counts layers with weights; "
    "receptive fields are in input pixels; MiB are weights, buffers and values"
)


def comparison(summaries: Sequence[Summary], keys: Sequence[str] | None = None) -> Table:
    """One row for each of ``summaries``, a bar for its share of the most MACs."""
    chosen = list(keys or FIGURES)
    if keys is None and not any(one.totals.auxiliary_params for one in summaries):
        chosen.remove("auxiliary_params")
    largest = max((one.totals.macs for one in summaries), default=0)
    return Table(
        columns=tuple(Column(FIGURES[key][0], key in WORDS, key) for key in chosen),
        rows=tuple(tuple(shown(FIGURES[key][1](one)) for key in chosen) for one in summaries),
        bars=tuple(one.totals.macs / largest if largest else 0.0 for one in summaries),
        ruled=True,
    )


def records(summaries: Sequence[Summary], keys: Sequence[str] | None = None) -> list[dict[str, object]]:
    """The same as raw values."""
    return [{key: decimals(FIGURES[key][1](one)) for key in keys or FIGURES} for one in summaries]


def setup_note(one: Summary) -> str:
    """What the MiB are for."""
    return f"{CONVENTION} for {images(one.setup.batch)}, {one.setup.dtype}, {one.setup.optimizer}."
