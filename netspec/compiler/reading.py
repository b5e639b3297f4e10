"""What a layer reads: the layer before it, or those that its ``from`` or its join names."""

from __future__ import annotations

from netspec.compiler import registry
from netspec.compiler.context import Body
from netspec.compiler.wiring import Wiring
from netspec.errors.problem import Problem, Problems
from netspec.graph.builder import GraphBuilder
from netspec.graph.graph import INPUT, Node
from netspec.language.layer_options import word_of
from netspec.language.layers import Layer, Use, reads
from netspec.language.spec import Spec
from netspec.language.values import Scalar, Sequence
from netspec.ops import Operation


class Reading:
    """Finds the nodes that layers read, by the names that are known where they stand."""

    def __init__(self, spec: Spec, builder: GraphBuilder, wiring: Wiring, problems: Problems) -> None:
        self.spec = spec
        self.builder = builder
        self.wiring = wiring
        self.problems = problems

    def of(self, layer: Layer, body: Body, x: Node | None) -> list[Node | None]:
        """What ``layer`` reads: the layer before it, unless it says otherwise."""
        if layer.reads is None:
            return [x]
        return [self.named(read, body) for read in layer.reads] or [None]

    def named(self, read: Scalar, body: Body) -> Node | None:
        """What ``from`` reads."""
        if read.value == INPUT:
            return body.input
        return self.wiring.find(read, self.builder.scope.name, body.boundary)

    def joining(self, layer: Layer, body: Body) -> Layer:
        """The main value of a join is what it reads: ``add: [left, right]``."""
        use = layer.what
        if not isinstance(use, Use) or layer.reads is not None or not isinstance(use.arguments, (Sequence, Scalar)):
            return layer
        if isinstance(use.arguments, Scalar) and use.arguments.value is None:
            return layer
        word = word_of(use, body.values, Problems())
        known = None if word is None or word in self.spec.blocks else registry.find(word)
        if known is None or not issubclass(known, Operation) or not known.joins or known.model_fields:
            return layer
        return layer._replace(what=Use(use.word, None), reads=reads(use.arguments, self.problems))

    def fits(self, word: str, layer: Layer, inputs: list[Node | None], *, joins: bool) -> bool:
        """Whether ``word`` takes so many inputs."""
        if joins == (len(inputs) > 1):
            return True
        if joins:
            message = f"{word} joins several inputs, this has one"
            hint = f"name what it joins: {word}: {{from: [left, right]}}"
        else:
            message = f"{word} reads one input, not {len(inputs)}"
            hint = "join them first, with add or concat"
        span = layer.reads[0].span if layer.reads else layer.span
        self.problems.add(Problem("arity", message, span, hint))
        return False
