"""The networks that ship, variants too, each read once."""

from __future__ import annotations

from functools import cache

import netspec
from netspec import catalogue
from netspec.graph.graph import Graph

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


@cache
def originals() -> dict[str, str]:
    """Each word, and the first one for an equal network; the first ones of files come before all others."""
    found: dict[str, str] = {}
    words = sorted((place, word) for words in FILES.values() for place, word in enumerate(words))
    return {word: found.setdefault(content(graph(word)), word) for _, word in words}


def content(of: Graph) -> str:
    """All that a network is, but for its own name."""
    nodes = [(node.name, node.operation, [source.name for source in node.inputs]) for node in of.nodes]
    return repr((nodes, [(output.name, output.node.name, output.training) for output in of.outputs], of.init))


def verified(file: str) -> list[str]:
    """The networks of a file whose every figure is verified: the first, and those of no more than 300 operations.

    What another word has named before is left out.
    """
    words = [word for place, word in enumerate(FILES[file]) if not place or len(graph(word).nodes) <= MANY]
    return [word for word in words if originals()[word] == word]


def unverified() -> list[str]:
    """All others."""
    done = {word for file in FILES for word in verified(file)}
    return [word for words in FILES.values() for word in words if originals()[word] not in done]
