"""Words and numbers as a diagram shows them, and text made safe for DOT."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from itertools import takewhile
from string import ascii_letters, digits

from netspec.analysis.inputs import Inputs, inputs_text
from netspec.ops.facts import Shape

TIMES = "\N{MULTIPLICATION SIGN}"
DOT = "\N{MIDDLE DOT}"
ARROW = "\N{RIGHTWARDS ARROW}"
LONGEST = 60
"""Characters of a name that are shown; a longer one would push the picture apart."""

HALF = 0.5
"""Per cent below which rounding would leave nothing."""
UNITS = ((1, ""), (10**3, " k"), (10**6, " M"), (10**9, " G"), (10**12, " T"))
_BETWEEN_DIGITS = re.compile(r"(?<=\d)x(?=\d)")
_NUMBERS = re.compile(r"(\d+(?:\.\d+)?)")


def crossed(text: str) -> str:
    """``conv 3x3/2, 64`` with the multiplication sign between digits."""
    return _BETWEEN_DIGITS.sub(TIMES, text)


def grouped(channels: int, groups: int) -> str:
    """How the label of a convolution ends that has so many channels in groups."""
    return f", {channels}, groups {groups}"


def shape_label(shape: Shape) -> str:
    """Channels, height and width with multiplication signs; flat features are one number."""
    return TIMES.join(str(size) for size in shape)


def inputs_label(inputs: Inputs) -> str:
    """The shape of the one input, or the shapes of several by their names."""
    return crossed(inputs_text(inputs))


def human(number: int) -> str:
    """A count in three digits: ``25.6 M``."""
    for scale, unit in UNITS:
        if number < 999.5 * scale:
            return f"{number / scale:.3g}{unit}"
    return f"{number / UNITS[-1][0]:,.0f}{UNITS[-1][1]}"


def share(part: int, total: int) -> str:
    """What per cent of ``total`` a part is, ``<1%`` where rounding would say nothing."""
    percent = 100 * part / total if total else 0.0
    return "<1%" if 0 < percent < HALF else f"{percent:.0f}%"


def merged(labels: Sequence[str]) -> str:
    """One label for several copies: a number that varies is shown from the first copy's to the last's.

    Labels that differ in more than numbers are shown by the first.
    """
    if len(set(labels)) == 1:
        return labels[0]
    split = [_NUMBERS.split(label) for label in labels]
    if len({(len(pieces), tuple(pieces[::2])) for pieces in split}) > 1:
        return labels[0]
    columns = zip(*split, strict=True)
    return "".join(column[0] if len(set(column)) == 1 else f"{column[0]}{ARROW}{column[-1]}" for column in columns)


def from_to(first: str, last: str) -> str:
    """Names from ``first`` to ``last``, without repeating what both begin with: ``features.6 - 9``, ``conv1``."""
    if first == last:
        return first
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    common = "".join([char for char, _ in pairs]).rstrip(ascii_letters + digits)
    return f"{first} \N{EN DASH} {last.removeprefix(common)}"


def elided(path: str, most: int) -> str:
    """``path``, or the end of a longer one: ``...denselayer1``."""
    return path if len(path) <= most else "\N{HORIZONTAL ELLIPSIS}" + path[-most + 1 :]


def escaped(text: str) -> str:
    """``text`` for an HTML-like label: nothing in it can end the label or begin a tag."""
    return html.escape(_clean(text)) or " "


def quoted(text: str) -> str:
    """``text`` as a DOT string in double quotes; what DOT would read as an escape or an entity is spelt out."""
    return '"' + html.escape(_clean(text), quote=False).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _clean(text: str) -> str:
    """Printable and not too long: control characters are not allowed in the XML that labels become."""
    shown = text if len(text) <= LONGEST else text[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in shown)
