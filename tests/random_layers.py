"""Layers of random specs, written: chains, branches, gates, joins, blocks, and what stands beside their words."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from random_cores import Branches, BuiltIn, Chain, Definition, Held, Operation, Shared, Use
from random_growth import Core, Entry
from random_operations import OperationWriter
from random_rows import ACTS, Data, Value, constant
from random_values import Body

DEEPEST = 3


class Shape:
    """Stands for a shape that is not known while a spec is written: the same object, the same shape."""


class Known(NamedTuple):
    """A layer that can be read: it is there whatever conditions come to."""

    name: str
    shape: Shape


class SpecWriter(OperationWriter):
    """Writes the layers of one spec."""

    # -- structure ----------------------------------------------------------------------------------------------------

    def core(self, body: Body, *, keeps: bool, shape: Shape, known: list[Known]) -> Core:
        """What stands in a layer; it keeps the shape, if that is wanted."""
        if body.depth >= DEEPEST or self.yes(0.45):
            return self.simple(body, keeps=keeps)
        inner = body.deeper()
        flat = inner._replace(nameless=body.nameless)
        kinds: list[Callable[[], Core]] = [
            lambda: self.chain(flat, keeps=keeps, shape=shape, known=known)[0],
            lambda: self.residual(inner, shape, known),
            lambda: self.gate(inner, shape, known),
            lambda: self.use(body, keeps=keeps),
            lambda: self.built_in(body, keeps=keeps),
        ]
        if not keeps:
            kinds += [lambda: self.meeting(inner, known)] * 2
        return self.one(*kinds)()

    def simple(self, body: Body, *, keeps: bool) -> Core:
        """An operation."""
        if keeps or self.yes(0.3):
            if body.block and self.yes(0.25):
                self.used.add("act")
                return Held("act")
            return self.kept(body)
        kind = self.random.randint(0, 9)
        if kind < 5:
            return self.conv(self.channels(body), body, keeps=False)
        if kind < 8:
            return self.conv(self.channels(body), body, keeps=False, stride=self.stride(body))
        return self.pool(body, stride=2) if kind == 8 else self.sized(body)

    def residual(self, body: Body, shape: Shape, known: list[Known]) -> Branches:
        """Branches that keep the shape, summed or averaged."""
        names = [self.fresh("r") for _ in range(self.random.randint(2, 3))]
        body = body._replace(numberless=True)
        branches = [self.entry(body, keeps=True, shape=shape, known=known, key=name) for name in names]
        short = Entry(Operation("identity", "identity", keeps=True), self.fresh("r"))
        branches.insert(self.random.randint(0, len(branches)), short)
        return Branches(branches, self.one("add", "mean"), keeps=True)

    def gate(self, body: Body, shape: Shape, known: list[Known]) -> Branches:
        """A map scaled by what is seen of the whole of it, or of its rows or columns."""
        pool = Operation("adaptive_avg_pool", {"adaptive_avg_pool": 1}, keeps=False)
        pool.written = {"out": constant(1, 1)}
        if self.yes(0.25):
            pool.data = {"adaptive_avg_pool": {"out": [1, "$in.width"]}}
            pool.written = {"out": Value(None, lambda see: [1, see.shape[2]])}
        layers = [Entry(pool)]
        layers += [
            self.entry(body.deeper(), keeps=True, shape=Shape(), known=known) for _ in range(self.random.randint(0, 2))
        ]
        layers.append(Entry(Operation("sigmoid", "sigmoid", keeps=True)))
        scaled = Entry(Operation("identity", "identity", keeps=True), self.fresh("g"))
        if self.yes(0.4):
            scaled.core = self.chain(body, keeps=True, shape=shape, known=known)[0]
        branches = [scaled, Entry(Chain(layers, named=False), self.fresh("g"))]
        self.random.shuffle(branches)
        if branches[1] is scaled and scaled.core.data != "identity":
            branches.reverse()
        return Branches(branches, "multiply", keeps=True)

    def meeting(self, body: Body, known: list[Known]) -> Branches:
        """Paths through maps of different size, brought to one size by strides, or by pooling."""
        size = [self.random.randint(1, 4), self.random.randint(1, 4)] if self.yes(0.4) else None
        join = self.one("concat", "concat", "add")
        out = self.random.randint(1, 5)
        branches: list[Entry] = []
        for _ in range(self.random.randint(2, 3)):
            layers = [
                self.entry(body.deeper(), keeps=size is None, shape=Shape(), known=known)
                for _ in range(self.random.randint(0, 1))
            ]
            if size:
                pool = Operation("adaptive_avg_pool", {"adaptive_avg_pool": size}, keeps=False)
                pool.written = {"out": constant(size, size)}
                layers.append(Entry(pool))
            elif join == "add" or self.yes():
                layers.append(
                    Entry(
                        self.conv(constant(out, out), body._replace(indexed=False), keeps=False, stride=constant(2, 2))
                    )
                )
            else:
                layers.append(Entry(self.pool(body, stride=2)))
            if size and join == "add":
                layers.append(Entry(self.conv(constant(out, out), body._replace(indexed=False), keeps=False)))
            branch = Entry(Chain(layers, named=False), self.fresh("j"))
            if branches and self.yes(0.25):
                branch.when = self.condition(body)
            branches.append(branch)
        return Branches(branches, join, keeps=False)

    def built_in(self, body: Body, *, keeps: bool) -> BuiltIn:
        """A block that comes with netspec."""
        out = Value("$in.channels", lambda see: see.shape[0]) if keeps else self.channels(body)
        if self.yes():
            values = {"width": out}
            if not keeps and self.yes():
                values["stride"] = constant(self.number_as(2, body), 2)
            return BuiltIn("residual", values, keeps=keeps)
        values = {"out": out}
        for name in ("norm", "activation"):
            if self.yes(0.3):
                word = self.one("none", "gelu", "relu", "prelu", "channel_scale", "batch_norm")
                values[name] = constant(self.spoken(word, body), word)
        return BuiltIn("conv_norm_act", values, keeps=keeps)

    def chain(self, body: Body, *, keeps: bool, shape: Shape, known: list[Known]) -> tuple[Chain, Shape, list[Known]]:
        """Layers one after the other, the shape behind them, and what can be read there."""
        named = self.yes() and not body.nameless
        body = body._replace(numberless=named and body.depth == 0)
        known = [*known]
        entries: list[Entry] = []
        before: str | None = None
        for _ in range(self.random.randint(1, 3 if self.small else 4)):
            entry = self.entry(body, keeps=keeps, shape=shape, known=known, key=self.key() if named else None)
            if before and self.yes(0.15):
                entry.reads, entry.reads_inside = [self.read(before, body)], self.yes()
            if self.yes(0.2) and not body.nameless:
                module, *more = self._shared(body, shape, named=named)
                entries += [module, *more]
                before = more[-1].key
            shape = shape if entry.core.keeps else Shape()
            entries.append(entry)
            before = self._sure_name(entry)
            if before is None:
                continue
            if self.yes(0.3) and any(one.shape is shape for one in known):
                entries.append(self._join(before, shape, known, body, named=named, keeps=keeps))
                shape = shape if entries[-1].core.keeps else Shape()
                before = entries[-1].key
            if before:
                known.append(Known(before, shape))
        return Chain(entries, named=named), shape, known

    def _shared(self, body: Body, shape: Shape, *, named: bool) -> list[Entry]:
        """A layer that keeps the shape, and that layer again, once or twice."""
        kinds: list[Callable[[], Core]] = [
            lambda: self.chain(body.deeper(), keeps=True, shape=shape, known=[])[0],
            lambda: self.residual(body.deeper(), shape, []),
            lambda: self.built_in(body, keeps=True),
            lambda: self.conv(Value("$in.channels", lambda see: see.shape[0]), body, keeps=True),
        ]
        module = Entry(self.one(*kinds)(), self.key() if named else None)
        name = module.key or self.fresh("m")
        if not named:
            module.name = constant(name, name)
        return [module, *[Entry(Shared(name), self.key() if named else None) for _ in range(self.random.randint(1, 2))]]

    def key(self) -> str:
        """A name for a layer; now and then a dotted one."""
        return self.fresh("n") if self.yes(0.9) else f"{self.fresh('d')}.n"

    def read(self, name: str, body: Body) -> Value:
        """The name of a layer to read, written out or worked out."""
        if body.block or not name[1:].isdecimal() or self.yes(0.7):
            return constant(name, name)
        if self.yes():
            flag = self.yes()
            parameter = self.parameter(flag, kind="bool")
            return constant(
                f"{name} if ${parameter} else input" if flag else f"input if ${parameter} else {name}", name
            )
        return constant(f"{name[0]}${self.parameter(int(name[1:]), kind='int')}", name)

    def _sure_name(self, entry: Entry) -> str | None:
        """The name by which a layer can be read whatever conditions come to."""
        core = entry.core
        if entry.when or isinstance(core, Held) or core.opens or (isinstance(core, Operation) and core.word == "none"):
            return None
        if entry.key or entry.inline:
            return entry.key
        return str(entry.name.data) if entry.name and "$" not in str(entry.name.data) else None

    def _join(self, name: str, shape: Shape, known: list[Known], body: Body, *, named: bool, keeps: bool) -> Entry:
        """What joins the layer before, which is called ``name``, with an earlier one of its shape."""
        other = self.one(*[one for one in known if one.shape is shape]).name
        names = [self.read(one, body) for one in ((name, other) if self.yes() else (other, name))]
        written = [one.data for one in names]
        key = self.fresh("n") if named else None
        if self.yes(0.25):
            block = self.joining_block()
            entry = Entry(Use(block, {}, {block.name: None}), key)
            entry.reads, entry.reads_inside = names, self.yes()
            return entry
        word = self.one("add", "mean", "multiply", *([] if keeps else ["concat"]))
        core = Operation(word, None, keeps=word != "concat")
        entry = Entry(core, key)
        form = self.random.randint(0, 2)
        core.data = {word: written} if form == 0 else {word: {"from": written}} if form == 1 else word
        entry.reads, entry.reads_written = names, form < 2
        return entry

    def joining_block(self) -> Definition:
        """A block with a second input."""
        known = [one for one in self.definitions if one.reads]
        if known and self.yes():
            return self.one(*known)  # type: ignore[no-any-return]
        outer, self.used = self.used, set()
        body, shape = Body(block=True, depth=2), Shape()
        side = self.fresh("s")
        chain, _, _ = self.chain(body, keeps=True, shape=shape, known=[Known("input", shape)])
        first = Entry(Operation("add", {"add": ["input", side]}, keeps=True), self.fresh("n") if chain.named else None)
        first.reads, first.reads_written = [constant("input", "input"), constant(side, side)], True
        chain.entries.insert(0, first)
        return self._defined(chain, outer, complete=True, reads=(side,))

    # -- layers -------------------------------------------------------------------------------------------------------

    def entry(self, body: Body, *, keeps: bool, shape: Shape, known: list[Known], key: str | None = None) -> Entry:
        """A layer with what stands beside its word."""
        repeat = self.count(body) if self.yes(0.22) and body.depth < DEEPEST else None
        inline = self.yes(0.3) and not body.numberless
        inner = body.deeper(indexed=True)._replace(numberless=body.numberless) if repeat else body
        core = self.core(
            inner,
            keeps=keeps,
            shape=Shape() if repeat and not keeps else shape,
            known=[] if repeat and not keeps else known,
        )
        entry = Entry(core, key)
        entry.repeat = repeat
        if self.yes(0.25):
            entry.when = self.condition(body, block=body.block)
        if (repeat or isinstance(core, Chain)) and not core.opens and inline:
            entry.inline = True
            if repeat and self.yes() and not body.nameless:
                entry.name = self.name_value(body, repeated=True)
        elif not core.opens and not body.nameless and self.yes(0.2):
            entry.name = self.name_value(body, repeated=False)
        return entry

    def brought(self, key: str) -> Entry:
        """A layer called ``key`` that a patch brings in."""
        body = Body(depth=2, brought=True, numberless=True)
        entry = self.entry(body, keeps=True, shape=Shape(), known=[], key=key)
        entry.name = None if not entry.inline else entry.name
        return entry

    # -- blocks -------------------------------------------------------------------------------------------------------

    def use(self, body: Body, *, keeps: bool) -> Core:
        """A use of a block of the spec, an earlier or a new one."""
        if self.yes(0.1):
            return self.nested(body)
        known = [
            one
            for one in self.definitions
            if not one.reads and (one.body.keeps or not keeps) and not (one.inline and body.numberless)
        ]
        block = self.one(*known) if known and self.yes() else None
        if block is None:
            if body.block or len(self.definitions) > 5:
                return self.simple(body, keeps=keeps)
            block = self.define(body, keeps=keeps)
        given: dict[str, Value] = {}
        for name in (*block.needed, *block.defaults):
            if name in block.needed or self.yes():
                given[name] = self._argument(name, body)
        data: Data = {block.name: {name: value.data for name, value in given.items()} or None}
        if not given and self.yes():
            data = block.name
        return Use(block, given, data)

    def nested(self, body: Body) -> Use:
        """A use of a block that uses itself."""
        name, first, again = self.fresh("v"), self.fresh("n"), self.fresh("n")
        chain = Chain([Entry(Operation("relu", "relu", keeps=True), first)], named=True)
        block = Definition(name, {}, ("w",), chain)
        less = Value("$w - 1", lambda see: see.values["w"] - 1)
        inner = Entry(Use(block, {"w": less}, {name: less.data}), again)
        inner.when = Value("$w > 1", lambda see: see.values["w"] > 1)
        chain.entries.append(inner)
        self.blocks[name] = block.data
        depth = self.random.randint(1, 3)
        data = self.number_as(depth, body)
        return Use(block, {"w": constant(data, depth)}, {name: {"w": data} if self.yes() else data})

    def _argument(self, name: str, body: Body) -> Value:
        """What a parameter of a block is given."""
        if name != "act":
            return self.channels(body)
        word = self.one(*ACTS, "none")
        spoken = self.spoken(word, body)
        return constant(spoken, word)

    def define(self, place: Body, *, keeps: bool) -> Definition:
        """A new block."""
        outer, self.used = self.used, set()
        inline = self.yes(0.3) and not place.numberless
        body = Body(block=True, depth=1, nameless=inline)
        shape = Shape()
        content: Chain | Branches
        if inline or self.yes(0.75):
            known = [] if inline else [Known("input", shape)]
            content = self.chain(body, keeps=keeps, shape=shape, known=known)[0]
        else:
            content = self.residual(body, shape, [])
        return self._defined(content, outer, complete=self.yes(), inline=inline)

    def _defined(
        self,
        content: Chain | Branches,
        outer: set[str],
        *,
        complete: bool,
        inline: bool = False,
        reads: tuple[str, ...] = (),
    ) -> Definition:
        """A block of these layers, with the parameters that they read; ``outer`` are those that are read around it.

        If it is ``complete``, all have defaults.
        """
        defaults: dict[str, Value] = {}
        if "act" in self.used:
            word = self.act()
            defaults["act"] = constant(word, word)
        needed: tuple[str, ...] = ()
        if "w" in self.used and not complete:
            needed = ("w",)
        elif "w" in self.used:
            width = self.random.randint(2, 6)
            defaults["w"] = self.one(
                constant(width, width), Value("min($in.channels, 6)", lambda see: min(see.shape[0], 6))
            )
        self.used = outer
        name = self.fresh("u")
        block = Definition(name, defaults, needed, content, reads=reads, inline=inline)
        self.blocks[name] = block.data
        self.definitions.append(block)
        return block
