"""The formats of a command's report: the option that chooses one, and printing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from netspec.report.formats import Format, formats_of
from netspec.report.page import Screen

Command = TypeVar("Command", bound=Callable[..., Any])


class FormatChoice(click.ParamType[Format]):
    """One of the formats that print a kind of report, by its name."""

    name = "format"

    def __init__(self, report: type) -> None:
        self.formats = formats_of(report)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - as click has it
        """``[text|json]``."""
        return f"[{'|'.join(self.formats)}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Format:
        """The format of that name."""
        return value if isinstance(value, Format) else self.formats[self._choice.convert(value, param, ctx)]

    @property
    def _choice(self) -> click.Choice[str]:
        return click.Choice(list(self.formats))


def with_format(report: type) -> Callable[[Command], Command]:
    """The option ``--format`` of a command that prints a ``report``."""
    choice = FormatChoice(report)
    says = "; ".join([f"{form.name}: {form.says}" for form in choice.formats.values()])
    return click.option("--format", "form", type=choice, default="text", show_default=True, help=f"{says}.")


def print_report(report: object, form: Format, screen: Screen | None = None, *, err: bool = False) -> None:
    """Print ``report``, piece by piece."""
    for piece in form.load()(report, screen or Screen()):
        click.echo(piece, nl=False, err=err)
