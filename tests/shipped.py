"""The networks that ship, variants too, each read once."""

from __future__ import annotations

from functools import cache

import netspec
from netspec import catalogue
from netspec.graph import Graph

FILES = {
    file: [f"{file}.yaml@{variant}" if variant else f"{file}.yaml" for variant in catalogue.spec(path)[0].family()]
    for file, path in catalogue.shipped().items()
}
"""The networks of each spec file, as words that name them."""
MANY = 300
"""Operations of the largest network that is verified beside the first of its file."""


@cache
def graph(word: str) -> Graph:
    """The graph of a network that ships."""
    return netspec.read(word).graph


def verified(file: str) -> list[str]:
    """The networks of a file whose every figure is verified: the first, and those of no more than 300 operations."""
    return [word for place, word in enumerate(FILES[file]) if not place or len(graph(word).nodes) <= MANY]


def unverified() -> list[str]:
    """All others."""
    return [word for file, words in FILES.items() for word in words if word not in verified(file)]
