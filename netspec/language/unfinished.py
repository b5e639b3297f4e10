"""A list or mapping while it is being read: what it holds so far, and what may come next."""

from __future__ import annotations

from netspec.errors.problem import Problem
from netspec.errors.source import Span
from netspec.language.values import Mapping, Scalar, Sequence, Value

MAX_KEY = 200


class Unfinished:
    """A list or mapping whose end has not been read."""

    def __init__(self, span: Span, anchor: str | None, *, is_mapping: bool) -> None:
        self.span = span
        self.anchor = anchor
        self.size = 1
        self.depth = 1
        self.is_mapping = is_mapping
        self.items: list[Value] = []
        self.entries: dict[str, tuple[Span, Value]] = {}
        self.key: tuple[str, Span] | None = None

    @property
    def wants_key(self) -> bool:
        """Whether the next value is the key of an entry."""
        return self.is_mapping and self.key is None

    def add(self, value: Value, size: int, depth: int) -> Problem | None:
        """Take the next key or value; a problem if the key is not a fresh word."""
        self.size += size
        self.depth = max(self.depth, depth + 1)
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
