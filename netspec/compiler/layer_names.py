"""What a layer is called in its scope, whether it adds names at all, and how often it is repeated."""

from __future__ import annotations

from netspec.compiler.name_lookup import IN_HINT, Body, Inputs, seen
from netspec.compiler.run import Run
from netspec.errors.problem import Problem, Problems
from netspec.graph.graph import Node
from netspec.language.evaluation import read_in
from netspec.language.layer_options import name_of, repetitions
from netspec.language.layers import Layer, Use


def names_in_scope(run: Run, layer: Layer, key: str | None, body: Body, x: Node | None, number: int) -> list[str]:
    """What a layer, as it is written, is called in its scope: its name and its key, or the next number.

    An inline layer without a key is called nothing: the number is that of what stands inside it.
    """
    if layer.inline or is_inline_block(run, layer, body, [x]):
        return [key] if key else []
    if layer.name is None:
        return [key or str(number)]
    # A mistake in a name is told where the layer is built.
    name = name_of(layer.name, body.values, Problems())
    found = [one for one in (name, key) if one]
    return found or [str(number)]


def own_name(run: Run, layer: Layer, body: Body) -> str | None:
    """The ``name`` of a layer, worked out; None after a mistake."""
    if layer.name is None:
        return None
    read = read_in(layer.name)
    if "in" in read:
        run.problems.add(Problem("expression", "'name' does not see '$in'", layer.name.span, IN_HINT))
        return None
    if "index" in read and "index" not in body.values:
        message = "'$index' counts repetitions, and this is the name of the whole stage"
        hint = "with 'inline: true' beside it each repetition has a name of its own"
        run.problems.add(Problem("bad-name", message, layer.name.span, hint))
        return None
    return name_of(layer.name, body.values, run.problems)


def is_inline_block(run: Run, layer: Layer, body: Body, inputs: Inputs) -> bool:
    """Whether ``layer`` uses a block that is defined inline."""
    if not run.has_inline_blocks or not isinstance(layer.what, Use):
        return False
    word = str(layer.what.word.value)
    worked_out = "$" in word
    if not worked_out and word not in run.spec.blocks:
        return False
    target = run.words.peek(layer.what, seen(body.values, inputs[0]) if worked_out else body.values)
    return target is not None and target.inline


def repetitions_of(run: Run, layer: Layer, body: Body, inputs: Inputs) -> int:
    """How often a layer is repeated; once after a mistake."""
    return repetitions(layer, seen(body.values, inputs[0]), run.problems, run.spec.limits.repeat)
