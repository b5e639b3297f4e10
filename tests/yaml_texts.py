"""Random YAML texts in every style, comments and empty lines wherever they may stand, and what ``fmt`` owes them."""

from __future__ import annotations

from random import Random
from typing import Any

import yaml

from netspec.errors.problem import SpecError
from netspec.errors.source import Source
from netspec.formatter.form import formatted
from netspec.formatter.text import Text
from netspec.language.reader import Loader, read_yaml
from netspec.language.values import plain

WORDS = (
    "relu", "a b", "x-y", "é", "\U0001f600", "$a[0]", "$p * 2", "no", "y", "on", "~", "null", "true", "1:30", "010",
    "0o17", "2020-01-01", "1_000", ".inf", "1e3", "-1", "+1.5", "0x1f", "<<", "=", "", "# no", "a: b", "a, b", "- a",
    "[", "}", "*a", "&a", "!t", "%d", "@a", "`", "|", ">", "?", "-", "it's", 'say "x"', "\\", " lead", "trail ",
    "tab\there", "two\nlines", "end\n", "\x85", "\ufeff", "a #b", "a:b", ":a", "word " * 30, "-x", "?x", "---", "...",
    "'", "yes: no", "key:",
)  # fmt: skip
"""Words that are read in more than one way, or need quotes somewhere."""
PLAIN = (
    "relu", "a b", "x-y", "é", "$p * 2", "no", "y", "on", "~", "null", "true", "1:30", "010", "0o17", "2020-01-01",
    "1_000", ".inf", "1e3", "-1", "+1.5", "0x1f", "it's", "a:b", "a#b", "word word word",
)  # fmt: skip
"""Words that can stand without quotes anywhere."""
COMMENTS = ("#", "# c", "#c", "#\tc", "# é \U0001f600", "# a: [b, # c", "#" + " long" * 30, "# trailing \t ")


