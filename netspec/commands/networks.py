"""The networks that a command is asked for, by the words that name them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import click

from netspec import api, catalogue
from netspec.commands.options import Settings
from netspec.compiler.compiler import NetworkError
from netspec.compiler.limits import Work
from netspec.errors.problem import Problem, Problems, SpecError
from netspec.graph.graph import Graph
from netspec.language.inputs import Sizes
from netspec.language.spec import Spec
from netspec.limits import LIMITS, Limits

BLOCKING = ("shape", "window", "arity")
"""Mistakes that a table up to them helps to see."""


def network(word: str, given: Settings, size: Sizes | None) -> api.Network:
    """The one network that ``word`` names. Raises :class:`SpecError`, also where it names several."""
    spec, chosen = spec_of(word)
    if chosen != catalogue.EVERY:
        return api.network(spec, chosen, dict(given), size)
    variants = _meant(spec, chosen, given, whole=True)
    if len(variants) > 1:
        name = word.removesuffix(f"@{chosen}")
        known = ", ".join(f"{name}@{variant}" if variant else name for variant in variants)
        message = f"'{word}' names {len(variants)} networks, and one is needed"
        raise SpecError([Problem("missing-variant", message, hint=f"choose one: {known}")])
    return api.network(spec, variants[0], dict(given), size)


def spec_of(word: str) -> tuple[Spec, str | None]:
    """The spec that ``word`` refers to, and the variant that is meant, within what the caller allows."""
    allowed = click.get_current_context().find_root().params
    return catalogue.spec(word, allowed.get("root"), Limits(allowed.get("max_nodes") or LIMITS.nodes))


def members(word: str, given: Settings, *, whole: bool = False) -> list[tuple[Spec, str | None]]:
    """The spec that ``word`` names and the variants meant: the one that it names, or the ``whole`` family.

    A family that is nothing but variants is always meant as a whole.
    """
    spec, chosen = spec_of(word)
    return [(spec, variant) for variant in _meant(spec, chosen, given, whole=whole)]


def _meant(spec: Spec, chosen: str | None, given: Settings, *, whole: bool) -> list[str | None]:
    """The variants of ``spec`` that are meant; None is the spec itself."""
    family = spec.family(dict(given))
    if chosen == catalogue.EVERY:
        return family or [None]
    is_alone = chosen is not None or not family or (not whole and spec.is_network(dict(given)))
    return [chosen] if is_alone else family


def family(word: str, given: Settings, size: Sizes | None, *, whole: bool = True) -> list[api.Network]:
    """The networks that ``word`` names, as :func:`members` has it. Raises with what is wrong in any of them."""
    problems = Problems()
    found = []
    family_of = members(word, given, whole=whole)
    work = Work(family_of[0][0].limits)
    for spec, variant in family_of:
        try:
            found.append(api.network(spec, variant, dict(given), size, work))
        except SpecError as error:
            for problem in error.problems:
                problems.add(problem)
    problems.check()
    return found


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

    @property
    def files(self) -> list[Path]:
        """The files that were read for the networks."""
        return [file for network in self.networks for file in network.spec.files]

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
