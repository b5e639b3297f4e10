"""How a scalar is written: plain where YAML reads it back the same, quoted or folded where not."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import yaml

from netspec.formatter.tree import Leaf
from netspec.language.reader import Loader
from netspec.language.values import retyped

_RESOLVER: Any = yaml.resolver.Resolver()
WORD = "tag:yaml.org,2002:str"
_SIMPLE = re.compile(r"[A-Za-z_$][A-Za-z0-9_.$]*")
OLD_TRUTH = ("y", "Y", "n", "N")
"""Truth values of YAML 1.1 that PyYAML takes for words."""
LAST_OF_ONE_BYTE, LAST_OF_TWO = 0xFF, 0xFFFF


def written(leaf: Leaf, *, flow: bool) -> str:
    """``leaf`` as a value; ``flow`` where it stands in brackets."""
    return leaf.anchor + (leaf.spelling if leaf.word is None else _text(leaf, leaf.word, flow=flow, is_key=False))


def key(leaf: Leaf, *, flow: bool) -> str:
    """``leaf`` as a key, without the colon."""
    if leaf.word is None:
        return leaf.anchor + (f"{leaf.spelling} " if leaf.spelling.startswith("*") else leaf.spelling or "null")
    return leaf.anchor + _text(leaf, leaf.word, flow=flow, is_key=True)


def has_lines(leaf: Leaf) -> bool:
    """Whether it is a text of several lines."""
    return leaf.word is not None and "\n" in leaf.word


def folded(leaf: Leaf, width: int) -> list[str]:
    """``leaf`` as a sign and lines below it, of at most ``width`` characters where words allow; empty if it cannot."""
    text = leaf.word or ""
    body = text.removesuffix("\n")
    lines = body.split("\n")
    if (
        not any(sign in body.strip() for sign in " \n")
        or any(line.strip(" ") != line or not line.isprintable() for line in lines)
        or not lines[-1]
    ):
        return []
    end = "" if text.endswith("\n") else "-"
    if len(lines) > 1 or "  " in body:
        return [f"|{end}", *lines] if lines[0] else []
    wrapped = [""]
    for word in body.split(" "):
        if wrapped[-1] and len(wrapped[-1]) + 1 + len(word) > width - 2:
            wrapped.append(word)
        else:
            wrapped[-1] = f"{wrapped[-1]} {word}".strip()
    return [f">{end}", *wrapped]


def is_word_elsewhere(word: str) -> bool:
    """Whether tools that know YAML 1.1 take ``word`` without quotes for a word, not for a date, truth value or such."""
    return _RESOLVER.resolve(yaml.ScalarNode, word, (True, False)) == WORD and word not in OLD_TRUTH


def _text(leaf: Leaf, word: str, *, flow: bool, is_key: bool) -> str:
    needed = leaf.quoted and not is_word_elsewhere(word)
    if not needed and _is_plain(word, flow=flow, is_key=is_key):
        return word
    if word.isprintable() and ('"' in word or "\\" in word):
        return "'" + word.replace("'", "''") + "'"
    return '"' + "".join(_escaped(char) for char in word) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if char.isprintable():
        return char
    if char == "\n":
        return "\\n"
    number = ord(char)
    if number <= LAST_OF_ONE_BYTE:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= LAST_OF_TWO else f"\\U{number:08x}"


@lru_cache(maxsize=10_000)
def _is_plain(word: str, *, flow: bool, is_key: bool) -> bool:
    """Whether ``word`` without quotes is read back as itself."""
    if retyped(word) != word or not word.isprintable():
        return False
    if _SIMPLE.fullmatch(word):
        return True
    pair = f"{word}: x" if is_key else f"x: {word}"
    try:
        events = list(yaml.parse(f"{{{pair}}}" if flow else pair, Loader=Loader))
    except yaml.YAMLError:
        return False
    found = [
        (event.value, event.style or "", event.anchor, event.tag) if isinstance(event, yaml.ScalarEvent) else None
        for event in events
        if isinstance(event, yaml.NodeEvent) and not isinstance(event, yaml.MappingStartEvent)
    ]
    plain = [(text, "", None, None) for text in ((word, "x") if is_key else ("x", word))]
    return found == plain
