"""Which weights of one network load into another, as a table."""

from __future__ import annotations

from collections.abc import Iterable

from netspec.diff.weight_transfer import Lost, Weight, WeightTransfer
from netspec.ops.facts import shape_text
from netspec.report.table import ARROW, WIDE_GAP, Cells, Table, numbers, words

NAMED_KEYS = 2
"""How many keys a line names."""
REASONS = {"gone": "lost: operation gone", "shape": "lost: other shape", "renamed": "lost: other name"}


def weight_table(transfer: WeightTransfer, old: str, new: str) -> Table:
    """Tensors and elements that are kept, lost for each reason, and fresh, with a few of the keys."""
    rows = [_sum(f"in {old}", transfer.total, ""), _sum("kept", transfer.kept, "equal key, equal shape")]
    if transfer.misplaced:
        keys = _some([weight.key for weight in transfer.misplaced])
        note = f"they load, but do not belong there: {keys}"
        rows.append(_sum("  of another operation", transfer.misplaced, note))
    for reason, title in REASONS.items():
        lost = [one for one in transfer.lost if one.reason == reason]
        if lost:
            rows.append(_sum(title, [one.weight for one in lost], _some([_lost(one) for one in lost])))
    if transfer.fresh:
        rows.append(_sum(f"fresh in {new}", transfer.fresh, _some([weight.key for weight in transfer.fresh])))
    shown = tuple(rows) if transfer.total or transfer.fresh else ()
    columns = (*words(""), *numbers("tensors", "elements"), *words(""))
    return Table(columns, shown, "weights, by state_dict key", gap=WIDE_GAP)


def _sum(name: str, weights: Iterable[Weight], note: str) -> Cells:
    sizes = [weight.size for weight in weights]
    return name, f"{len(sizes):,}", f"{sum(sizes):,}", note


def _lost(lost: Lost) -> str:
    old, new = lost.weight, lost.new
    if new is None:
        return old.key
    if old.key != new.key:
        return f"{old.key}{ARROW}{new.key}"
    return f"{old.key} {shape_text(old.shape)}{ARROW}{shape_text(new.shape)}"


def _some(texts: list[str]) -> str:
    return ", ".join(texts[:NAMED_KEYS]) + (f" and {len(texts) - NAMED_KEYS:,} more" if len(texts) > NAMED_KEYS else "")
