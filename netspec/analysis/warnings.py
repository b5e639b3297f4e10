"""Warnings: what is legal in a network, but surely unwanted."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.analysis.training import trained
from netspec.errors.problem import Code, Problem
from netspec.errors.source import Span
from netspec.graph.graph import Entry, Graph, Node
from netspec.language.spec import Spec
from netspec.ops.facts import FLAT, Cost, Family, positions

MOST_SHARE = 0.5
"""Of a batch in running statistics; usual are 0.1 and less."""


def advice(graph: Graph) -> Iterator[Problem]:
    """Warnings about one network."""
    yield from _lost_biases(graph)
    yield from _doubtful_norms(graph)
    yield from _untrained(graph)
    for entry in graph.entries:
        if entry.section == "stages" and _is_idle(entry):
            message = f"the stage '{entry.name}' passes its input on"
            yield _warning("idle-stage", message, entry.part.span, "remove it")


def _lost_biases(graph: Graph) -> Iterator[Problem]:
    readers = graph.readers()
    for node in graph.nodes:
        after = readers[node]
        if node.operation.adds_bias and len(after) == 1 and after[0].operation.normalises_batch:
            message = f"'{node.name}' has a bias, which the batch norm '{after[0].name}' takes away again"
            yield _warning("bias-before-norm", message, node.span, "bias: false")


def _doubtful_norms(graph: Graph) -> Iterator[Problem]:
    """Statistics of a batch over so few values, or with so much of the last batch, that they say little."""
    for node in graph.operations:
        if node.operation.normalises_batch and len(node.shape) > FLAT and positions(node.shape) == 1:
            message = f"the batch norm '{node.name}' reads a map of one position"
            hint = "in training its statistics are of the batch's images alone; one image is refused by torch"
            yield _warning("single-position", message, node.span, hint)
        if node.operation.batch_share > MOST_SHARE:
            message = (
                f"each batch has a share of {node.operation.batch_share:g} in the running statistics of '{node.name}'"
            )
            hint = f"Keras writes the share of the old ones: its momentum {node.operation.batch_share:g} is "
            hint += f"{round(1 - node.operation.batch_share, 6):g} here"
            yield _warning("momentum", message, node.span, hint)


def _untrained(graph: Graph) -> Iterator[Problem]:
    learned = trained(graph)
    for output in graph.outputs:
        if output.node not in learned:
            message = f"no weights lead to the output '{output.name}'"
            yield _warning("untrained-output", message, output.node.span, "training cannot change it")


def family_advice(spec: Spec, settings: dict[str | None, dict[str, object]]) -> Iterator[Problem]:
    """Warnings about a spec and its variants, whose parameters are ``settings``."""
    names = list(settings)
    for at, name in enumerate(names):
        twin = next((before for before in names[:at] if settings[before] == settings[name]), name)
        if twin != name and name is not None:
            other = f"'{twin}'" if twin else "the spec without a variant"
            message = f"variant '{name}' is equal to {other}"
            yield _warning("equal-variants", message, spec.variants[name][0])


def _warning(code: Code, message: str, span: Span | None, hint: str = "") -> Problem:
    return Problem(code, message, span, hint, severity="warning")


def _is_idle(entry: Entry) -> bool:
    """Whether nothing in a stage computes, looks around, acts in training, or changes a shape."""
    nodes = [entry.part] if isinstance(entry.part, Node) else list(entry.part.nodes())
    return all(
        node.cost == Cost()
        and node.window.is_point
        and node.operation.family is not Family.REGULARISE
        and (node.shape,) == node.input_shapes
        for node in nodes
    )
