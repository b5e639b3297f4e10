"""A scene as DOT text, for Graphviz and for other tools; the same scene gives the same text, in any process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from netspec.diagram.labels import DOT, TIMES, escaped, human, inputs_label, quoted
from netspec.diagram.scene import (
    INTO,
    OUT_OF,
    Box,
    Drawn,
    Edge,
    Grid,
    Group,
    Kind,
    Panel,
    Parallel,
    Role,
    Scene,
    Series,
    box_edges,
)
from netspec.drawing.theme import LIGHT

HEAD = """\
digraph network {
  graph [rankdir=TB, nodesep=0.25, ranksep=0.22, pad=0.15, labelloc=t, labeljust=l, fontname="Helvetica", fontsize=12];
  node [shape=box, style="rounded,filled", margin="0.12,0.05", height=0.34, fontname="Helvetica", fontsize=11];
  edge [arrowsize=0.6, fontname="Helvetica", fontsize=9];"""
ROLES = {
    Role.SPINE: f'weight=1000, color="{LIGHT["edge"]}"',
    Role.BRANCH: f'weight=10, color="{LIGHT["edge"]}"',
    Role.SKIP: f'weight=0, color="{LIGHT["skip"]}", penwidth=1.5',
    Role.SIDE: f'weight=1, color="{LIGHT["edge"]}", style=dashed',
    Role.RAIL: f'weight=0, color="{LIGHT["rail"]}"',
    Role.CONTROL: f'weight=0, color="{LIGHT["edge"]}", style=dotted',
}
"""The spine pulls hardest, so that it is straight; skips must not move anything."""
ENDS = (INTO, OUT_OF)


class HasScenes(Protocol):
    """What can be written: something to be drawn."""

    @property
    def scenes(self) -> tuple[Scene, ...]:
        """What is drawn."""


def dot(drawing: HasScenes) -> bytes:
    """The text that Graphviz lays out, as a file has it."""
    return dot_text(drawing.scenes).encode()


def dot_text(scenes: Sequence[Scene]) -> str:
    """Scenes as DOT text, one graph each: the network, and each definition as a cluster beside it."""
    return "".join([_graph(scene) for scene in scenes])


def _graph(scene: Scene) -> str:
    sums = [f"{human(number)} {unit}" for number, unit in zip(scene.figures, ("params", "MACs"), strict=True) if number]
    says = f" {DOT} ".join([f"input {inputs_label(scene.inputs)}", *sums])
    left = '<BR ALIGN="LEFT"/>'
    lines = [HEAD, f"  label=<<B>{escaped(scene.name)}</B>{left}{escaped(says)}{left}>;"]
    for place, panel in enumerate(scene.panels):
        lines += _panel(panel, place)
    return "\n".join([*lines, "}"]) + "\n"


def _panel(panel: Panel, place: int) -> Iterator[str]:
    """The network as it is, a definition as a cluster: keys of each have a prefix of their own."""
    if place:
        yield f"  subgraph cluster_p{place} {{"
        yield f'    label={quoted(panel.title)}; style="rounded"; color="{LIGHT["frame-line"]}";'
    for number, drawn in enumerate(panel.drawn):
        prefix = f"p{place}d{number}" if place else ""
        yield from _drawn(drawn, prefix, "    " if place else "  ", inner=bool(place))
    if place:
        if panel.grid:
            yield f'    p{place}grid [shape=plaintext, style="", label=<{_table(panel.grid)}>];'
        yield "  }"


def _drawn(drawn: Drawn, prefix: str, indent: str, *, inner: bool) -> Iterator[str]:
    if inner:
        for end in ENDS:
            yield f'{indent}{prefix}{end} [shape=plaintext, style="", height=0.2, label={quoted(end)}];'
    names = {end: f"{prefix}{end}" for end in ENDS}
    for flow in (drawn.flow, *[side.flow for side in drawn.sides]):
        yield from _series(flow, prefix, indent)
    for edge in box_edges(drawn):
        source, target = (names.get(key, prefix + key) for key in (edge.source, edge.target))
        yield f"{indent}{source} -> {target} [{_look(edge)}];"


def _look(edge: Edge) -> str:
    return f"{ROLES[edge.role]}{', style=dashed' if edge.changed else ''}" + (
        f", label={quoted(' ' + edge.label)}" if edge.label else ""
    )


def _series(flow: Series | Parallel | Edge | None, prefix: str, indent: str) -> Iterator[str]:
    if isinstance(flow, Parallel):
        for branch in flow.branches:
            yield from _series(branch, prefix, indent)
    elif isinstance(flow, Series):
        for link, part in zip(flow.links, (*flow.parts, None), strict=True):
            yield from _series(link, prefix, indent)
            if isinstance(part, Box):
                yield f"{indent}{prefix}{part.key} [{_box(part)}];"
            elif part:
                yield from _group(part, prefix, indent)


def _group(group: Group, prefix: str, indent: str) -> Iterator[str]:
    yield f"{indent}subgraph cluster_{prefix}{group.key} {{"
    title = f"{group.title} {TIMES}{group.copies}" if group.copies > 1 else group.title
    line = "dashed" if group.auxiliary else "solid"
    yield f'{indent}  label={quoted(title)}; style="rounded,{line}"; color="{LIGHT["frame-line"]}";'
    for flow in (group.flow, *[side.flow for side in group.sides]):
        yield from _series(flow, prefix, indent + "  ")
    yield f"{indent}}}"


def _box(box: Box) -> str:
    tip = f"tooltip={quoted(box.path)}"
    if box.kind is Kind.END:
        return f'shape=plaintext, style="", height=0.2, label={quoted(box.title)}, {tip}'
    if box.kind is Kind.JOIN and len(box.title) == 1:
        look = f'shape=circle, fillcolor=white, color="{LIGHT["join-line"]}", width=0.3, fixedsize=true, margin=0'
        return f"{look}, label={quoted(box.title)}, {tip}"
    count = f" {TIMES}{box.copies}" if box.copies > 1 else ""
    title = escaped(box.title)
    lines = [f"<B>{title}</B>" if box.kind is Kind.BLOCK else title + count]
    lines += [escaped(box.lines[0]) + count, *map(escaped, box.lines[1:])] if box.lines else []
    lines += [escaped(box.follows)] if box.follows else []
    lines += [f"<B>{escaped(change)}</B>" for change in box.changes]
    fill, line = (LIGHT[f"{box.family.value}-{part}"] for part in ("fill", "line"))
    style = ', style="rounded,filled,dashed"' if box.auxiliary or box.control else ""
    line = LIGHT[box.mark] if box.mark else line
    width = ", penwidth=3" if box.mark else ", penwidth=2" if box.kind is Kind.BLOCK else ""
    return f'fillcolor="{fill}", color="{line}"{width}{style}, label=<{"<BR/>".join(lines)}>, {tip}'


def _table(grid: Grid) -> str:
    cells = ["".join([f"<TD>{escaped(cell)}</TD>" for cell in row]) for row in (grid.headings, *grid.rows)]
    return '<TABLE BORDER="0">' + "".join([f"<TR>{row}</TR>" for row in cells]) + "</TABLE>"
