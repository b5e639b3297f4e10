"""Equal neighbours as one: what must be equal of two parts of a network, and which neighbours go together."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from netspec.graph.graph import Node

STRUCTURAL = ("chain", "repeat", "path", "branch", "branches", "network")
"""Kinds of scopes that are no blocks."""
Part = TypeVar("Part")


def figures(node: Node) -> Hashable:
    """What decides every figure of a table: the operation with its parameters, its shapes, and whose weights it has."""
    return node.operation, node.input_shapes, node.shape, node.shares is None


def label(node: Node) -> Hashable:
    """What a picture shows: the operation in a few words, whatever the number of channels that it reads."""
    return node.label


def word(node: Node) -> Hashable:
    """The kind of operation alone."""
    return node.operation.word


def signature(nodes: Sequence[Node], fact: Callable[[Node], Hashable]) -> Hashable:
    """What two parts made of ``nodes`` must have in common to be told as one.

    That is a ``fact`` of each operation, and which of the others it reads; everything outside counts as one source.
    """
    place = {node: index for index, node in enumerate(nodes)}
    return tuple([(fact(node), tuple([place.get(source, -1) for source in node.inputs])) for node in nodes])


def neighbours(parts: Iterable[Part], goes_on: Callable[[Part, Part], bool]) -> list[list[Part]]:
    """``parts`` in runs, in their order: a part is in the run of the one before it where ``goes_on`` says so."""
    runs: list[list[Part]] = []
    for part in parts:
        if runs and goes_on(runs[-1][-1], part):
            runs[-1].append(part)
        else:
            runs.append([part])
    return runs
