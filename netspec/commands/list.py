"""``netspec list``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from netspec import api, catalogue
from netspec.commands.formats import print_report, with_format
from netspec.report.formats import Format
from netspec.report.network_list import Listed, ListReport


@click.command("list")
@with_format(ListReport)
def list_(form: Format) -> None:
    """List the shipped networks with parameters, MACs and receptive field."""
    networks = tuple(one for path in catalogue.shipped().values() for one in _listed(path))
    print_report(ListReport(networks), form)


def _listed(path: Path) -> Iterator[Listed]:
    """The spec at ``path`` and its variants."""
    spec, _ = catalogue.spec(path)
    for variant in spec.family():
        found = api.network(spec, variant, {}).stats()
        totals = found.totals
        yield Listed(found.name, path.name, variant, totals.params, totals.macs, found.field.size, found.inputs)
