"""Builds a graph: what blocks and the expansion append operations to, one after the other."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from types import TracebackType

from netspec.errors.codes import Refusal
from netspec.errors.source import Span
from netspec.graph.graph import INPUT, Entry, Graph, Node, Output, Scope
from netspec.graph.sharing import refuse_misfit
from netspec.limits import LIMITS
from netspec.ops.facts import Shape, shape_text
from netspec.ops.fields import LARGEST
from netspec.ops.initialisation import Scheme
from netspec.ops.input import Input
from netspec.ops.operation import Operation


class NodeRefused(Exception):
    """A shape rule refused the inputs of a node."""

    def __init__(self, name: str, inputs: tuple[Node, ...], refusal: Refusal) -> None:
        self.name = name
        self.inputs = inputs
        self.refusal = refusal
        super().__init__(refusal.message)


class DuplicateName(Exception):
    """Two children of one scope would have one name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


class GraphFull(Exception):
    """The graph has as many nodes as it may have."""


class GraphBuilder:
    """Appends nodes and scopes; infers each shape once, when the node is appended."""

    def __init__(self, inputs: Shape | Mapping[str, Shape], most: int = LIMITS.nodes) -> None:
        """``inputs`` are the shapes of the network's inputs by their names, or that of its one.

        ``most`` is how many operations there may be.
        """
        self.root = Scope(name="", block="network")
        self.scope = self.root
        self.names: set[str] = {INPUT}
        self._scopes: dict[str, Scope] = {"": self.root}
        self.nodes: list[Node] = []
        self.parts: dict[str, Node | Scope] = {}
        """Path -> what was appended there."""
        self._alike: dict[Hashable, Node] = {}
        self.inputs: dict[str, Node] = {}
        for name, size in (inputs if isinstance(inputs, Mapping) else {INPUT: inputs}).items():
            self.inputs[name] = Node(len(self.nodes), name, Input(size=size), (), size, self.root, None, (), None)
            self.nodes.append(self.inputs[name])
        self.names.update(self.inputs)
        self._full = most + len(self.nodes)

    @property
    def input(self) -> Node:
        """The first input."""
        return self.nodes[0]

    @property
    def operations(self) -> int:
        """How many operations there are so far."""
        return len(self.nodes) - len(self.inputs)

    def path(self, name: str) -> str:
        """Full path of a child called ``name`` of the current scope."""
        return f"{self.scope.name}.{name}" if self.scope.name else name

    def add(
        self, name: str, operation: Operation, *inputs: Node, span: Span | None = None, shares: Node | None = None
    ) -> Node:
        """Append ``operation``, which is written at ``span``, as ``name`` in the current scope.

        It runs with the module of the node that it ``shares``, if any.
        Raises :class:`NodeRefused` when the inputs do not fit and :class:`DuplicateName` when the name is taken.
        """
        if len(self.nodes) >= self._full:
            raise GraphFull
        path = self.path(name)
        if operation.reads_places:
            operation = self._undoing(operation, path, inputs)
        if not all(node.has_batch for node in inputs):
            _refuse_without_batch(operation, path, inputs)
        shapes = tuple([node.shape for node in inputs])
        key = None if operation.reads_places else _likeness(operation, shapes)
        twin = self._alike.get(key)
        shape = self._shape(operation, shapes, path, inputs) if twin is None else twin.shape
        if shares:
            self._refuse_misfit(shares.owner, shapes, path, inputs)
        self._claim(path)
        parent = self._container(path)
        node = Node(len(self.nodes), path, operation, inputs, shape, parent, span, shapes, twin, shares)
        if twin is None and key is not None and shares is None:
            self._alike[key] = node
        parent.children.append(node)
        self.nodes.append(node)
        self.parts[path] = node
        return node

    def within(  # noqa: PLR0913 - what a scope is
        self,
        name: str,
        block: str,
        *,
        flat: bool = False,
        index: int = 0,
        count: int = 1,
        span: Span | None = None,
        reads: tuple[Node, ...] = (),
        shares: Scope | None = None,
    ) -> Within:
        """A scope called ``name`` around what is appended meanwhile; a ``flat`` one adds no name."""
        outer = self.scope
        path = outer.name if flat else self.path(name)
        if not flat:
            self._claim(path)
        parent = outer if flat else self._container(path)
        scope = Scope(path, block, parent, flat=flat, index=index, count=count, span=span, reads=reads, shares=shares)
        parent.children.append(scope)
        if not flat:
            self.parts[path] = self._scopes[path] = scope
        return Within(self, scope)

    def opened(self, path: str, parent: Scope, like: Scope, span: Span | None, reads: tuple[Node, ...]) -> Scope:
        """A scope at ``path`` in ``parent`` that shares the module of another; it stays open for what is appended."""
        scope = Scope(
            path, like.block, parent, like.flat, like.index, like.count, span, reads=reads, shares=like
        )  # flat scopes have the path of what is around them
        if not like.flat:
            self._claim(path)
            self.parts[path] = self._scopes[path] = scope
        parent.children.append(scope)
        return scope

    def graph(
        self,
        name: str,
        entries: tuple[Entry, ...],
        outputs: tuple[Output, ...],
        init: tuple[tuple[str, str, Scheme], ...] = (),
    ) -> Graph:
        """What was built, closed."""
        return Graph(name, tuple(self.nodes), self.root, entries, outputs, init)

    def _undoing(self, operation: Operation, path: str, inputs: tuple[Node, ...]) -> Operation:
        """``operation`` for the max pool whose places it reads; raises :class:`NodeRefused` where that is none."""
        try:
            return operation.undoing(inputs[-1].operation, *inputs[-1].input_shapes)
        except Refusal as refusal:
            raise NodeRefused(path, inputs, refusal) from None

    def _shape(self, operation: Operation, shapes: tuple[Shape, ...], path: str, inputs: tuple[Node, ...]) -> Shape:
        """The shape that ``operation`` infers for ``path``; raises :class:`NodeRefused` where there is none."""
        try:
            shape = operation.shape(*shapes)
        except Refusal as refusal:
            raise NodeRefused(path, inputs, refusal) from None
        if max(shape) > LARGEST:
            large = Refusal("limit", f"{shape_text(shape)} is larger than {LARGEST:,} on a side")
            raise NodeRefused(path, inputs, large)
        return shape

    def _refuse_misfit(self, owner: Node, shapes: tuple[Shape, ...], path: str, inputs: tuple[Node, ...]) -> None:
        """Raise :class:`NodeRefused` where the module of ``owner`` does not fit inputs of these shapes."""
        try:
            refuse_misfit(owner, *shapes)
        except Refusal as refusal:
            raise NodeRefused(path, inputs, refusal) from None

    def _claim(self, path: str) -> None:
        if path in self.names:
            raise DuplicateName(path)
        self.names.add(path)

    def _container(self, path: str) -> Scope:
        """The scope that ``path`` lies in: the current one, or one that a dotted name implies."""
        prefix = path.rpartition(".")[0]
        if prefix == self.scope.name:
            return self.scope
        known = self._scopes.get(prefix)
        if known is None:
            parent = self._container(prefix)
            known = self._scopes[prefix] = Scope(prefix, "path", parent)
            parent.children.append(known)
            self._claim(prefix)
        return known


