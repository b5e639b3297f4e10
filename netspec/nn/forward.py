"""The forward of a scope as Python source, written like by hand: few variables, reused once their value is spent."""

from __future__ import annotations

import keyword
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

from netspec.analysis.liveness import Liveness, Value, maker, reads
from netspec.graph.graph import INPUT, Node, Scope
from netspec.ops.facts import Layer

Piece = Node | Scope
Result = tuple[Value, ...] | dict[str, Node]
"""What a forward returns: one value or several, or a dict of them."""
RECOMPUTED = "netspec.nn.recompute.recomputed"
"""What runs a module whose values are not kept for its gradient."""
NAMES = ("x", "y", "z", "u", "v", "w")


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a forward: what is called, with which values, and which values come out."""

    piece: Piece
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]


def pieces(scope: Scope, live: Liveness) -> list[Piece]:
    """What a module of ``scope`` holds and calls, in running order: nodes, and scopes that are modules themselves.

    What has no forward of its own (:meth:`~netspec.analysis.liveness.Liveness.is_open`) is no piece, but its children
    are.
    """
    found: list[Piece] = []
    for child in scope.children:
        found.extend(pieces(child, live) if isinstance(child, Scope) and live.is_open(child) else [child])
    return sorted(found, key=first_index)


def first_index(piece: Piece) -> int:
    """Running order of a piece: that of its first node."""
    return piece.index if isinstance(piece, Node) else min((node.index for node in piece.nodes()), default=-1)


def step(piece: Piece, live: Liveness) -> Step:
    """What goes into ``piece`` and what comes out of it."""
    if isinstance(piece, Node):
        return Step(piece, reads(piece), live.makes(piece))
    inside = [node for node in piece.nodes() if node in live.run]
    members = set(inside)
    inputs = dict.fromkeys(value for node in inside for value in reads(node) if maker(value) not in members)
    given = tuple(inputs) if piece.shares is None else _as_the_first(piece)
    made = [value for node in inside for value in live.makes(node) if live.is_read_outside(value, members)]
    return Step(piece, given, tuple(made))


def _as_the_first(piece: Scope) -> tuple[Value, ...]:
    """What goes into ``piece`` in place of what goes into the scope whose module it shares, in the order of that."""
    nodes, first = list(piece.nodes()), list(piece.owner.nodes())
    members = set(first)
    given: dict[Value, Value] = {}
    for node, other in zip(nodes, first, strict=True):
        pairs = zip(reads(node), reads(other), strict=True)
        given |= {theirs: ours for ours, theirs in pairs if maker(theirs) not in members}
    return tuple(given.values())


def is_sequence(
    steps: list[Step], inputs: tuple[Value, ...], outputs: tuple[Value, ...], layers: dict[Node, Layer]
) -> bool:
    """Whether ``steps`` are modules one after the other, so that ``nn.Sequential`` says all."""
    if not steps or len(inputs) != 1 or outputs != steps[-1].outputs:
        return False
    current = inputs
    for one in steps:
        is_function = isinstance(one.piece, Node) and layers[one.piece].call != "module"
        if (
            is_function
            or one.piece.shares
            or one.inputs != current
            or len(one.outputs) != 1
            or (isinstance(one.piece, Node) and len(one.piece.inputs) != 1)
        ):
            return False
        current = one.outputs
    return True


class Writer:
    """Writes the lines of one forward."""

    def __init__(
        self, scope: Scope, live: Liveness, layers: dict[Node, Layer], recomputed: Container[Scope] = frozenset()
    ) -> None:
        self.recomputed = recomputed
        self.prefix = f"{scope.name}." if scope.name else ""
        self.live = live
        self.layers = layers
        self.variables: dict[Value, str] = {}
        self.names = _Names()
        self.lines: list[str] = []
        self.modules: list[str] = []
        self.kept: frozenset[Value] = frozenset()
        """Inputs whose variables are not used again, and parameters, which are attributes."""

    def source(self, inputs: tuple[Value, ...], steps: list[Step], result: Result) -> str:
        """``def forward(self, x): ...`` that runs ``steps`` on ``inputs`` and returns ``result``.

        Inputs of the network that have names are called so, and keep their values: the caller holds these in any case.
        Modules with functions of others are imported before it.
        """
        self.modules = sorted(set(self._modules(steps)))
        self.names.reserve(module.partition(".")[0] for module in self.modules)
        for value in inputs:
            named = isinstance(value, Node) and not value.inputs and not self.prefix and value.name != INPUT
            self.variables[value] = self._argument(maker(value).name) if named else self.names.take()
            self.names.reserve([self.variables[value]] if named else [])
        self.kept = frozenset(value for value in inputs if self.variables[value] not in NAMES)
        head = "".join(f", {self.variables[value]}" for value in inputs)
        last = {source: at for at, one in enumerate(steps) for source in one.inputs}
        last |= dict.fromkeys(result.values() if isinstance(result, dict) else result, len(steps))
        leaving: dict[int, list[Value]] = {}
        fresh: Iterable[Value] = [value for value in inputs if value not in self.kept]
        spent: list[Value] = []
        for at, one in enumerate(steps):
            for value in fresh:  # one that nothing reads goes as soon as it is there
                leaving.setdefault(max(last.get(value, at), at), []).append(value)
            spent += leaving.pop(at, [])
            if isinstance(one.piece, Node) and self.layers[one.piece].call == "parameter":
                self.variables[one.piece] = self._attribute(one.piece.owner.name)
                fresh = ()
                continue
            self._line(one, spent)
            fresh, spent = one.outputs, []
        imports = [*(f"import {module}" for module in self.modules), "", ""] if self.modules else []
        lines = [*imports, f"def forward(self{head}):", *self.lines, f"    return {self._returned(result)}", ""]
        return "\n".join(lines)

    def _modules(self, steps: list[Step]) -> Iterator[str]:
        """Where the functions that are called come from; torch is there in any case."""
        for one in steps:
            if isinstance(one.piece, Scope) and one.piece in self.recomputed:
                yield RECOMPUTED.rpartition(".")[0]
            layer = self.layers[one.piece] if isinstance(one.piece, Node) else None
            if layer and layer.call == "pairwise" and len(one.inputs) > NESTED:
                yield "functools"
            if layer and layer.call != "module" and not layer.target.startswith("torch."):
                yield layer.target.rpartition(".")[0]

    def _line(self, one: Step, spent: list[Value]) -> None:
        """One line; its outputs take over the variables of values that nothing reads any more."""
        operator = self._operator(one)
        text = f"{operator} {self.variables[one.inputs[1]]}" if operator else f"= {self._call(one)}"
        first = self.variables[one.inputs[0]] if one.inputs else ""
        freed = dict.fromkeys([self.variables.pop(node) for node in spent])
        if first in freed:
            freed = {first: None, **freed}
        rest = iter(freed)
        names = [next(rest, "") or self.names.take() for _ in one.outputs]
        dead = [*rest]
        self.variables.update(zip(one.outputs, names, strict=True))
        self.lines.append(f"    {', '.join(names)} {text}")
        if dead:
            self.lines.append(f"    del {', '.join(dead)}")
            self.names.give_back(dead)

    def _call(self, one: Step) -> str:
        piece = one.piece
        values = self._values(one)
        if isinstance(piece, Scope) and piece in self.recomputed:
            return f"{RECOMPUTED}({self._block(piece)}, {', '.join(values)})"
        if isinstance(piece, Scope):
            return f"{self._attribute(piece.owner.name)}({', '.join(values)})"
        layer = self.layers[piece]
        more = "".join(f", {name}={value!r}" for name, value in layer.arguments.items())
        if layer.call == "module":
            return f"{self._attribute(piece.owner.name)}({', '.join(values)})"
        if layer.call == "list":
            return f"{layer.target}([{', '.join(values)}]{more})"
        if layer.call == "function":
            return f"{layer.target}({', '.join(values)}{more})"
        if len(values) > NESTED:
            function = f"functools.partial({layer.target}{more})" if more else layer.target
            return f"functools.reduce({function}, [{', '.join(values)}])"
        text = values[0]
        for value in values[1:]:
            text = f"{layer.target}({text}, {value}{more})"
        return text

    def _values(self, one: Step) -> list[str]:
        """The variables that a step is called with, and the axes of one position that they get."""
        names = [self.variables[value] for value in one.inputs]
        if isinstance(one.piece, Scope):
            return names
        names = self._with_batch(one, self.layers[one.piece].call, names)
        axes = self.layers[one.piece].axes
        return [_with_axes(name, more) for name, more in zip(names, axes, strict=True)] if axes else names

    def _block(self, piece: Piece) -> str:
        """The module of ``piece``, or those of a run of layers."""
        if isinstance(piece, Node) or not piece.flat:
            return self._attribute(piece.name)
        return f"({', '.join(map(self._block, pieces(piece, self.live)))})"

    def _with_batch(self, one: Step, call: str, names: list[str]) -> list[str]:
        """``names`` with parameters repeated for each image, where what is called does not do that of its own."""
        plain = [not maker(value).has_batch for value in one.inputs]
        if not any(plain) or (call == "pairwise" and not all(plain[:PAIR])):
            return names
        images = f"{names[plain.index(False)]}.shape[0]"
        found = []
        for value, name, alike in zip(one.inputs, names, plain, strict=True):
            sizes = ", ".join([images, *["-1"] * len(maker(value).shape)])
            found.append(f"{name}.expand({sizes})" if alike else name)
            if call == "pairwise":
                return [*found, *names[1:]]
        return found

    def _operator(self, one: Step) -> str:
        """The statement that writes the result over the first of two inputs, where there is one that may."""
        piece = one.piece
        if isinstance(piece, Scope) or len(one.inputs) != PAIR or not self.layers[piece].operator:
            return ""
        return self.layers[piece].operator if self.live.overwrites(piece) else ""

    def _attribute(self, name: str) -> str:
        text = "self"
        for part in name.removeprefix(self.prefix).split("."):
            plain = part.isidentifier() and not keyword.iskeyword(part)
            text = f"{text}.{part}" if plain else f"getattr({text}, {part!r})"
        return text

    def _argument(self, name: str) -> str:
        """``name``, with ``_`` behind it where the text needs the name itself."""
        needed = {"self", "torch", *(module.partition(".")[0] for module in self.modules)}
        return f"{name}_" if name in needed else name

    def _returned(self, result: Result) -> str:
        if isinstance(result, dict):
            return "{" + ", ".join(f"{name!r}: {self.variables[node]}" for name, node in result.items()) + "}"
        return ", ".join(self.variables[node] for node in result)


PAIR = 2
NESTED = 16
"""The most inputs of a join that are written as calls in calls; Python reads 200 brackets in brackets at most."""


def _with_axes(name: str, more: int) -> str:
    """``x[..., None, None]``."""
    return f"{name}[..., {', '.join(['None'] * more)}]" if more else name


class _Names:
    """Names of variables: the first that is free, of :data:`NAMES` and ``x1``, ``x2``, ..."""

    def __init__(self) -> None:
        self._free: list[int] = []
        """Places of names that were given back, as a heap."""
        self._next = 0
        self._reserved: set[str] = set()

    def reserve(self, names: Iterable[str]) -> None:
        """Never give these."""
        self._reserved.update(names)

    def take(self) -> str:
        """A name that is not in use any more."""
        while True:
            place = heappop(self._free) if self._free else self._next
            self._next = max(self._next, place + 1)
            name = NAMES[place] if place < len(NAMES) else f"x{place - len(NAMES) + 1}"
            if name not in self._reserved:
                return name

    def give_back(self, names: Iterable[str]) -> None:
        """These may be taken again."""
        for name in names:
            heappush(self._free, NAMES.index(name) if name in NAMES else len(NAMES) + int(name[1:]) - 1)
