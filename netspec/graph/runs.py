"""Runs of layers: parts of a chain that have no name of their own, and are called ``first:last`` by their layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import accumulate, pairwise

from netspec.errors.problem import Problem, SpecError
from netspec.errors.suggestions import did_you_mean
from netspec.graph.graph import Graph, Node, Output, Scope
from netspec.graph.selection import copied, within

BETWEEN = ":"
"""Stands between the first and the last layer of a run."""
Run = tuple[Node, ...]
"""Layers of one chain, each of which reads the one before."""
SHORTEST = 2
"""Layers of a run."""


def name_of(run: Run) -> str:
    """What ``run`` is called."""
    return f"{run[0].name}{BETWEEN}{run[-1].name}"


def chains(graph: Graph) -> list[Run]:
    """The layers of each module that is nothing but a chain of layers, the network itself among them."""
    readers = graph.readers()
    ends = {output.node for output in graph.outputs}
    owners = {node.owner for node in graph.nodes if node.shares}

    def is_link(node: Node, following: Node) -> bool:
        return readers[node] == [following] and following.inputs == (node,) and node not in ends

    found = []
    for scope in (graph.root, *within(graph.root)):
        if scope.flat or scope.shares or any(not child.flat for child in _scopes(scope)):
            continue
        layers = tuple([node for node in scope.nodes() if node.inputs])
        plain = all(not node.shares and node not in owners and _is_module(node) for node in layers)
        if (
            plain
            and len(layers) > 1
            and len(layers[0].inputs) == 1
            and all(is_link(*pair) for pair in pairwise(layers))
        ):
            found.append(layers)
    return found


def _scopes(scope: Scope) -> Iterator[Scope]:
    """The scopes in ``scope``; of those that are flat, what is in them too."""
    for child in scope.children:
        if isinstance(child, Scope):
            yield child
            yield from _scopes(child) if child.flat else ()


def _is_module(node: Node) -> bool:
    return node.operation.layer(*node.input_shapes).call == "module"


def halves(run: Run, size: Callable[[Node], int]) -> Iterator[Run]:
    """``run`` in two of about the same size, each of them in two, and so on; none of a single layer."""
    if len(run) <= SHORTEST:
        return
    before = [*accumulate(map(size, run))]
    cut = min(range(1, len(run)), key=lambda at: abs(2 * before[at - 1] - before[-1]))
    for part in (run[:cut], run[cut:]):
        if len(part) >= SHORTEST:
            yield part
            yield from halves(part, size)


def runs_named(graph: Graph, names: Iterable[str]) -> list[Run]:
    """The runs of ``graph`` that are called so. Raises :class:`SpecError` for a name that none has."""
    known = chains(graph)
    found = []
    for name in names:
        first, _, last = name.partition(BETWEEN)
        places = {node.name: (chain, at) for chain in known for at, node in enumerate(chain)}
        unknown = next((one for one in (first, last) if one not in places), None)
        if unknown is not None:
            hint = (
                did_you_mean(unknown, places)
                or "a run is 'first:last', two layers of a module that is one chain of layers"
            )
            raise SpecError([Problem("unknown-name", f"'{unknown}' is no layer of a chain", hint=hint)])
        (chain, begin), (other, end) = places[first], places[last]
        if chain is not other or begin >= end:
            message = f"'{last}' does not come after '{first}' in one chain of layers"
            raise SpecError([Problem("wrong-value", message)])
        found.append(chain[begin : end + 1])
    return found


def with_runs(graph: Graph, runs: Iterable[Run]) -> Graph:
    """``graph`` with ``runs`` as flat scopes of their own, called by their names; of two, one may lie in the other.

    In the modules that they lie in there are no other flat scopes. Raises :class:`SpecError` for runs that overlap.
    """
    copies: dict[Scope, Scope] = {graph.root: replace(graph.root, children=[])}
    homes: dict[Node, Scope] = {}
    for run in sorted(dict.fromkeys(runs), key=len, reverse=True):
        module = _module_of(run[0])
        for node in module.nodes():
            homes.setdefault(node, copied(module, copies))
        outer = {homes[node] for node in run}
        if len(outer) > 1:
            raise SpecError([Problem("wrong-value", f"'{name_of(run)}' overlaps another run of layers")])
        homes.update(dict.fromkeys(run, Scope(name_of(run), "", outer.pop(), flat=True)))
    nodes: dict[Node, Node] = {}
    for node in graph.nodes:
        scope = homes.get(node) or copied(node.scope, copies)
        inputs = tuple([nodes[source] for source in node.inputs])
        shares = nodes[node.owner] if node.shares else None
        nodes[node] = replace(node, inputs=inputs, scope=scope, twin=node, shares=shares)
    _attach(node for node in nodes.values() if node.inputs or not node.has_batch)
    outputs = tuple([Output(one.name, nodes[one.node], one.training) for one in graph.outputs])
    return Graph(graph.name, tuple(nodes.values()), copies[graph.root], (), outputs, graph.init)


def is_outermost(run: Run) -> bool:
    """Whether ``run`` lies in the network itself or in one of its outermost blocks."""
    return _module_of(run[0]).depth <= 1


def _module_of(node: Node) -> Scope:
    """The scope that is the module in which ``node`` is."""
    scope = node.scope
    while scope.flat and scope.parent:
        scope = scope.parent
    return scope


def _attach(nodes: Iterable[Node]) -> None:
    """Have each scope hold its nodes and scopes, in running order."""
    held: set[Scope] = set()
    for node in nodes:
        part: Node | Scope = node
        outer: Scope | None = node.scope
        while outer is not None:
            outer.children.append(part)
            if outer in held:
                break
            held.add(outer)
            part, outer = outer, outer.parent
