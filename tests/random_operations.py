"""Operations of random specs, written by their words, by likenesses of them, or as parameters that hold them."""

from __future__ import annotations

from random_cores import Operation
from random_rows import ACTS, Data, Value, constant
from random_values import Body, ValueWriter


class OperationWriter(ValueWriter):
    """Writes the operations of one spec."""

    def act(self) -> str:
        """A word that keeps the shape."""
        return str(self.one(*ACTS))

    def like(self, data: Data) -> str:
        """A block that is like ``data``, perhaps by way of another."""
        name = self.fresh("b")
        self.blocks[name] = {"like": data}
        return name

    def holder(self, given: dict[str, Data], body: Body) -> str:
        """What stands for a convolution with some of its parameters: a likeness, or a parameter of the network."""
        if body.block or "$" in str(given) or self.yes(0.6):
            word = self.like({"conv": given})
            return self.like(word) if self.yes(0.3) else word
        name = self.parameter({"conv": given})
        return f"${name}" if self.yes() else self.like(f"${name}")

    def spoken(self, word: str, body: Body) -> str:
        """Something that stands for ``word`` where a layer is written."""
        kind = self.random.randint(0, 7)
        if kind == 0:
            return self.like(word)
        if kind == 1:
            return self.like({self.like(word): None} if self.yes() else self.like(word))
        if body.block or kind > 4:
            return word
        if kind == 2:
            return f"${self.parameter(word, kind='str')}"
        if kind == 3:
            held = {word: {}} if self.yes() else word
            name = self.parameter(held)
            return f"${name}" if self.yes() else self.like(f"${name}")
        if word == "none":
            return word
        name = self.parameter(word[2:], kind="str")
        return self.one(f"{word[:2]}${name}", f"{word[:2]}$(${name})")

    def kept(self, body: Body) -> Operation:
        """An operation that keeps the shape: an activation, a norm, a convolution, a pooling."""
        if self.yes(0.6):
            word = self.one(*ACTS) if self.yes(0.93) else "none"
            return Operation(word, self.spoken(word, body), keeps=True)
        if self.yes(0.75):
            return self.conv(Value("$in.channels", lambda see: see.shape[0]), body, keeps=True)
        return self.pool(body, stride=1)

    def conv(self, out: Value, body: Body, *, keeps: bool, stride: Value | None = None) -> Operation:
        """A convolution, its parameters written at the use or in a likeness."""
        kernel = self.one(1, 3, 3, 3, 5, [1, 3], [3, 1])
        values = {
            "out": out,
            "kernel": constant(kernel if isinstance(kernel, list) else self.number_as(kernel, body), kernel),
        }
        dependent = isinstance(kernel, int) and self.yes()
        padding = [side // 2 for side in kernel] if isinstance(kernel, list) else kernel // 2
        if dependent:
            values["padding"] = Value("$.kernel // 2", lambda see: see.own["kernel"] // 2)
        elif padding or self.yes():
            values["padding"] = constant(padding, padding)
        if stride:
            values["stride"] = stride
        if self.yes(0.4):
            bias = self.yes()
            values["bias"] = constant(bias, bias)
        word: str = "conv"
        core = Operation("conv", None, keeps=keeps)
        if self.yes(0.35):
            liked = [name for name in values if name not in ("out", "stride") and (dependent or self.yes())]
            liked = [
                name
                for name in liked
                if not isinstance(values[name].data, str) or "$" not in values[name].data.replace("$.", "")
            ]
            core.defaults = {name: values[name] for name in liked}
            if liked:
                word = self.holder({name: values[name].data for name in liked}, body)
        core.written = {name: value for name, value in values.items() if name not in core.defaults}
        core.dependent = dependent
        names = list(core.written)
        self.random.shuffle(names)
        core.data = {word: {name: core.written[name].data for name in names}}
        if names == ["out"] and self.yes():
            core.data = {word: core.written["out"].data}
        return core

    def pool(self, body: Body, *, stride: int) -> Operation:
        """Pooling with a window of three."""
        word = self.one("max_pool", "avg_pool")
        core = Operation(word, None, keeps=stride == 1)
        values = {
            "kernel": (3, self.number_as(3, body)),
            "padding": (1, 1),
            "stride": (stride, self.number_as(stride, body)),
        }
        core.written = {name: constant(data, value) for name, (value, data) in values.items()}
        core.data = {word: {name: value.data for name, value in core.written.items()}}
        return core

    def sized(self, body: Body) -> Operation:
        """Pooling to a size, even or not."""
        size = [self.random.randint(1, 5), self.random.randint(1, 5)]
        core = Operation("adaptive_avg_pool", {"adaptive_avg_pool": size}, keeps=False)
        if size[0] == size[1]:
            core.data = {"adaptive_avg_pool": self.number_as(size[0], body)}
        core.written = {"out": constant(size, size)}
        return core

    def stride(self, body: Body) -> Value:
        """A stride, for the first repetition or for one that is named."""
        if body.indexed and self.yes(0.3):
            return Value("2 if $index == 1 else 1", lambda see: 2 if see.values["index"] == 1 else 1, indexed=True)
        return constant(self.number_as(2, body), 2)
