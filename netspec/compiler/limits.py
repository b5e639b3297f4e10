"""What working a spec out may take: how many layers and values are looked at, how deep scopes are nested."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.graph.graph import Scope
from netspec.limits import LIMITS, RAISE, Limits

MAX_DEPTH = 60
MAX_PATH = 300


LAYER, VALUE, PATTERN = 10, 3, 2
"""Steps of a look at a layer, at a value written in it, and at a pattern of a patch: about a microsecond each."""
OPERATION = 150
"""Steps that each operation of the networks allows: what a network really has is not held against it."""


class Work:
    """Counts the steps of one run, over all networks of a family; too many end it with a problem.

    A caller that expands one spec many times on purpose gives each network a count of its own.
    """

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self.steps = 0
        self.operations = 0
        """Operations of the networks that are done."""

    @property
    def left(self) -> int:
        """How many operations the next network may have."""
        return self.limits.nodes - self.operations

    def charge(self, steps: int, made: int, span: Span, problems: Problems) -> None:
        """Count ``steps`` for a network of which so many operations are ``made``; end the search if they are too many.

        A network that takes long without growing is one that hostile files ask for.
        """
        self.steps += steps
        most = self.limits.steps + OPERATION * (self.operations + made)
        if self.steps > most:
            message = f"looking at layers, repetitions and values takes more than {most:,} steps"
            problems.stop(Problem("limit", message, span, RAISE))

    def full(self) -> str:
        """What is wrong with a network that has more operations than are left."""
        whose = "the networks of this family together have" if self.operations else "the network has"
        return f"{whose} more than {self.limits.nodes:,} operations"


def refuse_depth(around: Scope, span: Span, problems: Problems) -> None:
    """End the search where ``around`` is nested too deep for one more scope, or its path is too long."""
    hint = "a block that uses itself needs a 'when' that ends it"
    if sum(1 for _ in _outer(around)) >= MAX_DEPTH:
        message = f"blocks and chains are nested more than {MAX_DEPTH} deep"
        problems.stop(Problem("limit", message, span, hint))
    if len(around.name) > MAX_PATH:
        message = f"the path of a layer has more than {MAX_PATH} characters"
        problems.stop(Problem("limit", message, span, "use shorter names, or nest less"))


def _outer(scope: Scope) -> Iterator[Scope]:
    """The scopes around ``scope``, from the inside out."""
    while scope.parent:
        scope = scope.parent
        yield scope
