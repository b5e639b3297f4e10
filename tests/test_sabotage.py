"""Every kind of operation, with one rule of it broken: the oracles of ``stats --verify`` object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import conftest
import pytest
import yaml
from random_networks import BY_WORD
from test_operations import Row

import netspec
from netspec.graph.graph import Graph
from netspec.ops import OPERATIONS
from netspec.ops.adaptive import AdaptiveWindows
from netspec.ops.facts import Extent, Shape
from netspec.ops.memory import Saved
from netspec.ops.upsampling import Between, Spread
from netspec.verify.verify import verify

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning"),
]
LEFT_OUT = ("draw_column", "drop_path_mean", "max_unpool")
"""Words whose inputs are not just any values; they have networks of their own. ``parameter`` has a file of its own."""


def row(word: str) -> Row:
    """A row of ``word``: one from maps to maps where there is any."""
    found = [one for one in BY_WORD[word] if one.inputs]
    return next((one for one in found if len(one.inputs[0]) > 1 and len(one.output) > 1), found[0])


def network(of: Row) -> Graph:
    """The operation of a row, between layers with weights that keep shapes."""
    inputs = {f"in{at}": list(shape) for at, shape in enumerate(of.inputs)}
    layers: dict[str, Any] = {
        f"x{at}": {"pointwise": shape[0], "from": f"in{at}"} for at, shape in enumerate(of.inputs)
    }
    reads = [*layers]
    layers["it"] = {of.word: of.parameters, "from": reads[0] if len(reads) == 1 else reads}
    layers["last"] = {"scale": 0.5}
    document = {"netspec": 1, "name": "one", "inputs": inputs, "stages": layers}
    return netspec.read(yaml.safe_dump(document, sort_keys=False)).graph


WORDS = [word for word in sorted(BY_WORD) if word not in LEFT_OUT and any(one.inputs for one in BY_WORD[word])]


@pytest.mark.parametrize("word", conftest.sample(WORDS))
def test_a_wrong_shape_is_noticed(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One channel too many, of every operation."""
    of = row(word)
    assert not verify(network(of)).failed
    right = OPERATIONS[word].shape

    def wrong(self: Any, *inputs: Shape) -> Shape:
        channels, *sizes = right(self, *inputs)
        return (channels + 1, *sizes)

    monkeypatch.setattr(OPERATIONS[word], "shape", wrong)
    assert verify(network(of)).failed


