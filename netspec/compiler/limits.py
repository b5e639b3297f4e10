"""What working a spec out may take, and what a checked network may come to, so that every figure can be worked out."""

from __future__ import annotations

from math import prod
from typing import NoReturn

from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.graph.graph import Graph, Node, Scope
from netspec.graph.paths import EACH, extents
from netspec.limits import LIMITS, RAISE, Limits
from netspec.ops.facts import Extent, Tensor, key

MAX_ELEMENTS = 2**40
"""Elements of one tensor of a layer, and of one value for one image: 4 TiB of float32, which no machine holds."""
MAX_STRIDE = 2**40
"""What the strides on one path multiply to."""
MAX_DENOMINATOR = 2**256
"""What a figure of a receptive field is divided by, where layers upsample by odd ratios again and again."""
MAX_DEPTH = 60
MAX_PATH = 300


LAYER, VALUE, PATTERN = 20, 8, 2
"""Steps of a look at a layer, at ten characters of a value, and at a pattern of a patch: about a microsecond each."""
NETWORK = 300
"""Steps of a network beside its layers: a family of thousands that have one layer each is work, too."""
OPERATION = 150
"""Steps that each operation of the networks allows: what a network really has is not held against it."""


class Work:
    """Counts the steps of one run, over all networks of a family; too many end it with a problem.

    A caller that expands one spec many times on purpose gives each network a count of its own.
    """

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self._usual = limits.steps
        self.steps = 0
        self.operations = 0
        """Operations of the networks that are done."""
        self.over: Problem | None = None
        """What ended the run; no other network of it is begun."""

    @property
    def left(self) -> int:
        """How many operations the next network may have."""
        return self.limits.nodes - self.operations

    def charge(self, steps: int, made: int, span: Span, problems: Problems) -> None:
        """Count ``steps`` for a network of which so many operations are ``made``; end the search if they are too many.

        A network that takes long without growing is one that hostile files ask for.
        """
        self.steps += steps
        most = self._usual + OPERATION * (self.operations + made)
        if self.steps > most:
            message = f"looking at layers, repetitions and values takes more than {most:,} steps"
            self._end(message, span, problems)

    def full(self, span: Span, problems: Problems) -> NoReturn:
        """End the search: a network has more operations than are left."""
        whose = "the networks of this family together have" if self.operations else "the network has"
        self._end(f"{whose} more than {self.limits.nodes:,} operations", span, problems)

    def _end(self, message: str, span: Span, problems: Problems) -> NoReturn:
        self.over = Problem("limit", message, span, RAISE)
        problems.stop(self.over)


def refuse_depth(around: Scope, brought: int, span: Span, problems: Problems) -> None:
    """End the search where ``around`` is nested too deep for one more scope, or its path is too long.

    Layers that patches bring in around one another, ``brought`` so far, are nested as those in scopes are.
    """
    if around.depth + brought >= MAX_DEPTH:
        message = f"blocks and chains are nested more than {MAX_DEPTH} deep"
        hint = "a block that uses itself needs a 'when' that ends it"
        if brought:
            message += ", with the layers that patches bring in around one another"
            hint = "bring in layers that follow one another as one: insert_after: {x: {a: relu, b: tanh}}"
        problems.stop(Problem("limit", message, span, hint))
    if len(around.name) > MAX_PATH:
        message = f"the path of a layer has more than {MAX_PATH} characters"
        problems.stop(Problem("limit", message, span, "use shorter names, or nest less"))


def refuse_unbuildable(graph: Graph, problems: Problems) -> None:
    """Object to what no machine could build: the first of each kind is named.

    A tensor or a value with too many elements, a path whose strides lead too far, a start that a tensor cannot have.
    """
    heavy = [node for node in graph.nodes if node.params + node.buffers > MAX_ELEMENTS]
    large = [(node, tensor) for node in heavy for tensor in node.tensors if tensor.size > MAX_ELEMENTS]
    for node, tensor in large[:1]:
        message = f"{_called(node, tensor)} has {tensor.size:,} elements, the limit is {MAX_ELEMENTS:,}"
        problems.add(Problem("limit", message, node.span))
    wide = next((node for node in graph.nodes if node.has_batch and prod(node.shape) > MAX_ELEMENTS), None)
    if wide:
        message = f"the output of '{wide.name}' has {prod(wide.shape):,} elements, the limit is {MAX_ELEMENTS:,}"
        problems.add(Problem("limit", message, wide.span))
    if graph.init or graph.parameters:
        _refuse_starts(graph, problems)
    _refuse_steps(graph, problems)


def _called(node: Node, tensor: Tensor) -> str:
    """``the weight of 'conv1'``; of a parameter its name."""
    return f"the {tensor.name} of '{node.name}'" if tensor.name else f"the parameter '{node.name}'"


def _refuse_starts(graph: Graph, problems: Problems) -> None:
    """Object to the first tensor that a scheme of ``init`` is not for."""
    schemes = {(word, tensor): scheme for word, tensor, scheme in graph.init}
    for node in graph.operations:
        for tensor in node.tensors:
            word = node.operation.word
            scheme = node.operation.own_scheme or schemes.get((word, tensor.name))
            objection = scheme.objection(tensor) if scheme else ""
            if objection:
                message = f"'{key(word, tensor.name)}' cannot start so: its scheme in 'init' {objection}"
                problems.add(Problem("wrong-value", message, node.span, "zeros, ones and constant are for any tensor"))
                return


def _refuse_steps(graph: Graph, problems: Problems) -> None:
    """Object to the first node whose positions lie too far apart, or at too fine fractions, measured in the input."""
    most, finest = _all_steps(graph)
    if most <= MAX_STRIDE and finest <= MAX_DENOMINATOR:  # as in nearly all networks; no path has more than all of them
        return
    known: dict[Node, tuple[Extent, ...]] = {node: (EACH,) * len(node.grid) for node in graph.inputs}
    for node in graph.operations:
        if not node.followed:
            continue
        known[node] = extents(node, known.__getitem__)
        if any(extent.jump > MAX_STRIDE for extent in known[node]):
            message = f"the strides up to '{node.name}' multiply to more than {MAX_STRIDE:,}"
            problems.add(Problem("limit", message, node.span, "a stride on a map of one position leads nowhere"))
            return
        if any(part.denominator > MAX_DENOMINATOR for extent in known[node] for part in extent):
            message = (
                f"the steps up to '{node.name}' come to fractions of more than {MAX_DENOMINATOR.bit_length()} bits"
            )
            problems.add(Problem("limit", message, node.span, "resize to sizes that divide one another"))
            return


def _all_steps(graph: Graph) -> tuple[int, int]:
    """The products of the largest strides of all operations and of what they are divided by, or enough of them."""
    most = finest = 1
    for node in graph.operations:
        if node.uneven:
            steps = [one.even.jump for one in node.uneven]
            most *= max(1, *[step.numerator for step in steps])
            finest *= prod([step.denominator for step in steps])
        elif not node.window.is_point:
            most *= max(node.window.stride)
        if most > MAX_STRIDE or finest > MAX_DENOMINATOR:
            break
    return most, finest
