"""What ``netspec list`` says: the networks that come with netspec, and their figures."""

from __future__ import annotations

from typing import Any, NamedTuple

from netspec.analysis.inputs import Inputs, inputs_data, inputs_text
from netspec.ops.facts import ExactPerAxis, brief, plain
from netspec.report.page import Page
from netspec.report.table import Table, numbers, words


class Listed(NamedTuple):
    """A network: the file that it stands in, and the variant of that file if it is one."""

    name: str
    file: str
    variant: str | None
    params: int
    macs: int
    receptive_field: ExactPerAxis
    inputs: Inputs

    @property
    def spec(self) -> str:
        """What a command takes for SPEC."""
        return self.file if self.variant is None else f"{self.file}@{self.variant}"


class ListReport(NamedTuple):
    """Networks in the order of their files."""

    networks: tuple[Listed, ...]

    def pages(self, width: int | None) -> list[Page]:  # noqa: ARG002 - names are told in full
        """One table."""
        return self.tables()

    def tables(self) -> list[Page]:
        """One table."""
        columns = (*words("name", "spec"), *numbers("input", "params", "MACs", "receptive field"))
        rows = tuple(
            (
                one.name,
                one.spec,
                inputs_text(one.inputs),
                f"{one.params:,}",
                f"{one.macs:,}",
                brief(one.receptive_field),
            )
            for one in self.networks
        )
        return [Page(tables=(Table(columns, rows),))]

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
