"""Budgets: upper bounds on a network's figures, which its spec sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from netspec.analysis.summary import Summary
from netspec.errors.problem import Problem
from netspec.language.budget import Limit
from netspec.ops.facts import Exact, amount


class Bounded(NamedTuple):
    """A figure that may have a budget: how it reads behind the name of a network, and its value."""

    says: str
    value: Callable[[Summary], Exact]


FIGURES = {
    "params": Bounded("has {} parameters", lambda found: found.totals.params),
    "macs": Bounded("has {} MACs", lambda found: found.totals.macs),
    "flops": Bounded("has {} FLOPs", lambda found: found.totals.flops),
    "depth": Bounded("has a depth of {}", lambda found: found.totals.depth),
    "buffers": Bounded("has {} elements in buffers", lambda found: found.totals.buffers),
    "receptive_field": Bounded("has a receptive field of {} pixels", lambda found: max(found.field.size, default=0)),
    "activations": Bounded("has {} activations", lambda found: found.totals.activations),
    "inference_memory": Bounded("takes {} bytes in inference", lambda found: found.memory.inference_total),
    "training_memory": Bounded("takes {} bytes in training", lambda found: found.memory.training_total),
}
"""What a spec may bound. Receptive fields count on their longer side."""


def overruns(summary: Summary, limits: dict[str, Limit]) -> list[Problem]:
    """A problem for each limit that ``summary`` exceeds."""
    found = []
    for name, limit in limits.items():
        figure = FIGURES[name]
        value = figure.value(summary)
        if value > limit.amount:
            says = figure.says.format(amount(value))
            over = f"{amount(value - limit.amount)} more than its budget of {limit.amount:,}"
            found.append(Problem("over-budget", f"{summary.name} {says}, {over}", limit.span))
    return found
