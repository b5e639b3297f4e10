"""``netspec list``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

import click

from netspec import api, catalogue
from netspec.commands.formats import print_report, with_format
from netspec.compiler import registry
from netspec.errors.problem import Problem, SpecError
from netspec.report import network_index
from netspec.report.formats import Format
from netspec.report.network_groups import GROUPS, group_of
from netspec.report.network_index import Known
from netspec.report.network_list import Listed, ListReport


@click.command("list")
@click.argument("patterns", nargs=-1, metavar="[PATTERN]...")
@with_format(ListReport)
def list_(patterns: tuple[str, ...], form: Format) -> None:
    """List the shipped networks with parameters, MACs, depth and receptive field, grouped by what they brought.

    With PATTERNs, those whose name or file fits one: 'efficientnet*'. Depth counts layers with weights.
    """
    known = index() if not registry.has_registered() else {}
    networks = [one for files in GROUPS.values() for file in files for one in _listed(file, patterns, known)]
    if not networks:
        message = f"no shipped network fits {' or '.join(map(repr, patterns))}"
        raise SpecError([Problem("missing-file", message, hint="netspec list shows them all")])
    print_report(ListReport(tuple(networks)), form)


def index() -> dict[str, Known]:
    """What is known of the networks of each shipped file, whether that has changed since or not."""
    path = next(iter(catalogue.shipped().values()))
    return network_index.read(path.with_name(network_index.NAME))


def worked_out(file: str) -> Iterator[Listed]:
    """The networks of a shipped file with their figures."""
    path = catalogue.shipped()[file]
    spec, _ = catalogue.spec(path)
    for variant in spec.family():
        found = api.network(spec, variant, {}).stats()
        totals = found.totals
        figures = (totals.params, totals.macs, totals.depth, found.field.size, found.inputs)
        yield Listed(found.name, group_of(file), path.name, variant, *figures)


def _listed(file: str, patterns: Sequence[str], known: Mapping[str, Known]) -> Iterator[Listed]:
    """The networks of a shipped file that fit, with their figures: those known, if the file is as it was."""
    path = catalogue.shipped()[file]
    if not any(_fits(name, patterns) for name in (file, *catalogue.variants(path))):
        return
    kept = known.get(file)
    networks = kept.networks if kept and kept.digest == catalogue.digest(path) else worked_out(file)
    yield from (one for one in networks if _fits(file, patterns) or _fits(one.variant or file, patterns))


def _fits(name: str, patterns: Sequence[str]) -> bool:
    """Whether ``name`` fits one of the patterns, or there are none; ``-`` and ``_`` are the same."""
    return not patterns or any(fnmatchcase(*map(catalogue.folded, (name, pattern))) for pattern in patterns)
