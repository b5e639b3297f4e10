"""What the blocks of a network are made of: each kind drawn once, with a table of what differs from place to place."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from netspec.diagram.from_graph.facts import Facts
from netspec.diagram.from_graph.flow import flow
from netspec.diagram.from_graph.folding import FOLLOWERS, children, runs
from netspec.diagram.from_graph.idioms import connections, dense_reads
from netspec.diagram.from_graph.merging import Letters, pattern
from netspec.diagram.from_graph.outline import Outline, Reference
from netspec.diagram.labels import crossed
from netspec.diagram.scene import INTO, OUT_OF, Box, Drawn, Figures, Kind, Panel
from netspec.graph import folds
from netspec.graph.folds import STRUCTURAL
from netspec.graph.graph import Node, Part, Scope, nodes_of
from netspec.ops.facts import Family

MOST_KINDS = 3
"""Kinds of copies that are drawn one by one; what grows from copy to copy is told as a range."""
MOST_SHOWN = 20
"""Layers of a block that are drawn with those of the blocks in it; of more, blocks in it are boxes."""
Placed = tuple[str, int, Part]
"""A copy of a block: the place it is listed for, its number there, and the copy."""


def definitions(facts: Facts, references: Sequence[Reference]) -> tuple[Panel, ...]:
    """A panel for each word that ``references`` name, in their order; blocks inside them follow."""
    panels: list[Panel] = []
    waiting = list(references)
    done: set[str] = set()
    while waiting:
        word = waiting[0].run.word
        same = [one for one in waiting if one.run.word == word]
        waiting = [one for one in waiting if one.run.word != word]
        if word in done:
            continue
        done.add(word)
        panel, inner = _panel(facts, word, same)
        panels.append(panel)
        panels += _dense(same)
        waiting += inner
    return tuple(panels)


def _panel(facts: Facts, word: str, references: Sequence[Reference]) -> tuple[Panel, list[Reference]]:
    rows = [_row(one) for one in references]
    letters = Letters(rows)
    placed = [
        (row, number, copy)
        for row, one in zip(rows, references, strict=True)
        for number, copy in enumerate(one.run.copies)
    ]
    kinds: dict[Hashable, list[Placed]] = {}
    for one in placed:
        kinds.setdefault(folds.signature(nodes_of(one[2]), _shape_of_label), []).append(one)
    kinds = {(key, place): part for key, copies in kinds.items() for place, part in enumerate(_told_apart(copies))}
    title = word.replace("_", " ") if word not in STRUCTURAL else references[0].row
    table = connections(placed[0][2]) if len(placed) == 1 else None
    if table:
        return Panel(f"define-{word}", f"{rows[0]}: channels that each map reads", (), table), []
    drawn, inner = [], []
    for copies in kinds.values():
        part, more = _drawn(facts, copies, letters)
        note = "" if len(kinds) == 1 else _which(copies, placed)
        drawn.append(part._replace(note=note))
        inner += more
    return Panel(f"define-{word}", title, tuple(drawn), letters.grid()), inner


def _told_apart(copies: list[Placed]) -> list[list[Placed]]:
    """Copies of one form so that those of one place are told in equal words, where that takes few kinds."""
    kinds: dict[int, list[Placed]] = {}
    known: dict[str, list[Hashable]] = {}
    for one in copies:
        told = folds.signature(nodes_of(one[2]), _told)
        mine = known.setdefault(one[0], [])
        if told not in mine:
            mine.append(told)
        kinds.setdefault(mine.index(told), []).append(one)
    return list(kinds.values()) if len(kinds) <= MOST_KINDS else [copies]


def _dense(references: Sequence[Reference]) -> list[Panel]:
    """What the layers of the smallest dense block read, if these are dense blocks."""
    smallest = min(references, key=lambda one: len(one.run.copies))
    stripes = dense_reads(smallest.run)
    title = f"{smallest.row}: what each layer reads"
    return [Panel(f"dense-{smallest.run.word}", title, (), None, stripes)] if stripes else []


def _drawn(facts: Facts, copies: Sequence[Placed], letters: Letters) -> tuple[Drawn, list[Reference]]:
    rows = [row for row, _, _ in copies]
    inside = [nodes_of(copy) for _, _, copy in copies]
    weighted = [node for node in inside[0] if node.operation.family in (Family.CONV, Family.LINEAR)]
    letters.begin()

    def tell(alike: Sequence[Node], labels: Sequence[str]) -> str:
        times = len(alike) // len(rows)
        names = rows if times <= 1 else [row for _ in range(times) for row in rows]
        same = alike[0].operation.family is Family.ACTIVATION
        return letters.merged(labels, names, "activation" if same else "", last=alike[0] in weighted[-1:])

    shown = sum([node.operation.family not in FOLLOWERS for node in inside[0]])
    outline = Outline(facts, tell, inline=shown <= MOST_SHOWN)
    outline.peers = {node: tuple([nodes[index] for nodes in inside]) for index, node in enumerate(inside[0])}
    entrances = _entrances(outline, [part for _, _, part in copies])
    parts = outline.parts(runs(children(copies[0][2]), facts.reading), opened=False)
    exits = _exits(outline, copies[0][2])
    links = outline.links(inside[0])
    order = {pair: place for pair, place in links.order.items() if pair[1] != OUT_OF or not exits}
    order.update({(INTO, box.key): 0 for box in entrances})
    order.update({(outline.places[node].key, box.key): 0 for node, box in exits.items()})
    found = flow(
        [*entrances, *parts, *exits.values()],
        links._replace(order=order, exits=tuple([box.key for box in exits.values()])),
    )
    return Drawn("", found.series, found.sides, found.rails), outline.references


def _entrances(outline: Outline, copies: Sequence[Part]) -> list[Box]:
    """A box for each of several values that copies of a block read from outside; none where they read one."""
    read = [_sources(outline.facts, copy) for copy in copies]
    if min(map(len, read)) == 1:
        return []
    boxes = []
    for number, source in enumerate(read[0], 1):
        outline.peers[source] = tuple([sources[number - 1] for sources in read if len(sources) >= number])
        outline.entrances.add(source)
        box = outline.whole(source, [source], f"input {number}")
        boxes.append(box._replace(kind=Kind.END, path="", skips=0, auxiliary=True))
    return boxes


def _sources(facts: Facts, copy: Part) -> list[Node]:
    """What ``copy`` reads from outside, each once: first what it is given, in that order."""
    inside = set(nodes_of(copy))
    read = dict.fromkeys([source for node in nodes_of(copy) for source in facts.values(node) if source not in inside])
    given = copy.reads if isinstance(copy, Scope) else ()
    return [*dict.fromkeys([source for source in given if source in read]), *[one for one in read if one not in given]]


def _exits(outline: Outline, copy: Part) -> dict[Node, Box]:
    """Of a block with several values that are read outside, a box for each; nothing where there is one."""
    inside = set(nodes_of(copy))
    read = [node for node in nodes_of(copy) if any(one not in inside for one in outline.facts.reading[node])]
    if len(read) == 1:
        return {}
    return {
        node: Box(
            f"out{node.index}", node.name, Kind.END, node.name.removeprefix(f"{copy.name}."), Family.INPUT, node.shape,
            Figures(), auxiliary=True,
        )
        for node in read
    }  # fmt: skip


def _row(reference: Reference) -> str:
    count = len(reference.run.copies)
    return f"{reference.row} \N{MULTIPLICATION SIGN}{count}" if count > 1 else reference.row


def _shape_of_label(node: Node) -> Hashable:
    if node.operation.family is Family.ACTIVATION:
        return Family.ACTIVATION
    return node.operation.word, pattern(crossed(node.label))


def _told(node: Node) -> Hashable:
    """What tells copies apart; rates that grow from block to block are told as a range, activations by the table."""
    return _shape_of_label(node) if node.operation.family in (Family.REGULARISE, Family.ACTIVATION) else node.label


def _which(copies: Sequence[Placed], all_: Sequence[Placed]) -> str:
    """Which of all copies ``copies`` are, in words."""
    mine = {(row, number) for row, number, _ in copies}
    firsts = {(row, number) for row, number, _ in all_ if number == 0}
    others = {(row, number) for row, number, _ in all_} - firsts
    if mine == firsts:
        return "first"
    if mine == others:
        return "others"
    places = list(dict.fromkeys([copy.name for _, _, copy in copies]))
    return ", ".join(places) if len(places) <= 3 else f"{places[0]} and {len(places) - 1} more"  # noqa: PLR2004 - room
