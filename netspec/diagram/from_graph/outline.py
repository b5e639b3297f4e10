"""The boxes and groups of a graph, folded; where each node is drawn; and the edges between boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from netspec.diagram.from_graph.captions import passage, size_name
from netspec.diagram.from_graph.facts import Facts
from netspec.diagram.from_graph.flow import flow
from netspec.diagram.from_graph.folding import FOLLOWERS, Run, children, fuses, is_one_box, kinds, runs
from netspec.diagram.from_graph.links import Links
from netspec.diagram.from_graph.marks import marked
from netspec.diagram.from_graph.skips import skips_into
from netspec.diagram.labels import DOT, crossed, from_to, grouped, merged
from netspec.diagram.scene import INTO, OUT_OF, Box, Figures, Group, Kind
from netspec.graph import folds
from netspec.graph.folds import STRUCTURAL
from netspec.graph.graph import Node, Part, Scope, nodes_of

MARKS = {"add": "+", "multiply": "\N{MULTIPLICATION SIGN}"}
"""Signs of joins, by word; a join without a sign is a box."""
MOST_TOWERS = 4
"""Groups of channels that are told one by one."""
Lane = tuple[tuple[str, int], ...]
"""For each group around: which of the copies that it stands for."""


class Place(NamedTuple):
    """Where a node is drawn: the key of its box, and in which of the copies that groups around stand for."""

    key: str
    lane: Lane = ()


class Reference(NamedTuple):
    """Copies of a block that a box stands for; its definition is drawn beside the network."""

    row: str
    run: Run


class Outline:
    """Draws parts of one graph; ``places`` fills up meanwhile, and ``references`` with the blocks to be defined.

    ``peers`` are the nodes that a drawn one stands for, and ``tell`` makes one label of theirs.
    With ``inline`` a single block inside others is shown as what it holds; the parts of ``paths`` are opened.
    """

    def __init__(
        self,
        facts: Facts,
        tell: Callable[[Sequence[Node], Sequence[str]], str] | None = None,
        *,
        inline: bool = False,
        paths: Sequence[str] = (),
    ) -> None:
        self.facts = facts
        self.inline = inline
        self.paths = paths
        self.places: dict[Node, Place] = {}
        self.peers: dict[Node, tuple[Node, ...]] = {}
        self.references: list[Reference] = []
        self.entrances: set[Node] = set()
        self.tell = tell or (lambda _, labels: merged(labels))

    def parts(self, folded: Iterable[Run], *, opened: bool, lane: Lane = (), row: str = "") -> list[Box | Group]:
        """Runs as boxes; blocks are ``opened`` in groups, or refer to their definitions."""
        found: list[Box | Group] = []
        strand: list[Node] = []
        for run in folded:
            if len(run.copies) == 1 and is_one_box(run.copies[0], self.facts.reading):
                for node in run.nodes:
                    if strand and not fuses(strand[-1], node, self.facts.reading):
                        found.append(self.layers([strand], lane))
                        strand = []
                    strand.append(node)
                continue
            found += [self.layers([strand], lane)] if strand else []
            strand = []
            found += self.block(run, row or _name(run), opened=opened, lane=lane)
        return [*found, self.layers([strand], lane)] if strand else found

    def block(self, run: Run, name: str, *, opened: bool, lane: Lane = ()) -> list[Box | Group]:
        """A block, or copies of one: a box, groups with one copy of each kind, or what a single one holds."""
        reading = self.facts.reading
        alike = len({folds.signature(nodes_of(copy), folds.word) for copy in run.copies}) == 1
        if alike and is_one_box(run.copies[0], reading):
            return [self.layers([list(nodes_of(copy)) for copy in run.copies], lane)]
        touched = [self.is_open(copy) for copy in run.copies]
        if not opened and any(touched):
            return self._split(run, name, touched, lane)
        if not opened and self.inline and len(run.copies) == 1:
            return self.parts(runs(children(run.copies[0]), reading), opened=False, lane=lane, row=name)
        if not opened:
            if isinstance(run.copies[0], Node) or not run.copies[0].shares:
                self.references.append(Reference(name, run))
            return [self._reference(run, name, lane)]
        groups = kinds(run.copies)
        if all(self.is_closed(copy) for copy in run.copies):
            return [self._opened(run, group, lane) for group in groups]
        if len(run.copies) == 1:
            return self.parts(runs(children(run.copies[0]), reading), opened=True, lane=lane, row=name)
        return [self._reference(run, name, lane)]

    def is_open(self, part: Part) -> bool:
        """Whether ``part``, or something in it, is to be opened."""
        return any(path == part.name or path.startswith(f"{part.name}.") for path in self.paths)

    def layers(self, copies: list[list[Node]], lane: Lane) -> Box:
        """Layers in series as one box: the first one's label, and what follows it."""
        labels = []
        for position in range(len(copies[0])):
            alike = [peer for copy in copies for peer in self.peers.get(copy[position], (copy[position],))]
            labels.append(self.tell(alike, [crossed(node.label) for node in alike]))
        first = copies[0][0]
        if first.operation.family in FOLLOWERS:  # nothing to follow: all are of one kind, on one line
            labels = [f" {DOT} ".join(labels)]
        kind = Kind.JOIN if first.operation.word in MARKS else Kind.LAYER
        if first.operation.word == "concat" and len(copies) == 1:
            kind = Kind.BAR
        nodes = tuple([node for copy in copies for node in copy])
        title = MARKS.get(first.operation.word, labels[0])
        beside = [source.name.rpartition(".")[2] for source in first.inputs if source in self.facts.unseen]
        if beside:
            kind, title = Kind.LAYER, f"{title} {', '.join(beside)}"
        box = self._box(first, nodes, title, kind, lane)
        towers, channels = self._towers([peer for copy in copies for peer in self.peers.get(copy[0], (copy[0],))])
        lines = (" | ".join([str(channels // towers)] * towers) + " in separate groups",) if towers else ()
        apart = towers if labels[0].endswith(grouped(channels, towers)) else 0
        return box._replace(follows=f" {DOT} ".join(labels[1:]), lines=lines, copies=len(copies), towers=apart)

    def _towers(self, alike: Sequence[Node]) -> tuple[int, int]:
        """A few groups that stay apart, and the channels of all, if they are the same everywhere; else 0 of both."""
        told = {(node.operation.channel_groups, node.shape[0]) for node in alike}
        (groups, channels), *others = told
        return (0, 0) if others or not 1 < groups <= MOST_TOWERS else (groups, channels)

    def whole(self, part: Part, nodes: Sequence[Node], name: str) -> Box:
        """All of ``nodes``, of which ``part`` is the first, as one box."""
        return self._box(part, nodes, name, Kind.BLOCK, ())

    def links(self, nodes: Sequence[Node]) -> Links:
        """The edges between the boxes of ``nodes``, and those from and to the outside."""
        order: dict[tuple[str, str], int] = {}
        labels: dict[tuple[str, str], str] = {}
        decisions: set[tuple[str, str]] = set()
        skips: set[tuple[str, str]] = set()
        inside = self.entrances.union(nodes)
        ends = {output.node for output in self.facts.graph.outputs}
        first = {peer: node for node, alike in self.peers.items() for peer in alike}
        for node in nodes:
            if node not in self.places:
                continue
            after = self.places[node]
            around = {skip.source for skip in self.facts.skips.get(node, ())}
            for index, source in enumerate(self.facts.values(node)):
                before = self.places.get(source, Place(INTO)) if source in inside else Place(INTO)
                if before.key == after.key or _in_other_copies(before, after):
                    continue
                pair = (before.key, after.key)
                order.setdefault(pair, index)
                if source in around:
                    skips.add(pair)
                if node.operation.reads_places and source is node.inputs[-1]:
                    decisions.add(pair)
                if pair not in labels and source in inside and node.operation.word == "concat":
                    alike = self.peers.get(first.get(source, source), (source,))
                    labels[pair] = self.tell(alike, [str(peer.shape[0]) for peer in alike])
                elif before.key == INTO:
                    labels[pair] = "input"
            if node in ends or any(reader not in inside for reader in self.facts.reading[node] if reader):
                order.setdefault((after.key, OUT_OF), 0)
        return Links(order, labels, frozenset(decisions), frozenset(skips))

    def is_closed(self, part: Part) -> bool:
        """Whether one value goes in and one comes out: then a frame can stand around it."""
        inside = set(nodes_of(part))
        sources = {source for node in inside for source in self.facts.values(node) if source not in inside}
        exits = {node for node in inside if any(reader not in inside for reader in self.facts.reading[node])}
        return len(sources) == 1 and len(exits) == 1 and not inside & self.facts.control

    def figures(self, nodes: Iterable[Node]) -> Figures:
        """Figures of ``nodes``; what only training needs has no multiply-adds in eval mode."""
        total = Figures()
        for node in nodes:
            macs = 0 if node in self.facts.auxiliary else node.cost.macs
            total = Figures(total.params + node.params, total.macs + macs)
        return total

    def _split(self, run: Run, name: str, touched: Sequence[bool], lane: Lane) -> list[Box | Group]:
        """Copies that are to be opened each for itself, and references to those before, between and behind them."""
        found: list[Box | Group] = []
        for (copy, is_open), *others in folds.neighbours(
            zip(run.copies, touched, strict=True), lambda before, after: not before[1] and not after[1]
        ):
            part = Run(run.word, (copy, *[other for other, _ in others]))
            found += self.block(part, copy.name if is_open else name, opened=is_open, lane=lane)
        return found

    def _reference(self, run: Run, name: str, lane: Lane) -> Box:
        first = run.copies[0]
        word = run.word.replace("_", " ") if run.word not in STRUCTURAL else size_name(first)
        lines = [word, passage(run.copies)[0]]
        if isinstance(first, Scope) and first.shares:
            lines.append(f"weights of {first.owner.name}")
        box = self._box(first, run.nodes, name, Kind.BLOCK, lane)
        around = _around(run)
        return box._replace(path=around.name if around else first.name, lines=tuple(lines), copies=len(run.copies))

    def _opened(self, run: Run, group: tuple[Part, ...], lane: Lane) -> Group:
        """One copy opened, which stands for all of ``group``."""
        first, inside = group[0], [nodes_of(copy) for copy in group]
        key = f"f{len(lane)}n{inside[0][0].index}"
        for index, node in enumerate(inside[0]):
            alike = [nodes[index] for nodes in inside]
            self.peers[node] = tuple([peer for other in alike for peer in self.peers.get(other, (other,))])
        parts = self.parts(runs(children(first), self.facts.reading), opened=True, lane=(*lane, (key, 0)))
        for copy, nodes in enumerate(inside):
            for drawn, node in zip(inside[0], nodes, strict=True):
                place = self.places[drawn]
                self.places[node] = Place(place.key, (*lane, (key, copy), *place.lane[len(lane) + 1 :]))
        word = run.word.replace("_", " ") if run.word not in STRUCTURAL else size_name(first)
        found = flow(parts, self.links(inside[0]))
        return Group(
            key,
            first.name,
            word,
            found.series,
            self.figures([node for nodes in inside for node in nodes]),
            copies=len(group),
            auxiliary=self.facts.auxiliary.issuperset(inside[0]),
            sides=found.sides,
            depth=found.depth + 1,
        )

    def _box(self, part: Part, nodes: Sequence[Node], title: str, kind: Kind, lane: Lane) -> Box:
        """A box around ``nodes``, which get their place there; coloured by what works most in it."""
        key = f"n{nodes[0].index}"
        self.places.update((node, Place(key, lane)) for node in nodes)
        heaviest = max(nodes, key=lambda node: node.cost.macs)
        mark, changes = marked([peer for node in nodes for peer in self.peers.get(node, (node,))], self.facts.marks)
        return Box(
            key,
            part.name,
            kind,
            title,
            heaviest.operation.family,
            nodes[-1].shape,
            self.figures(nodes),
            skips=self._skips(nodes) if kind is Kind.BLOCK else 0,
            auxiliary=self.facts.auxiliary.issuperset(nodes),
            control=all(node in self.facts.control or node in self.facts.unseen for node in nodes),
            mark=mark,
            changes=changes,
        )

    def _skips(self, nodes: Iterable[Node]) -> int:
        """How many skips end in a box without being links of their own; its nodes have their places."""
        nowhere = Place("")
        known = self.places
        return skips_into(
            nodes, self.facts.skips, self.facts.numbers, lambda node: known.get(node, nowhere).key or None
        )


def _name(run: Run) -> str:
    """What copies are called together."""
    around = _around(run)
    return around.name if around else from_to(run.copies[0].name, run.copies[-1].name)


def _around(run: Run) -> Scope | None:
    """What holds nothing but the copies, if it has a name."""
    first = run.copies[0]
    around = first.parent if isinstance(first, Scope) else None
    if not around or not around.name or set(around.children) != set(run.copies):
        return None
    return around if around.block in STRUCTURAL or not around.flat else None


def _in_other_copies(before: Place, after: Place) -> bool:
    """Whether two nodes are in different copies that one group stands for: what is between copies is not drawn."""
    copies = dict(before.lane)
    return any(copies.get(frame, copy) != copy for frame, copy in after.lane)
