"""Values of random specs, written: each is decided first, and then written as something that comes to it."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

from random_cores import Definition
from random_rows import Data, Value, constant


class Body(NamedTuple):
    """Where a layer is written: what its expressions can name, and how deep it lies."""

    block: bool = False
    indexed: bool = False
    depth: int = 0
    brought: bool = False
    """Whether a patch brings it in."""
    nameless: bool = False
    """Whether it may stand several times in one scope, so that it can have numbers alone."""

    numberless: bool = False
    """Whether numbers could be those of other layers of the scope, so that it must have names."""

    def deeper(self, *, indexed: bool = False) -> Body:
        """Inside a layer."""
        return self._replace(depth=self.depth + 1, indexed=self.indexed or indexed, nameless=False, numberless=False)


class ValueWriter:
    """Writes the values of one spec."""

    def __init__(self, random: Random, *, small: bool) -> None:
        self.random = random
        self.small = small
        self.params: dict[str, Data] = {}
        self.right: dict[str, Any] = {}
        """Values of parameters that can be set from outside."""
        self.blocks: dict[str, Data] = {}
        self.definitions: list[Definition] = []
        self.number = 0
        self.used: set[str] = set()
        """Parameters of the block being written that are read."""

    # -- chances ------------------------------------------------------------------------------------------------------

    def yes(self, share: float = 0.5) -> bool:
        """True as often as ``share`` says."""
        return self.random.random() < share

    def one(self, *values: Any) -> Any:
        """One of the values."""
        return self.random.choice(values)

    def fresh(self, letter: str) -> str:
        """A name that nothing else has."""
        self.number += 1
        return f"{letter}{self.number}"

    # -- values -------------------------------------------------------------------------------------------------------

    def parameter(self, value: Any, *, kind: str = "any") -> str:
        """A parameter of the network that is ``value``."""
        known = [name for name, right in self.right.items() if right == value and type(right) is type(value)]
        if known and self.yes(0.4):
            return str(self.one(*known))
        name = self.fresh("p")
        self.right[name] = value
        self.params[name] = {"type": kind, "default": value} if self.yes(0.3) or kind == "any" else value
        return name

    def number_as(self, value: int, body: Body) -> Data:
        """Something that comes to ``value``."""
        plain = [value, value, f"{value} + $count - $count" if body.indexed else value]
        if body.block or self.yes(0.5):
            return self.one(*plain)
        off = self.random.randint(0, 3)
        kind = self.random.randint(0, 5)
        if kind == 0:
            return f"${self.parameter(value, kind='int')}"
        if kind == 1:
            return f"${self.parameter(value + off, kind='int')} - {off}"
        if kind == 2:
            items = [self.random.randint(1, 9) for _ in range(3)]
            at = self.random.randint(0, 2)
            items[at] = value
            name = self.parameter(items, kind="list")
            return self.one(f"${name}.{at}", f"${name}[{at}]", f"${name}[{at}:].0", f"sum(${name}[{at}:{at + 1}])")
        if kind == 3:
            flag = self.yes()
            name = self.parameter(flag, kind="bool")
            return f"{value} if ${name} else 99" if flag else f"99 if ${name} else {value}"
        if kind == 4:
            first = self.parameter(value + off, kind="int")
            second = self.fresh("q")
            self.params[second] = f"${first} - {off}"
            return f"${second}"
        return f"min(${self.parameter(value, kind='int')}, {value + off})"

    def truth_as(self, value: bool, body: Body) -> Data:  # noqa: FBT001 - the value is what it is about
        """Something that comes to ``value``."""
        if body.block or self.yes(0.3):
            return self.one(value, f"$in.channels {'>' if value else '<'} 0", f"$in.width {'>=' if value else '<'} 1")
        if self.yes():
            flag = self.yes()
            name = self.parameter(flag, kind="bool")
            return f"${name}" if flag is value else f"not ${name}"
        if self.yes():
            name = self.parameter(self.random.randint(1, 9), kind="int")
            return f"${name} {'>' if value else '<='} 0"
        name = self.parameter(self.one("red", "blue"), kind="str")
        return f"${name} {'==' if value else '!='} {self.right[name]}"

    def condition(self, body: Body, *, block: bool = False) -> Value:
        """A condition: constant, or over ``$in``, ``$index``, or a parameter of the block."""
        kind = self.random.randint(0, 5)
        if kind == 0 and body.indexed:
            return self.one(
                Value("$index > 0", lambda see: see.values["index"] > 0),
                Value("$index < $count - 1", lambda see: see.values["index"] < see.values["count"] - 1),
                Value("$index == 0 or $in.height > 4", lambda see: see.values["index"] == 0 or see.shape[1] > 4),
            )
        if kind in (1, 2):
            limit = self.random.randint(2, 9)
            return self.one(
                Value(f"$in.channels > {limit}", lambda see: see.shape[0] > limit),
                Value("$in.height % 2 == 0", lambda see: see.shape[1] % 2 == 0),
                Value("$in.width > $in.channels", lambda see: see.shape[2] > see.shape[0]),
            )
        if kind == 3 and block:
            self.used.add("w")
            limit = self.random.randint(2, 7)
            return Value(f"$w > {limit}", lambda see: see.values["w"] > limit)
        value = self.yes(0.7)
        return constant(self.truth_as(value, body), value)

    def channels(self, body: Body) -> Value:
        """How many channels a layer makes."""
        kind = self.random.randint(0, 4)
        if body.indexed and kind == 0:
            first = self.random.randint(2, 5)
            return Value(f"{first} + $index", lambda see: first + see.values["index"], indexed=True)
        if body.block and kind in (1, 2):
            self.used.add("w")
            return Value("$w", lambda see: see.values["w"])
        if kind == 3:
            return Value("min($in.channels + 1, 7)", lambda see: min(see.shape[0] + 1, 7))
        value = self.random.randint(1, 6)
        return constant(self.number_as(value, body), value)

    def count(self, body: Body) -> Value:
        """How often a layer is repeated."""
        if body.indexed and self.yes(0.3):
            return Value("$index + 1", lambda see: see.values["index"] + 1)
        if self.yes(0.15):
            return Value("min($in.height, 2)", lambda see: min(see.shape[1], 2))
        value = self.random.randint(1, 2 if self.small else 3)
        return constant(self.number_as(value, body), value)

    def name_value(self, body: Body, *, repeated: bool) -> Value:
        """A name, written out or worked out."""
        name = self.fresh("m")
        if repeated:
            return self.one(
                Value(f"{name}x$index", lambda see: f"{name}x{see.values['index']}"),
                Value(f"{name}.y$($index + 3)", lambda see: f"{name}.y{see.values['index'] + 3}"),
            )
        if body.block or body.brought or self.yes(0.6):
            return constant(name, name)
        number = self.random.randint(0, 9)
        return constant(f"{name}-${self.parameter(number, kind='int')}", f"{name}-{number}")
