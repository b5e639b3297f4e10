"""What transposed convolutions make of values, which are sums over the taps that reach a position."""

from __future__ import annotations

from math import prod

from netspec.graph.graph import Node
from netspec.ops.signal import Scatter
from netspec.signal.borders import Reading, along, evened
from netspec.signal.common import Kernel
from netspec.signal.context import Context, Laws, weight_of
from netspec.signal.forward import Sums
from netspec.signal.law import merged as law_of
from netspec.signal.slope import Around, Back, merged


def scatter(rule: Scatter, node: Node, given: list[Laws], context: Context) -> Laws:
    """Each position is a sum over the taps that reach it, and of two positions those that reach both in one phase.

    As sums of many values with weights around 0 (He et al. 2015, section 2.2), over the windows of the output.
    """
    weight, windows = weight_of(rule, node, context), spread(node)
    inputs = node.owner.tensors[0].shape[0] // max(1, node.operation.channel_groups)
    sums = Sums(windows, Reading.scattered, _apart, weight.variance * inputs)
    found = sums.of(law_of(given[0]), rule, node, context)
    reached = prod([sum(one.counts) / one.size for one in windows])
    return (found._replace(uneven=weight.tails / max(1.0, inputs * reached)),)


def spread(node: Node) -> tuple[Reading, ...]:
    """The windows of a transposed convolution, which slide over its output, on each axis."""
    kernel, stride, dilation, padding = node.window
    found = []
    for axis, (size, count) in enumerate(zip(node.shape[1:], node.input_shapes[0][1:], strict=True)):
        offsets = [tap * dilation[axis] - padding[axis] for tap in range(kernel[axis])]
        found.append(Reading(size, count, stride[axis], tuple(offsets)))
    return tuple(found)


def _apart(one: Reading, kernel: Kernel) -> tuple[float, Kernel]:
    """Of two positions of the output: they have in common what both are reached by with the same tap."""
    total, found = 0.0, [0.0] * one.size
    for offset in one.offsets:
        first, last = one.reached(offset)
        places = slice(first * one.stride + offset, (last - 1) * one.stride + offset + 1, one.stride)
        if first < last:
            mean = sum(kernel.roots[first:last]) / one.size
            total += mean * mean
            found[places] = [
                old + mean * root for old, root in zip(found[places], kernel.roots[first:last], strict=True)
            ]
    return total, Kernel(evened(found)[1])


def scatter_back(rule: Scatter, around: Around) -> Back:
    """Each value is passed the gradients of all positions that it reaches, with the same weights."""
    node, slope = around.node, merged(around.slopes)
    weight = weight_of(rule, node, around.context)
    read = spread(node)
    sides = along(lambda one, squares: evened(one.gathered(squares)), read, slope.squares)
    outputs = node.owner.tensors[0].shape[1]
    square = weight.variance * outputs * prod([factor for factor, _ in sides]) * slope.square / (1 + slope.tilt)
    squares = tuple([profile for _, profile in sides])
    passed = slope.beyond()._replace(square=square, squares=squares, gate=None, along=0.0, tilt=0.0, lags=())
    return [tuple([passed._replace(channels=law.channels) for law in around.reads[0]])]
