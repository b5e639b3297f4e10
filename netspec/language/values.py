"""Values that know their place, and what an unquoted scalar means. Scalars follow YAML 1.2, where ``no`` is a word."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from netspec.errors.source import Span


class Scalar(NamedTuple):
    """A number, word, truth value or nothing. ``quoted`` words are never expressions' business to retype."""

    value: int | float | bool | str | None
    span: Span


class Sequence(NamedTuple):
    """A list."""

    items: tuple[Value, ...]
    span: Span


class Mapping(NamedTuple):
    """Named values in the order written, each with the place of its key."""

    entries: dict[str, tuple[Span, Value]]
    span: Span

    def get(self, key: str) -> Value | None:
        """The value of ``key``, or None."""
        entry = self.entries.get(key)
        return entry[1] if entry else None


Value = Scalar | Sequence | Mapping

_INT = r"[-+]?[0-9]+"
_FLOAT = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
_BASED = r"0o[0-7]+|0x[0-9a-fA-F]+"
_INFINITE = r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
_STARTS = frozenset("+-.0123456789")
"""What a number begins with."""
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def is_number(text: str) -> bool:
    """Whether ``text`` means a number; a text that is long enough takes long to become one."""
    return any(re.fullmatch(pattern, text) for pattern in (_INT, _FLOAT, _BASED))


def plain(value: Value) -> Any:
    """The value without places: dict, list, number, string, truth value or None."""
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, (_, inner) in value.entries.items()}
    if isinstance(value, Sequence):
        return [plain(item) for item in value.items]
    return value.value


def weight(value: Value | None) -> int:
    """How much there is to work out in ``value``: its values, and their texts for each ten characters."""
    if isinstance(value, Mapping):
        return 1 + sum(weight(inner) for _, inner in value.entries.values())
    if isinstance(value, Sequence):
        return 1 + sum(weight(item) for item in value.items)
    return 0 if value is None else 1 + (len(value.value) // 10 if isinstance(value.value, str) else 0)


def retyped(text: str) -> int | float | bool | str | None:
    """What an unquoted YAML 1.2 scalar means (core schema)."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _STARTS:
        return text
    if (text.isascii() and text.isdecimal()) or re.fullmatch(_INT, text):
        return int(text)
    if re.fullmatch(_FLOAT, text):
        return float(text)
    if re.fullmatch(_BASED, text):
        return int(text, 0)
    if re.fullmatch(_INFINITE, text):
        return float(text.replace(".", "", 1))
    return text


def shown(data: object) -> str:
    """A value as it would be written in a spec, cut if long."""
    if data is None:
        return "nothing"
    text = f"'{data}'" if isinstance(data, str) else str(data).lower() if isinstance(data, bool) else str(data)
    limit = 60
    return text if len(text) <= limit else text[: limit - 3] + "..."
