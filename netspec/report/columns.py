"""The figures that a report may show of a group of rows: key, heading, value, and what it means."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from netspec.analysis.receptive_field import Field
from netspec.analysis.rows import Row
from netspec.ops.facts import Shape, positions, shape_text
from netspec.report.cells import GLOBAL, Value, operations, shown, times
from netspec.report.grouping import Group

MANY_INPUTS = 2
"""Inputs of a concatenation of which all are shown, at most."""


class Whole(NamedTuple):
    """What shares are parts of."""

    params: int
    macs: int


def whole_of(rows: Iterable[Row]) -> Whole:
    """The sums of ``rows``."""
    listed = list(rows)
    return Whole(sum([row.params for row in listed]), sum([row.macs for row in listed]))


Valuation = Callable[[Group, Whole], Value]


class Figure(NamedTuple):
    """One figure: its value for a group of the whole. ``sums`` says whether those of groups add up."""

    key: str
    title: str
    value: Valuation
    says: str
    sums: bool = False
    words: bool = False
    """Whether it is text rather than a number."""
    of: Callable[[Row], int] | None = None
    """Its value for one row, where that of a group is the sum."""


def share(part: float, whole: float) -> float:
    """``part`` in percent of ``whole``."""
    return 100 * part / whole if whole else 0.0


def _sum(key: str, title: str, of: Callable[[Row], int], says: str) -> Figure:
    """A figure of single rows, of which that of a group is the sum."""
    return Figure(key, title, lambda group, _: sum(map(of, group.rows)), says, sums=True, of=of)


def _params_share(group: Group, whole: Whole) -> float:
    return share(sum([row.params for row in group.rows]), whole.params)


def _macs_share(group: Group, whole: Whole) -> float:
    return share(sum([row.macs for row in group.rows]), whole.macs)


def _alone(of: Callable[[Row], Value]) -> Valuation:
    """A figure of single operations; a sum over rows from anywhere has none, also where there is but one."""
    return lambda group, _: of(group.rows[0]) if len(group.rows) == 1 and not group.scattered else None


def sees_all(group: Group) -> bool:
    """Whether the last operation has one position, which sees every position of a map before it."""
    return group.rows[-1].field.whole and positions(group.rows[-1].output_shape) == 1


def _last(of: Callable[[Field], Value], everything: Value = None) -> Valuation:
    """Of the receptive field of a group's last operation, or ``everything`` where that sees a whole map."""

    def value(group: Group, _: Whole) -> Value:
        if group.scattered:
            return None
        return everything if sees_all(group) else of(group.rows[-1].field)

    return value


def _window(of: Callable[[Row], Value]) -> Valuation:
    return _alone(lambda row: of(row) if row.window else None)


def operation(group: Group, _: Whole) -> str:
    """``bottleneck x3``, the operation's own words, or how many operations there are."""
    return times(group.kind or operations(len(group.rows)), group.times)


def _channels(group: Group, _: Whole) -> str:
    if group.scattered:
        return ""
    read, made = [shape[0] for shape in _read(group)], group.rows[-1].output_shape[0]
    if not read:
        return f"-> {made}"
    stacked = len(group.rows) == 1 and sum(read) == made
    return f"{_sum_of(read) if stacked else read[0]} -> {made}"


def _sum_of(numbers: list[int]) -> str:
    """``64 + 32``; ``64+`` stands for more than two, as a table has no room for all."""
    return " + ".join(map(str, numbers)) if len(numbers) <= MANY_INPUTS else f"{numbers[0]}+"


def _read(group: Group) -> tuple[Shape, ...]:
    """The shapes that the first of its operations reads, unless that is a parameter, which reads nothing."""
    return next((row.input_shapes for row in group.rows if row.input_shapes), ())


def _ins(group: Group, _: Whole) -> Value:
    read = _read(group)
    return None if group.scattered or not read else read[0][0]


def _outs(group: Group, _: Whole) -> Value:
    return None if group.scattered else group.rows[-1].output_shape[0]


def _sliding(row: Row) -> str:
    window = row.window
    if window is None:
        return ""
    text = shape_text(window.kernel)
    text += f"/{shown(window.stride)}" if any(step > 1 for step in window.stride) else ""
    text += f" p{shown(window.padding)}" if any(window.padding) else ""
    text += f" d{shown(window.dilation)}" if any(spread > 1 for spread in window.dilation) else ""
    return text + (f" g{row.groups}" if row.groups > 1 else "")


def _macs(group: Group, _: Whole) -> Value:
    return "training" if group.rows and group.auxiliary else sum(row.macs for row in group.rows)


