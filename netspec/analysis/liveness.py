"""Who reads which value: what may be dropped or overwritten, and what has to stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netspec.graph.graph import Graph, Node, Scope


class Liveness:
    """Who reads what: the order of nodes, their readers, and the values that stay until the end."""

    def __init__(self, graph: Graph, run: Iterable[Node], returned: Iterable[Node]) -> None:
        self.run = frozenset(run)
        self.returned = frozenset(returned)
        self._open: dict[Scope, bool] = {}
        self.readers = graph.readers()

    def sole_reader(self, node: Node) -> bool:
        """Whether exactly one operation reads ``node`` and nobody outside does, so that it may be overwritten."""
        return len(self.readers[node]) == 1 and node not in self.returned

    def overwrites(self, node: Node) -> bool:
        """Whether ``node`` may write its result over its first input.

        Never over a value from outside its module: a caller may still need it (checkpointing runs a module twice).
        """
        source = node.inputs[0]
        allowed = node.operation.in_place and source.operation.overwritable and self.sole_reader(source)
        return allowed and (node.scope is source.scope or self._module_of(node) in around(source))

    def _module_of(self, node: Node) -> Scope:
        """The scope whose forward calls ``node``."""
        return next(scope for scope in around(node) if scope.parent is None or not self._is_open(scope))

    def _is_open(self, scope: Scope) -> bool:
        known = self._open.get(scope)
        if known is None:
            known = self._open[scope] = is_open(scope)
        return known


def around(node: Node) -> Iterator[Scope]:
    """The scopes that ``node`` lies in, from the inside out."""
    scope: Scope | None = node.scope
    while scope:
        yield scope
        scope = scope.parent


def is_open(scope: Scope) -> bool:
    """Whether ``scope`` is no module that is called: its children are called by the module around it."""
    if scope.flat:
        return True
    indices = [node.index for node in scope.nodes()]
    return bool(indices) and max(indices) - min(indices) + 1 != len(indices)
