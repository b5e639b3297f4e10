"""What was perhaps meant by an unknown name: a known one that a slip of the keys explains, or our own word for it.

A suggestion of something else is worse than none: ``max`` is no misspelt ``softmax``, ``layer_norm`` no ``batch_norm``.
So names are compared part by part, may differ in one letter for each four, and begin alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from netspec.errors import other_names
from netspec.errors.other_names import NONE, OtherNames
from netspec.errors.text import FEW

MOST_NAMES = 2_000
"""How many known names are looked at for one that is unknown."""
LONGEST_NAME = 100
"""Characters of a name that is looked at."""
TIES = 3
"""How many equally near names are told; more of them are a numbered row, and no slip leads to one of it."""
EFFORT_OF_ONE = 5_000
"""Names looked at and letters compared for one hint."""
EFFORT_OF_A_RUN = 50_000
"""The same for all hints of a run, so that a file full of mistakes is answered as soon as one with a few."""
SHORTEST, LETTERS_PER_SLIP, MOST_SLIPS = 3, 4, 3
"""From how many letters on a part may hold a slip, for how many there may be one more, and the most there may be."""
LONG_ENOUGH = 6
"""From how many letters on the first one of a name may be missing, or one too many."""


class Suggestion(NamedTuple):
    """The known names that were perhaps meant, and the sentence that says so."""

    names: tuple[str, ...]
    text: str


class Hints:
    """Suggestions for the mistakes of one run; once its effort is spent there are no more."""

    def __init__(self, effort: int = EFFORT_OF_A_RUN) -> None:
        self._left = effort

    def of(self, word: str, known: Iterable[str], elsewhere: OtherNames = NONE) -> Suggestion:
        """What ``word`` means, if other frameworks use it (``elsewhere``) or if it is a slip for a known name.

        Otherwise the known names, if they are few.
        """
        if self._left <= 0:
            return Suggestion((), "")
        names = dict.fromkeys(islice(known, MOST_NAMES))
        ours = [name for name in other_names.ours(word, elsewhere) if name in names]
        if ours:
            return Suggestion((ours[0],), f"netspec calls it '{ours[0]}'")
        remark = other_names.remark(word, elsewhere)
        near = () if remark else self.nearest(word, names)
        if near:
            said = " or ".join(f"'{name}'" for name in near)
            return Suggestion(near, f"did you mean {said}?")
        listed = f"known: {', '.join(sorted(names))}" if 0 < len(names) <= FEW else ""
        return Suggestion((), remark or listed)

    def did_you_mean(self, word: str, known: Iterable[str]) -> str:
        """What :meth:`of` says, for names that are the writer's own."""
        return self.of(word, known).text

    def nearest(self, word: str, known: Iterable[str]) -> tuple[str, ...]:
        """The known names with the fewest slips between them and ``word``; none if there are many of them.

        Of equally near ones those with the same digits: no slip turns ``reluu`` into ``relu6``.
        """
        if len(word) > LONGEST_NAME:
            return ()
        wanted = _parts(word)
        effort = left = min(self._left, EFFORT_OF_ONE)
        found: dict[tuple[int, bool], list[str]] = {}
        for name in known:
            left -= 1
            if left <= 0:
                break
            if name != word and abs(len(name) - len(word)) <= 2 * MOST_SLIPS:
                slips, letters = _compared(wanted, _parts(name))
                left -= letters
                if slips is not None:
                    found.setdefault((slips, _digits(name) != _digits(word)), []).append(name)
        self._left -= effort - left
        best = found[min(found)] if found else []
        return tuple(best) if len(best) <= TIES else ()


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """What :meth:`Hints.did_you_mean` says where there is no other mistake in the same run."""
    return Hints().did_you_mean(word, known)


def _parts(name: str) -> list[str]:
    """``layer1.0.Batch_Norm`` as ``layer1``, ``0``, ``batch``, ``norm``."""
    return name.lower().replace("-", "_").replace(".", "_").split("_")


def _digits(name: str) -> str:
    return "".join(filter(str.isdigit, name))


def _compared(word: list[str], name: list[str]) -> tuple[int | None, int]:
    """The slips between two names, None where no slips explain the difference; and how many letters were compared."""
    whole, other = "".join(word), "".join(name)
    if len(word) != len(name) or whole == other:
        word, name = [whole], [other]
    if not _begin_alike(whole, other):
        return None, 0
    slips = letters = 0
    for ours, theirs in zip(word, name, strict=True):
        if ours == theirs:
            continue
        allowed = min(_allowed(max(len(ours), len(theirs))), MOST_SLIPS - slips)
        if not allowed or abs(len(ours) - len(theirs)) > allowed:
            return None, letters
        letters += len(ours)
        found = distance(ours, theirs, allowed)
        if found > allowed:
            return None, letters
        slips += found
    return slips, letters


def _allowed(letters: int) -> int:
    """How many slips there may be in a part of so many letters."""
    return 0 if letters < SHORTEST else min(MOST_SLIPS, max(1, letters // LETTERS_PER_SLIP))


def _begin_alike(one: str, other: str) -> bool:
    """Whether the first letters are the same or swapped; of a longer name one may be missing."""
    if one[:1] == other[:1] or one[:2] == other[1::-1]:
        return True
    return max(len(one), len(other)) >= LONG_ENOUGH and (one[1:] == other or other[1:] == one)


def distance(one: str, other: str, most: int) -> int:
    """Letters added, left out, replaced or swapped with their neighbour between two words; ``most + 1`` if more.

    The optimal string alignment distance (Damerau 1964), worked out in a band of ``most`` around the diagonal.
    """
    far = most + 1
    before, row = list[int](), [min(place, far) for place in range(len(other) + 1)]
    for at in range(1, len(one) + 1):
        earlier, before = before, row
        row = [far] * (len(other) + 1)
        row[0] = min(at, far)
        low, high = max(1, at - most), min(len(other), at + most)
        for to in range(low, high + 1):
            same = one[at - 1] == other[to - 1]
            row[to] = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (not same), far)
            if to > 1 and at > 1 and one[at - 1] == other[to - 2] and one[at - 2] == other[to - 1]:
                row[to] = min(row[to], earlier[to - 2] + 1)
        if min(row[low - 1 : high + 1]) == far:
            break
    return row[-1]
