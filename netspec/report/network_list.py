"""What ``netspec list`` says: the networks that come with netspec, and their figures."""

from __future__ import annotations

from itertools import groupby
from typing import Any, NamedTuple

from netspec.analysis.inputs import Inputs, inputs_data, inputs_text
from netspec.ops.facts import ExactPerAxis, brief, plain
from netspec.report.page import Page
from netspec.report.table import Cells, Table, aligned, numbers, words


class Listed(NamedTuple):
    """A network: what it brought, the file that it stands in, and the variant of that file if it is one."""

    name: str
    group: str
    file: str
    variant: str | None
    params: int
    macs: int
    depth: int
    receptive_field: ExactPerAxis
    inputs: Inputs

    @property
    def spec(self) -> str:
        """What a command takes for SPEC."""
        return self.file if self.variant is None else f"{self.file}@{self.variant}"

    def cells(self) -> Cells:
        """Its line of a table."""
        figures = (f"{self.params:,}", f"{self.macs:,}", f"{self.depth:,}", brief(self.receptive_field))
        return (self.name, self.spec, inputs_text(self.inputs), *figures)


COLUMNS = (*words("name", "spec"), *numbers("input", "params", "MACs", "depth", "receptive field"))


class ListReport(NamedTuple):
    """Networks in the order of their groups."""

    networks: tuple[Listed, ...]

    def pages(self, width: int | None) -> list[Page]:  # noqa: ARG002 - names are told in full
        """A table for each group, their columns below each other."""
        return [page._replace(tables=tuple(aligned(page.tables))) for page in self.tables()]

    def tables(self) -> list[Page]:
        """A table for each group."""
        groups = groupby(self.networks, key=lambda one: one.group)
        tables = [Table(COLUMNS, tuple([one.cells() for one in members]), group) for group, members in groups]
        return [Page(tables=tuple(tables))]

    def records(self) -> list[dict[str, Any]]:
        """A record for each network."""
        return [{**_plain(one), "input": inputs_text(one.inputs)} for one in self.networks]

    def data(self) -> Any:
        """The same with sizes as lists."""
        return [
            {**_plain(one), "receptive_field": list(map(plain, one.receptive_field)), **inputs_data(one.inputs)}
            for one in self.networks
        ]


def _plain(one: Listed) -> dict[str, Any]:
    found = {key: value for key, value in one._asdict().items() if key != "inputs"}
    return {**found, "receptive_field": tuple(map(plain, one.receptive_field))}
