"""``netspec list``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

import click

from netspec import api, catalogue
from netspec.commands.formats import print_report, with_format
from netspec.errors.problem import Problem, SpecError
from netspec.report.formats import Format
from netspec.report.network_groups import GROUPS
from netspec.report.network_list import Listed, ListReport


@click.command("list")
@click.argument("patterns", nargs=-1, metavar="[PATTERN]...")
@with_format(ListReport)
def list_(patterns: tuple[str, ...], form: Format) -> None:
    """List the shipped networks with parameters, MACs, depth and receptive field, grouped by what they brought.

    With PATTERNs, those whose name or file fits one: 'efficientnet*'. Depth counts layers with weights.
    """
    networks = [one for group, files in GROUPS.items() for file in files for one in _listed(group, file, patterns)]
    if not networks:
        message = f"no shipped network fits {' or '.join(map(repr, patterns))}"
        raise SpecError([Problem("missing-file", message, hint="netspec list shows them all")])
    print_report(ListReport(tuple(networks)), form)


def _listed(group: str, file: str, patterns: Sequence[str]) -> Iterator[Listed]:
    """The networks of a shipped file that fit, with their figures."""
    path = catalogue.shipped()[file]
    if not any(_fits(name, patterns) for name in (file, *catalogue.variants(path))):
        return
    spec, _ = catalogue.spec(path)
    for variant in spec.family():
        if not (_fits(file, patterns) or _fits(variant or file, patterns)):
            continue
        found = api.network(spec, variant, {}).stats()
        totals = found.totals
        figures = (totals.params, totals.macs, totals.depth, found.field.size, found.inputs)
        yield Listed(found.name, group, path.name, variant, *figures)


def _fits(name: str, patterns: Sequence[str]) -> bool:
    """Whether ``name`` fits one of the patterns, or there are none; ``-`` and ``_`` are the same."""
    return not patterns or any(fnmatchcase(*map(catalogue.folded, (name, pattern))) for pattern in patterns)
