"""What is said of stages and blocks: what goes in and what comes out."""

from __future__ import annotations

from netspec.diagram.labels import ARROW, TIMES
from netspec.graph.graph import Part, nodes_of
from netspec.ops.facts import FLAT, Shape


def passage(copies: tuple[Part, ...]) -> list[str]:
    """What goes in and out of copies in a row: channels, what each adds if all add the same, and a change of size."""
    ends = [(_entrance(copy), nodes_of(copy)[-1].shape) for copy in copies]
    before, after = ends[0][0], ends[-1][1]
    unit = "features" if len(after) == FLAT else "channels"
    text = f"{before[0]} {ARROW} {after[0]}" if before[0] != after[0] else f"{after[0]} {unit}"
    steps = {out[0] - into[0] for into, out in ends}
    if len(copies) > 1 and len(steps) == 1 and steps != {0}:
        text += f", +{steps.pop()} each"
    if FLAT in (len(before), len(after)) or before[1:] == after[1:]:
        return [text]
    sizes = [TIMES.join(str(size) for size in shape[1:]) for shape in (before, after)]
    return [text, f" {ARROW} ".join(sizes)]


def _entrance(copy: Part) -> Shape:
    """Shape of the first thing that ``copy`` reads from outside."""
    inside = set(nodes_of(copy))
    sources = (source for node in nodes_of(copy) for source in node.inputs if source not in inside)
    return next(sources, nodes_of(copy)[0]).shape


def size_name(copy: Part) -> str:
    """What a chain without a name of its own is called."""
    return f"{len(nodes_of(copy))} layers"
