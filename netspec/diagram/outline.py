"""The boxes and frames of a graph, folded, and where each node is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from netspec.analysis.rows import STRUCTURAL
from netspec.diagram.captions import content, counted, described, ordinal, passage, size_name
from netspec.diagram.folding import (
    FOLLOWERS,
    Part,
    Readers,
    Run,
    fuses,
    is_one_box,
    kinds,
    nodes_of,
    runs,
    signature,
)
from netspec.diagram.labels import DOT, TIMES, crossed, merged
from netspec.diagram.view import Box, Figures, Frame, figures_of
from netspec.graph.graph import Entry, Graph, Node, Scope

MARKS = {"add": "+", "concat": "C", "multiply": TIMES, "mean": "\N{GREEK SMALL LETTER MU}"}
"""Signs of joins, by word; a join without a sign is a box."""
MOST_LINES = 4
"""So many different layers are listed in the box of a stage; a stage of more says what goes in and out."""

Lane = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node is drawn: key of its box, and for each frame that stands for several copies, which copy it is in."""

    key: str
    lane: Lane = ()


@dataclass(slots=True)
class Outline:
    """Draws parts of one graph; ``places`` fills up meanwhile.

    ``peers`` are the nodes that a drawn node stands for, and ``counted`` those whose figures it shows.
    """

    reading: Readers
    auxiliary: frozenset[Node]
    places: dict[Node, Place] = field(default_factory=dict)
    peers: dict[Node, tuple[Node, ...]] = field(default_factory=dict)
    counted: dict[Node, tuple[Node, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: Graph, reading: Readers) -> Outline:
        """An outline of ``graph`` with nothing drawn."""
        return cls(reading, graph.auxiliary())

    def parts(self, folded: Iterable[Run], opened: int, lane: Lane = ()) -> tuple[Box | Frame, ...]:
        """Runs as boxes; blocks are opened in frames ``opened`` levels deep."""
        found: list[Box | Frame] = []
        strand: list[Node] = []
        for run in folded:
            if len(run.copies) == 1 and is_one_box(run.copies[0], self.reading):
                for node in run.nodes:
                    if strand and not fuses(strand[-1], node, self.reading):
                        found.append(self._layers([strand], lane))
                        strand = []
                    strand.append(node)
                continue
            found += [self._layers([strand], lane)] if strand else []
            strand = []
            found += self._block(run, opened, lane)
        return (*found, self._layers([strand], lane)) if strand else tuple(found)

    def stage(self, entry: Entry, opened: int) -> Frame:
        """A frame around what an entry holds."""
        folded = content(entry.part, self.reading)
        nodes = nodes_of(entry.part)
        word, count = described(entry.part, folded)
        return Frame(
            key=f"s{nodes[0].index}",
            title=entry.name,
            word=word,
            figures=figures_of(nodes, self.auxiliary),
            parts=self.parts(folded, opened),
            count=count,
            auxiliary=self.auxiliary.issuperset(nodes),
        )

    def entry(self, entry: Entry) -> Box:
        """A whole entry as one box: its name, what it is made of, what goes in and out."""
        folded = content(entry.part, self.reading)
        word, count = described(entry.part, folded)
        pieces = self.parts(folded, 0)
        lines: list[str] = []
        if len(folded) > 1 and len(pieces) <= MOST_LINES and all(isinstance(piece, Box) for piece in pieces):
            lines = [counted(piece) for piece in pieces if isinstance(piece, Box)]
        elif word:
            lines = passage(folded[0].copies if count > 1 else (entry.part,))
        box = self._box(entry.part, nodes_of(entry.part), entry.name, lines, count=count, lane=())
        return replace(box, word=word)

    def figures(self, nodes: Iterable[Node]) -> Figures:
        """Figures of all that ``nodes`` stand for."""
        return figures_of((one for node in nodes for one in self.counted.get(node, (node,))), self.auxiliary)

    def _block(self, run: Run, opened: int, lane: Lane) -> list[Box | Frame]:
        """A block, or copies of one: a box, or a frame for each kind of copy."""
        alike = len({signature(copy, exact=False) for copy in run.copies}) == 1
        if alike and is_one_box(run.copies[0], self.reading):
            return [self._layers([list(nodes_of(copy)) for copy in run.copies], lane)]
        if opened:
            groups = kinds(run.copies)
            return [self._frame(run, group, opened, lane) for group in groups]
        title = run.word.replace("_", " ") if run.word not in STRUCTURAL else size_name(run.copies[0])
        return [self._box(run.copies[0], run.nodes, title, passage(run.copies), count=len(run.copies), lane=lane)]

    def _frame(self, run: Run, group: tuple[Part, ...], opened: int, lane: Lane) -> Frame:
        """One copy opened, which stands for all of ``group``."""
        first, inside = group[0], [nodes_of(copy) for copy in group]
        key = f"f{len(lane)}n{inside[0][0].index}"
        each = len({self.figures(nodes) for nodes in inside}) == 1
        for index, node in enumerate(inside[0]):
            alike = [nodes[index] for nodes in inside]
            self.peers[node] = tuple(peer for other in alike for peer in self.peers.get(other, (other,)))
            if not each:
                self.counted[node] = tuple(one for other in alike for one in self.counted.get(other, (other,)))
        children = first.children if isinstance(first, Scope) else [first]
        parts = self.parts(runs(children, self.reading), opened - 1, (*lane, (key, 0)))
        for copy, nodes in enumerate(inside):
            for drawn, node in zip(inside[0], nodes, strict=True):
                place = self.places[drawn]
                self.places[node] = Place(place.key, (*lane, (key, copy), *place.lane[len(lane) + 1 :]))
        return Frame(
            key=key,
            title=ordinal(run, group),
            word=run.word.replace("_", " ") if run.word not in STRUCTURAL else size_name(first),
            figures=self.figures(inside[0]),
            parts=parts,
            count=len(group),
            nested=True,
            each=each and len(group) > 1,
            auxiliary=self.auxiliary.issuperset(inside[0]),
        )

    def _layers(self, copies: list[list[Node]], lane: Lane) -> Box:
        """Layers in series as one box: the first one's label, the others' on the second line."""
        labels = []
        for position in range(len(copies[0])):
            alike = [peer for copy in copies for peer in self.peers.get(copy[position], (copy[position],))]
            labels.append(crossed(merged([node.label for node in alike])))
        if copies[0][0].operation.family in FOLLOWERS:  # nothing to follow: all are of one kind, on one line
            labels = [f" {DOT} ".join(labels)]
        lines = [f" {DOT} ".join(labels[1:])] if labels[1:] else []
        nodes = tuple(node for copy in copies for node in copy)
        return self._box(copies[0][0], nodes, labels[0], lines, count=len(copies), lane=lane, block=False)

    def _box(  # noqa: PLR0913 - what a box says
        self,
        part: Part,
        nodes: tuple[Node, ...],
        title: str,
        lines: Iterable[str],
        *,
        count: int,
        lane: Lane,
        block: bool = True,
    ) -> Box:
        """A box around ``nodes``, which get their place there; coloured by what works most in it."""
        key = f"n{nodes[0].index}"
        self.places.update((node, Place(key, lane)) for node in nodes)
        works = [(figures_of([node], frozenset()).macs, node) for node in nodes]
        heaviest = max(works, key=lambda work: work[0])[1]
        return Box(
            key=key,
            title=title,
            lines=tuple(lines),
            family=heaviest.operation.family,
            figures=self.figures(nodes),
            path=part.name,
            mark="" if block else MARKS.get(nodes[0].operation.word, ""),
            count=count,
            block=block,
            auxiliary=self.auxiliary.issuperset(nodes),
        )
