"""What stands below a table of layers: totals, the primitives beside MACs, the field, memory, and the convention."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from netspec.analysis.rows import Row, Setup
from netspec.analysis.summary import Summary
from netspec.ops.facts import Cost, brief
from netspec.report import receptive_field as field_report

MIB = 1024 * 1024
LABEL = 10
NARROWEST = 24
FEW = 4
"""Values that are named where the most are alive."""
Note = tuple[str, str]
"""A label and a sentence."""
CONVENTION = (
    "MACs are multiply-adds of convolutions and linear layers, one image, eval mode; FLOPs = 2 x MACs. "
    "Training FLOPs are those of the forward and backward pass, heads for training too. "
    "Fields are receptive fields in input pixels, in total that of the last map before global pooling or flattening."
)


def notes(summary: Summary) -> list[Note]:
    """The footer of a table, a label and a sentence a line."""
    totals, field = summary.totals, summary.field
    seen, *warnings = field_report.footer(summary.graph, summary.fields)
    place = f"stride {brief(field.jump)}, left padding {brief(field.left_padding)}"
    centre = field_report.numbers(field.center)
    found = [
        ("params", _params(summary)),
        ("work", f"{totals.macs:,} MACs, {totals.flops:,} FLOPs; {totals.training_flops:,} training FLOPs"),
        ("beside", _beside(summary.rows)),
        ("depth", f"{totals.depth} layers with weights; {totals.activations:,} activations"),
        (
            "field",
            f"{brief(field.size)}, {place}, centre {centre}, at {summary.field_node}; {seen}",
        ),
        *_memory(summary),
        ("counted", CONVENTION),
    ]
    return [note for note in found if note[1]] + [("", line) for line in warnings]


def footer(found: Sequence[Note], width: int | None = None) -> str:
    """Notes as text, longer ones wrapped below their own beginning."""
    lines: list[str] = []
    for label, text in found:
        if not label:
            lines.append(text)
            continue
        room = 10_000 if width is None else max(NARROWEST, width - LABEL)
        first, *rest = wrap(text, room, break_long_words=False, break_on_hyphens=False)
        lines += [f"{label:<{LABEL}}{first}", *(" " * LABEL + line for line in rest)]
    return "\n".join(lines)


def _memory(summary: Summary) -> list[Note]:
    """Memory of weights, of inference and what is alive at its peak, and of training."""
    memory, setup = summary.memory, summary.setup
    alive = memory.inference_peak.alive
    shown = ", ".join(alive if len(alive) <= FEW else (*alive[: FEW - 1], f"{len(alive) - FEW + 1} more"))
    state = f"{mebibytes(memory.optimizer_state)} of state" if memory.optimizer_state else "no state"
    state += f" for {setup.optimizer}"
    peak = f"{mebibytes(memory.inference_peak.bytes)} of values, at {memory.inference_peak.node}, of {shown}"
    gradients = f"{mebibytes(memory.gradients)} of gradients"
    saved = f"{mebibytes(memory.saved_for_backward)} saved for the backward pass"
    held = f"{mebibytes(memory.weights + memory.buffers)} of weights and buffers"
    return [
        ("memory", f"{held}; {images(setup)}, {setup.dtype}"),
        ("inference", f"{mebibytes(memory.inference_total)} with them; at most {peak}"),
        (
            "training",
            f"{mebibytes(memory.training_total)} with them; {gradients}, {state}, {saved}",
        ),
    ]


def images(setup: Setup) -> str:
    """``1 image``, ``32 images``."""
    return "1 image" if setup.batch == 1 else f"{setup.batch:,} images"


def mebibytes(amount: int) -> str:
    """``97.7 MiB``; small ones with more digits."""
    size = amount / MIB
    return f"{size:,.1f} MiB" if size >= 1 else f"{size:.3f} MiB"


def _params(summary: Summary) -> str:
    totals = summary.totals
    text = f"{totals.params:,} trainable"
    if totals.auxiliary_params:
        main = totals.params - totals.auxiliary_params
        text += f", {totals.auxiliary_params:,} of them in heads for training, {main:,} without these"
    return f"{text}; {totals.buffers:,} elements in buffers" if totals.buffers else text


def _beside(rows: Sequence[Row]) -> str:
    """The primitives that are no MACs, those that there are."""
    words = {
        "adds": "adds",
        "multiply_adds": "multiply-adds of norms",
        "compares": "compares",
        "transcendentals": "divisions and exponentials",
    }
    sums = {name: sum(getattr(row.work, name) for row in rows) for name in Cost._fields}
    return ", ".join(f"{sums[name]:,} {text}" for name, text in words.items() if sums[name])
