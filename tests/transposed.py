"""A network run backwards operation by operation, each transposed by hand: the oracle of ``netspec see``.

It walks the graph in reverse, adds up what comes back to each value, and knows neither autograd nor netspec's modules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import pi, sqrt
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from netspec.graph.graph import Graph, Node, upstream
from netspec.ops.operation import Operation

Weights = Mapping[str, Tensor]
Back = Callable[[Tensor], tuple[Tensor | None, ...]]
"""From what comes back to a value, to what comes back to each of the values that it is made of."""


def looked_back(graph: Graph, node: Node, state: Weights, image: Tensor, seed: Tensor, method: str) -> Tensor:
    """What comes back from ``seed`` at ``node`` to ``image``, N x C x H x W."""
    return Transposed(graph, upstream(node), state, image, method).back(node, seed, node.origin)


class Transposed:
    """Those operations of ``graph`` that are ``needed``, run once for ``image``, to be gone back through many times."""

    def __init__(self, graph: Graph, needed: Iterable[Node], state: Weights, image: Tensor, method: str) -> None:
        self.graph = graph
        known = {*needed}
        self.values: dict[Node, Tensor] = {one: image for one in graph.inputs if one in known}
        self.ways: dict[Node, Back] = {}
        layers: dict[str, dict[str, Tensor]] = {}
        for name, tensor in state.items():
            layer, _, last = name.rpartition(".")
            layers.setdefault(layer, {})[last] = tensor
        for one in graph.operations:
            if one in known and one.operation.word == "parameter":
                self.values[one] = state[one.owner.name][None]
            elif one in known and one.inputs:
                own = layers.get(one.owner.name, {})
                inputs = [self.values[source] for source in one.inputs]
                self.values[one], self.ways[one] = step(one.operation, own, inputs, method)

    def back(self, node: Node, seed: Tensor, to: Node) -> Tensor:
        """What comes back from ``seed`` at ``node`` to the value of ``to``."""
        coming: dict[Node, Tensor] = {node: seed}
        for one in reversed(self.graph.operations):
            if one in coming and one.inputs and one is not to:
                for source, part in zip(one.inputs, self.ways[one](coming.pop(one)), strict=True):
                    if part is not None:
                        coming[source] = coming[source] + part if source in coming else part
        return coming.get(to, torch.zeros_like(self.values[to]))


def step(operation: Operation, own: Weights, inputs: list[Tensor], method: str) -> tuple[Tensor, Back]:
    """What ``operation`` makes of ``inputs``, and its way back."""
    word = operation.word
    if word in SLOPES:
        x = inputs[0]
        value, slope = SLOPES[word](x, operation, own)
        return value, lambda g: (_ruled(g, slope, method) if word in RECTIFIERS else g * slope,)
    return STEPS[word](operation, own, *inputs)


def _ruled(g: Tensor, slope: Tensor, method: str) -> Tensor:
    """Zeiler and Fergus clamp what comes back, the gradient is gated by what went in, the guided one is both."""
    up = torch.where(g > 0, g, torch.zeros_like(g))
    return {"deconvnet": up, "guided": up * slope, "gradient": g * slope}[method]


RECTIFIERS = {"relu", "relu6", "leaky_relu", "prelu", "elu", "selu", "gelu", "silu", "mish", "softplus", "hardswish"}
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _elu(x: Tensor, alpha: float, scale: float = 1.0) -> tuple[Tensor, Tensor]:
    low = x.clamp(max=0).exp()
    return scale * torch.where(x > 0, x, alpha * (low - 1)), scale * torch.where(x > 0, torch.ones_like(x), alpha * low)


def _leaky(x: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
    slopes = torch.where(x > 0, torch.ones_like(x), slope)
    return x * slopes, slopes


def _gelu(x: Tensor) -> tuple[Tensor, Tensor]:
    share = (1 + torch.erf(x / sqrt(2))) / 2
    return x * share, share + x * torch.exp(-x * x / 2) / sqrt(2 * pi)


def _logistic(x: Tensor) -> Tensor:
    return 1 / (1 + torch.exp(-x))


def _silu(x: Tensor) -> tuple[Tensor, Tensor]:
    s = _logistic(x)
    return x * s, s * (1 + x * (1 - s))


def _mish(x: Tensor) -> tuple[Tensor, Tensor]:
    t = torch.tanh(torch.log1p(torch.exp(x)))
    return x * t, t + x * (1 - t * t) * _logistic(x)


def _hardswish(x: Tensor) -> tuple[Tensor, Tensor]:
    middle = (x > -3) & (x < 3)
    slope = torch.where(middle, x / 3 + 0.5, (x >= 3).to(x.dtype))
    return x * (x + 3).clamp(0, 6) / 6, slope


def _tanh(x: Tensor, amplitude: float = 1.0, steep: float = 1.0) -> tuple[Tensor, Tensor]:
    t = torch.tanh(steep * x)
    return amplitude * t, amplitude * steep * (1 - t * t)


SLOPES: dict[str, Callable[[Tensor, Any, Weights], tuple[Tensor, Tensor]]] = {
    "relu": lambda x, _, __: (x * (x > 0), (x > 0).to(x.dtype)),
    "relu6": lambda x, _, __: (x.clamp(0, 6), ((x > 0) & (x < 6)).to(x.dtype)),
    "leaky_relu": lambda x, op, _: _leaky(x, x.new_tensor(op.slope)),
    "prelu": lambda x, _, own: _leaky(x, own["weight"].view(-1, *(1,) * (x.dim() - 2))),
    "elu": lambda x, op, _: _elu(x, op.alpha),
    "selu": lambda x, _, __: _elu(x, SELU_ALPHA, SELU_SCALE),
    "gelu": lambda x, _, __: _gelu(x),
    "silu": lambda x, _, __: _silu(x),
    "mish": lambda x, _, __: _mish(x),
    "softplus": lambda x, op, _: (torch.log1p(torch.exp(op.beta * x)) / op.beta, _logistic(op.beta * x)),
    "hardswish": lambda x, _, __: _hardswish(x),
    "hardsigmoid": lambda x, _, __: ((x + 3).clamp(0, 6) / 6, ((x > -3) & (x < 3)).to(x.dtype) / 6),
    "sigmoid": lambda x, _, __: (_logistic(x), _logistic(x) * (1 - _logistic(x))),
    "tanh": lambda x, _, __: _tanh(x),
    "scaled_tanh": lambda x, op, _: _tanh(x, op.amplitude, op.slope),
    "abs": lambda x, _, __: (x.abs(), x.sign()),
    "scale": lambda x, op, _: (x * op.factor, torch.full_like(x, op.factor)),
}
"""Word -> the value of an elementwise function and its derivative."""


def _conv(op: Any, own: Weights, x: Tensor) -> tuple[Tensor, Back]:
    weight = own["weight"]
    window = op.window(tuple(x.shape[1:]))
    before, after = op.margins(tuple(x.shape[1:]))
    padded = functional.pad(x, (before[1], after[1], before[0], after[0]))
    how = {"stride": window.stride, "dilation": window.dilation, "groups": op.groups}
    value = functional.conv2d(padded, weight, own.get("bias"), **how)

    def back(g: Tensor) -> tuple[Tensor]:
        spread = functional.conv_transpose2d(g, weight, None, **how)
        whole = torch.zeros_like(padded)
        whole[:, :, : spread.shape[2], : spread.shape[3]] = spread
        return (whole[:, :, before[0] : before[0] + x.shape[2], before[1] : before[1] + x.shape[3]],)

    return value, back


def _places(window: Any, out: tuple[int, ...], size: tuple[int, ...]) -> list[tuple[Tensor, Tensor]]:
    """For each element of a window, row by row: its row and column of the map for each position, or -1 outside."""
    found = []
    for high in range(window.kernel[0]):
        for wide in range(window.kernel[1]):
            rows = torch.arange(out[0]) * window.stride[0] - window.padding[0] + high * window.dilation[0]
            columns = torch.arange(out[1]) * window.stride[1] - window.padding[1] + wide * window.dilation[1]
            rows[(rows < 0) | (rows >= size[0])] = -1
            columns[(columns < 0) | (columns >= size[1])] = -1
            found.append((rows, columns))
    return found


def _max_pool(op: Any, _: Weights, x: Tensor) -> tuple[Tensor, Back]:
    """The first largest value of each window; on the way back to its place, added up where windows share it."""
    shape = op.shape(tuple(x.shape[1:]))
    best = x.new_full((x.shape[0], *shape), -torch.inf)
    where = torch.zeros(best.shape, dtype=torch.long)
    for rows, columns in _places(op.window(tuple(x.shape[1:])), shape[1:], tuple(x.shape[2:])):
        inside = (rows >= 0)[:, None] & (columns >= 0)
        here = x[:, :, rows.clamp(min=0)][:, :, :, columns.clamp(min=0)]
        larger = inside & (here > best)
        best = torch.where(larger, here, best)
        where = torch.where(larger, rows[:, None] * x.shape[3] + columns, where)

    def back(g: Tensor) -> tuple[Tensor]:
        flat = torch.zeros_like(x).flatten(2)
        return (flat.scatter_add(2, where.flatten(2), g.flatten(2)).view_as(x),)

    return best, back


def _avg_pool(op: Any, _: Weights, x: Tensor) -> tuple[Tensor, Back]:
    shape = op.shape(tuple(x.shape[1:]))
    window = op.window(tuple(x.shape[1:]))
    places = _places(window, shape[1:], tuple(x.shape[2:]))
    inside = [((rows >= 0)[:, None] & (columns >= 0)).to(x.dtype) for rows, columns in places]
    counts = sum(inside) if not op.count_include_pad else _counted(op, window, shape[1:], x)
    counts = torch.full_like(inside[0], op.divisor) if op.divisor else counts
    total = sum(
        part * x[:, :, rows.clamp(min=0)][:, :, :, columns.clamp(min=0)]
        for part, (rows, columns) in zip(inside, places, strict=True)
    )

    def back(g: Tensor) -> tuple[Tensor]:
        found = torch.zeros_like(x)
        for part, (rows, columns) in zip(inside, places, strict=True):
            at = (rows.clamp(min=0)[:, None] * x.shape[3] + columns.clamp(min=0)).flatten()
            found.view(*x.shape[:2], -1).index_add_(2, at, (g * part / counts).flatten(2))
        return (found,)

    return total / counts, back


def _counted(op: Any, window: Any, out: tuple[int, ...], x: Tensor) -> Tensor:
    """How many elements torch divides by: those on padding count, those that hang over behind it do not."""
    if op.padding == "same":
        return x.new_full(tuple(out), float(window.kernel[0] * window.kernel[1]))
    sizes = []
    for axis in range(2):
        first = torch.arange(out[axis]) * window.stride[axis] - window.padding[axis]
        last = torch.clamp(first + window.kernel[axis], max=x.shape[2 + axis] + window.padding[axis])
        sizes.append((last - first).to(x.dtype))
    return sizes[0][:, None] * sizes[1]


def _adaptive(op: Any, _: Weights, x: Tensor) -> tuple[Tensor, Back]:
    """The mean over windows from floor(i n / m) to ceil((i + 1) n / m), as a matrix on each axis."""
    shape = op.shape(tuple(x.shape[1:]))
    rows, columns = (_shares(x.shape[2 + axis], shape[1 + axis]).to(x.dtype) for axis in range(2))
    return rows @ x @ columns.T, lambda g: (rows.T @ g @ columns,)


def _shares(size: int, out: int) -> Tensor:
    table = torch.zeros(out, size, dtype=torch.double)
    for place in range(out):
        first, last = place * size // out, -(-(place + 1) * size // out)
        table[place, first:last] = 1 / (last - first)
    return table


def _global(_: Any, __: Weights, x: Tensor) -> tuple[Tensor, Back]:
    count = x.shape[2] * x.shape[3]
    return x.sum((2, 3)) / count, lambda g: ((g / count)[:, :, None, None].expand_as(x),)


def _batch_norm(op: Any, own: Weights, x: Tensor) -> tuple[Tensor, Back]:
    shape = (-1,) + (1,) * (x.dim() - 2)
    scale = own.get("weight", torch.ones_like(own["running_var"])) / torch.sqrt(own["running_var"] + op.eps)
    shift = own.get("bias", torch.zeros_like(scale)) - own["running_mean"] * scale
    return x * scale.view(shape) + shift.view(shape), lambda g: (g * scale.view(shape),)


def _layer_norm(op: Any, own: Weights, x: Tensor) -> tuple[Tensor, Back]:
    """Over the channels of each position: the way back takes out what is even, and what is along the value."""
    shape = (-1,) + (1,) * (x.dim() - 2)
    around = x - x.mean(1, keepdim=True)
    inverse = (around.square().mean(1, keepdim=True) + op.eps).rsqrt()
    normal, weight = around * inverse, own["weight"].view(shape)

    def back(g: Tensor) -> tuple[Tensor]:
        scaled = g * weight
        along = normal * (scaled * normal).mean(1, keepdim=True)
        return (inverse * (scaled - scaled.mean(1, keepdim=True) - along),)

    return normal * weight + own["bias"].view(shape), back


def _lrn(op: Any, _: Weights, x: Tensor) -> tuple[Tensor, Back]:
    channels = x.shape[1]
    near = torch.zeros(channels, channels, dtype=x.dtype)
    for channel in range(channels):
        near[channel, max(0, channel - op.size // 2) : channel + (op.size - 1) // 2 + 1] = 1
    divisor = op.k + op.alpha / op.size * torch.einsum("ij,njhw->nihw", near, x * x)
    scaled = x * divisor**-op.beta

    def back(g: Tensor) -> tuple[Tensor]:
        by_neighbours = torch.einsum("ij,nihw->njhw", near, g * x * divisor ** (-op.beta - 1))
        return (g * divisor**-op.beta - 2 * op.beta * op.alpha / op.size * x * by_neighbours,)

    return scaled, back


def _linear(_: Any, own: Weights, x: Tensor) -> tuple[Tensor, Back]:
    value = x @ own["weight"].T + own.get("bias", x.new_zeros(()))
    return value, lambda g: (g @ own["weight"],)


def _pointwise(_: Any, own: Weights, x: Tensor) -> tuple[Tensor, Back]:
    value = torch.einsum("oc,nc...->no...", own["weight"], x)
    if "bias" in own:
        value = value + own["bias"].view(-1, *(1,) * (x.dim() - 2))
    return value, lambda g: (torch.einsum("oc,no...->nc...", own["weight"], g),)


def _softmax(_: Any, __: Weights, x: Tensor) -> tuple[Tensor, Back]:
    powers = (x - x.amax(1, keepdim=True)).exp()
    value = powers / powers.sum(1, keepdim=True)
    return value, lambda g: (value * (g - (g * value).sum(1, keepdim=True)),)


def _multiply(_: Any, __: Weights, *inputs: Tensor) -> tuple[Tensor, Back]:
    most = max(x.dim() for x in inputs)
    factors = [x.view(*x.shape, *(1,) * (most - x.dim())) for x in inputs]
    value = factors[0]
    for factor in factors[1:]:
        value = value * factor

    def back(g: Tensor) -> tuple[Tensor, ...]:
        parts = []
        for place, factor in enumerate(factors):
            part = g
            for other, one in enumerate(factors):
                part = part if other == place else part * one
            axes = [axis for axis in range(most) if factor.shape[axis] == 1 < part.shape[axis]]
            parts.append((part.sum(axes, keepdim=True) if axes else part).reshape(inputs[place].shape))
        return tuple(parts)

    return value, back


def _concat(_: Any, __: Weights, *inputs: Tensor) -> tuple[Tensor, Back]:
    counts = [x.shape[1] for x in inputs]
    return torch.cat(inputs, 1), lambda g: tuple(g.split(counts, 1))


def _average(inputs: tuple[Tensor, ...], *, aside: int = 0) -> tuple[Tensor, Back]:
    count = len(inputs)
    value = sum(inputs[1:], start=inputs[0]) / count
    return value, lambda g: (*(g / count for _ in inputs), *[None] * aside)


def _drop_path_mean(op: Any, _: Weights, *inputs: Tensor) -> tuple[Tensor, Back]:
    drawn = 1 if inputs[-1].shape != inputs[0].shape or getattr(op, "first", None) is not None else 0
    return _average(inputs[: len(inputs) - drawn], aside=drawn)


def _pad_shortcut(op: Any, _: Weights, x: Tensor) -> tuple[Tensor, Back]:
    shape = op.shape(tuple(x.shape[1:]))
    steps = (op.stride, op.stride) if isinstance(op.stride, int) else op.stride
    more = (shape[0] - x.shape[1]) // 2 if op.zeros == "around" else 0
    value = x.new_zeros(x.shape[0], *shape)
    value[:, more : more + x.shape[1]] = x[:, :, :: steps[0], :: steps[1]]

    def back(g: Tensor) -> tuple[Tensor]:
        found = torch.zeros_like(x)
        found[:, :, :: steps[0], :: steps[1]] = g[:, more : more + x.shape[1]]
        return (found,)

    return value, back


def _same(_: Any, __: Weights, x: Tensor, *more: Tensor) -> tuple[Tensor, Back]:
    return x, lambda g: (g, *[None] * len(more))


def _sum(_: Any, __: Weights, *inputs: Tensor) -> tuple[Tensor, Back]:
    return sum(inputs[1:], start=inputs[0]), lambda g: (g,) * len(inputs)


def _flat(_: Any, __: Weights, x: Tensor) -> tuple[Tensor, Back]:
    return x.reshape(x.shape[0], -1), lambda g: (g.reshape(x.shape),)


def _unflat(op: Any, _: Weights, x: Tensor) -> tuple[Tensor, Back]:
    return x.reshape(x.shape[0], *op.shape(tuple(x.shape[1:]))), lambda g: (g.reshape(x.shape),)


def _drawn(op: Any, _: Weights, x: Tensor) -> tuple[Tensor, Back]:
    return x.new_ones(x.shape[0], op.shape(tuple(x.shape[1:]))[0]), lambda _g: (None,)


def _slice(op: Any, _: Weights, x: Tensor) -> tuple[Tensor, Back]:
    count = op.shape(tuple(x.shape[1:]))[0]
    start = op.start % x.shape[1]

    def back(g: Tensor) -> tuple[Tensor]:
        found = torch.zeros_like(x)
        found[:, start : start + count] = g
        return (found,)

    return x[:, start : start + count], back


def _shuffle(op: Any, _: Weights, x: Tensor) -> tuple[Tensor, Back]:
    count, groups = x.shape[1], op.groups
    order = torch.arange(count).view(groups, count // groups).T.flatten()
    back_order = torch.empty_like(order)
    back_order[order] = torch.arange(count)
    return x[:, order], lambda g: (g[:, back_order],)


def _resized(op: Any, _: Weights, x: Tensor, *like: Tensor) -> tuple[Tensor, Back]:
    """Interpolation as a matrix on each axis."""
    shape = op.shape(*(tuple(one.shape[1:]) for one in (x, *like)))
    rows, columns = (_taps(op, x.shape[2 + axis], shape[1 + axis], axis).to(x.dtype) for axis in range(2))
    return rows @ x @ columns.T, lambda g: (rows.T @ g @ columns, *[None] * len(like))


def _taps(op: Any, size: int, out: int, axis: int) -> Tensor:
    """Which elements each position is a weighted sum of: its nearest one, or two neighbours."""
    scale = op.scale[axis] if isinstance(op.scale, tuple) else op.scale
    step = 1 / scale if scale else size / out
    table = torch.zeros(out, size, dtype=torch.double)
    for place in range(out):
        if op.mode == "nearest":
            table[place, min(int(place * step), size - 1)] = 1
            continue
        at = place * (size - 1) / max(out - 1, 1) if op.align_corners else max((place + 0.5) * step - 0.5, 0.0)
        first = min(int(at), size - 1)
        table[place, first] += 1 - (at - first)
        table[place, min(first + 1, size - 1)] += at - first
    return table


def _conv_transpose(op: Any, own: Weights, x: Tensor) -> tuple[Tensor, Back]:
    how = {"stride": op.stride, "padding": op.padding, "dilation": op.dilation, "groups": op.groups}
    value = functional.conv_transpose2d(x, own["weight"], own.get("bias"), output_padding=op.output_padding, **how)
    return value, lambda g: (functional.conv2d(g, own["weight"], None, **how),)


def _channel_scale(_: Any, own: Weights, x: Tensor) -> tuple[Tensor, Back]:
    shape = (-1,) + (1,) * (x.dim() - 2)
    scale = own["weight"].view(shape)
    shift = own["bias"].view(shape) if "bias" in own else 0
    return x * scale + shift, lambda g: (g * scale,)


def _select(op: Any, _: Weights, x: Tensor) -> tuple[Tensor, Back]:
    return x[:, op.channels], lambda g: (torch.zeros_like(x).index_add(1, torch.tensor(op.channels), g),)


def _rbf(_: Any, own: Weights, x: Tensor) -> tuple[Tensor, Back]:
    apart = x[:, None] - own["centers"]
    return (apart * apart).sum(2), lambda g: ((2 * apart * g[:, :, None]).sum(1),)


STEPS: dict[str, Callable[..., tuple[Tensor, Back]]] = {
    "conv": _conv,
    "max_pool": _max_pool,
    "avg_pool": _avg_pool,
    "adaptive_avg_pool": _adaptive,
    "global_avg_pool": _global,
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "local_response_norm": _lrn,
    "linear": _linear,
    "pointwise": _pointwise,
    "softmax": _softmax,
    "flatten": _flat,
    "unflatten": _unflat,
    "dropout": _same,
    "drop_path": _same,
    "identity": _same,
    "add": _sum,
    "multiply": _multiply,
    "concat": _concat,
    "mean": lambda _, __, *inputs: _average(inputs),
    "drop_path_mean": _drop_path_mean,
    "draw_column": _drawn,
    "pad_shortcut": _pad_shortcut,
    "slice": _slice,
    "channel_shuffle": _shuffle,
    "resize": _resized,
    "conv_transpose": _conv_transpose,
    "channel_scale": _channel_scale,
    "select": _select,
    "rbf": _rbf,
}
"""Word -> the value of an operation and its way back."""
