"""The graph: nodes in running order, and the tree of scopes that they were written in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import InitVar, dataclass, field
from math import prod
from operator import attrgetter
from typing import Any, NamedTuple

from netspec.errors.source import Span
from netspec.errors.text import shortened
from netspec.ops.facts import Cost, Family, PerAxis, Shape, Tensor, Window
from netspec.ops.initialisation import Scheme
from netspec.ops.operation import Operation
from netspec.ops.uneven import Uneven

INPUT = "input"
"""Name of the node that every network begins with."""


@dataclass(slots=True, eq=False, repr=False)
class Node:
    """One operation at its place: path name, inputs, output shape, enclosing scope, place in the source.

    What the operation says of itself for its inputs (``tensors``, ``window``, ``cost``) is asked once, here, or known
    from a ``twin``: an equal operation over inputs of equal shapes. ``params`` and ``buffers`` are the elements of its
    tensors, trainable ones and others.

    A node that ``shares`` the module of an earlier one has no tensors of its own; ``owner`` is the node that has them,
    itself for all others.

    ``origin`` is the first of the network's inputs that it comes from; positions are told in that one. ``followed`` are
    those of its inputs that come from it too. A parameter comes from none, so it is never followed. ``has_places`` says
    whether its positions lie on the axes of the origin: not once features were flat, nor behind recurrent layers.
    ``grid`` is how many there are along each, or one on each. ``reads_places`` says whether anything that is followed
    has such positions, and ``moves``, of joins, on which axes something has several, as the node itself.
    """

    index: int
    name: str
    operation: Operation
    inputs: tuple[Node, ...]
    shape: Shape
    scope: Scope
    span: Span | None
    input_shapes: tuple[Shape, ...]
    twin: InitVar[Node | None]
    shares: Node | None = None
    owner: Node = field(init=False)
    tensors: tuple[Tensor, ...] = field(init=False)
    window: Window = field(init=False)
    uneven: tuple[Uneven, ...] = field(init=False)
    origin: Node = field(init=False)
    followed: tuple[Node, ...] = field(init=False)
    grid: PerAxis = field(init=False)
    has_places: bool = field(init=False)
    reads_places: bool = field(init=False)
    moves: tuple[bool, ...] = field(init=False)
    cost: Cost = field(init=False)
    params: int = field(init=False)
    buffers: int = field(init=False)

    def __post_init__(self, twin: Node | None) -> None:
        self.owner = self.shares.owner if self.shares else self
        self._find_places(_index)
        if twin is not None:
            self.tensors, self.params, self.buffers = twin.tensors, twin.params, twin.buffers
            self.window, self.uneven, self.cost = twin.window, twin.uneven, twin.cost
        else:
            self._work_out()
        if self.shares is not None:
            self.tensors, self.params, self.buffers = (), 0, 0

    def _find_places(self, rank: Callable[[Node], Any]) -> None:
        """Tell positions in the input that is least by ``rank`` of those that the node comes from."""
        grid = self.shape[1:]
        self.followed = self.inputs
        if len(self.inputs) == 1:
            self.origin = self.inputs[0].origin
        elif self.inputs:
            taken = self.inputs[: self.operation.differentiable_inputs(*self.input_shapes)] or self.inputs
            origin = self.origin = min([node.origin for node in taken], key=rank)
            self.followed = tuple([node for node in taken if node.origin is origin])
        else:
            self.origin = self
        axes = len(self.origin.shape) - 1
        self.reads_places = any(node.has_places for node in self.followed)
        before = not self.inputs or self.reads_places
        self.has_places = len(grid) == axes and before and not self.operation.loses_places
        self.grid = grid if self.has_places else (1,) * axes
        self.moves = ()
        if len(self.followed) > 1:
            grids = [node.grid for node in self.followed]
            self.moves = tuple(
                [count > 1 and any(one[axis] > 1 for one in grids) for axis, count in enumerate(self.grid)]
            )

    def told_in(self, name: str, inputs: tuple[Node, ...]) -> Node:
        """A copy that reads ``inputs`` and is told in the input called ``name``, if it comes from that."""
        found = copy(self)
        found.inputs = inputs
        found._find_places(lambda node: (node.name != name, node.index))  # noqa: SLF001 - a copy of its own
        return found

    def _work_out(self) -> None:
        """Ask the operation."""
        operation, shapes = self.operation, self.input_shapes
        self.tensors = operation.tensors(*shapes)
        self.window = operation.window(*shapes)
        self.uneven = operation.uneven(*shapes)
        self.cost = operation.cost(self.shape, *shapes)
        self.params = self.buffers = 0
        for tensor in self.tensors:
            if tensor.trainable:
                self.params += tensor.size
            else:
                self.buffers += tensor.size

    def __repr__(self) -> str:
        return f"Node({shortened(self.name)!r}, {shortened(repr(self.operation))}, {self.shape})"

    @property
    def label(self) -> str:
        """The operation in a few words: ``conv 3x3/2, 64``; of one with another's weights that is said, too."""
        label = self.operation.label(*self.input_shapes)
        return f"{label}, shared" if self.shares and self.owner.tensors else label

    @property
    def has_batch(self) -> bool:
        """Whether it has a value for each image; a parameter is the same for all."""
        return bool(self.inputs) or self.operation.family is Family.INPUT

    @property
    def positions(self) -> int:
        """How many positions it has on the axes of the input that it is told in."""
        return prod(self.grid)


