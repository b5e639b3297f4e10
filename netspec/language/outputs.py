"""``outputs``: what a network returns, by names."""

from __future__ import annotations

from typing import NamedTuple

from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.language import names
from netspec.language.values import Mapping, Scalar, Value


class OutputDeclaration(NamedTuple):
    """A declared output: the layer that it comes from, and when it is there."""

    name: str
    layer: Scalar
    training: bool
    span: Span


def outputs(section: Mapping | None, problems: Problems) -> list[OutputDeclaration]:
    """The outputs that a spec declares, at least one of them there outside training."""
    found = []
    for name, (span, value) in (section.entries if section else {}).items():
        fault = names.title_fault(name)
        if fault:
            problems.add(Problem("bad-name", fault, span))
        output = _output(name, span, value, problems)
        if output:
            found.append(output)
    if found and all(output.training for output in found):
        message = "at least one output must be there outside training"
        problems.add(Problem("wrong-value", message, found[0].span))
    return found


def _output(name: str, span: Span, value: Value, problems: Problems) -> OutputDeclaration | None:
    layer: Value | None = value
    training = False
    if isinstance(value, Mapping):
        layer = value.get("from")
        training = _is_for_training(value, problems)
    if isinstance(layer, Scalar) and isinstance(layer.value, str):
        return OutputDeclaration(name, layer, training, span)
    message = f"output '{name}' is the name of a layer, or {{from: name, when: training}}"
    problems.add(Problem("wrong-type", message, value.span))
    return None


def _is_for_training(value: Mapping, problems: Problems) -> bool:
    """Whether the output is there in training alone."""
    for key, (span, _) in value.entries.items():
        if key not in ("from", "when"):
            hint = problems.hints.did_you_mean(key, ("from", "when"))
            problems.add(Problem("unknown-parameter", f"an output has no '{key}'", span, hint))
    when = value.get("when")
    training = isinstance(when, Scalar) and when.value == "training"
    if when is not None and not training:
        problems.add(Problem("wrong-value", "'when' of an output can only be 'training'", when.span))
    return training
