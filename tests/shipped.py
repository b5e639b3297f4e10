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
MANY = 60
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
    """The first network of a file and the smallest other one, if it has few operations: every figure is verified.

    What another word has named before is left out. ``netspec stats --verify`` does the same for any other network.
    """
    words = [word for word in FILES[file] if originals()[word] == word]
    others = sorted((len(graph(word).nodes), word) for word in words if word != FILES[file][0])
    return [word for word in words if word == FILES[file][0]] + [word for count, word in others[:1] if count <= MANY]


def unverified() -> list[str]:
    """All others."""
    done = {word for file in FILES for word in verified(file)}
    return [word for words in FILES.values() for word in words if originals()[word] not in done]
