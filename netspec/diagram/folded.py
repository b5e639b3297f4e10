"""A graph as a folded view."""

from __future__ import annotations

from itertools import groupby

from netspec.analysis.inputs import inputs_of
from netspec.diagram.arrow_roles import ArrowRoles
from netspec.diagram.arrows import drawn, forked
from netspec.diagram.folding import is_one_box, nodes_of, readers, runs
from netspec.diagram.outline import Outline, Place
from netspec.diagram.view import IMAGE, Box, End, Frame, Start, View, figures_of
from netspec.graph.graph import INPUT, Entry, Graph, Node, Scope


def view(graph: Graph, depth: int = 1) -> View:
    """What a diagram of ``graph`` shows.

    Depth 0 has one box for each stage, 1 the folded blocks of each stage, 2 what one copy of each block holds; every
    level more opens the blocks inside those. Raises :class:`ValueError` for a negative depth.
    """
    if depth < 0:
        message = f"depth must be 0 or more, not {depth}"
        raise ValueError(message)
    outline = Outline.of(graph, readers(graph))
    starts = _starts(graph)
    outline.places |= {node: Place(start.key) for node, start in zip(graph.inputs, starts, strict=True)}
    parts: list[Box | Frame] = []
    for section, entries in groupby(graph.entries, key=lambda entry: entry.section):
        drawing = _stages if section == "stages" else _section
        parts += drawing(outline, list(entries), depth)
    ends = tuple(End(f"out{index}", output.name, output.training) for index, output in enumerate(graph.outputs))
    arrows, forks = forked(*drawn(graph, outline, ends), parts)
    roles = ArrowRoles.of(arrows, parts)
    return View(
        name=graph.name,
        inputs=inputs_of(graph),
        starts=starts,
        figures=figures_of(graph.nodes, outline.auxiliary),
        parts=tuple(parts),
        arrows=roles.arrows(),
        ends=ends,
        forks=forks,
        levels=roles.levels(parts),
    )


def _starts(graph: Graph) -> tuple[Start, ...]:
    """The inputs: what is called ``input`` is drawn as an image, others by their names."""
    names = [node.name for node in graph.inputs]
    return tuple([Start(IMAGE, IMAGE) if name == INPUT else Start(f"in{at}", name) for at, name in enumerate(names)])


def _stages(outline: Outline, entries: list[Entry], depth: int) -> list[Box | Frame]:
    """A box or a frame for each stage; what is a single box has no frame around it."""
    parts: list[Box | Frame] = []
    for plain, group in groupby(entries, key=lambda entry: is_one_box(entry.part, outline.reading)):
        if plain:
            parts += outline.parts(runs([entry.part for entry in group], outline.reading), 0)
        else:
            parts += [_entry(outline, entry, depth) for entry in group]
    return parts


def _section(outline: Outline, entries: list[Entry], depth: int) -> list[Box | Frame]:
    """Stem or head: one frame, beside which stands what only training needs; without frame at depth 0."""
    if depth == 0:
        return _stages(outline, entries, depth)
    aside = [entry for entry in entries if outline.auxiliary.issuperset(nodes_of(entry.part))]
    main = [entry.part for entry in entries if entry not in aside]
    parts = _stages(outline, aside, depth)
    if main:
        section = Entry(entries[0].section, entries[0].section, _together(entries[0].section, main))
        parts.insert(0, outline.stage(section, depth - 1))
    return parts


def _together(section: str, parts: list[Node | Scope]) -> Scope:
    """A chain around the parts of a section, for drawing alone."""
    return Scope(name=section, block="chain", children=parts)


def _entry(outline: Outline, entry: Entry, depth: int) -> Box | Frame:
    if depth == 0 or (depth == 1 and outline.auxiliary.issuperset(nodes_of(entry.part))):
        return outline.entry(entry)
    return outline.stage(entry, depth - 1)
