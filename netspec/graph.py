"""The graph: nodes in running order, and the tree of scopes that they were written in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

from netspec.errors import Refusal, Span
from netspec.facts import Shape, shape_text
from netspec.initialisation import Scheme
from netspec.limits import LIMITS
from netspec.ops.input import Input
from netspec.ops.operation import LARGEST, Operation

INPUT = "input"
"""Name of the node that every network begins with."""


class Node:
    """One operation at its place: path name, inputs, output shape, enclosing scope, place in the source.

    What the operation says of itself for its inputs (``tensors``, ``window``, ``cost``) is asked once, here;
    ``params`` and ``buffers`` are the elements of its tensors, trainable ones and others.
    """

    __slots__ = (
        "buffers",
        "cost",
        "index",
        "input_shapes",
        "inputs",
        "name",
        "operation",
        "params",
        "scope",
        "shape",
        "span",
        "tensors",
        "window",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - one argument for each attribute
        self,
        index: int,
        name: str,
        operation: Operation,
        inputs: tuple[Node, ...],
        shape: Shape,
        scope: Scope,
        span: Span | None,
    ) -> None:
        self.index: Final = index
        self.name: Final = name
        self.operation: Final = operation
        self.inputs: Final = inputs
        self.shape: Final = shape
        self.scope: Final = scope
        self.span: Final = span
        shapes = tuple([node.shape for node in inputs])
        self.input_shapes: Final[tuple[Shape, ...]] = shapes
        self.tensors: Final = operation.tensors(*shapes)
        self.window: Final = operation.window(*shapes)
        self.cost: Final = operation.cost(shape, *shapes)
        params = buffers = 0
        for tensor in self.tensors:
            if tensor.trainable:
                params += tensor.size
            else:
                buffers += tensor.size
        self.params: Final = params
        self.buffers: Final = buffers

    def __repr__(self) -> str:
        return f"Node({self.name!r}, {self.operation!r}, {self.shape})"


class Scope:
    """A part of the network that was written as one: a section entry, a block, a branch, a repetition.

    ``flat`` scopes (inline blocks) group nodes for readers but add no name. ``index`` and ``count`` say which
    repetition this is. ``children`` are in running order.
    """

    __slots__ = ("block", "children", "count", "flat", "index", "name", "parent", "span")

    def __init__(  # noqa: PLR0913 - as above
        self,
        name: str,
        block: str,
        parent: Scope | None = None,
        *,
        flat: bool = False,
        index: int = 0,
        count: int = 1,
        span: Span | None = None,
        children: list[Node | Scope] | None = None,
    ) -> None:
        self.name: Final = name
        self.block: Final = block
        self.parent: Final = parent
        self.flat: Final = flat
        self.index: Final = index
        self.count: Final = count
        self.span: Final = span
        self.children: Final = [] if children is None else children

    def __repr__(self) -> str:
        return f"Scope({self.name!r}, {self.block!r}, {len(self.children)} children)"

    def nodes(self) -> Iterator[Node]:
        """All nodes below, in running order within each child."""
        stack: list[Node | Scope] = [self]
        while stack:
            part = stack.pop()
            if isinstance(part, Node):
                yield part
            else:
                stack.extend(reversed(part.children))


class Output(NamedTuple):
    """A declared output: its name, the node it comes from, and whether it is for training alone."""

    name: str
    node: Node
    training: bool = False


class Entry(NamedTuple):
    """One entry of a section: what a reader of the paper calls a stage, where the section is ``stages``."""

    section: str
    name: str
    part: Node | Scope


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A checked network."""

    name: str
    nodes: tuple[Node, ...]
    root: Scope
    entries: tuple[Entry, ...]
    outputs: tuple[Output, ...]
    init: tuple[tuple[str, str, Scheme], ...] = ()
    """Operation, tensor and how that tensor starts; what is not named starts as torch has it."""

    @property
    def input(self) -> Node:
        """The input node."""
        return self.nodes[0]

    def readers(self) -> dict[Node, list[Node]]:
        """What reads each node, in running order; outputs are no nodes."""
        found: dict[Node, list[Node]] = {node: [] for node in self.nodes}
        for node in self.nodes:
            for source in node.inputs:
                found[source].append(node)
        return found

    def auxiliary(self) -> frozenset[Node]:
        """Nodes that only outputs for training need."""
        needed = {output.node for output in self.outputs if not output.training}
        training = {output.node for output in self.outputs if output.training}
        aside: set[Node] = set()
        for node in reversed(self.nodes):
            if node in needed:
                needed.update(node.inputs)
            elif node in training:
                aside.add(node)
                training.update(node.inputs)
        return frozenset(aside)


