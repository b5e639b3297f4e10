"""What a layer's positions depend on, by changing its input: the oracle for layers that the stand-ins do not know.

A registered operation may build any module. It is run as it is, with random weights and random inputs, one above 0 and
one below, of which one row after another (a column, a slice) is made much larger and much smaller: what the output of a
position changes with, it sees. Maxima, rectifiers, comparisons and saturation hide a gradient, but not all of these
changes. What is seen must be what the operation's window says, at every position of a map with room for a few windows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from netspec.errors.codes import Refusal
from netspec.graph.graph import Node
from netspec.nn.start import named
from netspec.ops.facts import Layer, Shape, Window, shape_text
from netspec.verify.result import Check
from netspec.verify.running import quiet, runnable, sentence

ORACLE = "changed inputs"
CHANGES = (1e3, -1e3)
"""What is added to a row."""
SIGNS = (1, -1)
"""Of the values of inputs, which are between 0.5 and 1.5."""
TOLERANCE = 1e-6
SMALL = 1e-8
"""A change that is no rounding is larger than these, relative to the output and as a number."""
ROOM = 4
"""Positions of a map beside twice the window and its step."""
MOST = 2**31
"""Elements, of all inputs that a layer is tried on."""

CHUNK = 2**22
"""Elements of the inputs that are run at once."""
Ends = tuple[int, int] | None
"""The first and the last position that is seen on an axis, if any is."""


class Judgement(NamedTuple):
    """Checks of the windows of an operation; ``doubt`` says why its stated ones cannot be relied on, if they cannot."""

    checks: tuple[Check, ...] = ()
    doubt: str = ""
    sees_nothing: bool = False
    """Whether no change of any input has changed the output."""


class Trial(NamedTuple):
    """An operation on inputs of ``shapes``, one image each: what it states there, and a function that does it."""

    shapes: tuple[Shape, ...]
    output: Shape
    window: Window
    run: Callable[..., Tensor]


def judged(node: Node) -> Judgement:
    """What changed inputs say of the windows of ``node`` in eval mode. The caller's random state stays as it was."""
    if node.uneven:
        return Judgement(doubt=f"'{node.name}' has windows at uneven distances")
    try:
        with quiet(), torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return _tried(node, _trial(node))
    except Exception as error:  # noqa: BLE001 - it is the caller's code
        return Judgement(doubt=f"'{node.name}' does not run by itself: {sentence(error)}")


def _tried(node: Node, trial: Trial) -> Judgement:
    if sum(sum(shape[1:]) for shape in trial.shapes) * sum(map(prod, trial.shapes)) > MOST:
        return Judgement(doubt=f"'{node.name}' is too large to try every position of")
    inputs = [torch.rand(1, *shape, dtype=torch.double) + 0.5 for shape in trial.shapes]
    output, again = (trial.run(*[x.clone() for x in inputs]) for _ in range(2))
    if tuple(output.shape[1:]) != trial.output:
        return Judgement(doubt=f"'{node.name}' makes {shape_text(tuple(output.shape[1:]))} of {_text(trial)}")
    if not output.allclose(again, equal_nan=True):
        return Judgement(doubt=f"'{node.name}' computes something else each time")
    maps = [which for which, shape in enumerate(trial.shapes) if len(shape) > 1]
    tables = {which: [seen(trial, inputs, which, axis) for axis in _axes(trial.shapes[which])] for which in maps}
    if tables and not any(bool(table.any()) for one in tables.values() for table in one):
        return Judgement(doubt=f"'{node.name}' sees nothing", sees_nothing=True)
    checks: list[Check] = []
    for which, one in tables.items():
        if len(trial.shapes[which]) == len(trial.output):
            checks += _window_checks(node, trial, which, one)
        elif not all(bool(table[[0, -1]].all()) for table in one):
            return Judgement(doubt=f"'{node.name}' sees less than all of what has other axes")
    agree = all(check.agrees for check in checks)
    return Judgement(tuple(checks), "" if agree else f"the windows of '{node.name}' are not those that it states")


def _axes(shape: Shape) -> range:
    return range(len(shape) - 1)


def _text(trial: Trial) -> str:
    return " and ".join(shape_text(shape) for shape in trial.shapes)


