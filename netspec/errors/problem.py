"""What can be wrong with a spec, where, and the one place that words it for a reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NoReturn

from netspec.errors.codes import Code
from netspec.errors.source import Span
from netspec.errors.suggestions import Hints
from netspec.errors.text import FEW, cleaned, excerpt, printable, shortened

Severity = Literal["error", "warning"]
"""A warning is legal but surely unwanted; it does not stop anything."""

MAX_PROBLEMS = 100
"""How many mistakes are told at once."""


@dataclass(frozen=True, slots=True)
class Trail:
    """One input of a layer that was refused: how it is called, its shape and where it comes from."""

    label: str
    shape: str
    origin: str

    def __post_init__(self) -> None:
        for name in ("label", "shape", "origin"):
            object.__setattr__(self, name, cleaned(getattr(self, name)))


@dataclass(frozen=True, slots=True, repr=False)
class Problem:
    """One mistake: a stable code, a sentence, its place if it has one, and what would mend it.

    What it says may repeat the file's own text, so all of it is made legible.
    """

    code: Code
    message: str
    span: Span | None = None
    hint: str = ""
    trail: tuple[Trail, ...] = ()
    notes: tuple[str, ...] = ()
    severity: Severity = "error"

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", cleaned(self.message))
        object.__setattr__(self, "hint", cleaned(self.hint))
        object.__setattr__(self, "notes", tuple(cleaned(note) for note in self.notes[:FEW]))
        object.__setattr__(self, "trail", self.trail[:FEW])

    def __repr__(self) -> str:
        place = f" at {shortened(str(self.span))}" if self.span else ""
        return f"<Problem {self.code}{place}: {shortened(self.message, 200)}>"

    def text(self) -> str:
        """The problem as shown to a reader: place, sentence, source line with a caret, help."""
        head = f"{self.span}: " if self.span else ""
        lines = [f"{head}{self.severity}[{self.code}]: {self.message}"]
        if self.span:
            span = self.span
            lines += excerpt(span.source.line(span.line), span.line, span.column, span.length)
        if self.trail:
            wide_label = max(len(row.label) for row in self.trail)
            wide_shape = max(len(row.shape) for row in self.trail)
            lines += [f"   {row.label:<{wide_label}}  {row.shape:<{wide_shape}}  {row.origin}" for row in self.trail]
        lines += [f"   note: {note}" for note in self.notes]
        if self.hint:
            lines.append(f"   help: {self.hint}")
        return "\n".join(lines)

    def github(self) -> str:
        """The problem as a command of GitHub's workflows, which shows it beside the line."""
        span = self.span
        place = f" file={_property(span.source.name)},line={span.line},col={span.column}," if span else " "
        message = "\n".join([self.message, *self.notes, *([f"help: {self.hint}"] if self.hint else [])])
        return f"::{self.severity}{place}title={self.code}::{_data(message)}"

    def to_dict(self) -> dict[str, object]:
        """The problem as plain data, for tools; the keys are stable."""
        span = self.span
        return {
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
            "file": span.source.name if span else None,
            "line": span.line if span else None,
            "column": span.column if span else None,
            "length": span.length if span else None,
            "hint": self.hint or None,
            "trail": [{"label": row.label, "shape": row.shape, "origin": row.origin} for row in self.trail],
            "notes": list(self.notes),
        }


def _data(text: str) -> str:
    """``text`` as the message of a workflow command: it ends where the line does."""
    return printable(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    """``text`` as a property of a workflow command: it ends at a comma, and the last one at a colon."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


class SpecError(Exception):
    """Everything that is wrong with a spec, an artefact or a command: one exception, all problems."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n\n".join(problem.text() for problem in self.problems))

    def __repr__(self) -> str:
        more = f" and {len(self.problems) - 1} more" if len(self.problems) > 1 else ""
        return f"<SpecError: {self.problems[0]!r}{more}>" if self.problems else "<SpecError>"

    def __reduce__(self) -> tuple[type[SpecError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


class Problems:
    """Collects problems in the order found; the same mistake at the same place counts once.

    There are at most ``most``: the next one ends the search, so that a hostile file costs no more than that.
    ``hints`` are the suggestions that may still be made in this run; problems that begin with others share them.
    """

    def __init__(self, found: Iterable[Problem] = (), *, most: float = MAX_PROBLEMS) -> None:
        self.hints: Hints = found.hints if isinstance(found, Problems) else Hints()
        self._found: dict[tuple[object, ...], Problem] = {}
        self._most = most
        for problem in found:
            self.add(problem)

    def add(self, problem: Problem) -> None:
        """Record ``problem`` unless the same sentence stands at the same place already."""
        span = problem.span
        place = (span.source.name, span.line, span.column) if span else None
        sentence = (
            "" if problem.trail or problem.severity == "warning" else problem.message
        )  # a block refuses many shapes for one reason
        self._found.setdefault((problem.code, place, sentence), problem)
        if len(self._found) > self._most:
            self._found.popitem()
            message = f"there are more than {self._most} mistakes; the others are not told"
            self.stop(Problem("limit", message, span, "mend these first"))

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found)

    def in_order(self) -> list[Problem]:
        """All problems in the order of their places."""
        return sorted(self, key=_place)

    def check(self) -> None:
        """Raise :class:`SpecError` with all problems, in the order of their places, if there are any."""
        if self._found:
            raise SpecError(self.in_order())

    def stop(self, problem: Problem) -> NoReturn:
        """Raise :class:`SpecError` with all problems, and ``problem`` last: there is no going on after it."""
        raise SpecError([*self.in_order(), problem])


def _place(problem: Problem) -> tuple[str, int, int]:
    span = problem.span
    return (span.source.name, span.line, span.column) if span else ("", 0, 0)
