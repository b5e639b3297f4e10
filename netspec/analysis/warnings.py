"""Warnings: what is legal in a network, but surely unwanted."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.analysis.training import trained
from netspec.errors.problem import Code, Problem
from netspec.errors.source import Span
from netspec.graph.graph import Entry, Graph, Node
from netspec.language.spec import Spec
from netspec.language.values import Mapping, Scalar, Sequence, Value
from netspec.ops.facts import Cost, Family


def advice(graph: Graph) -> Iterator[Problem]:
    """Warnings about one network."""
    yield from _lost_biases(graph)
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


def _untrained(graph: Graph) -> Iterator[Problem]:
    learned = trained(graph)
    for output in graph.outputs:
        if output.node not in learned:
            message = f"no weights lead to the output '{output.name}'"
            yield _warning("untrained-output", message, output.node.span, "training cannot change it")


def family_advice(spec: Spec, settings: dict[str | None, dict[str, object]]) -> Iterator[Problem]:
    """Warnings about a spec and its variants, whose parameters are ``settings``."""
    yield from _repeated_once(spec.document)
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


def _repeated_once(value: Value) -> Iterator[Problem]:
    """Every ``repeat: 1`` that is written as a number."""
    if isinstance(value, Mapping):
        repeat = value.get("repeat")
        if isinstance(repeat, Scalar) and repeat.value == 1 and len(value.entries) > 1:
            hint = "without it the layer is called by its own name, with it '.0' is added"
            yield _warning("repeat-once", "'repeat: 1' repeats nothing", repeat.span, hint)
    inner = [entry[1] for entry in value.entries.values()] if isinstance(value, Mapping) else []
    for part in value.items if isinstance(value, Sequence) else inner:
        yield from _repeated_once(part)
