"""What a spec repeats, as runs of copies; found by the scopes that the spec made, never by guessing from layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

from netspec.graph.folds import STRUCTURAL, label, neighbours, signature, word
from netspec.graph.graph import Graph, Node, Part, Scope, nodes_of
from netspec.ops.facts import Family

FOLLOWERS = (Family.NORM, Family.ACTIVATION, Family.REGULARISE)
"""What is drawn as the second line of the box before it."""
LEADERS = (Family.CONV, Family.LINEAR, *FOLLOWERS)
"""What can have such a second line."""
NUMBERED_KINDS = 2
"""So many kinds of copies are told apart by their numbers; more are told apart by their operations only."""

Readers = dict[Node, tuple[Node | None, ...]]
"""Node -> what reads it; None stands for an output of the network."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Copies of one block, or of one operation, in a row; most often a single one."""

    word: str
    copies: tuple[Part, ...]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes of all copies."""
        return tuple(node for copy in self.copies for node in nodes_of(copy))


class _Piece(NamedTuple):
    """A part, and whether the spec declares it as a repetition of the one before it."""

    part: Part
    declared: bool


def readers(graph: Graph) -> Readers:
    """What reads each node."""
    outputs = Counter(output.node for output in graph.outputs)
    return {node: (*reading, *[None] * outputs[node]) for node, reading in graph.readers().items()}


def runs(parts: Iterable[Part], reading: Readers) -> list[Run]:
    """``parts`` with structure looked through and with repetitions folded, in running order.

    Names with the same prefix stand together in the tree, whatever runs between: ``convs.0``, ``bns.0``, ``convs.1``.
    What holds no operation is left out.
    """
    pieces = sorted([piece for piece in _pieces(parts) if nodes_of(piece.part)], key=lambda piece: _first(piece.part))
    found = neighbours(pieces, lambda before, after: _continues(before.part, after, reading))
    alike = [copies for pieces in found for copies in _told_together(tuple([piece.part for piece in pieces]))]
    return [inner for copies in alike for inner in _looked_through(Run(word_of(copies[0]), copies), reading)]


def word_of(part: Part) -> str:
    """The word that ``part`` was written as."""
    return part.operation.word if isinstance(part, Node) else part.block


def kinds(copies: tuple[Part, ...]) -> list[tuple[Part, ...]]:
    """Neighbouring copies that are built alike, such as the first one and all others."""
    numbered = _alike(copies, label)
    return numbered if len(numbered) <= NUMBERED_KINDS else _alike(copies, word)


def fuses(before: Node, after: Node, reading: Readers) -> bool:
    """Whether ``after`` is drawn in the box of ``before``: a norm, an activation or a dropout that alone reads it."""
    families = before.operation.family in LEADERS and after.operation.family in FOLLOWERS
    return families and after.inputs == (before,) and reading[before] == (after,)


def is_one_box(part: Part, reading: Readers) -> bool:
    """Whether all of ``part`` is drawn as a single box: an operation with its norm and activation."""
    nodes = nodes_of(part)
    return all(fuses(before, after, reading) for before, after in pairwise(nodes))


def _pieces(parts: Iterable[Part]) -> Iterator[_Piece]:
    """Blocks and operations with structure looked through."""
    for part in parts:
        if isinstance(part, Scope) and part.block == "repeat":
            yield from (_Piece(child, declared=True) for child in part.children)
        elif isinstance(part, Scope) and part.block in STRUCTURAL:
            yield from _pieces(part.children)
        else:
            yield _Piece(part, declared=isinstance(part, Scope) and part.index > 0)


def _first(part: Part) -> int:
    """When ``part``, which holds operations, is first run."""
    return min(node.index for node in nodes_of(part))


def _told_together(copies: tuple[Part, ...]) -> list[tuple[Part, ...]]:
    """All copies at once if they are a first one and others by what they are made of, else those of equal words."""
    return [copies] if len(_alike(copies, word)) <= NUMBERED_KINDS else _alike(copies, label)


def _looked_through(run: Run, reading: Readers) -> list[Run]:
    """What stands in the place of blocks that only hold others, so that these are shown where they are.

    That is what a single chain holds that was to be repeated once, and what each of several blocks holds that is one
    run of another block, unless all of them are alike: rows of a table, of which each has its own number of blocks.
    """
    (first, *others) = run.copies
    if isinstance(first, Scope) and first.block in STRUCTURAL and not others:
        return runs(first.children, reading)
    if (others and not _is_flat(first) and len(_alike(run.copies, word)) == 1) or not all(map(_wraps, run.copies)):
        return [run]
    held = [runs(children(copy), reading) for copy in run.copies]
    if any(len(inner) > 1 for inner in held) or not any(_is_block(inner[0]) for inner in held):
        return [run]
    equal = neighbours([inner[0] for inner in held], _equal)
    return [Run(rows[0].word, tuple([copy for row in rows for copy in row.copies])) for rows in equal]


def _equal(before: Run, after: Run) -> bool:
    """Whether two single copies are told in equal words."""
    alike = len(before.copies) == len(after.copies) == 1 and before.word == after.word
    return alike and _signature(before.copies[0], label) == _signature(after.copies[0], label)


def _wraps(copy: Part) -> bool:
    """Whether all that ``copy`` holds may be one run."""
    return isinstance(copy, Scope) and not copy.shares and len({word_of(child) for child in copy.children}) == 1


def children(part: Part) -> Sequence[Part]:
    """What a part holds."""
    return part.children if isinstance(part, Scope) else [part]


def _is_flat(part: Part) -> bool:
    return isinstance(part, Scope) and part.flat


def _is_block(run: Run) -> bool:
    return isinstance(run.copies[0], Scope) and run.word not in STRUCTURAL


def _continues(before: Part, piece: _Piece, reading: Readers) -> bool:
    """Whether ``piece`` is one more copy, in series: a declared repetition, or a sibling told in equal words."""
    after = piece.part
    if word_of(before) != word_of(after):
        return False
    if not piece.declared:
        if isinstance(after, Node) or _parent(before) is not _parent(after):
            return False
        if _signature(before, label) != _signature(after, label):
            return False
    earlier, later = set(nodes_of(before)), set(nodes_of(after))
    sources = {source for node in later for source in node.inputs} - later
    read_by = {reader for node in earlier for reader in reading[node]} - earlier
    return _parent(before) is _parent(after) and len(sources) == 1 and sources <= earlier and read_by <= later


def _parent(part: Part) -> Scope | None:
    return part.scope if isinstance(part, Node) else part.parent


def _alike(copies: tuple[Part, ...], fact: Callable[[Node], Hashable]) -> list[tuple[Part, ...]]:
    """Neighbouring copies with the same signature."""
    return [tuple(group) for _, group in groupby(copies, lambda copy: _signature(copy, fact))]


def _signature(copy: Part, fact: Callable[[Node], Hashable]) -> Hashable:
    return signature(nodes_of(copy), fact)
