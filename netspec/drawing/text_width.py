"""How wide text is, without a font at hand: no viewer's sans serif needs more than what is said here."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from math import fsum

PLAIN = (
    "318 401 460 838 636 950 780 275 390 390 500 838 318 361 318 337 636 636 636 636 636 636 636 636 636 636 "
    "337 337 838 838 838 556 1015 684 686 722 770 667 611 778 752 295 500 667 557 863 748 787 667 787 722 667 "
    "611 732 684 989 685 667 685 390 337 390 838 556 500 613 635 550 635 615 352 635 634 278 278 579 278 974 "
    "634 612 635 635 411 521 392 634 592 818 592 592 525 636 337 636 838"
)
BOLD = (
    "348 456 521 838 696 1002 872 306 457 457 523 838 380 415 380 365 696 696 696 696 696 696 696 696 696 696 "
    "400 400 838 838 838 611 1000 774 762 734 830 683 683 821 837 372 556 775 637 995 837 850 733 850 770 720 "
    "682 812 774 1103 771 724 725 457 365 457 838 556 500 675 716 593 716 678 435 716 712 343 343 665 343 1042 "
    "712 687 716 716 493 595 478 712 652 924 645 652 582 712 365 712 838"
)
"""Thousandths of the font's size for the characters from space to tilde: the larger of Helvetica, whose widths Arial
and Liberation Sans share, and of DejaVu Sans, which is the widest that browsers fall back to."""
HELVETICA = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 "
    "278 278 584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 "
    "611 722 667 944 667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 "
    "556 556 556 556 333 500 278 556 500 722 500 500 500 334 260 334 584"
)
HELVETICA_BOLD = (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 "
    "333 333 584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 "
    "611 722 667 944 667 667 611 333 278 333 584 556 333 556 611 556 611 556 333 611 611 278 278 556 278 889 "
    "611 611 611 611 389 556 333 611 556 778 556 556 500 389 280 389 584"
)
"""The same of Helvetica alone, where that is the font for sure."""
OF_HELVETICA = {
    "\N{MULTIPLICATION SIGN}": 584,
    "\N{MIDDLE DOT}": 278,
    "\N{EN DASH}": 556,
    "\N{HORIZONTAL ELLIPSIS}": 1000,
}
NORMAL = 556
OTHERS = {"\N{MULTIPLICATION SIGN}": 838, "\N{MIDDLE DOT}": 380, "\N{EN DASH}": 556, "\N{MINUS SIGN}": 838}
WIDEST = 1000
"""Of all other characters; those of wide scripts fill a square."""
KNOWN = 4096
"""Texts whose widths are kept: a layout asks for each again and again."""


def total(lengths: Iterable[float]) -> float:
    """The sum of ``lengths``, the same on every version of Python: ``sum`` rounds in another way from 3.12 on."""
    return fsum(lengths)


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width to reserve for ``text`` in a font of ``size``, in the units of ``size``."""
    return _thousandths(text, bold) * size / 1000


@lru_cache(KNOWN)
def _thousandths(text: str, bold: bool) -> int:  # noqa: FBT001 - a key of what is known
    table = _table(BOLD if bold else PLAIN)
    return sum([table.get(char) or OTHERS.get(char, WIDEST) for char in text])


def helvetica_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of ``text`` in Helvetica of ``size``."""
    table = _table(HELVETICA_BOLD if bold else HELVETICA)
    return total([table.get(char) or OF_HELVETICA.get(char, NORMAL) for char in text]) * size / 1000


@cache
def _table(widths: str) -> dict[str, int]:
    return {chr(32 + place): int(width) for place, width in enumerate(widths.split())}
