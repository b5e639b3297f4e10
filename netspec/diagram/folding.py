"""What a spec repeats, as runs of copies; found by the scopes that the spec made, never by guessing from layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

from netspec.analysis.rows import STRUCTURAL
from netspec.graph.graph import Graph, Node, Scope
from netspec.ops.facts import Family

FOLLOWERS = (Family.NORM, Family.ACTIVATION, Family.REGULARISE)
"""What is drawn as the second line of the box before it."""
LEADERS = (Family.CONV, Family.LINEAR, *FOLLOWERS)
"""What can have such a second line."""
FEW = 2
"""So many kinds of copies are told apart by their numbers; more are told apart by their operations only."""

Part = Node | Scope
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


def readers(graph: Graph) -> Readers:
    """What reads each node."""
    outputs = Counter(output.node for output in graph.outputs)
    return {node: (*reading, *[None] * outputs[node]) for node, reading in graph.readers().items()}


def nodes_of(part: Part) -> tuple[Node, ...]:
    """The nodes of ``part`` in running order."""
    return (part,) if isinstance(part, Node) else tuple(part.nodes())


def runs(parts: Iterable[Part], reading: Readers) -> list[Run]:
    """``parts`` with structure looked through and with repetitions folded."""
    found: list[list[Part]] = []
    for part, declared in _pieces(parts):
        last = found[-1][-1] if found else None
        if last and word_of(last) == word_of(part) and _continues(last, part, reading, declared=declared):
            found[-1].append(part)
        else:
            found.append([part])
    folded = [Run(word_of(copies[0]), tuple(copies)) for copies in found]
    return [inner for run in folded for inner in _looked_through(run, reading)]


def word_of(part: Part) -> str:
    """The word that ``part`` was written as."""
    return part.operation.word if isinstance(part, Node) else part.block


def kinds(copies: tuple[Part, ...]) -> list[tuple[Part, ...]]:
    """Neighbouring copies that are built alike, such as the first one and all others."""
    exact = _grouped(copies, lambda copy: signature(copy, exact=True))
    return exact if len(exact) <= FEW else _grouped(copies, lambda copy: signature(copy, exact=False))


def signature(copy: Part, *, exact: bool) -> Hashable:
    """What must be equal for two copies to be drawn as one: operations and wiring, and if ``exact`` their numbers."""
    nodes = nodes_of(copy)
    place = {node: index for index, node in enumerate(nodes)}
    return tuple(
        (
            node.label if exact else node.operation.word,
            tuple(place.get(source, -1) for source in node.inputs),
        )
        for node in nodes
    )


def fuses(before: Node, after: Node, reading: Readers) -> bool:
    """Whether ``after`` is drawn in the box of ``before``: a norm, an activation or a dropout that alone reads it."""
    families = before.operation.family in LEADERS and after.operation.family in FOLLOWERS
    return families and after.inputs == (before,) and reading[before] == (after,)


def is_one_box(part: Part, reading: Readers) -> bool:
    """Whether all of ``part`` is drawn as a single box: an operation with its norm and activation."""
    nodes = nodes_of(part)
    return all(fuses(before, after, reading) for before, after in pairwise(nodes))


def _pieces(parts: Iterable[Part]) -> Iterator[tuple[Part, bool]]:
    """Blocks and operations with structure looked through; True for those that the spec declares as repetitions."""
    for part in parts:
        if isinstance(part, Scope) and part.block == "repeat":
            yield from ((child, True) for child in part.children)
        elif isinstance(part, Scope) and part.block in STRUCTURAL:
            yield from _pieces(part.children)
        else:
            yield part, isinstance(part, Scope) and part.index > 0


def _looked_through(run: Run, reading: Readers) -> list[Run]:
    """A single chain that was to be repeated once is no run: what it holds stands in its place."""
    (first, *others) = run.copies
    if isinstance(first, Scope) and first.block in STRUCTURAL and not others:
        return runs(first.children, reading)
    return [run]


def _continues(before: Part, after: Part, reading: Readers, *, declared: bool) -> bool:
    """Whether ``after`` is one more copy: a declared repetition or a sibling of the same word, in series."""
    if not declared:
        if isinstance(after, Node) or _parent(before) is not _parent(after):
            return False
        if is_one_box(after, reading) and signature(before, exact=True) != signature(after, exact=True):
            return False
    earlier, later = set(nodes_of(before)), set(nodes_of(after))
    sources = {source for node in later for source in node.inputs} - later
    read_by = {reader for node in earlier for reader in reading[node]} - earlier
    return _parent(before) is _parent(after) and len(sources) == 1 and sources <= earlier and read_by <= later


def _parent(part: Part) -> Scope | None:
    return part.scope if isinstance(part, Node) else part.parent


def _grouped(copies: tuple[Part, ...], key: Callable[[Part], Hashable]) -> list[tuple[Part, ...]]:
    return [tuple(group) for _, group in groupby(copies, key)]
