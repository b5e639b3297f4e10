"""The picture that a command draws beside what it prints."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from netspec import files
from netspec.commands.formats import print_report
from netspec.commands.options import refuse_output
from netspec.commands.output import is_ascii_only, say
from netspec.errors.missing_package import require
from netspec.report.formats import Format
from netspec.report.page import Screen
from netspec.report.picture_file import draw, picture_format


def refuse_picture(kind: type, output: Path | None, read: Iterable[Path]) -> None:
    """Raise what keeps a picture of a report of that ``kind`` from being written, before what takes time is begun.

    It is written over none of the files that are ``read``.
    """
    if output:
        refuse_output(output, read)
        if picture_format(kind, output).name == "png":
            require("png")


def deliver(
    report: object, form: Format, output: Path | None, *, what: str, drawing: object = None, lines: Iterable[str] = ()
) -> None:
    """Print ``report`` and, to be read, ``lines``; draw it, or the ``drawing`` of ``what`` is told, to ``output``.

    Where the picture goes to standard output, texts go beside it.
    """
    told = [*lines]
    if output:
        draw(drawing or report, output)
        told.append(f"drew {what} to {output}")
    aside = output is not None and files.is_standard_output(output)
    print_report(report, form, Screen(ascii_only=is_ascii_only()), err=aside)
    for line in told if form.read else ():
        say(line, err=aside)
