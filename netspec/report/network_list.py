"""What ``netspec list`` says: the networks that come with netspec, and their figures."""

from __future__ import annotations

from typing import Any, NamedTuple

from netspec.ops.facts import PerAxis, Shape, brief, shape_text
from netspec.report.page import Page
from netspec.report.table import Table, numbers, words


class Listed(NamedTuple):
    """A network: the file that it stands in, and the variant of that file if it is one."""

    name: str
    file: str
    variant: str | None
    params: int
    macs: int
    receptive_field: PerAxis
    input: Shape

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
                shape_text(one.input),
                f"{one.params:,}",
                f"{one.macs:,}",
                brief(one.receptive_field),
            )
            for one in self.networks
        )
        return [Page(tables=(Table(columns, rows),))]

    def records(self) -> list[dict[str, Any]]:
        """A record for each network."""
        return [{**one._asdict(), "input": shape_text(one.input)} for one in self.networks]

    def data(self) -> Any:
        """The same with sizes as lists."""
        lists = ("receptive_field", "input")
        return [{**one._asdict(), **{key: list(getattr(one, key)) for key in lists}} for one in self.networks]
