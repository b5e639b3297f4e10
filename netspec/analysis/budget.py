"""Budgets: upper bounds on a network's figures, which its spec sets and ``netspec check`` enforces."""

from __future__ import annotations

from netspec.analysis.summary import Summary
from netspec.errors.problem import Problem
from netspec.language.budget import Limit

WORDS = {
    "params": "{} params",
    "macs": "{} MACs",
    "flops": "{} FLOPs",
    "depth": "a depth of {}",
    "buffers": "{} elements in buffers",
}
"""What a network has, for each figure that may have a budget."""


def overruns(summary: Summary, limits: dict[str, Limit]) -> list[Problem]:
    """A problem for each limit that ``summary`` exceeds."""
    figures = summary.totals.to_dict()
    found = []
    for name, limit in limits.items():
        if figures[name] > limit.amount:
            has = WORDS[name].format(f"{figures[name]:,}")
            message = f"{summary.name} has {has}, the budget is {limit.amount:,}"
            found.append(Problem("over-budget", message, limit.span))
    return found
