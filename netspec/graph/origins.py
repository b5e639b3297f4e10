"""Positions of a network of several inputs, told in another input than the first that each node comes from."""

from __future__ import annotations

from dataclasses import replace

from netspec.graph.graph import Graph, Node


def told_in(graph: Graph, name: str) -> Graph:
    """``graph`` with what comes from the input called ``name`` told in that; only its nodes are copied, not scopes."""
    copies: dict[Node, Node] = {}
    for node in graph.nodes:
        copies[node] = node.told_in(name, tuple([copies[source] for source in node.inputs]))
    outputs = tuple([output._replace(node=copies[output.node]) for output in graph.outputs])
    return replace(graph, nodes=tuple(copies.values()), outputs=outputs)


def origins(graph: Graph, node: Node) -> tuple[str, ...]:
    """The inputs whose values ``node`` comes from, by name and in their order."""
    named = [one.name for one in graph.inputs]
    place = graph.nodes.index(node)
    return tuple([name for name in named if told_in(graph, name).nodes[place].origin.name == name])
