"""Whether a layer is there, and what it reads: the layer before it, or those that its ``from`` or its join names."""

from __future__ import annotations

from netspec.compiler.name_lookup import IN_HINT, Body, Inputs, seen
from netspec.compiler.run import Run
from netspec.errors.problem import Problem, Problems
from netspec.graph.graph import Node
from netspec.language import names
from netspec.language.arguments import fields_of
from netspec.language.evaluation import read_in
from netspec.language.layer_options import is_wanted
from netspec.language.layers import Layer, Use, named
from netspec.language.values import Mapping, Scalar, Sequence, Value
from netspec.ops.operation import Operation


def joining(run: Run, layer: Layer, body: Body) -> Layer:
    """``layer`` with the main value of a join as what it reads: ``add: [left, right]``."""
    use = layer.what
    if not isinstance(use, Use) or layer.reads is not None or use.arguments is None:
        return layer
    if isinstance(use.arguments, Mapping):
        return layer
    if isinstance(use.arguments, Scalar) and use.arguments.value is None:
        return layer
    target = run.words.peek(use, body.values)
    known = target.known if target else None
    if isinstance(known, type) and issubclass(known, Operation) and known.joins and not fields_of(known):
        return layer._replace(what=use._replace(arguments=None), reads=use.arguments)
    return layer


def inputs_of(run: Run, layer: Layer, paths: list[str], body: Body, x: Node | None) -> Inputs | None:
    """What ``layer`` reads where ``x`` stands before it; None where it is left out, which is then known of ``paths``.

    Empty where the names of what it reads cannot be told. A join is left out, too, where all that it joins is ``none``.

    A condition, or a word, that mentions ``$in`` sees what the layer reads; any other is looked at before that, so
    that a layer which is not there may read what is not there either.
    """
    inputs: Inputs | None = None
    if layer.when is not None:
        values = body.values
        if "in" in read_in(layer.when):
            inputs = _read(run, layer, body, x)
            if inputs is None:
                _joins_nothing(run, layer, paths)
                return None
            values = seen(values, inputs[0] if inputs else None)
        if not is_wanted(layer, values, run.problems):
            run.names.leave_out(paths, f"its 'when' in line {layer.when.span.line}")
            return None
    if isinstance(layer.what, Use) and _is_nothing(run, layer, layer.what, body, x):
        run.names.leave_out(paths, f"its word in line {layer.what.word.span.line}, which comes to none")
        return None
    if inputs is None:
        inputs = _read(run, layer, body, x)
    if inputs is None:
        _joins_nothing(run, layer, paths)
    return inputs


def _joins_nothing(run: Run, layer: Layer, paths: list[str]) -> None:
    """Note that ``layer`` at ``paths``, of which all that it joins is ``none``, is so too."""
    run.names.know_nothing(paths, f"what it joins in line {layer.span.line}, all of which comes to none")


def with_absent(run: Run, layer: Layer, body: Body) -> Layer:
    """``layer``, which is there, with the places in what it reads that come to ``none``."""
    if layer.reads is None or not _may_be_none(run, layer.reads):
        return layer
    found = named(layer.reads, body.values, Problems()) or ()
    return layer._replace(absent=tuple([place for place, read in enumerate(found) if _is_none(run, read, body)]))


def _may_be_none(run: Run, reads: Value) -> bool:
    """Whether a name in ``reads`` can come to ``none``: those of most layers are seen not to."""
    if run.names.has_nothing:
        return True
    texts = [
        str(item.value)
        for item in (reads.items if isinstance(reads, Sequence) else [reads])
        if isinstance(item, Scalar)
    ]
    return any("$" in text or names.NONE in text for text in texts)


def _is_none(run: Run, read: Scalar, body: Body) -> bool:
    return run.names.is_nothing(str(read.value), run.builder.scope.name, body.boundary)


def _is_nothing(run: Run, layer: Layer, use: Use, body: Body, x: Node | None) -> bool:
    """Whether the word is ``none``; one that is worked out for each repetition is looked at there."""
    word = use.word.value
    if isinstance(word, str) and "$" not in word:
        if word not in run.spec.blocks:
            return word == names.NONE
        target = run.words.peek(use, body.values)
        return target is not None and target.known is None
    read = read_in(use.word)
    if layer.repeat is not None and "index" in read:
        return False
    values = body.values
    if "in" in read:
        values = seen(values, next(iter(_read(run, layer, body, x) or ()), None))
    target = run.words.peek(use, values)
    return target is not None and target.known is None


def reads_nothing(run: Run, layer: Layer, body: Body) -> bool:
    """Whether ``layer`` is a tensor of the network, which depends on no other layer."""
    target = run.words.peek(layer.what, body.values) if isinstance(layer.what, Use) else None
    return target is not None and is_source(target.known)


def is_source(known: object) -> bool:
    """Whether ``known`` is the class of operations that read nothing."""
    return isinstance(known, type) and issubclass(known, Operation) and known.takes[1] == 0


def _unsaid(run: Run, layer: Layer) -> Inputs:
    """Object to a layer before which none stands, and which does not say which of several inputs it reads."""
    inputs = list(run.builder.inputs)
    message = f"the first layer does not say which of the {len(inputs)} inputs it reads: {', '.join(inputs)}"
    run.problems.add(Problem("arity", message, layer.span, f"from: {inputs[0]}"))
    return []


def _read(run: Run, layer: Layer, body: Body, x: Node | None) -> Inputs | None:
    """The nodes that ``layer`` reads, without those that are ``none``; empty where their names cannot be told.

    None where it is a join and all of them are ``none``.
    """
    if layer.reads is None:
        unsaid = x is None and isinstance(layer.what, Use) and run.is_sound and not reads_nothing(run, layer, body)
        return _unsaid(run, layer) if unsaid else [x]
    if "in" in read_in(layer.reads):
        run.problems.add(Problem("expression", "'$in' is what 'from' decides", layer.reads.span, IN_HINT))
        return []
    found = named(layer.reads, body.values, run.problems) or ()
    run.charge(layer.span, layers=0, values=len(found))
    there = found
    if _may_be_none(run, layer.reads):
        there = tuple([read for read in found if not _is_none(run, read, body)])
        if len(there) < len(found) and not _joins(run, layer, body) and _is_none(run, found[0], body):
            run.names.find(found[0], run.builder.scope.name, body)  # which is a mistake
            return []
    return [run.names.find(read, run.builder.scope.name, body) for read in there] if there or not found else None


def _joins(run: Run, layer: Layer, body: Body) -> bool:
    """Whether ``layer`` is an operation over any number of inputs."""
    target = run.words.peek(layer.what, body.values) if isinstance(layer.what, Use) else None
    known = target.known if target else None
    return isinstance(known, type) and issubclass(known, Operation) and known.joins