class Writer:
    """Writes one text; ``chance`` decides everything, so that the same seed gives the same text."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.comments = 0
        self.anchors: list[str] = []
        self.often = chance.choice([0.0, 0.1, 0.3, 0.6])
        """How often a comment stands where one may."""

    def comment(self) -> str:
        """A comment that differs from all others."""
        self.comments += 1
        sign, *rest = self.chance.choice(COMMENTS).partition("#")[1:]
        return f"{sign}{''.join(rest)} {self.comments}"

    def beside(self) -> str:
        """Perhaps a comment at the end of a line."""
        return self.chance.choice([" ", "   ", "\t"]) + self.comment() if self.chance.random() < self.often else ""

    def between(self, indent: int) -> list[str]:
        """Perhaps empty lines and comments between two lines."""
        lines = []
        while self.chance.random() < self.often:
            column = self.chance.choice([0, indent, indent, indent + 1, indent + 2, max(0, indent - 1), indent + 5])
            lines.append("" if self.chance.random() < 0.3 else " " * column + self.comment())
        return lines

    def key(self, number: int) -> str:
        """A key that no other of its mapping equals."""
        return self.chance.choice(
            [f"k{number}", f"k{number}", f"'k{number}'", f"{self.chance.choice(PLAIN[:3])} {number}"]
        )

    def anchor(self) -> str:
        """Perhaps an anchor, which can be referred to once its value is complete."""
        return f"&n{self.chance.randrange(10**6)} " if self.chance.random() < 0.08 else ""

    def quoted(self, word: str) -> str:
        """A word in quotes."""
        if "\n" not in word and word.isprintable() and self.chance.random() < 0.5:
            return "'" + word.replace("'", "''") + "'"
        escapes = {"\n": "\\n", '"': '\\"', "\\": "\\\\", "\t": "\\t", "\x85": "\\N", "\ufeff": "\\uFEFF"}
        return '"' + "".join(escapes.get(char, char) for char in word) + '"'

    def scalar(self) -> str:
        """A scalar on one line, or an alias."""
        kind = self.chance.random()
        if kind < 0.06 and self.anchors:
            return f"*{self.chance.choice(self.anchors)} "
        if kind < 0.1:
            return ""
        return self.chance.choice(PLAIN) if kind < 0.6 else self.quoted(self.chance.choice(WORDS))

    def flow(self, indent: int, depth: int) -> str:
        """A value in brackets or braces, perhaps over several lines with comments."""
        is_mapping = self.chance.random() < 0.5
        parts = []
        for number in range(self.chance.choice([0, 1, 1, 2, 3, 6])):
            value = self.inner(indent, depth)
            if is_mapping:
                value = f"{self.key(number)}: {value}"
            elif self.chance.random() < 0.15:
                value = f"k: {value}"
            parts.append(value or "null")
        spread = self.chance.random() < 0.3
        text = "{" if is_mapping else "["
        for number, part in enumerate(parts):
            text += self.gap(indent, spread=spread) + part + ("," if number < len(parts) - 1 else "")
        return text + self.gap(indent, spread=spread) + ("}" if is_mapping else "]")

    def gap(self, indent: int, *, spread: bool) -> str:
        """Space inside brackets: with a new line there may be comments."""
        if not spread or self.chance.random() < 0.3:
            return self.chance.choice(["", " "])
        lines = [self.beside(), *self.between(indent + 2), " " * (indent + self.chance.choice([1, 2, 4]))]
        return "\n".join(lines)

    def inner(self, indent: int, depth: int) -> str:
        """A value inside brackets."""
        return self.flow(indent, depth - 1) if depth > 0 and self.chance.random() < 0.3 else self.scalar()

    def folded(self, indent: int) -> list[str]:
        """A text of several lines: behind | or >, plain, or quoted; its first line follows what stands before it."""
        inset = " " * (indent + self.chance.choice([1, 2, 4]))
        words = [self.chance.choice(["some words", "more", "a # no comment", "  deeper", ""]) for _ in range(3)]
        if self.chance.random() < 0.7:
            header = self.chance.choice("|>") + self.chance.choice(["", "-", "+"]) + self.beside()
            return [
                header,
                inset + "first",
                *(inset + word if word else "" for word in words),
                *[""] * self.chance.choice([0, 1]),
            ]
        quote = self.chance.choice(['"', "'", ""])
        return [f"{quote}first", f"{inset}second", "", f"{inset}third{quote}" + self.beside()]

    def value(self, indent: int, depth: int, *, item: bool = False) -> list[str]:
        """A value after a key or a dash that has this ``indent``: what follows on the line, and the lines below."""
        kind = self.chance.random()
        anchor = self.anchor()
        lines: list[str]
        if kind < 0.35 or depth == 0:
            text = self.scalar()
            anchor = "" if text.startswith("*") else anchor
            lines = [f" {anchor}{text}" + self.beside()]
        elif kind < 0.6:
            lines = f" {anchor}{self.flow(indent, depth)}{self.beside()}".split("\n")
        elif kind < 0.68:
            first, *rest = self.folded(indent)
            lines = [f" {anchor}{first}", *rest]
        else:
            lines = self.block(indent, depth, anchor, item=item)
        if anchor:
            self.anchors.append(anchor.strip()[1:])
        return lines

    def block(self, indent: int, depth: int, anchor: str, *, item: bool) -> list[str]:
        """A block below its entry, or beginning on the line of its dash."""
        is_mapping = self.chance.random() < 0.5
        inset = self.chance.choice([2, 2, 3, 4])
        if item and not anchor and self.chance.random() < 0.6:
            first, *rest = self.entries(indent + 2, depth - 1, is_mapping=is_mapping)
            return [" " + first.lstrip(" "), *rest]
        if not is_mapping and not item and self.chance.random() < 0.3:
            inset = 0
        body = [*self.between(indent + inset), *self.entries(indent + inset, depth - 1, is_mapping=is_mapping)]
        return [f" {anchor}".rstrip() + self.beside(), *body]

    def entries(self, indent: int, depth: int, *, is_mapping: bool) -> list[str]:
        """The entries of a block mapping or list."""
        lines: list[str] = []
        for number in range(self.chance.choice([1, 1, 2, 3])):
            if lines:
                lines += self.between(indent)
            head = f"{self.key(number)}:" if is_mapping else "-"
            first, *rest = self.value(indent, depth, item=not is_mapping)
            lines += [" " * indent + head + first, *rest]
        return lines

    def text(self) -> str:
        """A whole document."""
        lines = self.between(0)
        if self.chance.random() < 0.1:
            lines += ["---" + self.beside(), *self.between(0)]
        for number in range(self.chance.choice([1, 2, 3, 4])):
            first, *rest = self.value(0, self.chance.choice([1, 2, 3, 4]))
            lines += [f"{self.key(number)}:{first}", *rest, *self.between(0)]
        if self.chance.random() < 0.05:
            lines += ["..." + self.beside(), *self.between(0)]
        return "\n".join(lines) + ("\n" if self.chance.random() < 0.9 else "")


def random_text(seed: int | str) -> str:
    """The text that ``seed`` stands for; most of these are YAML that a spec may be written in."""
    return Writer(Random(seed)).text()  # noqa: S311 - to be repeated, not to be secret


def in_yaml_1_1(text: str) -> Any:
    """What PyYAML makes of ``text``, which knows YAML 1.1; the kind of error where it refuses."""
    try:
        return repr(yaml.load(text, Loader=Loader))  # noqa: S506 - the safe one
    except (yaml.YAMLError, ValueError) as error:
        return type(error)


def comments(text: str) -> list[str]:
    """The comments of ``text``, in order."""
    return [comment.text for comment in Text(text, list(yaml.parse(text, Loader=Loader))).comments]


def fault(text: str) -> str:
    """What is wrong with the canonical form of ``text``; empty if nothing is.

    Raises :class:`netspec.SpecError` where ``text`` is no plain YAML data.
    """
    before = repr(plain(read_yaml(Source("x.yaml", text))))
    try:
        after = formatted(Source("x.yaml", text))
    except SpecError as error:
        return error.problems[0].message
    if repr(plain(read_yaml(Source("x.yaml", after)))) != before:
        return "the data changes"
    if in_yaml_1_1(after) != in_yaml_1_1(text):
        return "the data changes for tools that know YAML 1.1"
    if comments(after) != comments(text):
        return "comments are lost, or change their order"
    return "" if formatted(Source("x.yaml", after)) == after else "a second run changes the text"
