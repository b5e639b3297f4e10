"""The networks that a command is asked for: those that there are, and how far the others come."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from netspec import api
from netspec.commands.options import Settings, members
from netspec.compiler.compiler import NetworkError
from netspec.compiler.limits import Work
from netspec.errors.problem import Problem, Problems, SpecError
from netspec.graph.graph import Graph
from netspec.language.inputs import Sizes

BLOCKING = ("shape", "window", "arity")
"""Mistakes that a table up to them helps to see."""


class Collected(NamedTuple):
    """Networks in the order asked for, and ``problems`` of ``failed`` others.

    ``cut`` are the graphs of those others up to the first mistake, where a shape is at fault and anything was built.
    """

    networks: list[api.Network]
    cut: list[Graph]
    problems: list[Problem]
    failed: int

    @property
    def graphs(self) -> list[Graph]:
        """The graphs of the networks."""
        return [network.graph for network in self.networks]

    def check(self, *, budgets: bool = False) -> None:
        """Raise :class:`netspec.SpecError` with all problems, if there are any; ``budgets`` looks for overruns too."""
        over = [problem for network in self.networks for problem in network.over_budget()] if budgets else []
        Problems([*self.problems, *over]).check()


def collected(words: Iterable[str], given: Settings, sizes: Iterable[Sizes | None]) -> Collected:
    """All that ``words`` name, for images of each of ``sizes``; a mistake in one does not keep the others back."""
    networks: list[api.Network] = []
    errors: list[SpecError] = []
    for word in words:
        try:
            family = members(word, given)
        except SpecError as error:
            errors.append(error)
            continue
        for size in sizes:
            work = Work(family[0][0].limits)
            for spec, variant in family:
                try:
                    networks.append(api.network(spec, variant, dict(given), size, work))
                except SpecError as error:
                    errors.append(error)
    cut = [error.partial for error in errors if isinstance(error, NetworkError) and error.partial and _blocked(error)]
    return Collected(networks, cut, [problem for error in errors for problem in error.problems], len(errors))


def _blocked(error: SpecError) -> bool:
    return any(problem.code in BLOCKING for problem in error.problems)
