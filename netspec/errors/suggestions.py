"""What was perhaps meant by a name that is unknown."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice

from netspec.errors.text import FEW

MANY = 2_000
"""How many names are looked at for one that was perhaps meant."""
FAR = 100
"""How far into a name."""


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
