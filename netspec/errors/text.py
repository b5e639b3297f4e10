"""Text of strangers made fit to be shown: lines as YAML counts them, nothing unprintable, nothing endless."""

from __future__ import annotations

import re

TAB = "\t"
LONGEST = 400
"""Characters of a sentence that are shown."""
WIDTH, BEFORE = 160, 60
"""Characters of a source line that are shown, and how many of them before the place."""
FEW = 12
"""How many names fit one line."""


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
    return printable(shortened(text, LONGEST))


def shortened(text: str, most: int = 100) -> str:
    """``text``, its middle left out if it has more than ``most`` characters."""
    half = most // 2
    return text if len(text) <= most else f"{text[:half]} ... {text[-half:]}"


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
