"""What working a spec out may take: how many layers and values are looked at, how deep scopes are nested."""

from __future__ import annotations

from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.graph.graph import Scope
from netspec.limits import RAISE

MAX_DEPTH = 60
MAX_PATH = 300


class Effort:
    """Counts what has been worked through; where it is too much, the search ends with a problem."""

    def __init__(self, most: int, problems: Problems) -> None:
        self.most = most
        self.problems = problems
        self.steps = 0

    def charge(self, span: Span, written: int) -> None:
        """Count a layer with so many values written in it; end the search where the network takes too long."""
        self.steps += 1 + written
        if self.steps > self.most:
            message = f"the network has more than {self.most:,} layers, repetitions and values"
            self.problems.stop(Problem("limit", message, span, RAISE))

    def refuse_depth(self, around: Scope, span: Span) -> None:
        """End the search where ``around`` is nested too deep for one more scope, or its path is too long."""
        depth, scope = 0, around
        while scope.parent:
            depth, scope = depth + 1, scope.parent
        hint = "a block that uses itself needs a 'when' that ends it"
        if depth >= MAX_DEPTH:
            message = f"blocks and chains are nested more than {MAX_DEPTH} deep"
            self.problems.stop(Problem("limit", message, span, hint))
        if len(around.name) > MAX_PATH:
            message = f"the path of a layer has more than {MAX_PATH} characters"
            self.problems.stop(Problem("limit", message, span, "use shorter names, or nest less"))
