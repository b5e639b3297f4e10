"""Text of strangers made fit to be shown: lines as YAML counts them, nothing unprintable, nothing endless."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from itertools import islice

TAB = "\t"
LONGEST = 400
"""Characters of a sentence that are shown."""
WIDTH, BEFORE = 160, 60
"""Characters of a source line that are shown, and how many of them before the place."""
FEW = 12
"""How many names fit one line."""
MANY = 2_000
"""How many names are looked at for one that was perhaps meant."""
FAR = 100
"""How far into a name."""


def split_lines(text: str) -> tuple[str, ...]:
    """The lines of ``text``, without their breaks, counted as the YAML parser counts them."""
    if text.isascii() and "\r" not in text:
        return tuple(text.split("\n"))
    return tuple(re.split("\r\n|[\r\n\x85\u2028\u2029]", text))


def printable(text: str, *, keep: str = "") -> str:
    """``text`` with a sign in the place of everything that would steer a terminal or end the line."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in keep else "\N{REPLACEMENT CHARACTER}" for char in text)


def cleaned(text: str) -> str:
    """``text`` on one line, its middle left out if it is very long."""
    half = LONGEST // 2
    return printable(text if len(text) <= LONGEST else f"{text[:half]} ... {text[-half:]}")


def exception_text(error: BaseException) -> str:
    """``ValueError: what it says``, of an exception whose class is a stranger's and may be unable to say anything."""
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - it is the stranger's code that words it
        said = ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def excerpt(line: str, number: int, column: int, length: int) -> list[str]:
    """Line ``number``, cut to a window around the place when it is very long, and a caret line under it."""
    start = max(0, column - 1 - BEFORE) if len(line) > WIDTH else 0
    shown = printable(line[start : start + WIDTH], keep=TAB)
    column = column - 1 - start
    pad = "".join(TAB if char == TAB else " " for char in shown[:column]).ljust(column)
    carets = "^" * max(1, min(length, len(shown) - column))
    gutter = f"{number:>5} | "
    return [gutter + shown, " " * (len(gutter) - 2) + "| " + pad + carets]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``did you mean 'x'?`` for a known name close to ``word``, else the known names if they are few."""
    names = sorted(set(islice(known, MANY)))
    plain = {name.lower()[:FAR]: name for name in reversed(names)}
    close = difflib.get_close_matches(word.lower()[:FAR], plain, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{plain[close[0]]}'?"
    if names and len(names) <= FEW:
        return f"known: {', '.join(names)}"
    return ""
