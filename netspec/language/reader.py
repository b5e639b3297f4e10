"""YAML text as plain values that know their place. Data only: no tags, no merging, no duplicate keys.

The parser's events are read one by one, so nesting costs no recursion and every limit is met before memory is spent.
Scalars follow YAML 1.2: ``1e-3`` is a number, ``no`` a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml

from netspec.errors.codes import Code
from netspec.errors.problem import Problem, Problems, SpecError
from netspec.errors.source import Source, Span
from netspec.errors.text import TAB, split_lines
from netspec.language.values import Mapping, Scalar, Sequence, Value, is_number, retyped
from netspec.limits import LIMITS, RAISE, Limits

MAX_DEPTH = 64
MAX_DIGITS = 30
MAX_KEY = 200
BRACKETS = 2
"""As how many values a list or mapping counts beside what is in it: its begin and its end are read one by one."""
LONG = 100
"""A text counts as one value for each so many characters: aliases multiply long ones too."""

_FORBIDDEN = "[^\\t\\n\\r\\x20-\\x7e\\x85\\xa0-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
"""No character of YAML. What can be printed is none of these, which is found out sooner."""
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(source: Source, limits: Limits = LIMITS, *, events: list[Any] | None = None) -> Value:
    """The one document in ``source``; the parser's ``events`` are added to the list that is given for them.

    Raises :class:`SpecError` for anything that is not plain YAML data.
    """
    _refuse_unreadable(source, limits)
    reader, loader = _Reader(source, limits), Loader(source.text)
    try:
        while event := loader.get_event():
            reader.take(event)
            if events is not None:
                events.append(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        span = source.span(mark.line + 1, mark.column + 1) if mark else source.span(1, 1)
        what = str(error.problem or error.context or "this is not YAML")
        code: Code = "limit" if "nesting depth" in what else "yaml-syntax"
        raise SpecError([Problem(code, what, span, _syntax_hint(source, span, what))]) from None
    finally:
        loader.dispose()
    reader.problems.check()
    if reader.document is None:
        raise SpecError([Problem("not-a-mapping", "the file is empty", Span(source, 1, 1), EMPTY_HINT)])
    return reader.document


def _refuse_unreadable(source: Source, limits: Limits) -> None:
    """Refuse what is too large, and characters that YAML does not allow."""
    if len(source.text) > limits.characters:
        message = f"the file has {len(source.text):,} characters, the limit is {limits.characters:,}"
        raise SpecError([Problem("limit", message, source.span(1, 1), RAISE)])
    found = None if all(map(str.isprintable, source.lines)) else re.search(_FORBIDDEN, source.text)
    if found:
        before = split_lines(source.text[: found.start()])
        span = source.span(len(before), len(before[-1]) + 1)
        message = f"character #x{ord(found.group()):04x} is not allowed in YAML"
        raise SpecError([Problem("yaml-syntax", message, span)])


EMPTY_HINT = "a spec begins with 'netspec: 1', a name and an input"


class _Reader:
    """Builds values from parser events; ``open`` holds the unfinished lists and mappings."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self.source = source
        self.most = limits.values_in(source.text)
        self.document: Value | None = None
        self.problems = Problems()
        self.anchors: dict[str, tuple[Value, int, int]] = {}
        """What is anchored, how many values are in it, and how deep they are nested."""
        self.values = 0
        self.open: list[_Unfinished] = []

    def take(self, event: Any) -> None:
        """Use the next event."""
        taken = _TAKEN.get(type(event))
        if taken:
            taken(self, event)

    def scalar(self, event: Any) -> None:
        """A word or number, or a key."""
        if event.tag:
            self._refuse_tag(event)
        self._finish(self._scalar(event), event.anchor, 1 + len(event.value) // LONG, 0)

    def begin(self, event: Any) -> None:
        """A list or mapping begins."""
        if event.tag:
            self._refuse_tag(event)
        span = self._span(event)
        self._refuse_depth(1, span)
        self.open.append(_Unfinished(span, event.anchor, is_mapping=type(event) is yaml.MappingStartEvent))

    def end(self, _: Any) -> None:
        """The last list or mapping that has begun is complete."""
        done = self.open.pop()
        self._finish(done.value(), done.anchor, done.size, done.depth, new=BRACKETS)

    def document_begins(self, event: Any) -> None:
        """A document begins; it must be the only one."""
        if self.document is not None:
            self._stop("yaml-syntax", "a spec is one document; a second one begins here", self._span(event))

    def alias(self, event: Any) -> None:
        """What is anchored stands here again."""
        span = self._span(event)
        if any(part.anchor == event.anchor for part in self.open):
            self._stop("alias", f"'*{event.anchor}' stands inside what it refers to", span)
        if event.anchor not in self.anchors:
            self._stop("alias", f"nothing is anchored as '&{event.anchor}'", span)
        value, size, depth = self.anchors[event.anchor]
        self._refuse_depth(depth, span)
        self._finish(value, None, size, depth)

    def _span(self, event: Any) -> Span:
        start, end = event.start_mark, event.end_mark
        line, column = start.line, start.column
        length = (end.column - column if end.line == line else 1) or 1
        if line < self.source.last and column <= len(self.source.lines[line]):
            return Span(self.source, line + 1, column + 1, length)
        return self.source.span(line + 1, column + 1, length)

    def _refuse_depth(self, inside: int, span: Span) -> None:
        """Refuse a value at this place that is itself ``inside`` deep."""
        if len(self.open) + inside > MAX_DEPTH:
            self._stop("limit", f"values are nested more than {MAX_DEPTH} deep", span)

    def _stop(self, code: Code, message: str, span: Span, hint: str = "") -> None:
        self.problems.stop(Problem(code, message, span, hint))

    def _refuse_tag(self, event: Any) -> None:
        tag = event.tag
        if not (isinstance(event, yaml.ScalarEvent) and tag == "!" and event.implicit[1]):
            message = f"a spec is data: the tag '{tag.replace('tag:yaml.org,2002:', '!!')}' is not allowed"
            self.problems.add(Problem("tag", message, self._span(event), "write the plain value"))

    def _scalar(self, event: Any) -> Scalar:
        text, span = event.value, self._span(event)
        if event.style is not None and event.style != "":
            return Scalar(text, span)
        if self.open and self.open[-1].is_mapping and self.open[-1].key is None:
            return Scalar(text, span)
        if len(text) > MAX_DIGITS and is_number(text):
            self.problems.add(Problem("limit", f"a number has {len(text)} digits, the limit is {MAX_DIGITS}", span))
            return Scalar(0, span)
        return Scalar(retyped(text), span)

    def _finish(self, value: Value, anchor: str | None, size: int, depth: int, new: int | None = None) -> None:
        """Put a value of so many values, so deep, where it belongs; ``new`` are those that are not counted yet."""
        self.values += size if new is None else new
        if self.values > self.most:
            message = f"the file holds more than {self.most:,} values once its aliases are followed"
            self._stop("limit", message, value.span, RAISE)
        if anchor:
            self.anchors[anchor] = (value, size, depth)
        if not self.open:
            self.document = value
            return
        problem = self.open[-1].add(value, size, depth)
        if problem:
            self.problems.add(problem)


class _Unfinished:
    """A list or mapping whose end has not been read."""

    def __init__(self, span: Span, anchor: str | None, *, is_mapping: bool) -> None:
        self.span = span
        self.anchor = anchor
        self.size = BRACKETS
        self.depth = 1
        self.is_mapping = is_mapping
        self.items: list[Value] = []
        self.entries: dict[str, tuple[Span, Value]] = {}
        self.key: tuple[str, Span] | None = None
        """The key whose value comes next; None where the next value of a mapping is a key."""

    def add(self, value: Value, size: int, depth: int) -> Problem | None:
        """Take the next key or value; a problem if the key is not a fresh word."""
        self.size += size
        if depth >= self.depth:
            self.depth = depth + 1
        if not self.is_mapping:
            self.items.append(value)
            return None
        if self.key is None:
            return self._take_key(value)
        name, span = self.key
        self.key = None
        first = self.entries.setdefault(name, (span, value))[0]
        if first is span:
            return None
        hint = f"it stands in line {first.line} already; a later one would hide it"
        return Problem("duplicate-key", f"the key '{name}' stands here twice", span, hint)

    def _take_key(self, value: Value) -> Problem | None:
        if not isinstance(value, Scalar):
            self.key = (f"\0{len(self.entries)}", value.span)
            return Problem("wrong-type", "a key must be a word, not a list or mapping", value.span)
        self.key = (str(value.value), value.span)
        if len(self.key[0]) > MAX_KEY:
            message = f"a key has {len(self.key[0]):,} characters, the limit is {MAX_KEY}"
            return Problem("limit", message, value.span)
        if value.value == "<<":
            hint = "write the values out, or define a block with parameters"
            return Problem("yaml-syntax", "merging with '<<' is not part of YAML 1.2", value.span, hint)
        return None

    def value(self) -> Value:
        """The finished list or mapping."""
        return Mapping(self.entries, self.span) if self.is_mapping else Sequence(tuple(self.items), self.span)


_TAKEN: dict[type, Callable[[_Reader, Any], None]] = {
    yaml.ScalarEvent: _Reader.scalar,
    yaml.AliasEvent: _Reader.alias,
    yaml.SequenceStartEvent: _Reader.begin,
    yaml.MappingStartEvent: _Reader.begin,
    yaml.SequenceEndEvent: _Reader.end,
    yaml.MappingEndEvent: _Reader.end,
    yaml.DocumentStartEvent: _Reader.document_begins,
}
"""What is done with each kind of event; with the others nothing is."""


def _syntax_hint(source: Source, span: Span, what: str) -> str:
    line = source.line(span.line)
    if TAB in line[: span.column]:
        return "YAML is indented with spaces, not tabs"
    if "mapping values are not allowed" in what:
        return "check the indentation, and that a value with ': ' in it is quoted"
    if "did not find expected" in what or "expected" in what:
        return "check the indentation, and that every bracket, brace and quote is closed"
    return ""
