"""Pictures as files, in the format that the ending says."""

from __future__ import annotations

from pathlib import Path

from netspec import files
from netspec.errors.problem import Problem, SpecError
from netspec.report.formats import Format, formats_of


def endings(report: type) -> str:
    """What the file of a picture of ``report`` can end in: ``.svg, .png``."""
    return ", ".join([f".{name}" for name in formats_of(report, picture=True)])


def picture_format(report: type, path: Path) -> Format:
    """The format that the ending of ``path`` says; the first one for a pipe or device, which needs no ending.

    Raises :class:`netspec.SpecError` where that is no format of a picture of ``report``.
    """
    known = formats_of(report, picture=True)
    ending = path.suffix.removeprefix(".").lower() or (next(iter(known)) if files.is_stream(path) else "")
    if ending not in known:
        message = f"cannot draw '{path.name}': its ending says no format that is known"
        raise SpecError([Problem("unknown-format", message, hint=f"known: {endings(report)}")])
    return known[ending]


def draw(report: object, path: Path) -> None:
    """Write the picture of ``report`` to ``path``, in the format that its ending says, whole or not at all.

    Raises :class:`netspec.SpecError` where the ending is unknown, or the picture cannot be made or written.
    """
    form = picture_format(type(report), path)
    files.refuse_unwritable(path)
    files.write(form.load()(report), path)
