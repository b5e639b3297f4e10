"""What one expansion of a spec works with."""

from __future__ import annotations

from typing import Any

from netspec.blocks.block import Block
from netspec.compiler.limits import LAYER, PATTERN, VALUE, Work, refuse_depth
from netspec.compiler.name_lookup import Body, NameLookup
from netspec.compiler.patches import Patches
from netspec.compiler.word_lookup import WordLookup
from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.graph.builder import DuplicateName, GraphBuilder
from netspec.graph.graph import Node, Scope
from netspec.language.inputs import Sizes
from netspec.language.spec import Spec
from netspec.ops.operation import Operation


class Run:
    """The spec, the values of its parameters, and what has been found and built so far."""

    def __init__(self, spec: Spec, values: dict[str, Any], inputs: Sizes, problems: Problems, work: Work) -> None:
        self.spec = spec
        self.plain: dict[type[Operation | Block], Operation | Block] = {}
        """What was made of words that nothing is given."""
        self.values = values
        self.problems = problems
        self.work = work
        self.builder = GraphBuilder(inputs, work.left)
        for name, node in self.builder.inputs.items():
            node.span = spec.inputs[name].span
        self.has_inline_blocks = any(block.inline for block in spec.blocks.values())
        self.patches = Patches(spec.rules, spec.patterns)
        self._look = LAYER + PATTERN * self.patches.cost
        self.names = NameLookup(self.builder.inputs)
        self.words = WordLookup(spec.blocks, values, problems, self.charge)
        self.parts: list[tuple[str, Node | Scope]] = []
        """What stands at the top of the network, by the names of its entries."""

    @property
    def top(self) -> Body:
        """Where the layers of sections stand, and those that patches bring in."""
        return Body(self.values, self.builder.input)

    @property
    def is_sound(self) -> bool:
        """Whether nothing wrong has been met so far: what is not known is not there."""
        return not len(self.problems) and not self.names.has_pending

    def charge(self, span: Span, *, values: int = 0, layers: int = 1) -> None:
        """Count looks at layers, each at all patterns of patches, and at so many values written in them."""
        self.work.charge(layers * self._look + VALUE * values, len(self.builder.nodes), span, self.problems)

    def refuse_depth(self, around: Scope, span: Span) -> None:
        """End the search where ``around`` is nested too deep for one more scope, or its path is too long."""
        refuse_depth(around, self.patches.depth, span, self.problems)

    def twice(self, error: DuplicateName, span: Span, *, several: bool = False) -> None:
        """Object to a second layer of one name; ``several`` repetitions could have different ones."""
        hint = "'$index' makes the names of repetitions differ: name: block-$index" if several else ""
        message = f"two layers are called '{error.name}'"
        if error.name in self.builder.inputs:
            message = f"an input is called '{error.name}', so no layer can be"
        self.problems.add(Problem("duplicate-name", message, span, hint))
