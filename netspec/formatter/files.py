"""Files in canonical form: read, compared, and replaced whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from netspec import files
from netspec.errors.source import Source
from netspec.errors.text import printable
from netspec.formatter.difference import unified
from netspec.formatter.form import formatted
from netspec.limits import LIMITS


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
        name = printable(self.name)
        return "".join(f"{line}\n" for line in unified(before, after, (name, f"{name} (canonical)")))

    def write(self) -> None:
        """Put the canonical form in the place of the file, whole or not at all, with the file's mode.

        Raises :class:`SpecError` when that cannot be done.
        """
        path = Path(self.name)
        files.refuse_unreadable(path)  # what is read from a pipe cannot be put back
        files.write(self.after.encode(), path)


def canonical(name: str) -> Formatted:
    """The file ``name``, or standard input for ``-``, with its canonical form.

    Raises :class:`SpecError` when it cannot be read, or is no plain YAML data.
    """
    before = files.text(name, files.read(name, LIMITS.characters))
    text = before.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").replace("\r\n", "\n")
    return Formatted(name, before, _with_ends_of(before, formatted(Source(files.shown(name), text))))


def _with_ends_of(before: str, after: str) -> str:
    """``after`` with the line ends of Windows where the first line of ``before`` ends so."""
    return after.replace("\n", "\r\n") if before.partition("\n")[0].endswith("\r") else after
