"""Data as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

from netspec.report.page import Screen
from netspec.report.report import Data

TOKENS = 10_000
"""So many of them are printed at once."""


def json_text(report: Data, _: Screen) -> Iterator[str]:
    """The data of ``report`` piece by piece: the text of a large network is never held as a whole."""
    tokens = json.JSONEncoder(indent=1).iterencode(report.data())
    while piece := "".join(islice(tokens, TOKENS)):
        yield piece
    yield "\n"
