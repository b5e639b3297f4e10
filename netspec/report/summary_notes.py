"""What stands below a table of layers: totals, work beside MACs, the receptive field, memory, and conventions."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.analysis.rows import Row
from netspec.analysis.summary import Summary
from netspec.ops.facts import Cost, brief
from netspec.report import receptive_field
from netspec.report.cells import images, mebibytes
from netspec.report.page import Note

NAMED_VALUES = 4
"""Values that are named where memory is at its peak; of more, so many less one."""
CONVENTION = (
    "MACs are multiply-adds of convolutions and linear layers, one image, eval mode; FLOPs = 2 x MACs. "
    "Training FLOPs are those of the forward and backward pass, heads for training too. "
    "Receptive fields are in input pixels; the total is that of the last map before global pooling or flattening."
)


def notes(summary: Summary) -> list[Note]:
    """The figures of the whole network, a label and a sentence each, and warnings without a label."""
    totals, field = summary.totals, summary.field
    seen, *warnings = receptive_field.footer(summary.graph, summary.fields)
    place = f"stride {brief(field.jump)}, left padding {brief(field.left_padding)}"
    centre = receptive_field.numbers(field.center)
    found = [
        ("params", _params(summary)),
        ("compute", f"{totals.macs:,} MACs, {totals.flops:,} FLOPs; {totals.training_flops:,} training FLOPs"),
        ("other work", _other_work(summary.rows)),
        ("depth", f"{totals.depth} layers with weights; {totals.activations:,} activations"),
        ("receptive field", f"{brief(field.size)}, {place}, centre {centre}, at {summary.field_node}; {seen}")
        if field.size
        else ("receptive field", ""),
        *_memory(summary),
        ("conventions", CONVENTION),
    ]
    return [note for note in found if note[1]] + [("", line) for line in warnings]


def _memory(summary: Summary) -> list[Note]:
    """Memory of weights, of inference and what is alive at its peak, and of training."""
    memory, setup = summary.memory, summary.setup
    peak, alive = memory.inference_peak, memory.inference_peak.alive
    if len(alive) > NAMED_VALUES:
        alive = (*alive[: NAMED_VALUES - 1], f"{len(alive) - NAMED_VALUES + 1} more")
    state = f"{mebibytes(memory.optimizer_state)} of state" if memory.optimizer_state else "no state"
    gradients = f"{mebibytes(memory.gradients)} of gradients, {state} for {setup.optimizer}"
    saved = f"{mebibytes(memory.saved_for_backward)} saved for the backward pass"
    held = f"{mebibytes(memory.weights + memory.buffers)} of weights and buffers"
    values = f"peak of {mebibytes(peak.bytes)} of values at {peak.node}: {', '.join(alive)}"
    return [
        ("memory", f"{held}; {images(setup.batch)}, {setup.dtype}"),
        ("inference memory", f"{mebibytes(memory.inference_total)} with them; {values}"),
        ("training memory", f"{mebibytes(memory.training_total)} with them; {gradients}, {saved}"),
    ]


def _params(summary: Summary) -> str:
    totals = summary.totals
    text = f"{totals.params:,} trainable"
    if totals.auxiliary_params:
        main = totals.params - totals.auxiliary_params
        text += f", {totals.auxiliary_params:,} of them in heads for training, {main:,} without these"
    return f"{text}; {totals.buffers:,} elements in buffers" if totals.buffers else text


def _other_work(rows: Sequence[Row]) -> str:
    """The primitives that are no MACs, those that there are."""
    words = {
        "adds": "adds",
        "multiply_adds": "multiply-adds of norms",
        "compares": "compares",
        "transcendentals": "divisions and exponentials",
    }
    sums = {name: sum(getattr(row.work, name) for row in rows) for name in Cost._fields}
    return ", ".join(f"{sums[name]:,} {text}" for name, text in words.items() if sums[name])
