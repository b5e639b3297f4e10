"""The pages that pictures are made to fit."""

from __future__ import annotations

from typing import Literal, NamedTuple

Page = Literal["column", "text", "screen"]


class Paper(NamedTuple):
    """Room for a picture, in points."""

    width: float
    height: float


PAPERS: dict[Page, Paper] = {"column": Paper(240, 648), "text": Paper(495, 648), "screen": Paper(960, 100_000)}
