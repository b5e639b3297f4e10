"""The sections of a network at a level: as stages, as the figure of a paper, or one copy of every block opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from netspec.diagram.from_graph.captions import passage
from netspec.diagram.from_graph.folding import Readers, Run, children, fuses, is_one_box, runs
from netspec.diagram.from_graph.outline import Outline
from netspec.diagram.labels import TIMES, from_to, human, share
from netspec.diagram.scene import Box, Figures, Group, Level
from netspec.graph import folds
from netspec.graph.folds import STRUCTURAL
from netspec.graph.graph import Entry, Node, Part, Scope, nodes_of

SIMPLE = 2
"""A block that is a chain of no more boxes is shown where it stands, as is an inline one of any length."""
MOST_LINES = 4
"""So many different layers are listed in the box of a stage; a stage of more says what goes in and out."""


class Stage(NamedTuple):
    """An entry of a section, or equal ones in a row."""

    section: str
    name: str
    parts: tuple[Part, ...]


class Section:
    """Draws the stages of one section."""

    def __init__(self, outline: Outline, level: Level) -> None:
        self.outline, self.level = outline, level
        self.reading = outline.facts.reading

    def stages(self, entries: Sequence[Entry], section: str) -> Iterator[Stage]:
        """The entries of a section; blocks that are told in equal words and follow each other are one."""
        for run in folds.neighbours(entries, self._goes_on):
            name = from_to(run[0].name, run[-1].name)
            yield Stage(section, name, tuple([entry.part for entry in run]))

    def _goes_on(self, before: Entry, after: Entry) -> bool:
        """Whether an entry is one more copy of the block before it."""
        earlier, later = nodes_of(before.part), nodes_of(after.part)
        if folds.signature(earlier, folds.label) != folds.signature(later, folds.label):
            return False
        if before.name != after.name:  # entries of one name are what an inline block repeats
            run = _single((before.part,), self.reading)
            if is_one_box(after.part, self.reading) or (run and (len(run.copies) > 1 or self._simple(run))):
                return False
        inside, following = set(earlier), set(later)
        sources = {source for node in later for source in node.inputs} - following
        read_by = {reader for node in earlier for reader in self.reading[node]} - inside
        return len(sources) == 1 and sources <= inside and read_by <= following

    def parts(self, stages: Iterator[Stage]) -> list[Box | Group]:
        """Boxes and groups in running order; what is one box goes on across stages."""
        found: list[Box | Group] = []
        strand: list[Node] = []

        def flush() -> None:
            if strand:
                found.append(self.outline.layers([list(strand)], ()))
                strand.clear()

        for stage in stages:
            nodes = nodes_of(stage.parts[0])
            if len(stage.parts) == 1 and is_one_box(stage.parts[0], self.reading):
                for node in nodes:
                    if strand and not fuses(strand[-1], node, self.reading):
                        flush()
                    strand.append(node)
                continue
            flush()
            found += self._stage(stage)
        flush()
        return found

    def _stage(self, stage: Stage) -> list[Box | Group]:
        touched = any(self.outline.is_open(part) for part in stage.parts)
        if self.level == "stage" and not touched:
            return [self._summary(stage)]
        run = _single(stage.parts, self.reading)
        whole = any(part.name in self.outline.paths for part in stage.parts)
        opened = whole or (self.level == "layer" and not self._aside(stage))
        if run:
            inner = self._simple(run)
            if inner:
                return self.outline.parts(inner, opened=opened)
            return self.outline.block(run, stage.name, opened=opened)
        (part,) = stage.parts
        return self.outline.parts(self._flattened(content(part, self.reading)), opened=opened)

    def _flattened(self, folded: list[Run]) -> list[Run]:
        """Runs, with single simple chains opened."""
        return [inner for run in folded for inner in (self._simple(run) or [run])]

    def _simple(self, run: Run) -> list[Run]:
        """What a single block holds, if that is a short chain."""
        if len(run.copies) > 1 or isinstance(run.copies[0], Node) or self._aside(Stage("", "", run.copies)):
            return []
        inner = self._flattened(runs(children(run.copies[0]), self.reading))
        boxes = 1 + sum([not _follows(before, after, self.reading) for before, after in pairwise(inner)])
        if boxes > SIMPLE and not run.copies[0].flat:
            return []
        one = all(is_one_box(copy, self.reading) for each in inner for copy in each.copies)
        nodes = run.nodes
        linear = all(len(set(node.inputs)) == 1 for node in nodes) and all(
            before in node.inputs for before, node in pairwise(nodes)
        )
        return inner if one and linear else []

    def _aside(self, stage: Stage) -> bool:
        return all(self.outline.facts.auxiliary.issuperset(nodes_of(part)) for part in stage.parts)

    def _summary(self, stage: Stage) -> Box:
        """A stage as one box: what it is made of, what goes in and out, and its share of the network."""
        part = stage.parts[0]
        nodes = [node for one in stage.parts for node in nodes_of(one)]
        folded = content(part, self.reading)
        word, count = described(part, folded)
        count = max(count, len(stage.parts))
        copies = folded[0].copies if count > 1 and len(stage.parts) == 1 else stage.parts
        lines = [f"{word} {TIMES}{count}" if count > 1 else word] if word else []
        lines += passage(copies)
        box = self.outline.whole(part, nodes, stage.name)
        total = self.outline.figures(self.outline.facts.graph.nodes)
        return box._replace(lines=(*lines, *shares(box.figures, total)))


def shares(part: Figures, whole: Figures) -> list[str]:
    """Parameters and multiply-adds, each with its share of the network."""
    lines = []
    for mine, all_, unit in ((part.params, whole.params, "params"), (part.macs, whole.macs, "MACs")):
        if mine:
            lines.append(f"{human(mine)} {unit}, {share(mine, all_)}")
    return lines


def _follows(before: Run, after: Run, reading: Readers) -> bool:
    """Whether a run is drawn in the box of the one before it."""
    if len(before.copies) > 1 or len(after.copies) > 1:
        return False
    return fuses(before.nodes[-1], after.nodes[0], reading)


def _single(parts: tuple[Part, ...], reading: Readers) -> Run | None:
    """The one run that a stage is, if it is one: copies of a block, or a block that is no mere list of others."""
    if len(parts) > 1:
        return Run(parts[0].block if isinstance(parts[0], Scope) else "", parts)
    (part,) = parts
    if isinstance(part, Node):
        return Run(part.operation.word, (part,))
    inner = content(part, reading)
    if len(inner) == 1:
        return inner[0]
    return None if part.block in STRUCTURAL else Run(part.block, (part,))


def content(part: Part, reading: Readers) -> list[Run]:
    """What a stage holds."""
    return runs([part] if isinstance(part, Node) or part.block in STRUCTURAL else part.children, reading)


def described(part: Part, folded: list[Run]) -> tuple[str, int]:
    """The word that says best what a stage is made of, and how often; no word for plain chains."""
    if isinstance(part, Scope) and part.shares:
        return f"weights of {part.owner.name}", 1
    word = folded[0].word if len(folded) == 1 else "" if isinstance(part, Node) else part.block
    count = len(folded[0].copies) if len(folded) == 1 else 1
    return ("" if word in STRUCTURAL else word.replace("_", " ")), count
