"""Random specs with several inputs, and layers that run again with the weights of earlier ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

import yaml

Data = Any
"""A layer as YAML holds it."""
Shape = tuple[int, ...]
KEEPING = ("relu", "sigmoid", "batch_norm", "identity", {"elu": 0.5}, "gelu")


@dataclass
class Known:
    """A layer that stands at the top: its name, the shapes that it reads and its own."""

    name: str
    reads: tuple[Shape, ...]
    shape: Shape


@dataclass
class Writer:
    """One spec in the making; ``unread`` are names of what nothing has read yet."""

    random: Random
    layers: dict[str, Data] = field(default_factory=dict)
    values: list[Known] = field(default_factory=list)
    modules: list[Known] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)

    def add(self, content: Data, reads: list[Known], shape: Shape, *, again: bool = True) -> None:
        """A layer over ``reads`` that gives ``shape``; it can run ``again``."""
        name = f"n{len(self.layers)}"
        names = [one.name for one in reads]
        self.layers[name] = {**content, "from": names[0] if len(names) == 1 else names}
        known = Known(name, tuple(one.shape for one in reads), shape)
        self.values.append(known)
        self.unread -= set(names)
        self.unread.add(name)
        if again:
            self.modules.append(known)

    def one(self) -> Known:
        """A value that a layer may read: more often one that nothing has read yet."""
        fresh = [one for one in self.values if one.name in self.unread]
        return self.random.choice(fresh if fresh and self.random.random() < 0.7 else self.values)

    def like(self, shape: Shape) -> list[Known]:
        """The values of one shape."""
        return [one for one in self.values if one.shape == shape]

    def conv(self) -> None:
        """A convolution alone, or a chain of layers, that keeps the size."""
        x, random = self.one(), self.random
        out, kernel = random.randint(1, 4), random.choice((1, 3))
        layer: Data = {"conv": {"out": out, "kernel": kernel, "padding": "same" if kernel > 1 else 0}}
        if random.random() < 0.3:
            self.add(layer, [x], (out, *x.shape[1:]))
            return
        chain = [layer, *random.choices(KEEPING, k=random.randint(1, 3))]
        if random.random() < 0.3:
            chain.append({"branches": {"a": random.choice(KEEPING), "b": "identity"}, "join": "add"})
        names = {f"l{at}": one for at, one in enumerate(chain)} if random.random() < 0.5 else chain
        self.add({"chain": names}, [x], (out, *x.shape[1:]))

    def again(self) -> None:
        """An earlier layer, over other values of the shapes that it has read, perhaps several times."""
        random = self.random
        module = random.choice(self.modules)
        choices = [self.like(shape) for shape in module.reads]
        if len(choices) > 1:
            reads = random.sample(self.like(module.reads[0]), k=min(len(choices), len(choices[0])))
            if len(reads) < len(choices):
                return
        else:
            reads = [random.choice(choices[0])]
        content: Data = {"shared": module.name}
        if module.reads == (module.shape,) and random.random() < 0.4:
            content["repeat"] = random.randint(1, 3)
        self.add(content, reads, module.shape)

    def join(self) -> None:
        """Two values of one shape."""
        x = self.one()
        others = [one for one in self.like(x.shape) if one is not x]
        if others:
            word = self.random.choice(("add", "multiply", "mean", "subtract", "max"))
            self.add({word: {}}, [x, self.random.choice(others)], x.shape)

    def inside(self) -> None:
        """What stands inside a layer that is a chain of names, read by its path."""
        chains = [name for name, one in self.layers.items() if isinstance(one.get("chain"), dict)]
        shared = [name for name, one in self.layers.items() if one.get("shared") in chains and "repeat" not in one]
        if shared:
            name = self.random.choice(shared)
            (module,) = [one for one in self.values if one.name == name]
            self.add({"relu": {}}, [Known(f"{name}.l0", (), module.shape)], module.shape, again=False)

    def head(self) -> None:
        """All that nothing has read yet, pooled and joined; one that also runs again."""
        ends = [one for one in self.values if one.name in self.unread]
        for end in ends:
            self.add({"global_avg_pool": {}}, [end], end.shape[:1], again=False)
        pooled = [one for one in self.values if len(one.shape) == 1]
        if len(pooled) > 1:
            self.add({"concat": {}}, pooled, (sum(one.shape[0] for one in pooled),), again=False)
        self.add({"linear": 2}, [self.values[-1]], (2,), again=False)


def random_sharing(seed: int) -> str:
    """The spec of ``seed``."""
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    writer = Writer(random)
    size = (random.randint(1, 3), random.randint(4, 9), random.randint(4, 9))
    for at in range(random.randint(1, 3)):
        writer.values.append(Known(f"in{at}", (), size))
        writer.unread.add(f"in{at}")
    inputs = {one.name: list(one.shape) for one in writer.values}
    writer.conv()
    makers = (writer.conv, writer.conv, writer.again, writer.again, writer.again, writer.join, writer.inside)
    for _ in range(random.randint(3, 9)):
        random.choice(makers)()
    writer.head()
    document = {"netspec": 1, "name": "random", "inputs": inputs, "stages": writer.layers}
    return yaml.safe_dump(document, sort_keys=False, width=100)
