"""Operations and built-in blocks, from what their parameters are given to nodes of the graph."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from pydantic import ValidationError

from netspec.blocks.block import Block, layer_fields
from netspec.compiler.name_lookup import Body, Inputs
from netspec.compiler.run import Run
from netspec.compiler.schemes import started
from netspec.compiler.shape_errors import refused
from netspec.compiler.word_lookup import Target
from netspec.errors.problem import Problem, SpecError
from netspec.errors.source import Span
from netspec.errors.text import exception_text
from netspec.graph.builder import DuplicateName, GraphBuilder, GraphFull, NodeRefused
from netspec.graph.graph import Node, Scope
from netspec.language.arguments import built
from netspec.language.evaluation import written
from netspec.language.layers import Layer
from netspec.language.values import Sequence
from netspec.ops.initialisation import Scheme, start_fields
from netspec.ops.operation import Operation

OURS = "netspec."
"""What the modules of netspec's own operations and blocks begin with; others may raise anything."""
RAISED = (Exception, SystemExit)
"""All that the class of an operation may raise; only an interrupt is the user's."""


COUNTS = {1: "one input", 2: "two inputs"}
"""How many inputs a word takes, in words."""


class Failed(Exception):
    """A layer that a patch brings into a built-in block cannot be built; its problem is recorded already."""


Append = Callable[[str, Operation, list[Node], Span], Node]


class BlockGraph:
    """What a built-in block appends to: its operations stand where the block is used, and patches reach them."""

    def __init__(self, builder: GraphBuilder, span: Span, patched: Append | None) -> None:
        self._builder = builder
        self._span = span
        self._patched = patched

    def add(self, name: str, operation: Operation, *inputs: Node) -> Node:
        """Append ``operation`` to what ``inputs`` give, under ``name`` in the current scope."""
        if self._patched:
            return self._patched(name, operation, list(inputs), self._span)
        return self._builder.add(name, operation, *inputs, span=self._span)

    def within(self, name: str, block: str, *, index: int = 0, count: int = 1) -> AbstractContextManager[Scope]:
        """A scope called ``name`` around what is appended meanwhile."""
        return self._builder.within(name, block, index=index, count=count, span=self._span)


def instance_of(run: Run, target: Target, layer: Layer, body: Body, inputs: Inputs) -> Operation | Block | None:
    """The operation or built-in block that ``target`` means; None, with problems added, if it does not fit."""
    known = target.known
    if not isinstance(known, type):
        return None
    instance = None if target.arguments.given else run.plain.get(known)
    if instance is None:
        instance = _made(run, known, target, layer, body)
        if instance is not None and not target.arguments.given:
            run.plain[known] = instance
    if issubclass(known, Operation):
        return instance if _fits(run, target.word, layer, inputs, known) else None
    return instance if known.runs_again or _fits(run, target.word, layer, inputs, None) else None


def _made(
    run: Run, known: type[Operation | Block], target: Target, layer: Layer, body: Body
) -> Operation | Block | None:
    """An instance of the class that ``target`` means, from what it is given."""
    if issubclass(known, Operation):
        starts = start_fields(known)

        def start(name: str, data: Any, span: Span) -> Any:
            if name not in starts or isinstance(data, Scheme):
                return data
            found = started(written(data, span), run.problems)
            if found is None:
                raise ValueError(name)
            return found

        held = start if starts else None
        instance: Operation | Block | None = built(known, target.word, target.arguments, run.problems, held=held)
    else:
        fields = layer_fields(known)

        def held(name: str, data: Any, span: Span) -> Any:
            return (
                run.words.operation(data, span, body.values, f"'{name}' of {target.word}") if name in fields else data
            )

        instance = built(known, target.word, target.arguments, run.problems, held=held)
    lists = [value for value in vars(instance).values() if isinstance(value, list)] if instance else []
    if lists:
        run.charge(layer.span, layers=0, values=sum(map(len, lists)))
    return instance


def _fits(run: Run, word: str, layer: Layer, inputs: Inputs, known: type[Operation] | None) -> bool:
    """Whether ``word``, the operation ``known`` or a block, takes so many inputs."""
    least, most = known.takes if known else (1, 1)
    if least <= len(inputs) <= most:
        return True
    joins = known is not None and known.joins
    if most == 0:
        message = f"{word} reads nothing"
        hint = "leave 'from' out, and let a join read it: multiply: [x, gamma]"
    elif len(inputs) < least and joins:
        message = f"{word} joins several inputs, this has one"
        hint = f"name what it joins: {word}: {{from: [left, right]}}"
    elif len(inputs) < least:
        message = f"{word} reads {COUNTS[least]}, this has one"
        hint = f"name both: {{{word}: , from: [first, second]}}"
    else:
        message = f"{word} reads {'' if least == most else 'at most '}{COUNTS[most]}, not {len(inputs)}"
        hint = "join them first, with add or concat"
    span = layer.span
    if layer.reads is not None:
        span = (
            layer.reads.items[0].span if isinstance(layer.reads, Sequence) and layer.reads.items else layer.reads.span
        )
    run.problems.add(Problem("arity", message, span, hint))
    return False


def append(run: Run, name: str, operation: Operation, inputs: list[Node], layer: Layer, body: Body) -> Node | None:
    """``operation`` as a node called ``name``; None, with problems added, where the inputs do not fit."""
    try:
        return run.builder.add(name, operation, *inputs, span=layer.span)
    except RAISED as error:  # what is no refusal is raised again
        refuse(run, error, layer, run.builder.path(name), body, operation)
    return None


def refuse(run: Run, error: BaseException, layer: Layer, path: str, body: Body, instance: Operation | Block) -> None:
    """Record that ``instance`` could not be appended at ``path``; raises what is no fault of the spec or a plug-in."""
    if isinstance(error, NodeRefused):
        near = [node.name for node in run.builder.nodes if node.name.startswith(f"{path}.")]
        patched = run.patches.touching([path, *near])
        run.problems.add(refused(error, layer, path, body.uses, patched))
    elif isinstance(error, GraphFull):
        run.work.full(layer.span, run.problems)
    elif isinstance(error, ValidationError):
        fields = " and ".join(f"'{part}'" for part in dict.fromkeys(item["loc"][0] for item in error.errors()))
        message = f"{instance.word} comes to a {error.title} whose {fields} is out of range"
        run.problems.add(Problem("wrong-value", message, layer.span))
    elif not isinstance(error, Failed):
        owner = f"{type(instance).__module__}.{type(instance).__qualname__}"
        if owner.startswith(OURS) or isinstance(error, DuplicateName | SpecError):
            raise error
        message = f"the registered '{instance.word}' ({owner}) failed with {exception_text(error)}"
        run.problems.add(
            Problem("plugin", message, layer.span, "what it says of shapes, tensors and costs raises this")
        )
