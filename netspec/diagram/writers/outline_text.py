"""A scene as an indented outline: for terminals, for notes, and for who hears a page instead of seeing it."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.diagram.labels import DOT, TIMES, human, shape_label
from netspec.diagram.scene import Box, Drawn, Edge, Grid, Group, Kind, Panel, Parallel, Scene, Series, Side
from netspec.diagram.writers.dot import HasScenes

INDENT = "  "


def txt(drawing: HasScenes) -> bytes:
    """The outline as a file has it."""
    return "\n".join([outline(scene) for scene in drawing.scenes]).encode()


def outline(scene: Scene) -> str:
    """The network from input to output, then each block that it is made of; branches are indented."""
    lines = [scene.name, ""]
    for panel in scene.panels:
        lines += _panel(panel)
    return "\n".join([line.rstrip() for line in lines])


def _panel(panel: Panel) -> Iterator[str]:
    if panel.title:
        yield panel.title
    for drawn in panel.drawn:
        if drawn.note:
            yield f"{INDENT}{drawn.note}:"
        yield from _flow(drawn.flow, _hanging(drawn), INDENT * (bool(panel.title) + bool(drawn.note)))
        for rail in drawn.rails:
            yield f"{INDENT}link {rail.source} -> {rail.target}"
    if panel.stripes:
        for place, reads in enumerate(panel.stripes.reads):
            yield f"{INDENT}layer {place + 1} reads {' + '.join(map(str, reads))} = {sum(reads)}"
        yield f"{INDENT}output {' + '.join(map(str, panel.stripes.out))} = {sum(panel.stripes.out)}"
    if panel.grid:
        yield ""
        yield from [INDENT + line for line in _grid(panel.grid)]
    yield ""


def _hanging(drawn: Drawn | Group) -> dict[str, list[Side]]:
    found: dict[str, list[Side]] = {}
    for side in drawn.sides:
        found.setdefault(side.at, []).append(side)
    return found


def _flow(series: Series, sides: dict[str, list[Side]], indent: str) -> Iterator[str]:
    for link, part in zip(series.links, (*series.parts, None), strict=True):
        if isinstance(link, Parallel):
            yield from _branches(link, indent)
        if isinstance(part, Group):
            yield f"{indent}{part.title}{f' {TIMES}{part.copies}' if part.copies > 1 else ''}:"
            yield from _flow(part.flow, _hanging(part), indent + INDENT)
        elif part:
            yield indent + told(part)
        for side in sides.get(part.key, ()) if part else ():
            yield f"{indent}aside:"
            yield from _flow(side.flow, {}, indent + INDENT)


def _branches(link: Parallel, indent: str) -> Iterator[str]:
    for place, branch in enumerate(link.branches):
        if isinstance(branch, Edge):
            yield f"{indent}| skip"
            continue
        yield f"{indent}| {'shortcut' if link.main is not None and place != link.main else 'branch'}"
        yield from _flow(branch, {}, indent + INDENT * 2)


def told(box: Box) -> str:
    """A box in one line."""
    count = f" {TIMES}{box.copies}" if box.copies > 1 else ""
    if box.kind is Kind.BLOCK:
        first = f"{box.lines[0]}{count}" if box.lines else count
        words = [f"{box.title}: {first}", *box.lines[1:]]
    else:
        words = [box.title + count, *box.lines, *([box.follows] if box.follows else [])]
    words.append(shape_label(box.shape))
    if box.kind is Kind.BLOCK:
        words += [f"{human(box.figures.params)} params"] if box.figures.params else []
        words += [f"{human(box.figures.macs)} MACs"] if box.figures.macs else []
    words += [f"{box.skips} skip{'s' if box.skips > 1 else ''}"] if box.kind is Kind.BLOCK and box.skips else []
    words += ["training only"] if box.auxiliary and box.kind is Kind.BLOCK else []
    words += [f"{box.mark}: {'; '.join(box.changes)}" if box.mark == "changed" else box.mark] if box.mark else []
    return f" {DOT} ".join(words)


def _grid(grid: Grid) -> Iterator[str]:
    rows = (grid.headings, *grid.rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(grid.headings))]
    for row in rows:
        first = row[0].ljust(widths[0])
        yield "  ".join([first, *[cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]])
