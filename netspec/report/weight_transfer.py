"""Which weights survive, as a section of a report."""

from __future__ import annotations

from collections.abc import Iterable

from netspec.diff.weight_transfer import Lost, Survival, Weight
from netspec.ops.facts import shape_text
from netspec.report.sections import ARROW, Section

FEW = 2
"""How many keys a line names."""
REASONS = {"gone": "lost: operation gone", "shape": "lost: other shape", "renamed": "lost: other name"}


def weights_section(survival: Survival, old: str, new: str) -> Section:
    """Tensors and elements that are kept, lost for each reason, and fresh, with a few of the keys."""
    rows = [_sum(f"in {old}", survival.total, ""), _sum("kept", survival.kept, "equal key, equal shape")]
    if survival.misplaced:
        keys = _some([weight.key for weight in survival.misplaced])
        rows.append(_sum("  of another operation", survival.misplaced, f"they load, but do not belong there: {keys}"))
    for reason, words in REASONS.items():
        lost = [one for one in survival.lost if one.reason == reason]
        if lost:
            rows.append(_sum(words, [one.weight for one in lost], _some([_lost(one) for one in lost])))
    if survival.fresh:
        rows.append(_sum(f"fresh in {new}", survival.fresh, _some([weight.key for weight in survival.fresh])))
    rows = [row for row in rows if survival.total or survival.fresh]
    return Section("weights, by state_dict key", ("", "tensors", "elements", ""), tuple(rows), frozenset({1, 2}))


def _sum(name: str, weights: Iterable[Weight], note: str) -> tuple[str, ...]:
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
    return ", ".join(texts[:FEW]) + (f" and {len(texts) - FEW:,} more" if len(texts) > FEW else "")
