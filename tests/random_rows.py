"""What operations of random specs come to: shapes, weights and multiply-adds, by a few rules of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Map = tuple[int, int, int]
Data = Any
"""A layer, or a value, as YAML holds it."""


class Out(NamedTuple):
    """What a layer gives: the name of the operation that it comes from, and its shape."""

    name: str
    shape: Map


class Row(NamedTuple):
    """One operation: its path, its word, what it reads, its output, the elements of its weights, its multiply-adds."""

    name: str
    word: str
    inputs: tuple[str, ...]
    shape: Map
    weights: int
    macs: int


class Place(NamedTuple):
    """Where layers grow: the scope, what expressions see, what ``input`` means, and the scope that names end at."""

    scope: str
    values: Mapping[str, Any]
    input: Out
    boundary: str = ""

    def path(self, name: str) -> str:
        """The path of ``name`` here."""
        return f"{self.scope}.{name}" if self.scope else name

    def inside(self, path: str | None) -> Place:
        """The same in the scope ``path``; here, where that is None."""
        return self if path is None else self._replace(scope=path)

    def repeated(self, index: int, count: int) -> Place:
        """The same in one repetition."""
        return self._replace(values={**self.values, "index": index, "count": count})


class See(NamedTuple):
    """What an expression sees: values by name, the shape that the layer reads, its other parameters."""

    values: Mapping[str, Any]
    shape: Map
    own: Mapping[str, Any]


class Value(NamedTuple):
    """A value as it is written, and what it comes to."""

    data: Data
    of: Callable[[See], Any]
    indexed: bool = False
    """Whether it is written with ``$index``."""


def constant(data: Data, value: Any) -> Value:
    """A value that comes to the same everywhere."""
    return Value(data, lambda _: value)


Rule = Callable[[dict[str, Any], tuple[Map, ...]], tuple[Map, int]]
"""From the parameters of an operation and the shapes that it reads to its output and the elements of its weights."""


def pair(value: Any) -> tuple[int, int]:
    """One number for both axes, or two."""
    return (value[0], value[1]) if isinstance(value, list) else (value, value)


def windows(shape: Map, given: Mapping[str, Any]) -> tuple[int, int]:
    """How many windows fit on each axis."""
    kernel, stride, padding = (pair(given[name]) for name in ("kernel", "stride", "padding"))
    high, wide = ((shape[1 + at] + 2 * padding[at] - kernel[at]) // stride[at] + 1 for at in (0, 1))
    return high, wide


def conv_rule(given: dict[str, Any], shapes: tuple[Map, ...]) -> tuple[Map, int]:
    """A convolution without groups."""
    given = {"stride": 1, "padding": 0, "bias": True, **given}
    high, wide = pair(given["kernel"])
    out: int = given["out"]
    return (out, *windows(shapes[0], given)), out * shapes[0][0] * high * wide + out * given["bias"]


def pool_rule(given: dict[str, Any], shapes: tuple[Map, ...]) -> tuple[Map, int]:
    """Pooling; its stride is its kernel, if not given."""
    given = {"stride": given["kernel"], "padding": 0, **given}
    return (shapes[0][0], *windows(shapes[0], given)), 0


def adaptive_rule(given: dict[str, Any], shapes: tuple[Map, ...]) -> tuple[Map, int]:
    """Pooling to a size."""
    return (shapes[0][0], *pair(given["out"])), 0


def concat_rule(_: dict[str, Any], shapes: tuple[Map, ...]) -> tuple[Map, int]:
    """Channels added up."""
    return (sum(shape[0] for shape in shapes), *shapes[0][1:]), 0


def multiply_rule(_: dict[str, Any], shapes: tuple[Map, ...]) -> tuple[Map, int]:
    """The largest size on each axis."""
    channels, high, wide = (max(sizes) for sizes in zip(*shapes, strict=True))
    return (channels, high, wide), 0


def per_channel(number: int) -> Rule:
    """An operation that keeps the shape and has so many weights for each channel."""
    return lambda _, shapes: (shapes[0], number * shapes[0][0])


def one_weight(_: dict[str, Any], shapes: tuple[Map, ...]) -> tuple[Map, int]:
    """An operation that keeps the shape and has one weight."""
    return shapes[0], 1


PLAIN = ("relu", "gelu", "silu", "tanh", "sigmoid", "hardswish", "elu", "leaky_relu", "dropout", "identity", "softplus")
"""Words of operations that keep the shape and have no weights."""
ACTS: dict[str, Rule] = {
    **dict.fromkeys(PLAIN, per_channel(0)),
    "batch_norm": per_channel(2),
    "channel_scale": per_channel(2),
    "prelu": one_weight,
}
"""Operations that keep the shape, used by their word alone."""
RULES: dict[str, Rule] = {
    **ACTS,
    "conv": conv_rule,
    "max_pool": pool_rule,
    "avg_pool": pool_rule,
    "adaptive_avg_pool": adaptive_rule,
    "add": per_channel(0),
    "mean": per_channel(0),
    "multiply": multiply_rule,
    "concat": concat_rule,
}
