"""Pieces of text that specs are broken with."""

from __future__ import annotations

from random import Random

NUMBERS = (
    *(
        "0",
        "-1",
        "1",
        "3",
        "1000000000000",
        "2147483647",
        "2147483648",
        "9" * 29,
        "9" * 500,
        "1e308",
        "1e999",
        "-1e-320",
    ),
    *(".nan", ".inf", "-.inf", "0x7fffffff", "0x" + "f" * 40, "0o17", "1_000", "1.", ".5", "1e3", "65536", "100000"),
)
EXPRESSIONS = (
    *(
        "$index",
        "$count",
        "$in.channels",
        "$in.width",
        "$classes",
        "$nothing",
        "$",
        "$$",
        "$in",
        "$in[$in]",
        "$in.__class__",
    ),
    *("$in.channels // 0", "$in.channels ** 64 ** 64", "-" * 60 + "$index", "(" * 60, "max()", "sum($in)", "len('')"),
    *(
        "__import__('os')",
        "$in.channels if",
        "$a.b.c.0[1][$x]",
        "min(1, 'a')",
        "round(1e308)",
        "1 if 'a' else 2",
        "not 1",
    ),
)
SIGNS = (
    *(
        "[",
        "]",
        "{",
        "}",
        ": ",
        ", ",
        "- ",
        "? ",
        "& ",
        "&a ",
        "*a",
        "*a ",
        "!a ",
        "!!python/name:os.system ",
        "<<: ",
        "#",
    ),
    *(
        "'",
        '"',
        "|",
        ">",
        "%",
        "@",
        "`",
        "\\",
        "\t",
        "\n",
        "\r",
        "\r\n",
        "---\n",
        "...\n",
        "~",
        "null",
        "[]",
        "{}",
        ", ,",
    ),
)
CHARACTERS = (
    "\0",
    "\x07",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "\xa0",
    "\u2028",
    "\u2029",
    "\u202e",
    "\ufeff",
    "\ufffe",
    "é",
    "名",
    "🦆",
)
BYTES = (b"\xff", b"\xfe\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\x80", b"\xf5\x80\x80\x80", b"\x00")


def brackets(random: Random) -> bytes:
    """A value in many brackets, or behind many that are never closed."""
    depth = random.choice((1, 5, 60, 70, 2000))
    opening, closing = random.choice(((b"[", b"]"), (b"{a: ", b"}"), (b"[[", b"]"), (b"- ", b"")))
    return opening * depth + b"1" + closing * depth


def laughs(random: Random) -> bytes:
    """A section of anchors whose aliases multiply: ``&a0`` to ``&a11``."""
    rows = [b"notes: [&a0 [x, x]"]
    rows += [b"&a%d [%s]" % (at, b", ".join([b"*a%d" % (at - 1)] * random.choice((2, 9)))) for at in range(1, 12)]
    return b", ".join(rows) + b"]\n"
