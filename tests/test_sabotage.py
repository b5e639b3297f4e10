"""Every kind of operation, with one rule of it broken: the oracles of ``stats --verify`` object."""

from __future__ import annotations

from typing import Any

import conftest
import pytest
import yaml
from random_networks import BY_WORD
from test_operations import Row

import netspec
from netspec.graph.graph import Graph
from netspec.ops import OPERATIONS
from netspec.ops.facts import Shape
from netspec.ops.memory import Saved
from netspec.verify.verify import verify

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning"),
]
LEFT_OUT = ("draw_column", "drop_path_mean", "max_unpool")
"""Words whose inputs are not just any values; tests of their own break them."""


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
