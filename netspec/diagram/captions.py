"""What is said of stages and blocks: what they are made of, what goes in and out, which of several copies."""

from __future__ import annotations

from netspec.diagram.folding import Part, Readers, Run, nodes_of, runs
from netspec.diagram.labels import ARROW, TIMES
from netspec.diagram.view import Box
from netspec.graph.folds import STRUCTURAL
from netspec.graph.graph import Node
from netspec.ops.facts import FLAT, Shape


def content(part: Part, reading: Readers) -> list[Run]:
    """What a stage holds."""
    return runs([part] if isinstance(part, Node) or part.block in STRUCTURAL else part.children, reading)


def described(part: Part, folded: list[Run]) -> tuple[str, int]:
    """The word that says best what a stage is made of, and how often; no word for plain chains."""
    word = folded[0].word if len(folded) == 1 else "" if isinstance(part, Node) else part.block
    count = len(folded[0].copies) if len(folded) == 1 else 1
    return ("" if word in STRUCTURAL else word.replace("_", " ")), count


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


def counted(box: Box) -> str:
    """A box as one line of a larger one."""
    sign = {"+": "add", "C": "concat"}.get(box.mark, box.title)
    return f"{sign} {TIMES}{box.count}" if box.count > 1 else sign


def size_name(copy: Part) -> str:
    """What a chain without a name of its own is called."""
    return f"{len(nodes_of(copy))} layers"


def ordinal(run: Run, group: tuple[Part, ...]) -> str:
    """Which copies of ``run`` a frame shows; nothing where it shows them all."""
    if len(group) == len(run.copies):
        return ""
    start = run.copies.index(group[0])
    if len(group) == 1:
        return dict(enumerate(("first", "second", "third"))).get(start, f"number {start + 1}")
    rest = start == 1 and start + len(group) == len(run.copies)
    return f"the other {len(group)}" if rest else f"numbers {start + 1} to {start + len(group)}"
