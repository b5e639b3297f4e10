"""The prediction: laws forward, gradients backward, and where no rule says anything, why."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import NamedTuple, TypeVar

from netspec.graph.graph import Graph, Node
from netspec.ops.signal import Mix, Scatter, SignalRule, Stack, Unknown
from netspec.signal import gating, law, slope
from netspec.signal.context import CannotSay, Context, Laws
from netspec.signal.result import Prediction, Signal
from netspec.signal.rules import BACKWARD, FORWARD
from netspec.signal.slope import Around, Slopes

BATCH = 16
"""Images that are normalised together, unless told."""
LARGEST = 3.4028234663852886e38**2
"""The square of the largest number of float32, which modules compute in."""


def predict(graph: Graph, *, batch: int = BATCH) -> Prediction:
    """Moments of every operation's output and of its gradient, for a batch of images of independent normal noise.

    In train mode, with weights as they start. The gradient is that of the inference outputs, each of whose elements has
    independent normal noise as its gradient. Where no rule would be right, the reason stands in its place.
    """
    context = Context({(word, tensor): scheme for word, tensor, scheme in graph.init}, batch)
    laws, reasons = _forward(graph, context)
    back = _backward(graph, context, laws)
    found = {}
    for node in graph.nodes:
        if node.has_batch:
            reason = reasons.get(node, "") or back.reasons.get(node, "")
            found[node.name] = _signal(laws.get(node), back.slopes.get(node), back.factors.get(node), context, reason)
    return Prediction(graph.name, batch, found)


def _forward(graph: Graph, context: Context) -> tuple[dict[Node, Laws], dict[Node, str]]:
    """The laws of all values that rules say something of, and why they say nothing of others."""
    laws: dict[Node, Laws] = {}
    reasons: dict[Node, str] = {}
    origins: dict[Node, frozenset[Node]] = {}
    for node in graph.nodes:
        if not node.inputs:
            origins[node] = frozenset((node,))
            laws[node] = (law.noise(node.shape),) if node.has_batch else gating.constant(node, context)
            continue
        rule = node.operation.signal(*node.input_shapes)
        values = node.inputs[: node.operation.differentiable_inputs(*node.input_shapes)]
        known = [origins[source] for source in values]
        origins[node] = frozenset((node.owner,)) if isinstance(rule, Mix | Scatter) else frozenset().union(*known)
        reason = _unsaid(node, rule, laws)
        if not reason and not isinstance(rule, Stack) and sum(map(len, known)) > len(frozenset().union(*known)):
            reason = "what it joins comes from the same weights"
        try:
            if not reason:
                found = FORWARD[type(rule)](rule, node, [laws[source] for source in node.inputs], context)
                laws[node] = _held(found, "its values are")
        except CannotSay as why:
            reason = str(why)
        if reason:
            reasons[node] = reason
    return laws, reasons


Values = TypeVar("Values", Laws, Slopes)


def _held(found: Values, what: str) -> Values:
    """``found``, if float32 can hold what has these second moments."""
    if not all(one.square <= LARGEST for one in found):
        message = f"{what} larger than float32 can hold"
        raise CannotSay(message)
    return found


def _unsaid(node: Node, rule: SignalRule, laws: Mapping[Node, Laws]) -> str:
    """Why nothing can be said of ``node`` before its rule is asked; empty where it can be asked."""
    if isinstance(rule, Unknown):
        return rule.reason
    missing = [source.name for source in node.inputs if source not in laws]
    return f"it reads {missing[0]}" if missing else ""


class Back(NamedTuple):
    """The gradients of values, the factors of operations, and why there are none."""

    slopes: dict[Node, Slopes]
    factors: dict[Node, float]
    reasons: dict[Node, str]


def _backward(graph: Graph, context: Context, laws: Mapping[Node, Laws]) -> Back:
    """Gradients from the inference outputs back."""
    found = Back({}, {}, {})
    waiting: dict[Node, list[Slopes]] = {}
    lost: set[Node] = set()
    for output in graph.outputs:
        if not output.training and output.node in laws:
            waiting.setdefault(output.node, []).append(slope.noise(laws[output.node], context.batch))
        elif not output.training:
            lost.add(output.node)
    for node in reversed(graph.nodes):
        if node in lost:
            lost.update(node.inputs)
            found.reasons[node] = "the gradient of what reads it is not known"
        elif node in waiting:
            found.slopes[node] = slope.together(laws[node], waiting.pop(node))
            passed = _passed(node, found, context, laws) if node.inputs else []
            if node.inputs and not passed:
                lost.update(node.inputs)
            for source, one in zip(node.inputs, passed, strict=bool(passed)):
                waiting.setdefault(source, []).append(one)
        else:
            found.reasons[node] = "no output of inference is made of it"
    return found


def _passed(node: Node, found: Back, context: Context, laws: Mapping[Node, Laws]) -> list[Slopes]:
    """What ``node`` passes back to each input, noted in ``found`` with its factor; nothing where that is not known."""
    rule = node.operation.signal(*node.input_shapes)
    own = found.slopes[node]
    try:
        around = Around(node, [laws[source] for source in node.inputs], laws[node], own, context)
        passed = [_held(one, "gradients are") for one in BACKWARD[type(rule)](rule, around)]
    except CannotSay as reason:
        found.reasons[node] = str(reason)
        return []
    sizes = [prod(source.shape) if source.has_batch else 0 for source in node.inputs]
    whole = sum(sizes)
    total = sum([elements * _square(one) for elements, one in zip(sizes, passed, strict=True)])
    size = _square(own)
    if size and whole:
        found.factors[node] = total / whole / size
    elif whole:
        found.reasons[node] = "its gradient is 0, and has no factor"
    return passed


def _square(slopes: Slopes) -> float:
    return sum([one.channels * one.square for one in slopes]) / sum([one.channels for one in slopes])


def _signal(laws: Laws | None, slopes: Slopes | None, factor: float | None, context: Context, reason: str) -> Signal:
    gradient = _square(slopes) if slopes else None
    if laws is None:
        return Signal(None, None, None, gradient, factor, reason)
    count = sum([one.channels for one in laws])
    whole = sum([one.channels * one.square for one in laws])
    mean = sum([one.channels * context.sampled(one) for one in laws]) / count
    logs = sum([one.channels * one.square * one.logs for one in laws]) / whole if whole else 0.0
    varies = _varies(slopes) if slopes else None
    return Signal(whole / count, mean, logs, gradient, factor, reason, varies)


def _varies(slopes: Slopes) -> float:
    """The variance of the logarithm of what all have together."""
    whole = sum([one.channels * one.square for one in slopes])
    return sum([one.channels * one.square * one.log_variance for one in slopes]) / whole if whole else 0.0
