"""``netspec check``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from math import inf

import click

from netspec import catalogue, files
from netspec.analysis.warnings import advice, family_advice
from netspec.api import Network
from netspec.commands.networks import family
from netspec.commands.options import BAD_INPUT, Settings, many_specs, show, with_input, with_set
from netspec.commands.output import say
from netspec.errors.problem import MAX_PROBLEMS, Problem, Problems, SpecError
from netspec.language.inputs import Sizes


@click.command()
@many_specs
@with_set
@with_input
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text", show_default=True)
def check(specs: tuple[str, ...], given: Settings, size: Sizes | None, form: str) -> None:
    """Check networks; of a family, every variant. Exit code 2 if anything is wrong, 0 if there are only warnings.

    A folder stands for all .yaml and .yml files in it and below it, hidden ones left out; - is standard input.
    """
    problems = Problems(most=inf)  # each file has been cut by itself
    for word in _each(specs, problems):
        try:
            members = family(word, given, size)
        except SpecError as error:
            found = list(error.problems)
        else:
            found = _remarks(members)
            if form == "text" and not any(problem.severity == "error" for problem in found):
                say(f"{files.shown(word)}: ok ({', '.join(network.name for network in members)})")
        for problem in found:
            problems.add(problem)
    is_wrong = any(problem.severity == "error" for problem in problems)
    if form == "json":
        click.echo(json.dumps({"ok": not is_wrong, "problems": [problem.to_dict() for problem in problems]}))
    elif form == "github":
        for problem in problems:
            click.echo(problem.github())
    else:
        show(problems)
    if is_wrong:
        sys.exit(BAD_INPUT)


def _each(words: Iterable[str], problems: Problems) -> Iterator[str]:
    """The words, and in place of a folder its specs; adds a problem for a folder without any."""
    for word in words:
        if not catalogue.is_folder(word):
            yield word
            continue
        try:
            yield from catalogue.specs_below(word)
        except SpecError as error:
            for problem in error.problems:
                problems.add(problem)


def _remarks(members: list[Network]) -> list[Problem]:
    """Budgets that are exceeded, and warnings; of very many the first ones, since they stop nothing."""
    spec = members[0].spec
    budgets = chain.from_iterable(network.over_budget() for network in members)
    warnings = chain.from_iterable(advice(network.graph) for network in members)
    equal = family_advice(spec, {network.variant: network.params for network in members})
    found = [*Problems(chain(budgets, warnings, equal), most=inf)]
    if len(found) <= MAX_PROBLEMS:
        return found
    message = f"there are more than {MAX_PROBLEMS} warnings; the others are not told"
    return [*found[:MAX_PROBLEMS], Problem("limit", message, found[MAX_PROBLEMS].span, severity="warning")]
