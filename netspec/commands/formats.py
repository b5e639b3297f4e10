"""The formats of a command's report: the option that chooses one, printing, and pictures written to files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from netspec import files
from netspec.errors.problem import Problem, SpecError
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


def endings(report: type) -> str:
    """What the file of a picture of ``report`` can end in: ``.svg, .png``."""
    return ", ".join([f".{name}" for name in formats_of(report, picture=True)])


def print_report(report: object, form: Format, screen: Screen | None = None, *, err: bool = False) -> None:
    """Print ``report``, piece by piece."""
    for piece in form.load()(report, screen or Screen()):
        click.echo(piece, nl=False, err=err)


def refuse_ending(report: type, path: Path) -> None:
    """Raise :class:`netspec.SpecError` where ``path`` ends in no format of a picture of ``report``."""
    _picture_format(report, path)


def draw(report: object, path: Path) -> None:
    """Write the picture of ``report`` to ``path``, in the format that its ending says, whole or not at all.

    Raises :class:`netspec.SpecError` where the ending is unknown, or the picture cannot be made or written.
    """
    form = _picture_format(type(report), path)
    files.refuse_unwritable(path)
    files.write(form.load()(report), path)


def _picture_format(report: type, path: Path) -> Format:
    """The format that the ending of ``path`` says; the first one for a pipe or device, which needs no ending."""
    known = formats_of(report, picture=True)
    ending = path.suffix.removeprefix(".").lower() or (next(iter(known)) if files.is_stream(path) else "")
    if ending not in known:
        message = f"cannot draw '{path.name}': its ending says no format that is known"
        raise SpecError([Problem("unknown-format", message, hint=f"known: {endings(report)}")])
    return known[ending]
