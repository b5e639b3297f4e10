"""What can be wrong with a spec, where, and the one place that words it for a reader."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

Code = Literal[
    "alias",
    "arity",
    "bad-artefact",
    "bad-name",
    "cycle",
    "division-by-zero",
    "duplicate-key",
    "duplicate-name",
    "expression",
    "layer-form",
    "layout",
    "limit",
    "missing-dot",
    "missing-file",
    "missing-parameter",
    "missing-plugin",
    "missing-section",
    "missing-variant",
    "not-a-mapping",
    "outside",
    "shape",
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
    "unused-block",
    "unwritable",
    "window",
    "wrong-type",
    "wrong-value",
    "yaml-syntax",
]
"""What a problem is called, for tools and for the docs; codes do not change."""

TAB = "\t"
FEW = 12
"""How many names fit one line."""


@dataclass(frozen=True, slots=True)
class Source:
    """A text and the name that messages call it by."""

    name: str
    text: str = field(repr=False)

    def line(self, number: int) -> str:
        """Line ``number``, counted from 1; empty beyond the end."""
        lines = self.text.splitlines()
        return lines[number - 1] if 0 < number <= len(lines) else ""


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a source: line and column counted from 1, and how many characters it covers."""

    source: Source
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Trail:
    """One input of a layer that was refused: how it is called, its shape and where it comes from."""

    label: str
    shape: str
    origin: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: a stable code, a sentence, its place if it has one, and what would mend it."""

    code: Code
    message: str
    span: Span | None = None
    hint: str = ""
    trail: tuple[Trail, ...] = ()
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """The problem as shown to a reader: place, sentence, source line with a caret, help."""
        head = f"{self.span}: " if self.span else ""
        lines = [f"{head}error[{self.code}]: {self.message}"]
        if self.span:
            lines += _excerpt(self.span)
        if self.trail:
            wide_label = max(len(row.label) for row in self.trail)
            wide_shape = max(len(row.shape) for row in self.trail)
            lines += [f"   {row.label:<{wide_label}}  {row.shape:<{wide_shape}}  {row.origin}" for row in self.trail]
        lines += [f"   note: {note}" for note in self.notes]
        if self.hint:
            lines.append(f"   help: {self.hint}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, object]:
        """The problem as plain data, for tools; the keys are stable."""
        span = self.span
        return {
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
    """Everything that is wrong with a spec, an artefact or a command: one exception, all problems."""

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
    """Collects problems in the order found; the same mistake at the same place counts once."""

    def __init__(self, found: Iterable[Problem] = ()) -> None:
        self._found: dict[tuple[object, ...], Problem] = {}
        for problem in found:
            self.add(problem)

    def add(self, problem: Problem) -> None:
        """Record ``problem`` unless the same sentence stands at the same place already."""
        span = problem.span
        place = (span.source.name, span.line, span.column) if span else None
        sentence = "" if problem.trail else problem.message  # a block refuses many shapes for one reason
        self._found.setdefault((problem.code, place, sentence), problem)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found)

    def check(self) -> None:
        """Raise :class:`SpecError` with all problems, in the order of their places, if there are any."""
        if self._found:
            raise SpecError(sorted(self, key=_place))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``did you mean 'x'?`` for a known name close to ``word``, else the known names if they are few."""
    names = sorted(set(known))
    plain = {name.lower(): name for name in reversed(names)}
    close = difflib.get_close_matches(word.lower(), plain, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{plain[close[0]]}'?"
    if names and len(names) <= FEW:
        return f"known: {', '.join(names)}"
    return ""


def _place(problem: Problem) -> tuple[str, int, int]:
    span = problem.span
    return (span.source.name, span.line, span.column) if span else ("", 0, 0)


def _excerpt(span: Span) -> list[str]:
    """The source line, cut to a window around the place when it is very long, and a caret line under it."""
    width, before = 160, 60
    line = span.source.line(span.line)
    start = max(0, span.column - 1 - before) if len(line) > width else 0
    shown = "".join(char if char.isprintable() or char == TAB else "\N{REPLACEMENT CHARACTER}" for char in line)
    shown = shown[start : start + width]
    column = span.column - 1 - start
    pad = "".join(TAB if char == TAB else " " for char in shown[:column]).ljust(column)
    carets = "^" * max(1, min(span.length, len(shown) - column))
    gutter = f"{span.line:>5} | "
    return [gutter + shown, " " * (len(gutter) - 2) + "| " + pad + carets]
