"""What working a spec out may take: how many layers and values are looked at, how deep scopes are nested."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.graph.graph import Scope
from netspec.limits import LIMITS, RAISE, Limits

MAX_DEPTH = 60
MAX_PATH = 300


class Work:
    """Counts the steps of one run, over all networks of a family; too many end it with a problem.

    A step is about what it takes to look at one layer or one value. A caller that expands one spec many times on
    purpose gives each network a count of its own.
    """

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.most = limits.steps
        self.steps = 0

    def charge(self, steps: int, span: Span, problems: Problems) -> None:
        """Count ``steps`` more; end the search for problems where the network takes too long."""
        self.steps += steps
        if self.steps > self.most:
            message = f"the network has more than {self.most:,} layers, repetitions and values"
            problems.stop(Problem("limit", message, span, RAISE))


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
