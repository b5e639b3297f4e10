"""How deep a value lies in a network."""

from __future__ import annotations

from netspec.graph.graph import Graph, Node


def depths(graph: Graph) -> dict[Node, int]:
    """How many convolutions and linear layers lie on the longest path to each value, itself among them."""
    found: dict[Node, int] = {}
    for node in graph.nodes:
        found[node] = max([found[source] for source in node.inputs], default=0) + (node.cost.macs > 0)
    return found
