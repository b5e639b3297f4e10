"""What follows from a prediction: how the signal and its gradient change over the depth, and what would mend it."""

from __future__ import annotations

from math import prod
from sys import float_info
from typing import NamedTuple

from netspec.graph.graph import Graph, Node
from netspec.ops.signal import Normalise
from netspec.signal.depth import depths
from netspec.signal.result import Prediction

WRITTEN_OUT, LONG = 10.0, 1e5
"""Between these all digits of a number are written out."""
MUCH = 1000.0
"""A change over the whole depth that is worth a word."""


class Change(NamedTuple):
    """How much larger a second moment is at one end of the network than at the other, over so many layers."""

    figure: str
    times: float
    layers: int
    sparser: float = 1.0
    """How many more elements there are at the first layer than at the last."""

    @property
    def text(self) -> str:
        """``the gradient grows 3.1e+08 x over 56 layers``."""
        if self.times < float_info.min:
            return f"the {self.figure} is 0 behind {self.layers} layers"
        verb = "grows" if self.times >= 1 else "shrinks"
        size = max(self.times, 1 / self.times)
        digits = f"{float(f'{size:.2g}'):,.0f}" if WRITTEN_OUT <= size < LONG else f"{size:.2g}"
        return f"the {self.figure} {verb} {digits} x over {self.layers} layer{'s' * (self.layers != 1)}"


def changes(graph: Graph, prediction: Prediction) -> list[Change]:
    """From the first layer to the last: of the signal with the depth, of the gradient against it. Second moments."""
    found = []
    depth = depths(graph)
    layers = [node for node in graph.operations if node.cost.macs and not node.shares and node.has_batch]
    ends = [output.node for output in graph.outputs if not output.training]
    if not layers or not ends:
        return []
    first, last = layers[0], ends[0]
    count = depth[last]
    signals = prediction.signals
    start, end = signals[first.name], signals[_before_head(graph, last).name]
    if start.square and end.square is not None:
        found.append(Change("signal", end.square / start.square, count))
    back = signals[_before_head(graph, last).name]
    if start.gradient is not None and back.gradient:
        sparser = prod(first.shape) / prod(_before_head(graph, last).shape)
        found.append(Change("gradient", start.gradient / back.gradient, count, sparser))
    return found


def _before_head(graph: Graph, node: Node) -> Node:
    """The last map that ``node`` comes from: behind it a mean over positions has another scale."""
    maps = [one for one in graph.operations if one.index <= node.index and len(one.shape) > 1 and one.has_batch]
    return maps[-1] if maps else node


def advice(graph: Graph, prediction: Prediction) -> list[str]:
    """A sentence for each change that is large, and one that says what would mend it; one where none is."""
    found = []
    normalises = any(isinstance(node.operation.signal(*node.input_shapes), Normalise) for node in graph.operations)
    joins = any(node.operation.joins and len(node.inputs) > 1 for node in graph.operations)
    for change in changes(graph, prediction):
        if 1 / MUCH <= change.times <= MUCH:
            found.append(change.text)
            continue
        if change.times < 1 / MUCH and change.times * change.sparser >= 1 / MUCH:
            found.append(f"{change.text}, over {change.sparser:,.0f} x as many elements")
            continue
        if change.figure == "gradient" and normalises and change.times > 1:
            mend = "each normalisation divides by less than what rectifiers let through (Yang et al. 2019)"
            mend += "; " + ("more of it would pass by shortcuts" if joins else "shortcuts around blocks let it pass by")
        elif normalises:
            mend = "a layer before the first normalisation, or a scale of zero, is at fault"
        elif change.times > 1:
            mend = "smaller first weights (kaiming_normal: fan_in), normalisation, or a factor on each branch"
        else:
            mend = "larger first weights (kaiming_normal: fan_in; near borders zeros are read), or normalisation"
        found.append(f"{change.text}: {mend}")
    return found