def upstream(node: Node) -> set[Node]:
    """``node`` and all that it comes from."""
    found = {node}
    waiting = [node]
    while waiting:
        for source in waiting.pop().inputs:
            if source not in found:
                found.add(source)
                waiting.append(source)
    return found


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

    def __init__(self, most: int) -> None:
        super().__init__(f"the network has more than {most:,} operations")


class GraphBuilder:
    """Appends nodes and scopes; infers each shape once, when the node is appended."""

    def __init__(self, size: Shape, most: int = LIMITS.nodes) -> None:
        self.most = most
        """How many nodes there may be."""
        self.root = Scope(name="", block="network")
        self.scope = self.root
        self.span: Span | None = None
        self.rewrite: Callable[[str, Operation, tuple[Node, ...]], Node] | None = None
        """Appends an operation in its own way: how patches reach what blocks append."""
        self.names: set[str] = {INPUT}
        self._scopes: dict[str, Scope] = {"": self.root}
        self.nodes: list[Node] = []
        self.parts: dict[str, Node | Scope] = {}
        """Path -> what was appended there."""
        self.input = Node(0, INPUT, Input(size=size), (), size, self.root, None)
        self.nodes.append(self.input)

    def path(self, name: str) -> str:
        """Full path of a child called ``name`` of the current scope."""
        return f"{self.scope.name}.{name}" if self.scope.name else name

    def add(self, name: str, operation: Operation, *inputs: Node) -> Node:
        """Append ``operation`` as ``name`` in the current scope, changed by whatever :attr:`rewrite` does there.

        Raises :class:`NodeRefused` when the inputs do not fit and :class:`DuplicateName` when the name is taken.
        """
        if self.rewrite:
            return self.rewrite(name, operation, inputs)
        return self.append(name, operation, *inputs)

    def append(self, name: str, operation: Operation, *inputs: Node) -> Node:
        """As :meth:`add`, just as it stands."""
        if len(self.nodes) > self.most:
            raise GraphFull(self.most)
        path = self.path(name)
        try:
            shape = operation.shape(*[node.shape for node in inputs])
        except Refusal as refusal:
            raise NodeRefused(path, inputs, refusal) from None
        if max(shape) > LARGEST:
            large = Refusal("limit", f"{shape_text(shape)} is larger than {LARGEST:,} on a side")
            raise NodeRefused(path, inputs, large)
        self._claim(path)
        parent = self._container(path)
        node = Node(len(self.nodes), path, operation, inputs, shape, parent, self.span)
        parent.children.append(node)
        self.nodes.append(node)
        self.parts[path] = node
        return node

    @contextmanager
    def within(self, name: str, block: str, *, flat: bool = False, index: int = 0, count: int = 1) -> Iterator[Scope]:
        """A scope called ``name`` around what is appended meanwhile; a ``flat`` one adds no name."""
        outer = self.scope
        path = outer.name if flat else self.path(name)
        if not flat:
            self._claim(path)
        parent = outer if flat else self._container(path)
        scope = Scope(path, block, parent, flat=flat, index=index, count=count, span=self.span)
        parent.children.append(scope)
        if not flat:
            self.parts[path] = self._scopes[path] = scope
        self.scope = scope
        try:
            yield scope
        finally:
            self.scope = outer

    def graph(
        self,
        name: str,
        entries: tuple[Entry, ...],
        outputs: tuple[Output, ...],
        init: tuple[tuple[str, str, Scheme], ...] = (),
    ) -> Graph:
        """What was built, closed."""
        return Graph(name, tuple(self.nodes), self.root, entries, outputs, init)

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
