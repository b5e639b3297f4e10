"""Which output a name means: ``from`` reads earlier layers, looked up from the innermost scope outwards."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Names
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.errors.suggestions import Hints
from netspec.graph.graph import INPUT, Node
from netspec.language.expression import ABSENT
from netspec.language.names import NONE, NOTHING
from netspec.language.values import Scalar
from netspec.ops.facts import MAP, Shape

Inputs = list[Node | None]
"""What a layer reads; None is a layer that could not be built."""

IN_HINT = "declare a parameter of the block: projected: $in.channels != $out"
JOINED = "a join leaves out what is none: add: [x, skip]"
OPPOSITE = "what reads it instead needs the opposite condition: from: a if $wide else b"


class Body(NamedTuple):
    """Where layers stand: the values that expressions see, what ``from: input`` means, and how far names reach."""

    values: dict[str, Any]
    input: Node | None
    boundary: str = ""
    """The scope whose layers names can mean: that of the block that the layers are written in."""
    uses: tuple[tuple[str, Span], ...] = ()
    """The blocks around, by name, and where each is used."""


def seen(values: dict[str, Any], x: Node | None) -> dict[str, Any]:
    """``values`` and ``$in``: the shape of what the layer reads."""
    if x is None:
        return {**values, "in": ABSENT}
    return {**values, "in": _facts(x.shape)}


@lru_cache(maxsize=1000)
def _facts(shape: Shape) -> dict[str, Any]:
    """What expressions can ask of ``shape``."""
    sides = {"height": shape[1], "width": shape[2]} if len(shape) == MAP else {}
    return {"channels": shape[0], **sides, "size": list(shape[1:])}


class NameLookup:
    """The outputs known so far by their paths; an output that could not be built is known as None."""

    def __init__(self, inputs: Names[str, Node]) -> None:
        self._inputs = inputs
        self._outputs: dict[str, Node | None] = {**inputs}
        self._fresh: list[str] = []
        """Paths that :attr:`_below` does not have yet: most networks never ask for it."""
        self._below: dict[str, dict[str, None]] = {}
        """Path -> the paths with one part more, those of modules that have no output of their own too."""
        self._own: dict[str, Node | None] = {}
        """Path of a layer that patches bring others in after -> its own output; the path means that of the last."""
        self._left_out: dict[str, str] = {}
        self._mends: dict[str, str] = {}
        self._nothing: set[str] = set()
        self._given_up: set[str] = set()
        self._pending: list[tuple[Scalar, str, str]] = []

    @property
    def has_pending(self) -> bool:
        """Whether a name was read that is not there, or not yet."""
        return bool(self._pending)

    def known(self, path: str) -> Node | None:
        """What ``path`` means; None where it could not be built."""
        return self._outputs.get(path)

    def own(self, path: str) -> Node | None:
        """The output of the layer at ``path`` itself, whatever patches bring in after it."""
        return self._own.get(path, self._outputs.get(path))

    def know_own(self, path: str, node: Node | None) -> None:
        """That the layer at ``path`` gives ``node``, although the path means what patches bring in after it."""
        self._own[path] = node

    def inside(self, path: str) -> list[str]:
        """The known paths below ``path``."""
        for fresh in self._fresh:
            self._place(fresh)
        self._fresh.clear()
        found, waiting = [], [path]
        while waiting:
            below = self._below.get(waiting.pop(), {})
            found += [one for one in below if one in self._outputs]
            waiting.extend(below)
        return found

    def _place(self, path: str) -> None:
        """Note ``path`` below the paths around it."""
        while "." in path:
            outer = path.rpartition(".")[0]
            below = self._below.setdefault(outer, {})
            if path in below:
                return
            below[path] = None
            path = outer

    def know(self, path: str, node: Node | None) -> None:
        """From here on ``path`` means ``node``, also where it was the number of a layer that is left out."""
        self._outputs[path] = node
        self._fresh.append(path)
        if self._left_out:
            self._left_out.pop(path, None)
            self._nothing.discard(path)

    def leave_out(self, paths: Iterable[str], reason: str, hint: str = OPPOSITE) -> None:
        """``paths`` are those of a layer that is not there; ``reason`` says by what, ``hint`` what can be done."""
        for path in paths:
            self._left_out[path] = reason
            self._mends[path] = hint

    def give_up(self, scope: str) -> None:
        """After a mistake that is told, layers whose names are not known are missing in ``scope``."""
        self._given_up.add(scope)

    def know_nothing(self, paths: Iterable[str], reason: str) -> None:
        """``paths`` come to ``none``, for ``reason``: joins pass over them, and for others they are not there."""
        paths = list(paths)
        self._nothing.update(paths)
        self.leave_out(paths, reason, JOINED)

    @property
    def has_nothing(self) -> bool:
        """Whether any path comes to ``none``."""
        return bool(self._nothing)

    def is_nothing(self, name: str, scope: str, boundary: str) -> bool:
        """Whether ``name``, read in ``scope``, is ``none`` or a path that comes to it."""
        if name == NONE:
            return True
        if not self._nothing:
            return False
        nearest = (
            path for path in _candidates(name, scope, boundary) if path in self._outputs or path in self._nothing
        )
        return next(nearest, "") in self._nothing

    def is_left_out(self, name: str, scope: str, boundary: str) -> bool:
        """Whether ``name``, read in ``scope``, is a layer that is left out."""
        return any(path in self._left_out for path in _candidates(name, scope, boundary))

    def find(self, read: Scalar, scope: str, body: Body) -> Node | None:
        """What ``read`` means in ``scope``; a name that is not there yet is judged at the end."""
        if str(read.value) == INPUT:
            return body.input
        path = self.locate(read, scope, body)
        return self._outputs[path] if path else None

    def locate(self, read: Scalar, scope: str, body: Body) -> str | None:
        """The path that ``read`` means in ``scope``; a name that is not there yet is judged at the end."""
        for path in _candidates(str(read.value), scope, body.boundary):
            if path in self._outputs:
                return path
        self._pending.append((read, scope, body.boundary))
        return None

    def report(self, problems: Problems) -> None:
        """Say of each name that was not found whether it comes later, was left out, or does not exist.

        Of each place once: other repetitions, and other uses of a block, would say it again of other names. Nothing is
        said of names that layers would have which are not there because of an earlier mistake.
        """
        told: set[Span] = set()
        for read, scope, boundary in self._pending:
            if read.span in told:
                continue
            told.add(read.span)
            candidates = _candidates(str(read.value), scope, boundary)
            if not any(self._is_in_given_up(path) for path in candidates):
                problems.add(self._judged(read, candidates, boundary, problems.hints))

    def _is_in_given_up(self, path: str) -> bool:
        """Whether ``path`` lies in a scope that misses layers because of an earlier mistake."""
        while path and self._given_up:
            path = path.rpartition(".")[0]
            if path in self._given_up:
                return True
        return False

    def _judged(self, read: Scalar, candidates: list[str], boundary: str, hints: Hints) -> Problem:
        name = str(read.value)
        if name == NONE:
            return Problem("unknown-name", NOTHING, read.span, JOINED)
        if any(path in self._outputs for path in candidates):
            message = f"'{name}' does not stand before this layer: a network has no cycles"
            return Problem("cycle", message, read.span)
        for path in candidates:
            if path in self._left_out:
                message = f"'{name}' is left out by {self._left_out[path]}"
                hint = self._mends[path]
                return Problem("unknown-name", message, read.span, hint)
        if boundary and name in self._inputs:
            message = f"'{name}' is an input of the network, which a block does not see"
            return Problem("unknown-name", message, read.span, f"let the block have it: reads: {name}")
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
