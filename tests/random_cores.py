"""What stands in layers of random specs: operations, chains, branches, blocks of the spec and built-in ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from random_growth import Entry, Growth, Spot
from random_rows import Data, Out, Place, See, Value


def worked(values: Mapping[str, Value], see: See) -> dict[str, Any]:
    """Parameters in an order in which each needs none behind it."""
    own: dict[str, Any] = {}
    for name, value in values.items():
        own[name] = value.of(see._replace(own=own))
    return own


class Operation:
    """An operation, written by ``spoken``: its word, or what comes to it."""

    opens = False
    is_operation = True

    def __init__(self, word: str, data: Data, *, keeps: bool) -> None:
        self.word = word
        self.data = data
        self.keeps = keeps
        self.written: dict[str, Value] = {}
        self.defaults: dict[str, Value] = {}
        """Of a likeness; a stride among them is for all repetitions."""
        self.dependent = False

    def given(self, spot: Spot, x: Out) -> dict[str, Any]:
        """The parameters at ``spot``."""
        values = {**self.defaults, **self.written}
        stride = self.written.get("stride")
        if stride and not spot.first and not stride.indexed:
            values["stride"] = Value(1, lambda _: 1)
        order = sorted(values, key=lambda name: name == "padding")
        return worked({name: values[name] for name in order}, See(spot.place.values, x.shape, {}))

    def once(self, growth: Growth, spot: Spot, inputs: list[Out]) -> tuple[Out, int]:
        """One row."""
        given = self.given(spot, inputs[0])
        return growth.operation(spot, self.word, given, inputs, dependent=self.dependent), spot.number

    def absent(self, place: Place, x: Out) -> bool:  # noqa: ARG002 - as the protocol has it
        """Never, unless it is written so."""
        return self.word == "none"


class Held(Operation):
    """The operation that a parameter of the block holds."""

    def __init__(self, parameter: str) -> None:
        super().__init__("", f"${parameter}", keeps=True)
        self.parameter = parameter

    def once(self, growth: Growth, spot: Spot, inputs: list[Out]) -> tuple[Out, int]:
        """One row."""
        return growth.operation(spot, spot.place.values[self.parameter], {}, inputs), spot.number

    def absent(self, place: Place, x: Out) -> bool:  # noqa: ARG002 - as the protocol has it
        """Whether the parameter is ``none``."""
        return bool(place.values[self.parameter] == "none")


class Chain:
    """Layers one after the other."""

    opens = False
    is_operation = False

    def __init__(self, entries: list[Entry], *, named: bool) -> None:
        self.entries = entries
        self.named = named
        self.keeps = all(entry.core.keeps for entry in entries)

    @property
    def layers(self) -> Data:
        """A list or a mapping of the layers."""
        return {entry.key: entry.data for entry in self.entries} if self.named else [one.data for one in self.entries]

    @property
    def data(self) -> Data:
        """The layer."""
        return {"chain": self.layers} if self.named else self.layers

    def once(self, growth: Growth, spot: Spot, inputs: list[Out]) -> tuple[Out, int]:
        """The layers in a scope of their own, or among those around."""
        if spot.name is None:
            return growth.chain(self.entries, spot.place, inputs[0], spot.number)
        inner = spot.place.inside(spot.place.path(spot.name))
        return growth.chain(self.entries, inner, inputs[0])[0], spot.number

    def absent(self, place: Place, x: Out) -> bool:  # noqa: ARG002 - as the protocol has it
        """Never."""
        return False


class Branches:
    """Layers over one input, joined."""

    opens = False
    is_operation = False

    def __init__(self, branches: list[Entry], join: str, *, keeps: bool) -> None:
        self.branches = branches
        self.join = join
        self.keeps = keeps

    @property
    def data(self) -> Data:
        """The layer."""
        return {"branches": {entry.key: entry.data for entry in self.branches}, "join": self.join}

    layers = data

    def once(self, growth: Growth, spot: Spot, inputs: list[Out]) -> tuple[Out, int]:
        """The branches that are there and their join; one that is there alone stands for all."""
        place = spot.place.inside(spot.place.path(spot.name) if spot.name else None)
        grown = [growth.present(entry, place, inputs[0]) for entry in self.branches]
        ends = [out for out, _, is_there in grown if is_there]
        if len(ends) == 1:
            return ends[0], spot.number
        return growth.operation(Spot(place, self.join), self.join, {}, ends), spot.number

    def absent(self, place: Place, x: Out) -> bool:  # noqa: ARG002 - as the protocol has it
        """Never."""
        return False


class Shared:
    """An earlier layer again; what patches say of it is said of that one."""

    opens = False
    is_operation = True
    keeps = True

    def __init__(self, name: str) -> None:
        self.name = name
        self.data: Data = {"shared": name}

    def once(self, growth: Growth, spot: Spot, inputs: list[Out]) -> tuple[Out, int]:
        """The rows of that layer again."""
        return growth.again(self.name, spot, inputs[0]), spot.number

    def absent(self, place: Place, x: Out) -> bool:  # noqa: ARG002 - as the protocol has it
        """Never."""
        return False


class Definition(NamedTuple):
    """A block of a spec: what its parameters are where they are not given, and its layers."""

    name: str
    defaults: dict[str, Value]
    needed: tuple[str, ...]
    body: Chain | Branches
    reads: tuple[str, ...] = ()
    inline: bool = False
    indexed: bool = False

    @property
    def data(self) -> Data:
        """The definition."""
        found: dict[str, Data] = {"inline": True} if self.inline else {}
        if self.reads:
            found["reads"] = list(self.reads)
        params: dict[str, Data] = dict.fromkeys(self.needed, "int")
        for name, value in self.defaults.items():
            params[name] = {"type": "any", "default": value.data} if name == "act" else value.data
        if params:
            found["params"] = params
        return {**found, "body": self.body.layers}


class Use:
    """A use of a block of the spec."""

    is_operation = False

    def __init__(self, block: Definition, given: dict[str, Value], data: Data) -> None:
        self.block = block
        self.given = given
        self.data = data
        self.keeps = block.body.keeps
        self.opens = block.inline

    def once(self, growth: Growth, spot: Spot, inputs: list[Out]) -> tuple[Out, int]:
        """The body with its own parameters."""
        block, outer = self.block, spot.place
        see = See(outer.values, inputs[0].shape, {})
        known = {name: outer.values[name] for name in ("index", "count") if name in outer.values}
        values = dict(known)
        for name in (*block.needed, *block.defaults):
            given = self.given.get(name)
            values[name] = given.of(see) if given else block.defaults[name].of(see._replace(values=values))
        if spot.name and "w" in values and not self.keeps and growth.chance():
            values["w"] += 1
            growth.patch("set", outer.path(spot.name), {"w": "$.w + 1"})
        scope = outer.path(spot.name) if spot.name else outer.scope
        place = Place(scope, values, inputs[0], scope)
        for name, out in zip(block.reads, inputs[1:], strict=True):
            growth.outs[place.path(name)] = out
        return block.body.once(growth, Spot(place, None, 0 if spot.name else spot.number), [inputs[0]])

    def absent(self, place: Place, x: Out) -> bool:  # noqa: ARG002 - as the protocol has it
        """Never."""
        return False


OWN = ("conv", "bn", "act", "conv1", "bn1", "relu1", "conv2", "bn2", "downsample.0", "downsample.1", "add", "relu")
"""Names of the operations of built-in blocks."""


class BuiltIn:
    """A built-in block, of residual and of convolution, norm and activation."""

    opens = False
    is_operation = False

    def __init__(self, word: str, written: dict[str, Value], *, keeps: bool) -> None:
        self.word = word
        self.written = written
        self.keeps = keeps

    @property
    def data(self) -> Data:
        """The layer."""
        return {self.word: {name: value.data for name, value in self.written.items()}}

    def once(self, growth: Growth, spot: Spot, inputs: list[Out]) -> tuple[Out, int]:
        """Its operations under the names that torchvision gives them."""
        values = dict(self.written)
        if not spot.first and "stride" in values:
            values["stride"] = Value(1, lambda _: 1)
        given = worked(values, See(spot.place.values, inputs[0].shape, {}))
        place = spot.place.inside(spot.place.path(spot.name or ""))._replace(values={})
        build = self._residual if self.word == "residual" else self._conv_norm_act
        growth.closed |= {place.path(name) for name in OWN}
        return build(growth, place, given, inputs[0]), spot.number

    def _conv_norm_act(self, growth: Growth, place: Place, given: dict[str, Any], x: Out) -> Out:
        conv = {"out": given["out"], "kernel": 1, "bias": False}
        x = growth.operation(Spot(place, "conv"), "conv", conv, [x])
        for name, word in (("bn", given.get("norm", "batch_norm")), ("act", given.get("activation", "relu"))):
            x = x if word == "none" else growth.operation(Spot(place, name), word, {}, [x])
        return x

    def _residual(self, growth: Growth, place: Place, given: dict[str, Any], x: Out) -> Out:
        out, stride = given["width"], given.get("stride", 1)
        conv = {"out": out, "kernel": 3, "padding": 1, "bias": False}
        y = growth.operation(Spot(place, "conv1"), "conv", {**conv, "stride": stride}, [x])
        y = growth.operation(Spot(place, "bn1"), "batch_norm", {}, [y])
        y = growth.operation(Spot(place, "relu1"), "relu", {}, [y])
        y = growth.operation(Spot(place, "conv2"), "conv", conv, [y])
        y = growth.operation(Spot(place, "bn2"), "batch_norm", {}, [y])
        if x.shape[0] != out or stride != 1:
            inner = place.inside(place.path("downsample"))
            growth.paths.add(inner.scope)
            point = {"out": out, "kernel": 1, "padding": 0, "stride": stride, "bias": False}
            x = growth.operation(Spot(inner, "0"), "conv", point, [x])
            x = growth.operation(Spot(inner, "1"), "batch_norm", {}, [x])
        y = growth.operation(Spot(place, "add"), "add", {}, [y, x])
        return growth.operation(Spot(place, "relu"), "relu", {}, [y])

    def absent(self, place: Place, x: Out) -> bool:  # noqa: ARG002 - as the protocol has it
        """Never."""
        return False