_index = attrgetter("index")


@dataclass(slots=True, eq=False, repr=False)
class Scope:
    """A part of the network that was written as one: a section entry, a block, a branch, a repetition.

    ``flat`` scopes (inline blocks) group nodes for readers but add no name. ``index`` and ``count`` say which
    repetition this is. ``children`` are in running order. ``reads`` is what it is given, and a scope that ``shares``
    the module of an earlier one holds the same nodes again.
    """

    name: str
    block: str
    parent: Scope | None = None
    flat: bool = False
    index: int = 0
    count: int = 1
    span: Span | None = None
    children: list[Node | Scope] = field(default_factory=list)
    reads: tuple[Node, ...] = ()
    shares: Scope | None = None
    depth: int = field(init=False)
    """How many scopes are around it."""

    def __post_init__(self) -> None:
        self.depth = self.parent.depth + 1 if self.parent else 0
        self.shares = self.shares and self.shares.owner

    @property
    def owner(self) -> Scope:
        """The scope whose module this is: its own, but for one that shares that of another."""
        return self.shares or self

    def __repr__(self) -> str:
        return f"Scope({shortened(self.name)!r}, {self.block!r}, {len(self.children)} children)"

    def nodes(self) -> Iterator[Node]:
        """All nodes below, in running order within each child."""
        stack: list[Node | Scope] = [self]
        while stack:
            part = stack.pop()
            if isinstance(part, Node):
                yield part
            else:
                stack.extend(reversed(part.children))


Part = Node | Scope
"""What a scope holds."""


def nodes_of(part: Part) -> tuple[Node, ...]:
    """The nodes of ``part`` in running order."""
    return (part,) if isinstance(part, Node) else tuple(part.nodes())


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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Graph:
    """A checked network: all ``nodes`` in running order, of which some are ``inputs`` and the others ``operations``."""

    name: str
    nodes: tuple[Node, ...]
    root: Scope
    entries: tuple[Entry, ...]
    outputs: tuple[Output, ...]
    init: tuple[tuple[str, str, Scheme], ...] = ()
    """Operation, tensor and how that tensor starts; what is not named starts as torch has it."""
    inputs: tuple[Node, ...] = field(init=False)
    """What a caller gives, in the order of the arguments of the forward."""
    operations: tuple[Node, ...] = field(init=False)
    """What is worked out from it, and what is joined with that."""
    parameters: tuple[Node, ...] = field(init=False)
    """Operations that read nothing: tensors that are the same for all images."""

    def __post_init__(self) -> None:
        inputs = tuple([node for node in self.nodes if node.operation.family is Family.INPUT])
        given = frozenset(inputs)
        operations = tuple([node for node in self.nodes if node not in given])
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "operations", operations)
        object.__setattr__(self, "parameters", tuple([node for node in operations if not node.inputs]))

    def __deepcopy__(self, _: object) -> Graph:
        return self  # it does not change, so copies of what was built from it share it

    def __repr__(self) -> str:
        return f"<Graph {self.name}: {len(self.operations):,} operations>"

    @property
    def input(self) -> Node:
        """The first input."""
        return self.inputs[0]

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
