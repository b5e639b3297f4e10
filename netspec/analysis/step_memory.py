"""The most memory that a training step takes at once, kernel by kernel, with blocks that are recomputed for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from netspec.analysis.kept import kept
from netspec.analysis.liveness import lasts, owners, training_order
from netspec.analysis.memory_order import memory_orders
from netspec.analysis.sizes import value_size
from netspec.analysis.training import trained
from netspec.graph.graph import Graph, Node, Scope
from netspec.ops.facts import Family

Part = Node | Scope
"""What the backward pass takes one after the other: an operation, or a block that is recomputed before."""


class StepMemory(NamedTuple):
    """Bytes above weights, buffers and input: the most at once, and what is kept when the backward pass begins."""

    peak: int
    kept: int


class _Facts(NamedTuple):
    """What one operation does to memory, in bytes of a batch; whose gradients it makes, and which values that takes."""

    owner: Node
    size: int
    workspace: int
    kept: tuple[Node, ...]
    beside: int
    learned: tuple[Node, ...]
    passed_on: tuple[bool, ...]
    """Whether the gradient of each is that of the value, or a view of it."""
    gradient_workspace: int
    weights: int
    leaving: list[Node]
    """Values whose variables end once it is done."""


class StepModel:
    """Forward and backward over one batch in train mode, every output read by the loss.

    A value lives while a variable of the generated forward holds it, or a gradient that is still to come needs it. Of a
    block that is recomputed only the inputs are kept; its forward runs again when the backward pass gets there, and
    blocks in it may be recomputed in turn. The gradient of a value lives until the operation that made it is done, and
    that of a weight until the end. Gradients of sums and concatenations are views. ``called`` are flat scopes that are
    called as a whole.
    """

    def __init__(
        self, graph: Graph, *, batch: int = 1, bytes_per_element: int = 4, called: Collection[Scope] = frozenset()
    ) -> None:
        self.graph = graph
        run, live = training_order(graph, called)
        owner, last = owners(run, live, training=True), lasts(run, live)
        self.learned = trained(graph)
        self.orders = memory_orders(graph)
        self.facts: dict[Node, _Facts] = {}
        for node in run:
            self.facts[node] = self._facts(node, owner[node], batch, bytes_per_element)
        places = {node.index: node for node in run}
        for node in run:
            if node.operation.family is not Family.INPUT:
                self.facts[places[last[node]]].leaving.append(node)

    def _facts(self, node: Node, owner: Node, batch: int, width: int) -> _Facts:
        found = kept(node, self.orders.saved(node), self.learned, batch, width)
        return _Facts(
            owner=owner,
            size=value_size(node, batch, width),
            workspace=self.orders.workspace(node).size(batch, width),
            kept=found.values,
            beside=found.beside,
            learned=tuple([source for source in node.inputs if source in self.learned]),
            passed_on=tuple(
                [one for source, one in zip(node.inputs, _passed_on(node), strict=True) if source in self.learned]
            ),
            gradient_workspace=node.operation.gradient_workspace(node.shape, *node.input_shapes).size(batch, width),
            weights=node.params * width,
            leaving=[],
        )

    def kept_by_node(self) -> dict[Node, int]:
        """Bytes that are kept for the gradient of each operation and for none before it."""
        seen: set[Node] = set()
        found = {}
        for node, facts in self.facts.items():
            fresh = {self.facts[source].owner for source in facts.kept} - seen
            seen |= fresh
            found[node] = facts.beside + sum(self.facts[one].size for one in fresh if one.inputs)
        return found

    def taken(self, recomputed: Collection[Scope] = ()) -> StepMemory:
        """What a step takes that recomputes these blocks."""
        return _Step(self, frozenset(recomputed)).run()


class _Store:
    """A piece of memory, freed when nothing refers to it any more."""

    __slots__ = ("references", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.references = 0


class _Step:
    """One step: what is held, and the most that was."""

    def __init__(self, model: StepModel, recomputed: frozenset[Scope]) -> None:
        self.graph = model.graph
        self.facts = model.facts
        self.learned = model.learned
        self.recomputed = recomputed
        self.held = self.most = 0
        self.values: dict[Node, _Store] = {}
        self.kept: dict[Part, list[_Store]] = {}
        self.gradients: dict[Node, _Store] = {}

    def run(self) -> StepMemory:
        """Forward, then backward."""
        for node in self.graph.inputs:
            self._hold(_Store(0), self.values, node)
        parts = [*_parts(self.graph.root, self.recomputed)]
        self._forward(parts)
        kept = self.held
        for output in self.graph.outputs:
            if output.node in self.learned and output.node not in self.gradients:
                self._hold(_Store(self.facts[output.node].size), self.gradients, output.node)
        self._backward(parts)
        return StepMemory(self.most, kept)

    # -- forward ------------------------------------------------------------------------------------------------------

    def _forward(self, parts: Iterable[Part]) -> None:
        """Run ``parts`` and keep what their gradients need."""
        for part in parts:
            if isinstance(part, Node):
                self._compute(part)
                facts = self.facts[part]
                stores = [self.values[one] for one in facts.kept] + ([_Store(facts.beside)] if facts.beside else [])
                self.kept[part] = [self._refer(store) for store in stores]
                self._drop(part)
            else:
                self.kept[part] = [self._refer(self.values[source]) for source in _read(part)]
                for node in sorted(part.nodes(), key=_first):
                    self._compute(node)
                    self._drop(node)

    def _compute(self, node: Node) -> None:
        """The value of ``node``, in memory of its own or in that of its first input."""
        if node.operation.family is Family.INPUT:
            return
        facts = self.facts[node]
        self._hold(_Store(facts.size) if facts.owner is node else self.values[node.inputs[0]], self.values, node)
        self.most = max(self.most, self.held + facts.workspace)

    def _drop(self, node: Node) -> None:
        """Let go of the values whose variables end once ``node`` is done."""
        for value in self.facts[node].leaving:
            store = self.values.pop(value, None)
            if store is not None:
                self._let_go(store)

    # -- backward -----------------------------------------------------------------------------------------------------

    def _backward(self, parts: Iterable[Part]) -> None:
        for part in reversed([*parts]):
            if isinstance(part, Node):
                self._differentiate(part)
            else:
                self._again(part)
            for store in self.kept.pop(part, ()):
                self._let_go(store)

    def _again(self, scope: Scope) -> None:
        """Run a block once more, keeping all that its gradients need, and take these."""
        if self.learned.isdisjoint(scope.nodes()):
            return
        outer, self.values = self.values, {}
        for source, store in zip(_read(scope), self.kept[scope], strict=True):
            self._hold(store, self.values, source)
        parts = [*_parts(scope, self.recomputed)]
        self._forward(parts)
        for store in self.values.values():
            self._let_go(store)
        self.values = outer
        self._backward(parts)

    def _differentiate(self, node: Node) -> None:
        """The gradients of the inputs and the weights of ``node`` from that of its value."""
        if node not in self.gradients:
            return
        facts, own = self.facts[node], self.gradients[node]
        self._refer(_Store(facts.weights))
        given = list(zip(facts.learned, facts.passed_on, strict=True))
        passed = [self._refer(own if same else _Store(self.facts[source].size)) for source, same in given]
        self._sum_up(node)
        for (source, same), fresh in zip(given, passed, strict=True):
            known = self.gradients.get(source)
            if known is None:
                self.gradients[source] = fresh
                continue
            # They are added up: in place, where nothing else reads the first.
            shared = known.references > 1 or same
            self.gradients[source] = self._refer(_Store(self.facts[source].size) if shared else known)
            self._let_go(known)
            self._let_go(fresh)
        self._let_go(self.gradients.pop(node))

    def _sum_up(self, node: Node) -> None:
        """The gradients of inputs that a join has repeated are as large as its value before they are summed up."""
        facts = self.facts[node]
        sizes = [facts.gradient_workspace]
        if node.operation.joins and not any(facts.passed_on):
            sizes += [facts.size for source in facts.learned if self.facts[source].size < facts.size]
        self._let_go(self._refer(_Store(sum(sizes))))

    # -- memory -------------------------------------------------------------------------------------------------------

    def _hold(self, store: _Store, where: dict[Node, _Store], node: Node) -> None:
        where[node] = self._refer(store)

    def _refer(self, store: _Store) -> _Store:
        if not store.references:
            self.held += store.size
            self.most = max(self.most, self.held)
        store.references += 1
        return store

    def _let_go(self, store: _Store) -> None:
        store.references -= 1
        if not store.references:
            self.held -= store.size


def _parts(scope: Scope, recomputed: Collection[Scope]) -> Iterator[Part]:
    """What is in ``scope``, in running order: operations, and blocks that are recomputed as a whole."""
    found: list[Part] = []
    waiting: list[Part] = [*scope.children]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Node) or part in recomputed:
            found.append(part)
        else:
            waiting.extend(part.children)
    yield from sorted(found, key=_first)


def _read(scope: Scope) -> list[Node]:
    """The values that ``scope`` reads from outside of it, in order."""
    inside = set(scope.nodes())
    return sorted({source for node in inside for source in node.inputs} - inside, key=_first)


def _first(part: Part) -> int:
    return part.index if isinstance(part, Node) else min(node.index for node in part.nodes())


def _passed_on(node: Node) -> list[bool]:
    """Of each input whether its gradient is that of the value, or a view of it: of sums, concatenations, views.

    That of a parameter is summed up over the images.
    """
    operation = node.operation
    saved = operation.saved_for_backward(node.shape, *node.input_shapes)
    keeps = saved.inputs or saved.output or saved.beside.size(1, 1)
    views = operation.is_view(*node.input_shapes, training=True)
    passes = views or (not keeps and operation.family is Family.JOIN)
    return [
        passes and source.has_batch and not (place and operation.negates) for place, source in enumerate(node.inputs)
    ]
