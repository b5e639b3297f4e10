"""The network itself as a panel: its inputs, its stages at a level, its outputs, and the links between all of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from netspec.diagram.from_graph.facts import Facts
from netspec.diagram.from_graph.flow import flow
from netspec.diagram.from_graph.folding import readers
from netspec.diagram.from_graph.levels import Section
from netspec.diagram.from_graph.links import Links
from netspec.diagram.from_graph.marks import Marks
from netspec.diagram.from_graph.outline import Outline
from netspec.diagram.from_graph.towers import with_towers
from netspec.diagram.scene import INTO, OUT_OF, Box, Drawn, Figures, Group, Kind, Level, Panel
from netspec.errors.problem import Problem, Problems
from netspec.errors.suggestions import Hints
from netspec.graph.graph import Graph, Node
from netspec.ops.facts import Family


def network(graph: Graph, level: Level, opened: Sequence[str], marks: Marks) -> tuple[Outline, Panel]:
    """The network itself at ``level``, with the parts of the paths ``opened`` opened, and the outline that drew it.

    Boxes of nodes that have ``marks`` say so.

    Raises :class:`netspec.SpecError` for a path of no part.
    """
    _refuse_unknown(graph, opened)
    outline = Outline(Facts.of(graph, readers(graph), marks), paths=opened)
    parts: list[Box | Group] = [_input(outline, node) for node in graph.inputs]
    for section, entries in groupby(graph.entries, key=lambda entry: entry.section):
        drawing = Section(outline, level)
        parts += drawing.parts(drawing.stages(list(entries), section))
    parts += _outputs(graph)
    found = flow(parts, _between(outline, graph))
    series = found.series._replace(links=(*found.series.links[:-1], None))
    ends = [*[side.at for side in found.sides], *[key for rail in found.rails for key in (rail.source, rail.target)]]
    series = with_towers(series, ends)
    return outline, Panel("network", "", (Drawn("", series, found.sides, found.rails),))


def _refuse_unknown(graph: Graph, paths: Sequence[str]) -> None:
    """Raise :class:`netspec.SpecError` where a path is not that of a part."""
    known: dict[str, None] = {}
    for node in graph.operations if paths else ():
        stops = [place for place, char in enumerate(node.name) if char == "."]
        known.update(dict.fromkeys([*[node.name[:stop] for stop in stops], node.name]))
    hints = Hints()
    problems = Problems()
    for path in paths:
        if path not in known:
            message = f"{graph.name} has no part '{path}'"
            problems.add(Problem("unknown-name", message, hint=hints.did_you_mean(path, known)))
    problems.check()


def _input(outline: Outline, node: Node) -> Box:
    box = outline.layers([[node]], ())
    return box._replace(kind=Kind.END, title=node.name if len(outline.facts.graph.inputs) > 1 else "input")


def _outputs(graph: Graph) -> list[Box]:
    """A box for each output, where there are several."""
    if len(graph.outputs) == 1:
        return []
    none = Figures()
    return [
        Box(
            f"out{index}", output.name, Kind.END, output.name, Family.INPUT, output.node.shape, none,
            auxiliary=output.training,
        )
        for index, output in enumerate(graph.outputs)
    ]  # fmt: skip


def _between(outline: Outline, graph: Graph) -> Links:
    """The edges of the whole network: inputs come from outside, and one output that is no training's leaves."""
    links = outline.links(graph.nodes)
    found = {pair: place for pair, place in links.order.items() if pair[1] != OUT_OF}
    found.update({(INTO, outline.places[node].key): 0 for node in graph.inputs})
    several = len(graph.outputs) > 1
    keys = [f"out{index}" if several else outline.places[output.node].key for index, output in enumerate(graph.outputs)]
    if several:
        found.update({(outline.places[out.node].key, key): 0 for key, out in zip(keys, graph.outputs, strict=True)})
    run = [key for key, output in zip(keys, graph.outputs, strict=True) if not output.training]
    return links._replace(order=found, exits=tuple(run or keys[:1]))
