"""A graph as DOT text. The text is the same for the same graph, and needs no program until it is laid out."""

from __future__ import annotations

from typing import NamedTuple

from netspec.diagram.folded import view
from netspec.diagram.labels import merged, quoted, shape_label
from netspec.diagram.style import GREEN, GREY, INK, TEXT, box_node, frame_node, title
from netspec.diagram.view import Arrow, Box, Frame, Role, View, boxes
from netspec.graph.graph import Graph

HEAD = f"""\
digraph network {{
  graph [rankdir=TB, nodesep=0.25, ranksep=0.18, pad=0.15, labelloc=t, labeljust=l, fontname="Helvetica", fontsize=12];
  graph [fontcolor="{INK}"];
  node [shape=box, style="rounded,filled", margin="0.12,0.05", width=1.95, height=0.34, penwidth=1.1];
  node [fontname="Helvetica", fontsize=11, fontcolor="{INK}"];
  edge [arrowsize=0.6, color="{GREY}", fontname="Helvetica", fontsize=9, fontcolor="{GREY}"];"""
ROLES = {
    Role.MAIN: "weight=1000",
    Role.BRANCH: "weight=10",
    Role.SKIP: f'weight=0, color="{GREEN}", fontcolor="{GREEN}", penwidth=1.5',
    Role.SIDE: f'weight=1, color="{GREEN}", penwidth=1.5',
}
"""Main arrows pull hardest, so that the spine is straight; skips must not move anything."""

PAD = " " * 8
"""After the label of a skip: Graphviz counts too little of it when it draws the frame around."""


class Drawing(NamedTuple):
    """A graph to be drawn, with blocks opened ``depth`` levels deep."""

    graph: Graph
    depth: int = 1


def dot(drawing: Drawing) -> bytes:
    """The text that Graphviz lays out, as a file has it."""
    return to_dot(drawing.graph, depth=drawing.depth).encode()


def to_dot(graph: Graph, *, depth: int = 1) -> str:
    """The diagram of ``graph`` as DOT text: 0 is one box for each stage, 1 its folded blocks, 2 their layers.

    Raises :class:`ValueError` for a negative depth.
    """
    shown = view(graph, depth)
    lines = [HEAD, f"  label=<{title(shown)}>;"]
    lines += [f"  {start.key} [{TEXT}, label={quoted(start.label)}];" for start in shown.starts]
    for part in shown.parts:
        lines += _part(part, shown, "  ")
    lines += [f"  {line}" for line in _levels(shown.parts, shown)]
    lines += [f"  {end.key} [{TEXT}, label={quoted(end.name)}];" for end in shown.ends]
    marks = {box.key: box.mark for box in boxes(shown.parts)}
    points = {key for keys in shown.forks.values() for key in keys}
    lines += [f"  {_arrow(arrow, marks, points)}" for arrow in shown.arrows]
    return "\n".join([*lines, "}"]) + "\n"


def _part(part: Box | Frame, shown: View, indent: str, *, figures: bool = True) -> list[str]:
    """The lines of a box, or of a frame with all that is in it."""
    if isinstance(part, Box):
        return [indent + box_node(part, figures=figures)]
    inner = indent + "  "
    line = "filled,dashed" if part.auxiliary else "filled"
    fill = "#FFFFFF" if part.nested else "#F7FAFC"
    lines = [f"{indent}subgraph cluster_{part.key} {{"]
    lines.append(f'{inner}label=""; style="rounded,{line}"; fillcolor="{fill}"; color="#CBD5E0"; margin=8;')
    forks = shown.forks.get(part.key, ())
    lines += [f'{inner}{key} [shape=point, width=0.07, height=0.07, color="{GREY}", label=""];' for key in forks]
    lines.append(inner + frame_node(part, shown, figures=figures))
    for child in part.parts:
        lines += _part(child, shown, inner, figures=len(part.parts) > 1)
    first = forks[0] if forks else part.parts[0].key
    if forks or isinstance(part.parts[0], Box):
        lines.append(f"{inner}{{rank=same; t{part.key} -> {first} [style=invis];}}")
    lines += [inner + line for line in _levels(part.parts, shown)]
    return [*lines, f"{indent}}}"]


def _levels(parts: tuple[Box | Frame, ...], shown: View) -> list[str]:
    """Lines that put parts side by side in their order, and between branches an empty lane from fork to join."""
    here = {part.key for part in parts}
    lines = []
    for level in shown.levels:
        if level.keys[0] not in here:
            continue
        keys = list(level.keys)
        if level.lane and len(keys) % 2 == 0:
            fork, join = level.lane
            lane = f"m{join}"
            keys.insert(len(keys) // 2, lane)
            lines.append(f'{lane} [shape=point, style=invis, width=0.01, height=0.01, label=""];')
            lines.append(f"{fork} -> {lane} -> {join} [style=invis, weight=1000];")
        lines.append(f"{{rank=same; {' -> '.join(keys)} [style=invis];}}")
    return lines


def _arrow(arrow: Arrow, marks: dict[str, str], points: set[str]) -> str:
    look = [ROLES[arrow.role]]
    if arrow.auxiliary:
        look.append("style=dashed")
    if arrow.target in points:
        look.append("arrowhead=none")
    unchanged = arrow.source in points or marks.get(arrow.source) == "+"
    if arrow.role is Role.SKIP or (arrow.role is not Role.SIDE and not unchanged):
        shape = merged([shape_label(shape) for shape in arrow.shapes])
        look.append(f"label={quoted(' ' + shape + (PAD if arrow.role is Role.SKIP else ''))}")
    return f"{arrow.source} -> {arrow.target} [{', '.join(look)}];"
