"""What papers draw in a way of its own: which maps a layer of separate maps reads, and what dense layers read."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagram.from_graph.folding import Run
from netspec.diagram.scene import Grid, Stripes
from netspec.graph.graph import Node, Part, nodes_of

MOST_LAYERS = 16
"""Dense layers that are drawn one by one."""
HERE = "\N{MULTIPLICATION SIGN}"


def connections(part: Part) -> Grid | None:
    """The table of which channels each map of ``part`` reads; None unless all of it is maps that read a choice each.

    Rows are the channels that are read, columns the maps: table I of LeCun et al. 1998.
    """
    *nodes, last = nodes_of(part)
    if last.operation.word != "concat" or set(last.inputs) - set(nodes):
        return None
    ways = [_way(node, set(nodes)) for node in last.inputs]
    chosen = [way[0] for way in ways]
    if not all(first.operation.selects_channels for first in chosen) or sum(map(len, ways)) != len(nodes):
        return None
    if (
        len({first.inputs for first in chosen}) > 1
        or len({tuple([node.label for node in way[1:]]) for way in ways}) > 1
    ):
        return None
    reads = [first.operation.layer(*first.input_shapes).arguments["channels"] for first in chosen]
    rows = [
        (str(channel), *[HERE if channel in read else "" for read in reads])
        for channel in range(chosen[0].input_shapes[0][0])
    ]
    return Grid(("", *map(str, range(len(ways)))), tuple(rows))


def dense_reads(run: Run) -> Stripes | None:
    """What each copy of ``run`` reads, if each adds channels to all that it has read; None for other runs."""
    reads: list[tuple[int, ...]] = []
    known: tuple[int, ...] = ()
    if not 1 < len(run.copies) <= MOST_LAYERS:
        return None
    for copy in run.copies:
        nodes = nodes_of(copy)
        last = nodes[-1]
        outside = {source for node in nodes for source in node.inputs if source not in nodes}
        if last.operation.word != "concat" or len(outside) != 1 or len(last.inputs) != 2:  # noqa: PLR2004 - old and new
            return None
        (before,) = outside
        if before not in last.inputs:
            return None
        known = known or (before.shape[0],)
        reads.append(known)
        known = (*known, last.shape[0] - before.shape[0])
    return Stripes(tuple(reads), known)


def _way(node: Node, inside: set[Node]) -> Sequence[Node]:
    """The chain of operations that ends in ``node``, from the first inside."""
    way = [node]
    while len(way[-1].inputs) == 1 and way[-1].inputs[0] in inside:
        way.append(way[-1].inputs[0])
    return way[::-1]