def _intensity(group: Group, _: Whole) -> float:
    moved = sum([row.traffic.bytes for row in group.rows])
    return sum([row.traffic.flops for row in group.rows]) / moved if moved else 0.0


def _output(group: Group, _: Whole) -> str:
    return "" if group.scattered else shape_text(group.rows[-1].output_shape)


_NAMES = (
    Figure("name", "name", lambda group, _: group.name, "path of an operation, block or stage", words=True),
    Figure("operation", "operation", operation, "what it does; x3 are three equal blocks, with their sum", words=True),
    Figure(
        "channels",
        "channels",
        _channels,
        "channels or features, in -> out; of more than two that are stacked, the first and a +",
        words=True,
    ),
    Figure("in_channels", "in", _ins, "channels or features of the first input"),
    Figure("out_channels", "out", _outs, "channels or features of the last output"),
    Figure("output", "output", _output, "shape of the last output, one image", words=True),
    Figure("count", "count", lambda group, _: len(group.rows), "operations", sums=True),
)


_WINDOWS = (
    Figure("window", "window", _window(_sliding), "kernel/stride, p padding, d dilation, g groups", words=True),
    Figure("kernel", "kernel", _window(lambda row: row.window and row.window.kernel), "kernel of the window"),
    Figure("stride", "stride", _window(lambda row: row.window and row.window.stride), "stride of the window"),
    Figure("padding", "padding", _window(lambda row: row.window and row.window.padding), "zeros before the map"),
    Figure("dilation", "dilation", _window(lambda row: row.window and row.window.dilation), "dilation of the window"),
    Figure("groups", "groups", _window(lambda row: row.groups), "groups of channels"),
)
_WEIGHTS = (
    _sum("params", "params", lambda row: row.node.params, "trainable parameters"),
    Figure("params_share", "params %", _params_share, "of all parameters", sums=True),
    _sum("buffers", "buffers", lambda row: row.node.buffers, "elements that are no parameters"),
)
_WORK = (
    Figure("macs", "MACs", _macs, "multiply-adds of convolutions and linear layers, one image, eval mode", sums=True),
    Figure("macs_share", "MACs %", _macs_share, "of all MACs", sums=True),
    _sum("flops", "FLOPs", lambda row: 2 * row.work.macs, "2 x MACs"),
    _sum(
        "training_flops",
        "training FLOPs",
        lambda row: 2 * row.training_macs,
        "2 x MACs of forward and backward pass, heads for training too, without the gradient of the image",
    ),
    _sum("adds", "adds", lambda row: row.work.adds, "of biases, joins and average pooling"),
    _sum("multiply_adds", "multiply-adds", lambda row: row.work.multiply_adds, "scale and shift of norms"),
    _sum("compares", "compares", lambda row: row.work.compares, "of max pooling and activations"),
    _sum("transcendentals", "div, exp", lambda row: row.work.transcendentals, "divisions, powers and exponentials"),
    _sum(
        "activations",
        "activations",
        lambda row: row.activations,
        "output elements of convolutions and linear layers, one image (Radosavovic et al. 2020)",
    ),
)
_TRAFFIC = (
    _sum("weight_bytes", "weight bytes", lambda row: row.weight_bytes, "parameters and buffers"),
    _sum("output_bytes", "output bytes", lambda row: row.traffic.outputs, "outputs of a batch"),
    _sum("moved_bytes", "moved bytes", lambda row: row.traffic.bytes, "weights, inputs and outputs"),
    Figure("intensity", "FLOPs/byte", _intensity, "arithmetic intensity: FLOPs for each byte moved"),
)
_RECEPTIVE_FIELDS = (
    Figure(
        "receptive_field",
        "receptive field",
        _last(lambda field: field.size, GLOBAL),
        "receptive field of the output, in input pixels",
    ),
    Figure(
        "effective_stride",
        "effective stride",
        _last(lambda field: field.jump),
        "input pixels from one position to the next, the product of the strides so far",
    ),
    Figure(
        "left_padding",
        "left padding",
        _last(lambda field: field.left_padding),
        "how far the receptive field of the first position begins before the image",
    ),
    Figure("center", "centre", _last(lambda field: field.center), "centre of the first position's receptive field"),
)
FIGURES = {figure.key: figure for figure in (*_NAMES, *_WINDOWS, *_WEIGHTS, *_WORK, *_TRAFFIC, *_RECEPTIVE_FIELDS)}
"""Key -> figure, in the order in which a report shows them."""
RENAMED = {"field": "receptive_field", "jump": "effective_stride", "pad": "left_padding"}
"""Old key -> new one: version 0.1 takes both."""