def _refuse_without_batch(operation: Operation, path: str, inputs: tuple[Node, ...]) -> None:
    """Raise :class:`NodeRefused` where ``operation`` does not join a parameter with what has a value of each image."""
    if operation.joins and any(node.has_batch for node in inputs):
        return
    name = next(node.name for node in inputs if not node.has_batch)
    message = f"{operation.word} reads a value of each image, and the parameter '{name}' is the same for all"
    hint = f"join it with a layer that comes from the input: multiply: [x, {name.rpartition('.')[2]}]"
    raise NodeRefused(path, inputs, Refusal("shape", message, hint))


def _likeness(operation: Operation, shapes: tuple[Shape, ...]) -> Hashable:
    """What tells ``operation`` over ``shapes`` from any other; None where a parameter has no hash, as lists have none.

    Types are told apart because 1 equals True and 1.0.
    """
    values = tuple(vars(operation).values())
    key = (type(operation), values, tuple(map(type, values)), shapes)
    try:
        hash(key)
    except TypeError:
        return None
    return key


class Within:
    """While it is entered, what is appended goes into ``scope``; one that holds nothing in the end is no part."""

    __slots__ = ("_builder", "_outer", "_scope")

    def __init__(self, builder: GraphBuilder, scope: Scope) -> None:
        self._builder, self._scope, self._outer = builder, scope, builder.scope

    def __enter__(self) -> Scope:
        self._builder.scope = self._scope
        return self._scope

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._builder.scope = self._outer
        parent = self._scope.parent
        if not self._scope.children and parent is not None and parent.children[-1:] == [self._scope]:
            parent.children.pop()
