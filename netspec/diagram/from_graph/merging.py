"""Labels of several copies as one: numbers that differ are letters with a table, or go from the first to the last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_lowercase
from typing import NamedTuple

from netspec.diagram.labels import TIMES, merged
from netspec.diagram.scene import Grid

_NUMBERS = re.compile(r"(\d+(?:\.\d+)?)")
_UNSTRIDED = re.compile(rf"(\d(?:{TIMES}\d+)+)(?![\d{TIMES}/])")
_UNDILATED = re.compile(rf"^(conv [\d{TIMES}/]+, \d+)(?!\d|, dilation)")
STRIDES = "stuvwxyz"
LETTERS = [letter for letter in ascii_lowercase if letter not in STRIDES]
MOST_TIMES = 8
"""A number that is so many times another everywhere is told by that one: ``4a``."""
Numbers = tuple[str | None, ...]
"""A number for each row; None where a row has none."""


def pattern(label: str) -> str:
    """What labels of copies must share to be told as one: all but their numbers; what is one is not written."""
    return _NUMBERS.sub("#", _spelt_out(label))


def _spelt_out(label: str) -> str:
    """``label`` with the step and the dilation of one, which are not written."""
    return _UNDILATED.sub(r"\1, dilation 1", _UNSTRIDED.sub(r"\1/1", label))


class Role(NamedTuple):
    """What a number of a label is: what stands before it, whether nothing with weights follows, and its place."""

    before: str
    last: bool
    place: int


class Letters:
    """Letters for the numbers of one kind of block; ``rows`` name the places where it stands."""

    def __init__(self, rows: Sequence[str]) -> None:
        self.rows = tuple(dict.fromkeys(rows))
        self.columns: dict[str, Numbers] = {}
        self._roles: dict[str, Role] = {}
        self._mine: set[str] = set()
        """Letters of the kind that is told now."""

    def begin(self) -> None:
        """What follows is another kind: letters of others mean the same in it where places have one kind each."""
        self._mine.clear()

    def merged(self, labels: Sequence[str], rows: Sequence[str], word: str = "", *, last: bool = False) -> str:
        """One label for copies with ``labels``, which stand in ``rows``; ``word`` is for labels of different words.

        ``last`` says that nothing with weights follows.
        """
        if len(set(labels)) == 1:
            return labels[0]
        strided = [_spelt_out(label) for label in labels]
        if len({pattern(label) for label in labels}) > 1:
            return (self._named(word, labels, rows) if word else None) or merged(labels)
        pieces = [_NUMBERS.split(label) for label in strided]
        columns = list(zip(*pieces, strict=True))
        texts = []
        for place, column in enumerate(columns):
            if len(set(column)) == 1:
                texts.append(column[0])
                continue
            letter = self._letter(column, rows, columns[place - 1][0], last=last)
            if letter is None:
                return _written(merged(strided), labels)
            texts.append(letter)
        return _written("".join(texts), labels)

    def grid(self) -> Grid | None:
        """The table of all letters, without places that have none of them; None if there are no letters."""
        columns = {name: self.columns[name] for name in sorted(self.columns, key=_order)}
        cells = [(row, *[numbers[place] or "" for numbers in columns.values()]) for place, row in enumerate(self.rows)]
        told = [row for row in cells if any(row[1:])]
        return Grid(("", *columns), tuple(told)) if told else None

    def _named(self, word: str, values: Sequence[str], rows: Sequence[str]) -> str | None:
        """A column called ``word`` for ``values``; None where a row has different ones already."""
        numbers = self._numbers(values, rows)
        if numbers is None:
            return None
        known = self.columns.get(word, numbers)
        if any(mine != other for mine, other in _both(numbers, known)):
            return None
        self.columns[word] = _filled(numbers, known)
        return word

    def _numbers(self, values: Sequence[str], rows: Sequence[str]) -> Numbers | None:
        """The value in each row; None where one row has different ones."""
        known = dict(zip(rows, values, strict=True))
        if any(known[row] != value for row, value in zip(rows, values, strict=True)):
            return None
        return tuple([known.get(row) for row in self.rows])

    def _letter(self, values: Sequence[str], rows: Sequence[str], before: str, *, last: bool) -> str | None:
        """A letter for ``values``, which stand behind the same text; None where one row has different ones."""
        numbers = self._numbers(values, rows)
        if numbers is None:
            return None
        step = before.endswith("/")
        names = STRIDES if step else LETTERS
        known = {letter: self.columns[letter] for letter in names if letter in self.columns}
        for letter, others in known.items():
            if _agree(numbers, others, 1):
                return self._noted(letter, _filled(numbers, others))
        for times in range(2, MOST_TIMES + 1) if not step else ():
            for letter, others in known.items():
                if _agree(numbers, others, times):
                    return f"{times}{letter}"
        like = [letter for letter in self._mine if self._roles[letter][:2] == (before, last)]
        role = Role(before, last, len(like))
        for letter, others in known.items():
            if letter not in self._mine and self._roles[letter] == role and not _both(numbers, others):
                return self._noted(letter, _filled(numbers, others))
        free = [letter for letter in names if letter not in self.columns]
        if not free:
            return None
        self._roles[free[0]] = role
        return self._noted(free[0], numbers)

    def _noted(self, letter: str, numbers: Numbers) -> str:
        """``letter``, which stands for ``numbers`` from now on."""
        self.columns[letter] = numbers
        self._mine.add(letter)
        return letter


def _order(name: str) -> tuple[bool, bool, str]:
    """Letters first, then steps, then words."""
    return len(name) > 1, name in STRIDES, name


def _written(text: str, labels: Sequence[str]) -> str:
    """``text`` without the step and the dilation of one that no label has written."""
    text = text if any("/1" in label for label in labels) else text.replace("/1,", ",")
    return text.replace(", dilation 1", "") if not any("dilation" in label for label in labels) else text


def _agree(numbers: Numbers, others: Numbers, times: int) -> bool:
    """Whether ``numbers`` are ``times`` the ``others``, wherever both are there, and both are in two rows at least."""
    both = _both(numbers, others)
    return len(both) > 1 and all(float(mine) == times * float(other) for mine, other in both)


def _both(numbers: Numbers, others: Numbers) -> list[tuple[str, str]]:
    """The values of rows that have both."""
    pairs = zip(numbers, others, strict=True)
    return [(mine, other) for mine, other in pairs if mine is not None and other is not None]


def _filled(numbers: Numbers, others: Numbers) -> Numbers:
    """The ``others``, and ``numbers`` where they have none."""
    return tuple([mine if other is None else other for mine, other in zip(numbers, others, strict=True)])
