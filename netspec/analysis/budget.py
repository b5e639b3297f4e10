"""Budgets: upper bounds on a network's figures, which its spec sets and ``netspec check`` enforces."""

from __future__ import annotations

from netspec.analysis.summary import Summary
from netspec.errors import Problem
from netspec.language.spec import Limit


def overruns(summary: Summary, limits: dict[str, Limit]) -> list[Problem]:
    """A problem for each limit that ``summary`` exceeds."""
    figures = summary.totals.to_dict()
    return [
        Problem(
            "over-budget", f"{summary.name} has {figures[name]:,} {name}, the budget is {limit.amount:,}", limit.span
        )
        for name, limit in limits.items()
        if figures[name] > limit.amount
    ]
