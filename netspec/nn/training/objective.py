"""What a classifier is trained for: cross entropy of its scores, and of its auxiliary heads."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from netspec.errors.problem import Problem, SpecError
from netspec.graph.graph import Graph, Output
from netspec.ops.facts import shape_text

PROBABILITIES = ("softmax", "log_softmax")
"""Operations that cross entropy contains already."""
DISTANCES = "rbf"
"""The operation whose smallest output is the answer, where cross entropy takes the largest."""


def head(graph: Graph, classes: int) -> Output:
    """The one output with a score for each of ``classes``; auxiliary heads have as many.

    Raises :class:`SpecError` where the network is no such classifier.
    """
    heads = [output for output in graph.outputs if not output.training]
    if len(graph.inputs) != 1 or len(heads) != 1:
        message = f"{graph.name} has {len(graph.inputs)} inputs and {len(heads)} outputs; a classifier has one of each"
        raise SpecError([Problem("wrong-value", message)])
    for output in graph.outputs:
        _refuse_other_output(graph, output, classes)
    return heads[0]


def _refuse_other_output(graph: Graph, output: Output, classes: int) -> None:
    node = output.node
    if len(node.shape) != 1:
        message = f"{graph.name} gives {shape_text(node.shape)} as '{output.name}', which are no scores of classes"
        raise SpecError(
            [Problem("shape", message, node.span, "end with global_avg_pool or flatten, and {linear: $classes}")]
        )
    word = node.operation.word
    if word in PROBABILITIES:
        message = f"{graph.name} ends in {word}, and cross entropy takes what stands before it"
        raise SpecError(
            [Problem("wrong-value", message, node.span, "leave it out: the largest score stays the largest")]
        )
    if word == DISTANCES:
        message = f"{graph.name} ends in {word}: distances, of which the smallest is the answer, are not trained here"
        raise SpecError([Problem("wrong-value", message, node.span, "end in {linear: $classes}, as lenet5 does")])
    if node.shape[0] < classes:
        message = f"{graph.name} has {node.shape[0]:,} outputs, and there are {classes:,} classes"
        hint = "write the number as a parameter: params: {classes: 10}, and {linear: $classes}"
        raise SpecError([Problem("shape", message, node.span, hint)])


class Loss(NamedTuple):
    """Of a batch: what is minimised, the mean cross entropy of the head alone, and the head's scores."""

    total: Tensor
    own: Tensor
    scores: Tensor


def loss(found: Tensor | dict[str, Tensor], labels: Tensor, name: str, aux_weight: float) -> Loss:
    """The loss of the head called ``name``, and of others ``aux_weight`` of theirs beside it."""
    if isinstance(found, Tensor):
        own = functional.cross_entropy(found, labels)
        return Loss(own, own, found)
    own = functional.cross_entropy(found[name], labels)
    others = [functional.cross_entropy(scores, labels) for other, scores in found.items() if other != name]
    total = own + aux_weight * torch.stack(others).sum() if others else own
    return Loss(total, own, found[name])


class Sums:
    """Losses of the head and right answers, summed up over images."""

    def __init__(self) -> None:
        self.loss, self.right, self.count = 0.0, 0, 0

    def add(self, loss: Loss, labels: Tensor) -> None:
        """Add a batch."""
        self.loss += float(loss.own.detach()) * len(labels)
        self.right += int((loss.scores.argmax(1) == labels).sum())
        self.count += len(labels)