@pytest.mark.parametrize("word", conftest.sample(WORDS))
def test_wrong_bytes_are_noticed(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept for the gradient is forgotten or, of what keeps nothing, its output is kept."""
    of = row(word)
    right = OPERATIONS[word].saved_for_backward
    kept = right(of.operation, of.output, *of.inputs)
    wrong = (
        Saved() if kept != Saved() else Saved(beside=of.operation.workspace(of.output, *of.inputs)._replace(values=7))
    )
    monkeypatch.setattr(OPERATIONS[word], "saved_for_backward", lambda *_: wrong)

    assert {check.figure for check in verify(network(of)).differing} == {"bytes saved for backward, batch 2"}


WEIGHTED = [word for word in WORDS if any(one.cost.macs for one in BY_WORD[word])]


@pytest.mark.parametrize("word", WEIGHTED)
def test_a_wrong_count_is_noticed(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One multiply-add too few, of each operation that has any."""
    of = row(word)
    right = OPERATIONS[word].cost

    def wrong(self: Any, output: Shape, *inputs: Shape) -> Any:
        cost = right(self, output, *inputs)
        return cost._replace(macs=cost.macs - 1)

    monkeypatch.setattr(OPERATIONS[word], "cost", wrong)
    assert "MACs" in {check.figure for check in verify(network(of)).differing}


SEEING = [
    word
    for word in WORDS
    if len(row(word).output) == len(row(word).inputs[0]) > 1
    and not row(word).operation.uneven(*row(word).inputs)
    and not row(word).operation.loses_places
]


@pytest.mark.parametrize("word", conftest.sample(SEEING))
def test_a_wrong_window_is_noticed(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One element more on the first axis, of each operation whose positions lie evenly."""
    of = row(word)
    right = OPERATIONS[word].window

    def wrong(self: Any, *inputs: Shape) -> Any:
        window = right(self, *inputs)
        return window._replace(kernel=(window.kernel[0] + 1, *window.kernel[1:]))

    monkeypatch.setattr(OPERATIONS[word], "window", wrong)
    assert verify(network(of)).failed


# -- words whose inputs are not just any values -----------------------------------------------------------------------

UNPOOLED = """
netspec: 1
name: unpooled
inputs: {x: [2, 8, 9]}
stages:
  pool: {max_pool: {kernel: 3, stride: 2}}
  last: {conv: {out: 2, kernel: 1}}
  unpool: {max_unpool: , from: [last, pool]}
  after: {conv: {out: 1, kernel: 3}}
"""
DRAWN = """
netspec: 1
name: drawn
inputs: {x: [2, 7, 6]}
stages:
  a: {conv: {out: 2, kernel: 3, padding: 1}, from: x}
  b: {conv: {out: 2, kernel: 5, padding: 2}, from: x}
  draw: {draw_column: {columns: 2}, from: x}
  mean: {drop_path_mean: , from: [a, b, draw]}
  last: {conv: {out: 1, kernel: 1}}
"""
DROPPED = """
netspec: 1
name: dropped
inputs: {x: [2, 7, 6]}
stages:
  a: {conv: {out: 2, kernel: 3, padding: 1}}
  dropped: {drop_path: 0.5}
  last: {conv: {out: 1, kernel: 1}}
"""
BYTES = "bytes saved for backward, batch 2"
Wrong = Callable[..., Any]


def more_channels(right: Wrong) -> Wrong:
    """One channel too many."""
    return lambda self, *inputs: (right(self, *inputs)[0] + 1, *right(self, *inputs)[1:])


def always(value: Any) -> Callable[[Wrong], Wrong]:
    """The same, whatever is asked."""
    return lambda _: lambda *_: value


RULES = [
    (UNPOOLED, "max_unpool", "shape", more_channels, "output"),
    (UNPOOLED, "max_unpool", "saved_for_backward", always(Saved()), BYTES),
    (UNPOOLED, "max_unpool", "saved_for_backward", always(Saved(inputs=True)), BYTES),
    (UNPOOLED, "max_unpool", "differentiable_inputs", always(2), "inputs with a gradient"),
    (DRAWN, "draw_column", "shape", more_channels, "shape"),
    (DRAWN, "draw_column", "differentiable_inputs", always(1), "inputs with a gradient"),
    (DRAWN, "drop_path_mean", "saved_for_backward", always(Saved(inputs=True)), BYTES),
    (DRAWN, "drop_path_mean", "differentiable_inputs", always(1), "inputs with a gradient"),
    (DRAWN, "drop_path_mean", "shape", more_channels, "output"),
    (DROPPED, "drop_path", "saved_for_backward", always(Saved()), BYTES),
    (DROPPED, "drop_path", "shape", more_channels, "output"),
]


@pytest.mark.parametrize(
    ("text", "word", "rule", "wrong", "figure"),
    RULES,
    ids=[f"{word} {rule} {at}" for at, (_, word, rule, *_) in enumerate(RULES)],
)
def test_wrong_rules_of_words_with_inputs_of_a_kind_are_noticed(
    text: str, word: str, rule: str, wrong: Callable[[Wrong], Wrong], figure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of unpooling, of draws of columns and their mean, and of dropped paths."""
    assert not verify(netspec.read(text).graph).failed
    monkeypatch.setattr(OPERATIONS[word], rule, wrong(getattr(OPERATIONS[word], rule)))

    failed = verify(netspec.read(text).graph).differing
    assert any(check.figure.startswith(figure) for check in failed), failed


# -- uneven windows ---------------------------------------------------------------------------------------------------

UNEVEN = {
    "conv_transpose": ({"out": 2, "kernel": 3, "stride": 2}, Spread),
    "max_unpool": ({}, Spread),
    "adaptive_avg_pool": ({"out": 3}, AdaptiveWindows),
    "adaptive_max_pool": ({"out": 5}, AdaptiveWindows),
    "pixel_shuffle": ({"scale": 2}, Between),
    "resize": ({"scale": 1.5, "mode": "linear"}, Between),
}
CHANGES: dict[str, Callable[[Extent], Extent]] = {
    "larger": lambda even: even._replace(size=even.size + 1),
    "smaller": lambda even: even._replace(size=even.size - 1),
    "shifted": lambda even: even._replace(start=even.start + 1),
    "farther": lambda even: even._replace(jump=even.jump * 2),
}
"""What is wrong with the smallest even window that holds each."""


def test_every_uneven_word_is_here() -> None:
    """Each operation that has windows which no even one says."""
    found = {word for word, rows in BY_WORD.items() if any(one.operation.uneven(*one.inputs) for one in rows)}

    assert found == set(UNEVEN)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("word", UNEVEN)
def test_wrong_uneven_windows_are_noticed(word: str, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Room, place and step of phases and of adaptive pooling are those that torch's windows need."""
    given, windows = UNEVEN[word]
    if word == "max_unpool":
        text = UNPOOLED
    else:
        layers = {
            "before": {"conv": {"out": 4, "kernel": 3}},
            "it": {word: given},
            "after": {"conv": {"out": 1, "kernel": 2}},
        }
        text = yaml.safe_dump({"netspec": 1, "name": "uneven", "input": [2, 10, 13], "stages": layers}, sort_keys=False)
    right: Any = windows.even
    monkeypatch.setattr(windows, "even", property(lambda self: CHANGES[change](right.fget(self))))

    assert verify(netspec.read(text).graph).failed
