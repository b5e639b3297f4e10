"""Random valid specs as YAML text: what a person could write, in small sizes.

Shapes are followed by a few lines of arithmetic of their own, so that what is drawn is valid; torch is what a spec's
figures are held against.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import conftest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

Map = tuple[int, int, int]
Data = Any
"""A layer as YAML holds it."""
Drawn = tuple[Data, Map]
"""A layer, and the shape that comes out of it."""

WIDEST = 12
LARGE = 9
"""Sides of maps that are not grown any more."""
KERNELS = (1, 2, 3, 4, 5, 7)
EVEN = (2, 4)
"""Kernels that ``same`` pads unevenly."""
LONG = ([1, 7], [7, 1], [1, 3], [3, 1], [1, 4])
"""Kernels that are longer on one axis than on the other."""
FLOW_STYLES = (None, True, False)
"""How YAML is laid out: braces for the innermost values, for all, for none."""
ELEMENTWISE: tuple[Data, ...] = (
    "relu", "relu6", {"leaky_relu": 0.1}, "prelu", {"prelu": {"per_channel": True}}, {"elu": 0.5}, "selu", "gelu",
    "silu", "mish", {"softplus": {"beta": 2}}, "hardswish", "hardsigmoid", "sigmoid", "tanh", "scaled_tanh", "softmax",
    "log_softmax", "batch_norm", {"batch_norm": {"affine": False, "eps": 1e-3}}, "channel_scale",
    {"channel_scale": {"bias": False}}, {"dropout": 0.3}, "identity", "layer_norm", "abs", {"scale": 0.5},
    {"drop_path": 0.2},
)  # fmt: skip
"""Layers that keep any shape."""
OF_MAPS: tuple[Data, ...] = (
    {"local_response_norm": {"size": 3}}, "instance_norm", {"instance_norm": {"affine": True}}, {"group_norm": 1},
    {"group_norm": {"groups": "$in.channels", "affine": False}}, {"dropout": {"p": 0.3, "channels": True}},
)  # fmt: skip
"""Layers that keep the shape of any map of several positions."""

JOINS = ("add", "mean", "max", "multiply", "drop_path_mean")
"""Joins of any number of inputs of one shape."""
DRAW: Data = {"draw_column": 2}
DEFINITIONS: dict[str, Data] = {
    "unit": {
        "params": {"width": "int", "kernel": 3},
        "body": [{"conv": {"out": "$width", "kernel": "$kernel", "padding": "$kernel // 2"}}, "batch_norm", "relu"],
    },
    "skip": {
        "body": {
            "branches": {"main": [{"unit": {"width": "$in.channels"}}, "relu"], "short": "identity"},
            "join": "add",
        },
    },
    "wired": {
        "params": {"act": {"type": "str", "default": "relu"}},
        "body": {
            "first": {"conv": {"out": "$in.channels", "kernel": 3, "padding": "same", "bias": False}},
            "act": "$act",
            "sum": {"add": {"from": ["first", "act", "input"]}},
        },
    },
    "flat": {
        "inline": True,
        "params": {"out": "int", "number": {"type": "int", "min": 1, "max": 3}},
        "body": [{"pieces": "$out", "repeat": "$number"}, {"channel_scale": "$number > 1"}],
    },
    "pieces": {
        "inline": True,
        "params": {"out": "int"},
        "body": [{"conv": {"out": "$out", "kernel": "1 + 2 * ($index % 2)", "padding": "$index % 2"}}, "relu"],
    },
}
NEEDS = {"skip": ("unit",), "flat": ("pieces",)}


def sides(size: int, kernel: int, stride: int, padding: int, *, ceil: bool = False) -> int:
    """How many windows fit; an overhanging one counts with ``ceil`` if it begins inside or before the input."""
    starts = range(-padding, size + padding, stride)
    if not ceil:
        return sum(start + kernel <= size + padding for start in starts)
    reached = 0
    for start in starts:
        if start >= size:
            break
        reached += 1
        if start + kernel >= size + padding:
            break
    return reached


@dataclass
class Drawing:
    """One spec in the making: what is drawn from, the blocks it uses, and how many names are taken."""

    draw: st.DrawFn
    used: set[str] = field(default_factory=set)
    params: dict[str, Data] = field(default_factory=dict)
    names: int = 0

    def number(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self.draw(st.integers(low, high))

    def one(self, *values: Any) -> Any:
        """One of the values."""
        return self.draw(st.sampled_from(values))

    def yes(self) -> bool:
        """True or false."""
        return self.draw(st.booleans())

    def name(self) -> str:
        """A name that nothing else in the spec has; now and then a dotted one."""
        self.names += 1
        return f"part{self.names}.layer" if self.number(0, 5) == 0 else f"layer{self.names}"

    def pair(self, first: int, second: int) -> Data:
        """A pair as a list, or as one number where that says the same."""
        return first if first == second and self.yes() else [first, second]

    def use(self, block: str) -> str:
        """The name of a block of the spec, which is defined from now on."""
        self.used |= {block, *NEEDS.get(block, ())}
        return block

    def value(self, value: int) -> Data:
        """A number, or a parameter of the spec with that default."""
        if self.number(0, 3):
            return value
        name = f"p{len(self.params)}"
        self.params[name] = {"type": "int", "default": value} if self.yes() else value
        return f"${name}" if self.yes() else f"min(${name} * 2, {value})"


# -- single layers ----------------------------------------------------------------------------------------------------


def conv(net: Drawing, shape: Map) -> Drawn:
    """A convolution with any of its parameters; groups are as often all channels, each for itself, as fewer."""
    channels, *size = shape
    groups = net.one(1, channels, *(n for n in range(1, channels + 1) if channels % n == 0))
    out = groups * net.number(1, max(1, min(3, WIDEST // groups)))
    kernel, stride, padding, dilation, high_wide = [], [], [], [], []
    same, long = net.number(0, 3) == 0, net.one(*LONG) if net.number(0, 3) == 0 else None
    for axis, side in enumerate(size):
        margin = net.number(0, 2) if not long else long[axis] // 2
        reachable = side if same else side + 2 * margin
        k = (
            long[axis]
            if long
            else net.one(*(EVEN if same and net.yes() else (k for k in KERNELS if same or k <= reachable)))
        )
        d = net.number(1, 2) if same or 2 * k - 1 <= reachable else 1
        s = net.number(1, 3)
        high_wide.append(-(-side // s) if same else sides(side, d * (k - 1) + 1, s, margin))
        for values, value in ((kernel, k), (stride, s), (padding, margin), (dilation, d)):
            values.append(value)
    parameters: dict[str, Data] = {"out": net.value(out), "kernel": net.pair(*kernel)}
    if stride != [1, 1]:
        parameters["stride"] = net.pair(*stride)
    parameters["padding"] = "same" if same else net.pair(*padding)
    parameters |= {"dilation": net.pair(*dilation)} if dilation != [1, 1] else {}
    parameters |= {"groups": groups} if groups > 1 else {}
    parameters |= {"bias": False} if net.yes() else {}
    return {"conv": parameters}, (out, high_wide[0], high_wide[1])


def pool(net: Drawing, shape: Map) -> Drawn:
    """Pooling with any of its parameters."""
    channels, *size = shape
    word, ceil, same = net.one("max_pool", "avg_pool"), net.yes(), net.number(0, 3) == 0
    kernel, stride, padding, dilation, high_wide = [], [], [], [], []
    for side in size:
        k = net.one(*(k for k in (1, 2, 3, 4) if k <= side))
        d = net.number(1, 2) if word == "max_pool" and 2 * k - 1 <= side else 1
        p, s = net.number(0, k // 2), net.number(1, 3)
        high_wide.append(-(-side // s) if same else sides(side, d * (k - 1) + 1, s, p, ceil=ceil))
        for values, value in ((kernel, k), (stride, s), (padding, p), (dilation, d)):
            values.append(value)
    parameters = {"kernel": net.pair(*kernel), "padding": "same" if same else net.pair(*padding)}
    if stride != kernel or net.yes():
        parameters["stride"] = net.pair(*stride)
    parameters |= {"dilation": net.pair(*dilation)} if dilation != [1, 1] else {}
    parameters |= {"ceil": True} if ceil else {}
    if word == "avg_pool":
        parameters |= net.one({}, {"count_include_pad": False}, *([] if same else [{"divisor": 3}]))
    return {word: parameters}, (channels, high_wide[0], high_wide[1])


def adaptive(net: Drawing, shape: Map) -> Drawn:
    """Adaptive pooling, also to sizes that do not divide, and to larger ones."""
    high, wide = (net.number(1, side + 2 * (net.number(0, 3) == 0)) for side in shape[1:])
    return {net.one("adaptive_avg_pool", "adaptive_max_pool"): net.pair(high, wide)}, (shape[0], high, wide)


def padded(net: Drawing, shape: Map) -> Drawn:
    """More positions on any side; few enough of them to be mirrored."""
    mode = net.one("zeros", "reflect", "replicate")
    sides = [[net.number(0, min(2, size - 1)), net.number(0, min(2, size - 1))] for size in shape[1:]]
    sizes = [size + sum(around) for size, around in zip(shape[1:], sides, strict=True)]
    parameters: dict[str, Data] = {"padding": [net.pair(*around) for around in sides]}
    return {"pad": parameters | ({"mode": mode} if mode != "zeros" else {})}, (shape[0], *sizes)


def elementwise(net: Drawing, shape: Map) -> Drawn:
    """A layer that keeps the shape."""
    return net.one(*ELEMENTWISE, *(OF_MAPS if shape[1] * shape[2] > 1 else ())), shape


def select(net: Drawing, shape: Map) -> Drawn:
    """Some of the channels, in any order."""
    channels = net.draw(st.lists(st.integers(0, shape[0] - 1), min_size=1, max_size=4))
    return {"select": channels}, (len(channels), *shape[1:])


def part(net: Drawing, shape: Map) -> Drawn:
    """Neighbouring channels, counted from either end."""
    start = net.number(0, shape[0] - 1)
    stop = net.number(start + 1, shape[0])
    parameters = {"start": net.one(start, start - shape[0])}
    parameters |= {"stop": net.one(stop, stop - shape[0])} if stop < shape[0] else net.one({}, {"stop": stop})
    return {"slice": parameters}, (stop - start, *shape[1:])


def shuffle(net: Drawing, shape: Map) -> Drawn:
    """Channels dealt out anew."""
    groups = net.one(*(n for n in range(1, shape[0] + 1) if shape[0] % n == 0))
    return {"channel_shuffle": groups}, shape


def pointwise(net: Drawing, shape: Map) -> Drawn:
    """A linear layer at each position."""
    out = net.number(1, 6)
    return {"pointwise": {"out": net.value(out), **({"bias": False} if net.yes() else {})}}, (out, *shape[1:])


def pad_shortcut(net: Drawing, shape: Map) -> Drawn:
    """More channels at every so-many-th position."""
    out, stride = shape[0] + net.number(0, 3), net.number(1, 2)
    layer = {"pad_shortcut": {"out": out, "stride": stride, "zeros": net.one("after", "around")}}
    return layer, (out, sides(shape[1], 1, stride, 0), sides(shape[2], 1, stride, 0))


def conv_transpose(net: Drawing, shape: Map) -> Drawn:
    """A transposed convolution with any of its parameters; of a large map one that keeps it from growing."""
    channels, *size = shape
    groups = net.one(*(n for n in range(1, channels + 1) if channels % n == 0))
    out = groups * net.number(1, max(1, min(3, WIDEST // groups)))
    kernel, stride, padding, more, dilation, high_wide = [], [], [], [], [], []
    for side in size:
        s = net.number(1, 3) if side <= LARGE // 2 else 1
        k, d = net.number(1, 4), net.number(1, 2)
        extra = net.number(0, max(s, d) - 1)
        whole = (side - 1) * s + d * (k - 1) + 1 + extra
        off = net.number(0, min(2, (whole - 1) // 2))
        high_wide.append(whole - 2 * off)
        for values, value in ((kernel, k), (stride, s), (padding, off), (more, extra), (dilation, d)):
            values.append(value)
    parameters: dict[str, Data] = {"out": out, "kernel": net.pair(*kernel), "stride": net.pair(*stride)}
    parameters |= {"padding": net.pair(*padding)} if any(padding) else {}
    parameters |= {"output_padding": net.pair(*more)} if any(more) else {}
    parameters |= {"dilation": net.pair(*dilation)} if dilation != [1, 1] else {}
    parameters |= {"groups": groups} if groups > 1 else {}
    parameters |= {"bias": False} if net.yes() else {}
    return {"conv_transpose": parameters}, (out, high_wide[0], high_wide[1])


def pixel_shuffle(net: Drawing, shape: Map) -> Drawn:
    """Four channels as the positions of one, where there are so many."""
    channels, high, wide = shape
    if channels % 4 or max(high, wide) > LARGE:
        return conv_transpose(net, shape)
    return {"pixel_shuffle": 2}, (channels // 4, 2 * high, 2 * wide)


def resize(net: Drawing, shape: Map) -> Drawn:
    """Interpolation to twice or three times the size; of large maps to half of it."""
    channels, high, wide = shape
    if max(high, wide) > LARGE:
        return {"resize": {"size": [-(-high // 2), -(-wide // 2)]}}, (channels, -(-high // 2), -(-wide // 2))
    mode = net.one("nearest", "linear", "cubic")
    scales = [net.number(1, 3), net.number(1, 2)] if mode == "nearest" else [2, 2]
    size = (high * scales[0], wide * scales[1])
    parameters = {"size": list(size)} if net.number(0, 2) == 0 else {"scale": net.pair(*scales)}
    return {"resize": {**parameters, **({"mode": mode} if mode != "nearest" else {})}}, (channels, *size)


def same_conv(net: Drawing, shape: Map, out: int) -> Drawn:
    """A convolution that keeps height and width."""
    kernel = net.one(1, 3, [1, 3])
    return {"conv": {"out": out, "kernel": kernel, "padding": "same"}}, (out, *shape[1:])


# -- structure --------------------------------------------------------------------------------------------------------


def kept(net: Drawing, shape: Map) -> Data:
    """One layer or a list of layers that keep the shape."""
    layers = [net.one(elementwise(net, shape)[0], same_conv(net, shape, shape[0])[0]) for _ in range(net.number(1, 3))]
    return layers if len(layers) > 1 or net.yes() else layers[0]


def joined(net: Drawing, shape: Map) -> Drawn:
    """Branches of one shape, added, averaged or multiplied."""
    names = ("left", "mid", "right")[: net.number(2, 3)]
    branches = {name: "identity" if net.number(0, 2) == 0 else kept(net, shape) for name in names}
    return {"branches": branches, "join": net.one(*JOINS, *(["subtract"] if len(names) == 2 else []))}, shape


def concatenated(net: Drawing, shape: Map) -> Drawn:
    """Branches of one height and width, stacked; strided together or not at all."""
    _, high, wide = shape
    stride = net.number(1, 2)
    size = (sides(high, 3, stride, 1), sides(wide, 3, stride, 1))
    outs = [net.number(1, 3) for _ in range(net.number(1, 3))]
    branches: dict[str, Data] = {
        f"b{index}": [{"conv": {"out": out, "kernel": 3, "stride": stride, "padding": 1}}, elementwise(net, shape)[0]]
        for index, out in enumerate(outs)
    }
    branches["pool"] = {net.one("max_pool", "avg_pool"): {"kernel": 3, "stride": stride, "padding": 1}}
    return {"branches": branches, "join": "concat"}, (sum(outs) + shape[0], *size)


def gated(net: Drawing, shape: Map) -> Drawn:
    """A map scaled by a gate for each channel, with axes or without, for each row or column, or for each position."""
    _, high, wide = shape
    out = net.one(1, "$in.channels")
    if not net.number(0, 3):
        flat: list[Data] = [net.one("global_avg_pool", "flatten"), {"linear": net.one(1, shape[0])}, "sigmoid"]
        return {"branches": {"x": "identity", "gate": flat}, "join": "multiply"}, shape
    gate: list[Data] = [{"adaptive_avg_pool": net.one([high, 1], [1, wide], 1)}] if net.number(0, 3) else []
    gate += [{"conv": {"out": out, "kernel": net.one(1, 3), "padding": "same"}}, net.one("sigmoid", "hardsigmoid")]
    return {"branches": {"x": "identity", "gate": gate}, "join": "multiply"}, shape


def grown(net: Drawing, shape: Map) -> Drawn:
    """A map made smaller and grown again to its size, beside itself."""
    _, high, wide = shape
    if min(high, wide) < 2:
        return elementwise(net, shape)
    below: list[Data] = [{"max_pool": 2}, same_conv(net, shape, shape[0])[0]]
    up: Data = {"resize": {"size": [high, wide]}}
    if high % 2 == wide % 2 and net.yes():
        up = {"conv_transpose": {"out": shape[0], "kernel": 2 + high % 2, "stride": 2}}
    join = net.one("add", "concat")
    layer = {"branches": {"kept": "identity", "below": [*below, up]}, "join": join}
    return layer, (shape[0] * (2 if join == "concat" else 1), high, wide)


def excited(net: Drawing, shape: Map) -> Drawn:
    """Squeeze-and-excitation."""
    parameters = {"width": net.number(1, 3), "activation": net.one("relu", "silu", "none")}
    return {"squeeze_excite": parameters | net.one({}, {"gate": "hardsigmoid"})}, shape


def residual(net: Drawing, shape: Map) -> Drawn:
    """Residual blocks, one or several."""
    word, stride, repeat = net.one("residual", "bottleneck"), net.number(1, 2), net.number(1, 3)
    shortcut = net.one("projection", "projection_always", "pad", "none", "identity")
    width = shape[0] if shortcut == "identity" else shape[0] + 2 * net.number(0, 1)
    stride = 1 if shortcut == "identity" else stride
    parameters: dict[str, Data] = {"width": net.value(width), "shortcut": shortcut}
    parameters |= {"stride": stride} if stride > 1 else {}
    parameters |= {"expansion": 1, "inner": net.number(1, 3) * 2, "groups": 2} if word == "bottleneck" else {}
    parameters["stride_on"] = net.one("conv1", "conv2")
    parameters["norm"] = net.one("batch_norm", "none", {"batch_norm": {"eps": 1e-3}}, "channel_scale")
    parameters["activation"] = net.one("relu", "none", {"leaky_relu": 0.2}, "prelu")
    layer = {word: parameters, "repeat": net.value(repeat)} if repeat > 1 else {word: parameters}
    return layer, (width, sides(shape[1], 1, stride, 0), sides(shape[2], 1, stride, 0))


def dense(net: Drawing, shape: Map) -> Drawn:
    """A stage of dense layers."""
    layers, growth = net.number(1, 3), net.number(1, 3)
    parameters = {"layers": layers, "growth_rate": net.value(growth), "bottleneck": net.number(0, 2)}
    parameters |= {"dropout": 0.2} if net.yes() else {}
    return {"dense": parameters}, (shape[0] + layers * growth, *shape[1:])


def transition(net: Drawing, shape: Map) -> Drawn:
    """A transition between dense stages."""
    channels, high, wide = shape
    if min(high, wide) < 2:
        return elementwise(net, shape)
    half = net.yes()
    out = max(1, channels // 2) if half else channels
    return {"transition": {"compression": 0.5 if half else 1}}, (out, high // 2, wide // 2)


def inception(net: Drawing, shape: Map) -> Drawn:
    """An inception module."""
    conv1, reduce, conv3, conv5, out = (net.number(1, 3) for _ in range(5))
    parameters = {"conv1": conv1, "conv3": [reduce, conv3], "conv5": [reduce, conv5], "pool": net.value(out)}
    parameters["kernel5"] = net.one(3, 5)
    return {"inception": parameters}, (conv1 + conv3 + conv5 + out, *shape[1:])


def conv_norm_act(net: Drawing, shape: Map) -> Drawn:
    """Convolution, norm and activation as one block, perhaps repeated."""
    out = net.number(1, 6)
    layer: dict[str, Data] = {"conv_norm_act": {"out": out, "kernel": 3, "padding": 1, "stride": net.number(1, 2)}}
    stride = layer["conv_norm_act"]["stride"]
    layer |= {"repeat": 2} if net.yes() else {}
    return layer, (out, sides(shape[1], 1, stride, 0), sides(shape[2], 1, stride, 0))


def defined(net: Drawing, shape: Map) -> Drawn:
    """A block of the spec."""
    word = net.use(net.one("unit", "skip", "wired"))
    if word != "unit":
        layer: Data = net.one(word, {word: {}, "repeat": 2})
        return ({word: "gelu"} if word == "wired" and net.yes() else layer), shape
    width = net.number(1, 6)
    return {word: {"width": width, "kernel": net.one(1, 3, 5)}}, (width, *shape[1:])


def chained(net: Drawing, shape: Map) -> Drawn:
    """Layers in a list, one of them perhaps an inline block or one with a name; or one repeated chain."""
    if net.number(0, 2) == 0:
        return {"chain": [*_listed(kept(net, shape)), "relu"], "repeat": net.number(1, 2)}, shape
    layers, shape = some(net, shape, net.number(1, 3), SINGLE)
    if net.yes():
        out = net.number(1, 4)
        layers.append({net.use("flat"): {"out": out, "number": net.number(1, 3)}})
        shape = (out, *shape[1:])
    if net.number(0, 3) == 0:
        layers.append({"select": [0], "name": "chosen"})
        shape = (1, *shape[1:])
    return [*layers, "relu"], shape


def _listed(data: Data) -> list[Data]:
    return data if isinstance(data, list) else [data]


Maker = Callable[[Drawing, Map], Drawn]
SINGLE: tuple[Maker, ...] = (
    conv, pool, adaptive, elementwise, elementwise, select, pad_shortcut, padded, part, shuffle, pointwise, resize,
    conv_transpose, pixel_shuffle,
)  # fmt: skip
ANY: tuple[Maker, ...] = (
    conv, conv, pool, elementwise, elementwise, adaptive, adaptive, select, pad_shortcut, padded, part, shuffle,
    pointwise, joined, concatenated, excited, gated, gated, gated, residual, residual, dense, transition, inception,
    conv_norm_act, defined, defined, chained, chained, resize, grown, conv_transpose, conv_transpose, pixel_shuffle,
)  # fmt: skip


def some(net: Drawing, shape: Map, count: int, makers: tuple[Maker, ...]) -> tuple[list[Data], Map]:
    """A few layers in a row; a map that has become wide is narrowed first."""
    layers = []
    for _ in range(count):
        if shape[0] > WIDEST:
            layers.append({"conv": {"out": 4, "kernel": 1}})
            shape = (4, *shape[1:])
        layer, shape = net.one(*makers)(net, shape)
        layers.append(layer)
    return layers, shape


def wired(net: Drawing, shape: Map, entries: dict[str, Data]) -> Map:
    """Add layers to ``entries`` that read others by name."""
    first, second, third = net.name(), net.name(), net.name()
    entries[first] = kept(net, shape)
    entries[second] = {"conv": {"out": shape[0], "kernel": 1, "from": first}}
    word = net.one("concat", "subtract", *JOINS)
    reads = [first, second] if net.yes() else [second, first]
    if word == "drop_path_mean":
        if net.yes():  # only the draw reads it, so that no gradient reaches it
            entries[net.name()] = {"conv": {"out": 2, "kernel": 1, "from": first}}
        reads.append(net.name())
        entries[reads[-1]] = DRAW
    entries[third] = {word: {"from": reads}} if net.yes() else {word: {}, "from": reads}
    return (shape[0] * (2 if word == "concat" else 1), *shape[1:])


def unpooled(net: Drawing, shape: Map, entries: dict[str, Data]) -> Map:
    """Add a max pool, a layer, and what puts its values where those of the pool came from."""
    if min(shape[1:]) < 2:
        return shape
    pool, inner, up = net.name(), net.name(), net.name()
    entries[pool] = {"max_pool": net.one(2, {"kernel": 2, "ceil": True}, {"kernel": 3, "stride": 2, "padding": 1})}
    entries[inner] = same_conv(net, shape, shape[0])[0]
    entries[up] = {"max_unpool": None, "from": [inner, pool]}
    return shape


def section(net: Drawing, shape: Map, count: int) -> Drawn:
    """A section as a list, or as a mapping with layers that read others by name."""
    if net.number(0, 2) == 0:
        return some(net, shape, count, ANY)
    entries: dict[str, Data] = {}
    for _ in range(count):
        layers, shape = some(net, shape, 1, ANY)
        entries |= {net.name(): layer for layer in layers}
        if net.number(0, 3) == 0:
            shape = wired(net, shape, entries)
        if net.number(0, 3) == 0:
            shape = unpooled(net, shape, entries)
    return entries, shape


def recurrent(net: Drawing) -> list[Data]:
    """Layers along the last axis of a map, and from there to flat features."""
    parameters: dict[str, Data] = {"out": net.value(net.number(1, 3))}
    parameters |= net.one({}, {"bidirectional": True}) | net.one({}, {"layers": 2}) | net.one({}, {"bias": False})
    return [{"flatten": {"keep": 1}}, {net.one("lstm", "gru"): parameters}, {"pointwise": 2}, "flatten"]


def decoded(net: Drawing) -> list[Data]:
    """A map that is made of flat features, and flat features of that."""
    first, high, wide = net.number(1, 3), net.number(1, 3), net.number(2, 3)
    layers: list[Data] = ["flatten", {"linear": first * high * wide}, {"unflatten": [first, high, wide]}]
    return [*layers, {"conv": {"out": 2, "kernel": 3, "padding": 1}}, "global_avg_pool"]


def head(net: Drawing) -> list[Data]:
    """Layers from a map to flat features."""
    layers: list[Data] = net.one(lambda _: ["flatten"], lambda _: ["global_avg_pool"], recurrent, decoded)(net)
    for _ in range(net.number(0, 2)):
        out = net.number(1, 5)
        layers += [{"linear": net.value(out)}, net.one(*ELEMENTWISE)]
    if net.number(0, 2) == 0:
        short = [{"linear": {"out": 3, "bias": False}}, "tanh"]
        layers.append({"branches": {"a": {"linear": 3}, "b": short}, "join": net.one("add", "mean", "concat")})
    return [*layers, net.one({"linear": 4}, {"rbf": {"out": 3}}, {"rbf": {"out": 3, "trainable": True}})]


def outputs(net: Drawing, stages: dict[str, Data], last: dict[str, Data]) -> dict[str, Data]:
    """Outputs beside the ``last`` layer: one of the ``stages``, or a head for training on it, which is appended."""
    main, side = list(last)[-1], net.one(*(name for name, layer in stages.items() if layer != DRAW))
    if net.yes():
        return {"main": main, "side": side}
    name = net.name()
    pooled: list[Data] = net.one(
        [{"adaptive_avg_pool": 2}, {"conv": {"out": 3, "kernel": 1}}, "relu", "flatten"],
        ["global_avg_pool", {"dropout": 0.5}],
    )
    last[name] = {"chain": [*pooled, {"linear": 3}], "from": side}
    return {"main": main, "aux": {"from": name, "when": "training"}}


@st.composite
def specs(draw: st.DrawFn) -> str:
    """The text of a valid spec."""
    net = Drawing(draw)
    shape = (net.number(1, 4), net.number(6, 17), net.number(6, 17))
    document: dict[str, Data] = {"netspec": 1, "name": "drawn", "input": list(shape)}
    sections: dict[str, Data] = {}
    for name, most in (("stem", 2), ("stages", 4)):
        if name == "stages" or net.yes():
            sections[name], shape = section(net, shape, net.number(1, most))
    if net.yes():
        layers = head(net)
        sections["head"] = layers if net.yes() else {net.name(): layer for layer in layers}
    if net.params:
        document["params"] = net.params
    if net.used:
        document["blocks"] = {name: DEFINITIONS[name] for name in DEFINITIONS if name in net.used}
    document |= sections
    last = list(sections.values())[-1]
    stages = sections["stages"]
    if isinstance(last, dict) and isinstance(stages, dict) and net.yes():
        document["outputs"] = outputs(net, stages, last)
    return yaml.safe_dump(document, sort_keys=False, default_flow_style=net.one(*FLOW_STYLES))


def drawn(examples: int, *, whole: bool = False) -> Callable[[Callable[[str], None]], Callable[[], None]]:
    """Runs a check on so many random specs, the same ones each time, none of them twice.

    One in four of these, from 20 on, unless ``whole`` or pytest is called with ``--thorough``.
    """
    if not (whole or conftest.thorough):
        examples = max(examples // conftest.SAMPLE, min(examples, 20))
    setting = settings(
        max_examples=examples + examples // 4,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )

    def decorated(check: Callable[[str], None]) -> Callable[[], None]:
        texts: set[str] = set()

        @setting
        @given(specs())
        def one(text: str) -> None:
            if text not in texts:
                check(text)
                texts.add(text)

        def run() -> None:
            one()
            assert len(texts) >= examples

        return run

    return decorated


def every_elementwise_layer() -> str:
    """The text of a spec with each layer that keeps any shape once on a map and once on flat features.

    Those that keep the shape of maps stand on the map alone.
    """
    sections = {"stages": [*ELEMENTWISE, *OF_MAPS], "head": ["flatten", *ELEMENTWISE]}
    return yaml.safe_dump({"netspec": 1, "name": "elementwise", "input": [3, 5, 4], **sections}, sort_keys=False)


def rare_layers() -> str:
    """The text of a spec with what is rare: even kernels in groups, a larger map, gates of columns, a learned scale."""
    layers: list[Data] = [
        {"conv": {"out": 4, "kernel": 4, "padding": "same", "groups": 2}},
        {"adaptive_avg_pool": [9, 8]},
        {"branches": {"x": "identity", "gate": [{"adaptive_avg_pool": [1, 8]}, "sigmoid"]}, "join": "multiply"},
        {"max_pool": {"kernel": 2, "dilation": 2}},
        {"pixel_shuffle": 2},
        {"branches": {"x": "identity", "by": {"parameter": {"shape": [1, 1, 1], "init": "ones"}}}, "join": "multiply"},
    ]
    return yaml.safe_dump({"netspec": 1, "name": "rare", "input": [2, 6, 5], "stages": layers}, sort_keys=False)
