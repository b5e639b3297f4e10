"""What can be wrong with a spec, where, and the one place that words it for a reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NoReturn

from netspec.errors.source import Span
from netspec.errors.text import FEW, cleaned, excerpt

Code = Literal[
    "alias",
    "arity",
    "bad-artefact",
    "bad-name",
    "bias-before-norm",
    "cycle",
    "division-by-zero",
    "duplicate-key",
    "duplicate-name",
    "equal-variants",
    "expression",
    "idle-stage",
    "layer-form",
    "layout",
    "limit",
    "missing-dot",
    "missing-file",
    "missing-parameter",
    "missing-plugin",
    "missing-section",
    "missing-variant",
    "momentum",
    "not-a-mapping",
    "outside",
    "over-budget",
    "shape",
    "single-position",
    "tag",
    "unknown-format",
    "unknown-name",
    "unknown-operation",
    "unknown-parameter",
    "unknown-scheme",
    "unknown-section",
    "unknown-variant",
    "unmatched-patch",
    "unread-layer",
    "unread-parameter",
    "untrained-output",
    "unused-block",
    "unwritable",
    "window",
    "wrong-type",
    "wrong-value",
    "yaml-syntax",
]
"""What a problem is called, for tools and for the docs; codes do not change."""

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


@dataclass(frozen=True, slots=True)
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
        place = f" file={span.source.name},line={span.line},col={span.column}," if span else " "
        message = "\n".join([self.message, *self.notes, *([f"help: {self.hint}"] if self.hint else [])])
        escaped = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        return f"::{self.severity}{place}title={self.code}::{escaped}"

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


class SpecError(Exception):
    """Everything that is wrong with a spec, an artefact or a command: one exception, all problems.

    ``built`` is the graph of what could be built all the same, where there is any.
    """

    built: object | None = None

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n\n".join(problem.text() for problem in self.problems))

    def __reduce__(self) -> tuple[type[SpecError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


class Refusal(Exception):
    """An operation cannot take these inputs; raised by shape rules, which know no place."""

    def __init__(self, code: Code, message: str, hint: str = "") -> None:
        self.code = code
        self.message = message
        self.hint = hint
        super().__init__(message)


class Problems:
    """Collects problems in the order found; the same mistake at the same place counts once.

    There are at most ``MAX_PROBLEMS``: the next one ends the search, so that a hostile file costs no more than that.
    """

    def __init__(self, found: Iterable[Problem] = ()) -> None:
        self._found: dict[tuple[object, ...], Problem] = {}
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
        if len(self._found) > MAX_PROBLEMS:
            self._found.popitem()
            message = f"there are more than {MAX_PROBLEMS} mistakes; the others are not told"
            self.stop(Problem("limit", message, span, "mend these first"))

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found)

    def check(self, built: object | None = None) -> None:
        """Raise :class:`SpecError` with all problems, in the order of their places, if there are any."""
        if self._found:
            error = SpecError(sorted(self, key=_place))
            error.built = built
            raise error

    def stop(self, problem: Problem) -> NoReturn:
        """Raise :class:`SpecError` with all problems, and ``problem`` last: there is no going on after it."""
        raise SpecError([*sorted(self, key=_place), problem])


def _place(problem: Problem) -> tuple[str, int, int]:
    span = problem.span
    return (span.source.name, span.line, span.column) if span else ("", 0, 0)
