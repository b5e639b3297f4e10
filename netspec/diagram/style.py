"""How boxes, frames and titles look: colours, and labels in DOT's HTML-like language."""

from __future__ import annotations

from netspec.diagram.labels import DOT, LONGEST, TIMES, escaped, human, quoted, shape_label, share
from netspec.diagram.view import Box, Figures, Frame, View, frames
from netspec.ops.facts import Family

INK, GREY, GREEN = "#1A202C", "#4A5568", "#2F855A"
COLOURS: dict[Family, tuple[str, str]] = {
    Family.CONV: ("#DCE9F7", "#3B6EA5"),
    Family.LINEAR: ("#EADFF5", "#6B46C1"),
    Family.NORM: ("#EDF2F7", "#718096"),
    Family.ACTIVATION: ("#FCE8D2", "#B7791F"),
    Family.POOL: ("#F8DDE0", "#B4485B"),
    Family.JOIN: ("#FFFFFF", "#2D3748"),
    Family.REGULARISE: ("#F5F0E6", "#8A7A55"),
    Family.SHAPE: ("#DFF3F1", "#2C7A7B"),
    Family.INPUT: ("#FFFFFF", "#4A5568"),
}
"""Family -> fill and line; the fills are light enough for black text in print."""
TEXT = 'shape=plaintext, style="", width=0.3, height=0.2, margin="0.04,0.02"'
LEFT = '<BR ALIGN="LEFT"/>'
LETTER = 6
"""About how wide a letter of a frame's title is, in points; a title that needs more gets more."""


def title(shown: View) -> str:
    """Name, input size and totals of the network."""
    sums = _sums(shown.figures)
    shapes = [(f"{name} " if len(shown.inputs) > 1 else "") + shape_label(shape) for name, shape in shown.inputs]
    text = f"input {', '.join(shapes)}" + (f" {DOT} {sums}" if sums else "")
    return f'<FONT POINT-SIZE="15"><B>{escaped(shown.name)}</B></FONT>{LEFT}{_small(text)}{LEFT}'


def box_node(box: Box, *, figures: bool) -> str:
    """The node of a box; without its figures where the frame around it says the same."""
    if box.mark:
        return (
            f'{box.key} [shape=circle, style=filled, fillcolor=white, color="{COLOURS[Family.JOIN][1]}", fontsize=13,'
            f' width=0.3, fixedsize=true, margin=0, label="{box.mark}", tooltip={quoted(box.path)}];'
        )
    fill, line = COLOURS[box.family]
    label = f"<B>{escaped(box.title)}</B>" if box.block else escaped(box.title)
    label += f"<BR/>{escaped(box.word)}" if box.word else ""
    label += f"  {_badge(box.count, line)}" if box.count > 1 else ""
    small = [*box.lines, _sums(box.figures, auxiliary=box.auxiliary and box.block)] if figures else box.lines
    label += "".join(f"<BR/>{_small(text)}" for text in small if text)
    look = f'fillcolor="{fill}", color="{line}"'
    look += ", penwidth=2.2" if box.count > 1 else ""
    look += ', style="rounded,filled,dashed"' if box.auxiliary else ""
    return f"{box.key} [{look}, label=<{label}>, tooltip={quoted(box.path)}];"


def frame_node(frame: Frame, shown: View, *, figures: bool) -> str:
    """The title of a frame as a node of its own, so that it stands beside the spine and never under it."""
    words = [f"<B>{escaped(frame.title)}</B>"] if frame.title else []
    words += [escaped(frame.word)] if frame.word else []
    words += [_badge(frame.count, COLOURS[Family.CONV][1])] if frame.count > 1 else []
    lines = ["  ".join(words)]
    lines += [_small(text) for text in figure_lines(frame, shown)] if figures else []
    width = max(title_width(other) for other in frames(shown.parts) if other.nested == frame.nested)
    cell = f'<TD ALIGN="LEFT" BALIGN="LEFT">{"<BR/>".join(lines)}</TD>'
    table = f'BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" WIDTH="{width}"'
    return f"t{frame.key} [{TEXT}, label=<<TABLE {table}><TR>{cell}</TR></TABLE>>];"


def figure_lines(frame: Frame, shown: View) -> list[str]:
    """Parameters and multiply-adds of a frame, each with its share of the network unless they are of one copy."""
    each = " each" if frame.each else ""
    lines = []
    for part, whole, unit in (
        (frame.figures.params, shown.figures.params, "params"),
        (frame.figures.macs, shown.figures.macs, "MACs"),
    ):
        if part:
            lines.append(f"{human(part)} {unit}{each}" + ("" if each else f" ({share(part, whole)})"))
    return [*lines, "training only"] if frame.auxiliary else lines


def title_width(frame: Frame) -> int:
    """About how wide the title of a frame is, in points; titles of one width put boxes right under each other."""
    return LETTER * (min(len(frame.title), LONGEST) + len(frame.word) + (5 if frame.count > 1 else 1))


def _sums(figures: Figures, *, auxiliary: bool = False) -> str:
    """Parameters and multiply-adds in one line; empty if there are none."""
    shown = [f"{human(figures.params)} params"] if figures.params else []
    shown += [f"{human(figures.macs)} MACs"] if figures.macs else []
    return f" {DOT} ".join([*shown, "training only"] if auxiliary else shown)


def _small(text: str) -> str:
    return f'<FONT POINT-SIZE="9" COLOR="{GREY}">{escaped(text)}</FONT>'


def _badge(count: int, colour: str) -> str:
    return f'<FONT POINT-SIZE="13" COLOR="{colour}"><B>{TIMES}{count}</B></FONT>'
