"""Which output a name means: ``from`` reads earlier layers, looked up from the innermost scope outwards."""

from __future__ import annotations

from itertools import chain

from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.errors.suggestions import Hints
from netspec.graph.graph import INPUT, Node
from netspec.language.values import Scalar


class Wiring:
    """The outputs known so far by their paths; an output that could not be built is known as None."""

    def __init__(self, network_input: Node) -> None:
        self._outputs: dict[str, Node | None] = {INPUT: network_input}
        self._left_out: dict[str, Span] = {}
        self._pending: list[tuple[Scalar, str, str]] = []

    def know(self, path: str, node: Node | None) -> None:
        """From here on ``path`` means ``node``."""
        self._outputs[path] = node

    def leave_out(self, path: str, span: Span) -> None:
        """``path`` is a layer that the ``when`` at ``span`` leaves out."""
        self._left_out[path] = span

    def is_left_out(self, name: str, scope: str, boundary: str) -> bool:
        """Whether ``name``, read in ``scope``, is a layer that its ``when`` has left out."""
        return any(path in self._left_out for path in _candidates(name, scope, boundary))

    def find(self, read: Scalar, scope: str, boundary: str) -> Node | None:
        """What ``read`` means in ``scope``; a name that is not there yet is judged at the end."""
        for path in _candidates(str(read.value), scope, boundary):
            if path in self._outputs:
                return self._outputs[path]
        self._pending.append((read, scope, boundary))
        return None

    def report(self, problems: Problems) -> None:
        """Say of each name that was not found whether it comes later, was left out, or does not exist."""
        for read, scope, boundary in self._pending:
            problems.add(self._judged(read, _candidates(str(read.value), scope, boundary), boundary, problems.hints))

    def _judged(self, read: Scalar, candidates: list[str], boundary: str, hints: Hints) -> Problem:
        name = str(read.value)
        if any(path in self._outputs for path in candidates):
            message = f"'{name}' does not stand before this layer: a network has no cycles"
            return Problem("cycle", message, read.span)
        for path in candidates:
            if path in self._left_out:
                message = f"'{name}' is left out by its 'when' in line {self._left_out[path].line}"
                return Problem("unknown-name", message, read.span)
        prefix = f"{boundary}." if boundary else ""
        known = (path.removeprefix(prefix) for path in self._outputs if path.startswith(prefix))
        hint = hints.did_you_mean(name, chain(known, [INPUT]))
        return Problem("unknown-name", f"there is no layer '{name}'", read.span, hint)


def _candidates(name: str, scope: str, boundary: str) -> list[str]:
    """Paths that ``name`` can mean, from the innermost scope out to the boundary of the body."""
    found = []
    while True:
        found.append(f"{scope}.{name}" if scope else name)
        if scope == boundary or not scope:
            return found
        scope = scope.rpartition(".")[0]
