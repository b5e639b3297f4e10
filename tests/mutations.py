"""Seeded ways to break the text of a spec: lines, indentation, words, numbers, YAML's own signs, raw bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

import hostile
from hostile import BYTES, CHARACTERS, EXPRESSIONS, NUMBERS, SIGNS

Mutator = Callable[[bytes, Random], bytes]

_WORD = re.compile(rb"[A-Za-z_]\w*")
_NUMBER = re.compile(rb"\d+(?:\.\d+)?")
_VALUE = re.compile(rb"(?<=: )[^\n,{}\[\]]+")


def mutated(content: bytes, random: Random) -> bytes:
    """``content`` after one to four mutations, most often one."""
    for _ in range(random.choices((1, 2, 3, 4), (6, 2, 1, 1))[0]):
        content = random.choice(MUTATORS)(content, random)
    return content


def deleted_line(content: bytes, random: Random) -> bytes:
    """Without one line, or without several in a row."""
    lines = content.split(b"\n")
    at = random.randrange(len(lines))
    del lines[at : at + random.choice((1, 1, 1, 2, 5))]
    return b"\n".join(lines)


def repeated_line(content: bytes, random: Random) -> bytes:
    """With one line twice, or very often, or somewhere else."""
    lines = content.split(b"\n")
    line = random.choice(lines)
    at = random.randrange(len(lines)) if random.random() < 0.5 else lines.index(line)
    lines[at:at] = [line] * random.choice((1, 1, 1, 2, 300))
    return b"\n".join(lines)


def swapped_lines(content: bytes, random: Random) -> bytes:
    """With two lines in each other's place."""
    lines = content.split(b"\n")
    one, other = (random.randrange(len(lines)) for _ in range(2))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def shifted_line(content: bytes, random: Random) -> bytes:
    """With another indentation of one line."""
    lines = content.split(b"\n")
    at = random.randrange(len(lines))
    width = len(lines[at]) - len(lines[at].lstrip())
    indent = random.choice((b" " * max(0, width - 1), b" " * (width + 1), b" " * (width + 2), b"", b"\t", b" " * 200))
    lines[at] = indent + lines[at].lstrip()
    return b"\n".join(lines)


def other_number(content: bytes, random: Random) -> bytes:
    """With another number in the place of one."""
    return _replaced(content, _NUMBER, random.choice(NUMBERS).encode(), random)


def other_value(content: bytes, random: Random) -> bytes:
    """With a number, an expression or a sign of YAML in the place of a value."""
    return _replaced(content, _VALUE, random.choice((*NUMBERS, *EXPRESSIONS, *SIGNS)).encode(), random)


def swapped_word(content: bytes, random: Random) -> bytes:
    """With a word of the text in the place of another."""
    return _replaced(content, _WORD, random.choice(_WORD.findall(content) or [b"x"]), random)


def misspelt_word(content: bytes, random: Random) -> bytes:
    """With a letter of a word dropped, doubled or changed."""
    word = random.choice(_WORD.findall(content) or [b"x"])
    at = random.randrange(len(word))
    new = random.choice(
        (word[:at] + word[at + 1 :], word[:at] + word[at : at + 1] * 2 + word[at + 1 :], word + b"_" * 300)
    )
    return content.replace(word, new, random.choice((1, -1)))


def inserted(content: bytes, random: Random) -> bytes:
    """With a sign of YAML, an expression or an unusual character somewhere."""
    return _inserted(content, random.choice((*SIGNS, *SIGNS, *EXPRESSIONS, *CHARACTERS)).encode(), random)


def nested(content: bytes, random: Random) -> bytes:
    """With a value in many brackets, or with many opened ones."""
    return _replaced(content, _VALUE, hostile.brackets(random), random)


def laughing(content: bytes, random: Random) -> bytes:
    """With anchors whose aliases multiply, and one of them in the place of a value."""
    return hostile.laughs(random) + _replaced(content, _VALUE, b"*a%d" % random.randrange(13), random)


def other_bytes(content: bytes, random: Random) -> bytes:
    """With a byte changed, added or removed, or the end cut off."""
    at = random.randrange(len(content) or 1)
    kind = random.randrange(4)
    if kind == 0:
        return content[:at]
    new = (b"", bytes([random.randrange(256)]), random.choice(BYTES))[kind - 1]
    return content[:at] + new + content[at + 1 :]


def encoded(content: bytes, random: Random) -> bytes:
    """In another encoding, or with other ends of lines."""
    text = content.decode("utf-8", errors="replace")
    kind = random.randrange(4)
    if kind == 0:
        return text.encode(random.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig")))
    return text.replace("\n", ("\r", "\r\n", "\x85", "\u2028")[random.randrange(4)]).encode()


MUTATORS: tuple[Mutator, ...] = (
    *(deleted_line, repeated_line, swapped_lines, shifted_line, other_number, other_number, other_value, other_value),
    *(
        swapped_word,
        swapped_word,
        misspelt_word,
        inserted,
        inserted,
        nested,
        laughing,
        other_bytes,
        other_bytes,
        encoded,
    ),
)


def _replaced(content: bytes, pattern: re.Pattern[bytes], new: bytes, random: Random) -> bytes:
    """With one match of ``pattern`` replaced."""
    found = list(pattern.finditer(content))
    if not found:
        return _inserted(content, new, random)
    match = random.choice(found)
    return content[: match.start()] + new + content[match.end() :]


def _inserted(content: bytes, new: bytes, random: Random) -> bytes:
    at = random.randrange(len(content) + 1)
    return content[:at] + new + content[at:]
