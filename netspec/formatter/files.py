"""Files in canonical form: read, compared, and replaced whole."""

from __future__ import annotations

import difflib
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from netspec.errors.problem import Problem, SpecError
from netspec.errors.source import Source
from netspec.formatter.form import formatted

STANDARD = "-"
"""Stands for standard input and output."""


@dataclass(frozen=True, slots=True)
class Formatted:
    """A file's name, its text as it is, and its canonical form, whose lines end as the first of the text does."""

    name: str
    before: str
    after: str

    @property
    def changes(self) -> bool:
        """Whether the file is not in canonical form."""
        return self.before != self.after

    def difference(self) -> str:
        """What would change, as a unified diff; carriage returns are part of their lines."""
        before, after = self.before.split("\n"), self.after.split("\n")
        lines = difflib.unified_diff(before, after, self.name, f"{self.name} (canonical)", lineterm="")
        return "".join(f"{line}\n" for line in lines)

    def write(self) -> None:
        """Put the canonical form in the place of the file, whole or not at all, with the file's mode.

        Raises :class:`SpecError` when that cannot be done.
        """
        path = Path(self.name).resolve()  # a link stays one
        try:
            descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        except OSError as error:
            raise SpecError([_unwritable(self.name, error)]) from None
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(self.after.encode())
            shutil.copymode(path, draft)
            Path(draft).replace(path)
        except OSError as error:
            raise SpecError([_unwritable(self.name, error)]) from None
        finally:
            Path(draft).unlink(missing_ok=True)


def canonical(name: str) -> Formatted:
    """The file ``name``, or standard input for ``-``, with its canonical form.

    Raises :class:`SpecError` when it cannot be read, or is no plain YAML data.
    """
    shown = "<stdin>" if name == STANDARD else name
    try:
        content = sys.stdin.buffer.read() if name == STANDARD else Path(name).read_bytes()
        before = content.decode()
    except FileNotFoundError:
        raise SpecError([Problem("missing-file", f"there is no file '{name}'")]) from None
    except OSError as error:
        raise SpecError([Problem("missing-file", f"'{name}' cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        message = f"{shown}: the file is not UTF-8 text (byte {error.start})"
        raise SpecError([Problem("yaml-syntax", message)]) from None
    text = before.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").replace("\r\n", "\n")
    return Formatted(name, before, _with_ends_of(before, formatted(Source(shown, text))))


def _with_ends_of(before: str, after: str) -> str:
    """``after`` with the line ends of Windows where the first line of ``before`` ends so."""
    return after.replace("\n", "\r\n") if before.partition("\n")[0].endswith("\r") else after


def _unwritable(name: str, error: OSError) -> Problem:
    return Problem("unwritable", f"{name}: cannot be written: {error.strerror}")
