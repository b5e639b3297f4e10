"""Skip connections of a graph: links that another way between the same two operations goes around."""

from __future__ import annotations

from netspec.graph.graph import Graph, Node


def skips(graph: Graph, control: frozenset[Node]) -> dict[Node, int]:
    """Node -> how many of its inputs also lead to another of its inputs."""
    found: dict[Node, int] = {}
    for node in graph.operations:
        sources = list(dict.fromkeys([source for source in node.inputs if source not in control]))
        if len(sources) > 1:
            count = sum([_leads(source, [other for other in sources if other is not source]) for source in sources])
            if count:
                found[node] = count
    return found


def _leads(source: Node, targets: list[Node]) -> bool:
    """Whether ``source`` comes before one of ``targets``; nothing that runs before it is looked at."""
    floor = source.index
    waiting = [target for target in targets if target.index > floor]
    seen = set(waiting)
    while waiting:
        for before in waiting.pop().inputs:
            if before is source:
                return True
            if before.index > floor and before not in seen:
                seen.add(before)
                waiting.append(before)
    return False