def _trial(node: Node) -> Trial:
    """``node`` on maps with room for a few windows; on its own inputs, if it refuses others or states other windows."""
    operation, grown = node.operation, tuple(_grown(node, shape) for shape in node.input_shapes)
    try:
        output, window = operation.shape(*grown), operation.window(*grown)
        if window == node.window and len(output) == len(node.shape):
            return Trial(grown, output, window, _built(operation.layer(*grown)))
    except Refusal:
        pass
    return Trial(node.input_shapes, node.shape, node.window, _built(operation.layer(*node.input_shapes)))


def _grown(node: Node, shape: Shape) -> Shape:
    """``shape`` with room for a few windows on each axis; a gate keeps its one position."""
    sizes = list(shape[1:])
    for axis, size in enumerate(sizes):
        kernel, stride, dilation = node.window.kernel[axis], node.window.stride[axis], node.window.dilation[axis]
        if size > 1 or len(node.shape) != len(shape) or node.shape[1 + axis] == 1:
            sizes[axis] = 2 * (dilation * (kernel - 1) + 1 + stride) + ROOM
    return (shape[0], *sizes)


def _built(layer: Layer) -> Callable[..., Tensor]:
    """``layer`` in double precision, its parameters random and above 0; buffers are as the layer has them at first."""
    if layer.call != "module":
        return runnable(layer).run
    built: nn.Module = named(layer.target)(**layer.arguments).double().eval()
    for parameter in built.parameters():
        parameter.uniform_(0.5, 1.5)
    return built


def seen(trial: Trial, inputs: Sequence[Tensor], which: int, axis: int) -> Tensor:
    """Whether positions of the output see those of an input, on one axis: input positions x output positions, bool.

    ``inputs`` are of one image, with values above 0. Those of ``which`` are changed, position after position.
    """
    size = inputs[which].shape[2 + axis]
    has_places = len(trial.output) == len(trial.shapes[which])
    table = torch.zeros(size, trial.output[1 + axis] if has_places else 1, dtype=torch.bool)
    step = max(1, CHUNK // sum(x.numel() for x in inputs))
    for sign in SIGNS:
        signed = [sign * x for x in inputs]
        base = trial.run(*[x.clone() for x in signed])
        for start in range(0, size, step):
            rows = range(start, min(size, start + step))
            for change in CHANGES:
                other = ~torch.isclose(
                    trial.run(*_changed(signed, which, axis, rows, change)),
                    base,
                    rtol=TOLERANCE,
                    atol=SMALL,
                    equal_nan=True,
                )
                apart = other.movedim(2 + axis, 1) if has_places else other.unsqueeze(1)
                table[rows.start : rows.stop] |= apart.flatten(2).any(2)
    return table


def _changed(inputs: Sequence[Tensor], which: int, axis: int, rows: range, change: float) -> list[Tensor]:
    """``inputs`` for each of ``rows``, each with ``change`` added to its row of one input."""
    images = [x.repeat(len(rows), *(1,) * (x.dim() - 1)) for x in inputs]
    for image, row in enumerate(rows):
        images[which][image].select(1 + axis, row).add_(change)
    return images


def _window_checks(node: Node, trial: Trial, which: int, tables: Sequence[Tensor]) -> Iterator[Check]:
    """The ends of one window on an input: of a position that sees something else, on each axis, if there is one."""
    ours: list[Ends] = []
    theirs: list[Ends] = []
    places: list[int] = []
    for axis, table in enumerate(tables):
        size, count = table.shape
        own = [_stated(trial.window, axis, at, size, count) for at in range(count)]
        found = [_ends(column.nonzero().flatten().tolist()) for column in table.T]
        place = next((at for at in range(count) if own[at] != found[at]), count // 2)
        places.append(place)
        ours.append(own[place])
        theirs.append(found[place])
    of = f"{node.name} at {','.join(map(str, places))}"
    of += f" of input {which + 1}" if len(trial.shapes) > 1 else ""
    for end, name in enumerate(("first position in the window", "last position in the window")):
        values = [tuple(ends[end] for ends in one if ends) for one in (ours, theirs)]
        yield Check(name, of, values[0], values[1], ORACLE, f"on {_text(trial)}")


def _stated(window: Window, axis: int, at: int, size: int, count: int) -> Ends:
    """What the position ``at`` sees of ``size`` positions, says ``window``; all see the one of a gate."""
    if size == 1 < count:
        return 0, 0
    first = at * window.stride[axis] - window.padding[axis]
    taps = range(first, first + window.dilation[axis] * window.kernel[axis], window.dilation[axis])
    return _ends([tap for tap in taps if 0 <= tap < size])


def _ends(positions: Sequence[int]) -> Ends:
    return (positions[0], positions[-1]) if positions else None
