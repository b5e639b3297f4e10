"""Equal neighbours: what has to be equal, and that tables, differences and pictures agree on it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netspec.analysis.summary import summary
from netspec.diagram.drawing import scene
from netspec.diagram.scene import boxes
from netspec.diff.difference import difference
from netspec.graph.folds import figures, label, neighbours, signature, word
from netspec.graph.graph import Graph
from netspec.report.folds import folded
from netspec.report.grouping import View, groups

GraphOf = Callable[..., Graph]


@given(st.lists(st.integers(0, 2), max_size=12))
def test_runs_are_as_long_as_they_can_be(parts: list[int]) -> None:
    """Runs hold every part in its order; inside a run each goes on the one before, between runs none does."""
    runs = neighbours(parts, lambda before, after: before == after)

    assert [part for run in runs for part in run] == parts
    assert all(len(set(run)) == 1 for run in runs)
    assert all(before[-1] != after[0] for before, after in pairwise(runs))


PARTS = """
a1: {conv: {out: 4, kernel: 1}}
a2: {conv: {out: 4, kernel: 1}}
b1: {conv: {out: 4, kernel: 1, from: %s}}
b2: {conv: {out: 4, kernel: 1, bias: %s, from: %s}}
joined: {add: [a2, b1, b2]}
"""


@pytest.mark.parametrize(
    ("source", "bias", "second", "equal"),
    [
        ("a2", "true", "b1", {"figures", "label", "word"}),
        ("a2", "true", "a1", set()),
        ("a2", "false", "b1", {"label", "word"}),
    ],
)
def test_operations_and_wiring_must_be_equal(
    source: str, bias: str, second: str, equal: set[str], graph_of: GraphOf
) -> None:
    """Parts differ where an operation reads another place inside; how much of an operation counts is chosen."""
    nodes = {node.name: node for node in graph_of(PARTS % (source, bias, second), size=(4, 8, 8)).nodes}
    one, other = [nodes["a1"], nodes["a2"]], [nodes["b1"], nodes["b2"]]
    facts = {"figures": figures, "label": label, "word": word}

    assert {name for name, fact in facts.items() if signature(one, fact) == signature(other, fact)} == equal


@pytest.mark.parametrize(("width", "runs"), [("8", [4]), ("$index * 8 + 8", [1, 1, 1, 1])])
def test_every_report_folds_the_same_blocks(width: str, runs: list[int], graph_of: GraphOf) -> None:
    """Four repetitions are one row, and one line of a difference, where they are equal.

    Blocks of growing width are told of apart; a picture shows what the spec repeats, with the numbers that vary.
    """
    body = "{c: {conv: {out: $out, kernel: 1}}, r: relu, d: {conv: {out: 4, kernel: 1}}}"
    layers = "f: {b: {out: %s}, repeat: %d}\ng: {conv_norm_act: {out: 4}}"
    four, six = (
        graph_of(layers % (width, count), size=(4, 8, 8), blocks=f"b: {{params: {{out: int}}, body: {body}}}")
        for count in (4, 6)
    )
    rows = [group.times for group in groups(summary(four).rows, View(depth=1)) if group.kind == "b"]
    added = [fold.word for fold in folded(difference(four, six).added)]

    assert rows == runs
    assert added == (["b x2"] if runs == [4] else ["b", "b"])
    assert [box.copies for box in boxes(scene(four).panels[0].drawn[0].flow) if box.lines[:1] == ("b",)] == [4]
