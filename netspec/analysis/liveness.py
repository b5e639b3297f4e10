"""Lifetimes and aliases: who reads which value, what may be overwritten, where values lie and for how long."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from netspec.graph.graph import Graph, Node, Scope

PAIR = 2
"""Inputs of a join that can be written over the first of them."""


class Places(NamedTuple):
    """Where in its input the values of a max pool come from: what it returns beside them if something reads it."""

    pool: Node


Value = Node | Places
"""What a forward holds in a variable: the output of a node, or the places that a max pool notes."""


def reads(node: Node) -> tuple[Value, ...]:
    """The values that ``node`` is called with, in the order of its inputs."""
    if node.operation.reads_places:
        return (*node.inputs[:-1], Places(node.inputs[-1]))
    return node.inputs


def maker(value: Value) -> Node:
    """The node that ``value`` comes from."""
    return value.pool if isinstance(value, Places) else value


class Liveness:
    """Who reads what: the order of nodes, their readers, and the values that stay until the end."""

    def __init__(
        self,
        graph: Graph,
        run: Iterable[Node],
        returned: Iterable[Node],
        *,
        inplace: bool = True,
        called: Collection[Scope] = frozenset(),
    ) -> None:
        self.inplace = inplace
        self.called = called
        """Flat scopes that are called as a whole all the same: runs of layers that are recomputed."""
        self.run = frozenset(run)
        self.returned = frozenset(returned)
        self._open: dict[Scope, bool] = {}
        self._overwriting: dict[Node, bool] = {}
        self.readers: dict[Value, list[Node]] = {node: [] for node in graph.nodes}
        for node in graph.nodes:
            for value in reads(node):
                self.readers.setdefault(value, []).append(node)
        self._noting = {value.pool.owner for value in self.readers if isinstance(value, Places)}
        self._uses: dict[Node, list[Node]] = {}
        """Nodes whose module runs several times -> the nodes that run it."""
        for node in graph.nodes:
            if node.shares and node in self.run:
                self._uses.setdefault(node.owner, [node.owner] if node.owner in self.run else []).append(node)

    def makes(self, node: Node) -> tuple[Value, ...]:
        """What ``node`` returns: its output and, where anything reads those of its module, the places that it notes."""
        return (node, Places(node)) if node.owner in self._noting else (node,)

    def uses(self, node: Node) -> list[Node]:
        """The nodes that run with the module of ``node``, itself among them if it is run."""
        return self._uses.get(node.owner) or [node]

    def is_shared(self, node: Node) -> bool:
        """Whether others run with the module of ``node``."""
        return node.owner in self._uses

    def sole_reader(self, node: Node) -> bool:
        """Whether exactly one operation reads ``node`` and nobody outside does, so that it may be overwritten."""
        return len(self.readers[node]) == 1 and node not in self.returned

    def overwrites(self, node: Node) -> bool:
        """Whether ``node`` may write its result over its first input, as may all that run with its module.

        Never over a value from outside its module: a caller may still need it (checkpointing runs a module twice).
        """
        together = self._uses.get(node.owner)
        if together is None:
            return self._may_overwrite(node)
        known = self._overwriting.get(node.owner)
        if known is None:
            known = self._overwriting[node.owner] = all(map(self._may_overwrite, together))
        return known

    def _may_overwrite(self, node: Node) -> bool:
        if not (self.inplace and node.operation.in_place):
            return False
        source = node.inputs[0]
        allowed = source.operation.overwritable and self.sole_reader(source)
        return allowed and (node.scope is source.scope or self._module_of(node) in around(source))

    def _module_of(self, node: Node) -> Scope:
        """The scope whose forward calls ``node``."""
        return next(scope for scope in around(node) if scope.parent is None or not self.is_open(scope))

    def is_open(self, scope: Scope) -> bool:
        """Whether ``scope`` is no module that is called: its children are called by the module around it.

        So are inline blocks, prefixes of paths whose layers are not next to each other, and what runs a module from
        outside of it. What shares the module of another is called where it takes and gives what that one does.
        """
        known = self._open.get(scope)
        if known is None:
            known = self._open[scope] = self._found_open(scope)
        return known

    def _found_open(self, scope: Scope) -> bool:
        if scope.flat:
            return scope not in self.called
        nodes = list(scope.nodes())
        indices = [node.index for node in nodes]
        if bool(indices) and max(indices) - min(indices) + 1 != len(indices):
            return True
        if scope.shares is None:
            return bool(self._uses) and any(not node.owner.name.startswith(f"{scope.name}.") for node in nodes)
        first = list(scope.owner.nodes())
        same = [node.owner for node in nodes] == [node.owner for node in first]
        return not same or self.is_open(scope.owner) or self._given_out(nodes) != self._given_out(first)

    def _given_out(self, nodes: list[Node]) -> list[int]:
        """The places, among ``nodes``, of those that are read or returned outside of them; none of what is not run."""
        members = set(nodes)
        return [at for at, node in enumerate(nodes) if node in self.run and self.is_read_outside(node, members)]

    def is_read_outside(self, value: Value, members: set[Node]) -> bool:
        """Whether ``value`` is returned, or read by what is run and is none of ``members``."""
        return value in self.returned or any(
            reader in self.run and reader not in members for reader in self.readers.get(value, ())
        )


def around(node: Node) -> Iterator[Scope]:
    """The scopes that ``node`` lies in, from the inside out."""
    scope: Scope | None = node.scope
    while scope:
        yield scope
        scope = scope.parent


def inference_order(graph: Graph) -> tuple[list[Node], Liveness]:
    """The nodes that an output for inference needs, in running order, and who reads them."""
    aside = graph.auxiliary()
    run = [node for node in graph.nodes if node not in aside]
    return run, Liveness(graph, run, (output.node for output in graph.outputs if not output.training))


def training_order(graph: Graph, called: Collection[Scope] = frozenset()) -> tuple[list[Node], Liveness]:
    """All nodes in running order, and who reads them where every output is returned."""
    return list(graph.nodes), Liveness(graph, graph.nodes, (output.node for output in graph.outputs), called=called)


def owners(run: Iterable[Node], live: Liveness, *, training: bool) -> dict[Node, Node]:
    """For each value the node that allocated its memory: itself, or whom it is a view of or written over."""
    found: dict[Node, Node] = {}
    for node in run:
        shared = bool(node.inputs) and (
            node.operation.is_view(*node.input_shapes, training=training)
            or (len(node.inputs) <= PAIR and live.overwrites(node))
        )
        found[node] = found[node.inputs[0]] if shared else node
    return found


def lasts(run: list[Node], live: Liveness) -> dict[Value, int]:
    """For each value the index of the last node that runs while a variable still holds it.

    A forward drops a value once the line that reads it last is done. Where that line calls a module, the value lasts
    until the whole module is done: the caller's variable holds it, whatever the module does with it. What is returned
    lasts until the end, and so does the network's input, which its caller holds.
    """
    ends = _ends(run)
    called = {scope for scope in ends if not live.is_open(scope)}
    final = run[-1].index
    found: dict[Value, int] = {value: node.index for node in run for value in live.makes(node)}
    for node in run:
        for value in reads(node):
            until, source = node.index, maker(value)
            if node.scope is not source.scope:
                outer = set(around(source))
                until = max([until, *(ends[scope] for scope in around(node) if scope in called and scope not in outer)])
            found[value] = max(found[value], until)
    found.update((node, final) for node in run if node in live.returned or not node.inputs)
    return found


def _ends(run: Iterable[Node]) -> dict[Scope, int]:
    """For each scope the index of the last node in it."""
    found = {node.scope: node.index for node in run}
    for scope, index in list(found.items()):
        outer = scope.parent
        while outer:
            found[outer] = max(found.get(outer, index), index)
            outer = outer.parent
    return found
