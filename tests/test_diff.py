"""What differs between two networks: operations matched by name and structure, totals, and the weights that load."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import conftest
import pytest
from click.testing import CliRunner, Result

import netspec
from netspec import api, catalogue
from netspec.cli import main
from netspec.diff import matching
from netspec.diff.difference import Difference, difference
from netspec.diff.matching import common_subsequence, matched
from netspec.errors.problem import SpecError
from netspec.graph.graph import Graph, Scope
from netspec.report.block_names import kind
from netspec.report.folds import folded

GraphOf = Callable[..., Graph]
REFERENCE = Path(__file__).parent / "reference"


def run(*words: str) -> Result:
    """What ``netspec diff`` does with ``words``."""
    return CliRunner().invoke(main, ["diff", *words])


def between(old: str, new: str) -> Difference:
    """The difference of two shipped networks."""
    return difference(netspec.read(old).graph, netspec.read(new).graph)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("diff-resnet50-resnet101.txt", ["resnet50", "resnet101"]),
        ("diff-resnet50-resnet101.md", ["resnet50", "resnet101", "--format", "markdown"]),
        ("diff-vgg16-vgg16_bn.txt", ["vgg16", "vgg16_bn"]),
        ("diff-googlenet-paper.txt", ["googlenet", "googlenet-paper"]),
        ("diff-resnet50-classes.txt", ["resnet50", "resnet50", "--set-b", "classes=10"]),
    ],
)
def test_reports_are_as_kept(name: str, words: list[str]) -> None:
    """Blocks that were added stand as one range, and the order is always the same.

    After a change of wording, run ``NETSPEC_OVERWRITE=1 pytest tests/test_diff.py`` and read the difference.
    """
    result = run(*words)
    golden = REFERENCE / name
    if os.environ.get("NETSPEC_OVERWRITE"):
        golden.write_text(result.output, encoding="utf-8")

    assert result.exit_code == 0
    assert result.output == golden.read_text(encoding="utf-8")


def test_added_blocks_are_one_range() -> None:
    """ResNet-101 is ResNet-50 with layer3.6 to layer3.22; all weights of the smaller one load into the larger."""
    text = run("resnet50", "resnet101").output

    assert "layer3.6 ... layer3.22   bottleneck x17   1024x14x14          170   18,992,128" in text
    found = between("resnet50", "resnet101")
    assert (len(found.added), len(found.removed), len(found.renamed)) == (170, 0, 0)
    assert len(found.weights.kept) == len(found.weights.total) == 320
    assert {delta.what: delta.difference for delta in found.totals}["receptive_field"] == (544, 544)


def test_only_what_is_equal_is_one_range(graph_of: GraphOf) -> None:
    """Blocks are told as ``netspec stats`` tells them, one line for those of equal shapes and parameters."""
    lines = run("vgg16", "resnet18", "--format", "markdown").output.splitlines()
    added = lines[lines.index("### added: 66 operations") :]
    blocks = [line.strip("| ").split(" | ")[:3] for line in added if line.startswith("| layer")]

    assert blocks == [
        ["layer1", "residual x2", "64x56x56"],
        ["layer2", "residual x2", "128x28x28"],
        ["layer3", "residual x2", "256x14x14"],
        ["layer4", "residual x2", "512x7x7"],
    ]
    assert [kind(scope) for scope in scopes("resnet18", "layer")] == ["residual x2"] * 4

    old = graph_of("a: sigmoid", size=(3, 9, 9))
    new = graph_of("a: sigmoid\nb: {max_pool: 2}\nc: {max_pool: 2}\nd: relu\ne: relu", size=(3, 9, 9))
    folds = [(fold.name, fold.word, fold.output) for fold in folded(difference(old, new).added)]
    assert folds == [
        ("b", "max pool 2x2/2", "3x4x4"),
        ("c", "max pool 2x2/2", "3x2x2"),
        ("d ... e", "ReLU x2", "3x2x2"),
    ]


def scopes(word: str, name: str) -> list[Scope]:
    """The outermost scopes of a shipped network whose names begin with ``name``."""
    return [
        part
        for part in netspec.read(word).graph.root.children
        if isinstance(part, Scope) and part.name.startswith(name)
    ]


def test_a_network_has_no_difference_from_itself() -> None:
    """Shipped networks, and one under another path to it; the exit code says the same."""
    for path in catalogue.shipped().values():
        spec, _ = catalogue.spec(path)
        for variant in conftest.sample(spec.family()):
            graphs = [api.network(spec, variant, {}).graph for _ in range(2)]
            found = difference(graphs[0], graphs[1])
            assert not found, graphs[0].name
            assert found.weights.kept == found.weights.total

    same = run("resnet50", "resnet.yaml@resnet50", "--exit-code")
    assert (same.exit_code, same.output.startswith("no difference")) == (0, True)
    assert run("resnet50", "resnet50-v1", "--exit-code").exit_code == 1
    assert run("resnet50", "resnet50-v1").exit_code == 0
    assert run("resnet50", "resnet99").exit_code == 2


def test_lists_are_matched_by_structure() -> None:
    """VGG-13 is VGG-11 with two convolutions more: their numbers move all others, which are found again."""
    found = between("vgg11", "vgg13")

    assert [node.name for node in found.added] == ["features.2", "features.3", "features.7", "features.8"]
    assert found.removed == ()
    assert [(match.old.name, match.new.name) for match in found.renamed][:2] == [
        ("features.2", "features.4"),
        ("features.3", "features.5"),
    ]


def test_changes_say_what_was_and_what_is(graph_of: GraphOf) -> None:
    """Parameters, shapes, wiring and the kind of an operation, each with its old and its new value."""
    old = graph_of("a: {conv: {out: 4, kernel: 3}}\nb: relu\nc: {max_pool: 2}", size=(3, 8, 8))
    new = graph_of("a: {conv: {out: 8, kernel: 3}}\nb: sigmoid\nc: {max_pool: {kernel: 2, stride: 1}}", size=(3, 8, 8))
    found = {match.old.name: [change.to_dict() for change in match.changes] for match in difference(old, new).changed}

    assert found["a"] == [
        {"what": "out", "old": 4, "new": 8},
        {"what": "shape", "old": [4, 6, 6], "new": [8, 6, 6]},
    ]
    assert found["b"][0] == {"what": "operation", "old": "ReLU", "new": "sigmoid"}
    assert "kernel" not in {change["what"] for change in found["c"]}
    assert {"what": "stride", "old": None, "new": 1} in found["c"]


def test_one_number_for_all_axes_is_the_list_of_it(graph_of: GraphOf) -> None:
    """A kernel of 3 is one of [3, 3]; one of [3, 1] is another."""
    one, same, other = (graph_of(f"a: {{conv: {{out: 4, kernel: {kernel}}}}}") for kernel in ("3", "[3, 3]", "[3, 1]"))

    assert difference(one, same).changed == difference(same, one).changed == ()
    assert [change.what for match in difference(one, other).changed for change in match.changes] == ["kernel", "shape"]


def test_wiring_and_declarations_are_compared(graph_of: GraphOf) -> None:
    """An operation that reads another one has changed, and so have outputs and the way weights start."""
    layers = "a: {conv: {out: 4, kernel: 1}}\nb: relu\nc: {identity: {}, from: %s}\nd: {add: {}, from: [b, c]}"
    old = graph_of(layers % "a", size=(3, 8, 8), outputs="x: d", init="conv.weight: zeros")
    new = graph_of(layers % "b", size=(3, 8, 8), outputs="y: d")
    found = difference(old, new)

    assert [(match.old.name, [change.what for change in match.changes]) for match in found.changed] == [
        ("c", ["inputs"])
    ]
    assert [(change.what, change.old, change.new) for change in found.declared] == [
        ("output x", "d", None),
        ("output y", None, "d"),
        ("init conv.weight", "zeros()", None),
    ]


def test_weights_that_are_kept_are_those_that_torch_loads(torch: ModuleType) -> None:
    """Keys of equal shape are exactly what load_state_dict takes; every other key of A has a reason."""
    old, new = netspec.read("googlenet").graph, netspec.read("googlenet-paper").graph
    found = difference(old, new).weights
    states = []
    for word in ("googlenet", "googlenet-paper"):
        with torch.device("meta"):
            states.append(netspec.compile(word, device="meta").state_dict())
    kept = [key for key, value in states[0].items() if key in states[1] and states[1][key].shape == value.shape]

    assert [weight.key for weight in found.kept] == kept
    assert [weight.key for weight in found.total] == list(states[0])
    assert sum(weight.size for weight in found.total) == sum(value.numel() for value in states[0].values())
    assert {weight.key for weight in found.fresh} == set(states[1]) - set(kept)
    assert {lost.weight.key for lost in found.lost} == set(states[0]) - set(kept)


def test_keys_that_mean_another_operation_are_told() -> None:
    """A key of a list may fit by chance: the bias of a convolution would load into a normalisation."""
    found = between("vgg16", "vgg16_bn").weights

    assert [weight.key for weight in found.misplaced] == [
        "features.7.bias",
        "features.14.bias",
        "features.24.bias",
        "features.28.bias",
    ]


def test_json_folds_nothing() -> None:
    """All operations and keys are listed, numbers are raw, values old and new."""
    data = json.loads(
        run("resnet50", "resnet50", "--set", "classes=20", "--set-b", "classes=10", "--format", "json").output
    )

    assert (data["schema_version"], data["different"]) == (1, True)
    assert data["changed"][0]["changes"][0] == {"what": "out", "old": 20, "new": 10}
    assert data["weights"]["kept"]["tensors"] == 318
    assert data["weights"]["lost"]["tensors_by_key"][0] == {
        "key": "fc.weight",
        "shape": [20, 2048],
        "reason": "shape",
        "new_key": "fc.weight",
        "new_shape": [10, 2048],
    }
    assert len(json.loads(run("resnet50", "resnet101", "--format", "json").output)["added"]) == 170


def test_common_subsequence_is_a_longest_one() -> None:
    """Against the table that textbooks fill in, for random words; a shorter one would be seen."""
    draw = random.Random(0)  # noqa: S311 - no secret
    for _ in range(300):
        left = [draw.choice("abc") for _ in range(draw.randrange(12))]
        right = [draw.choice("abc") for _ in range(draw.randrange(12))]
        pairs = common_subsequence(left, right)
        assert all(left[at] == right[to] for at, to in pairs)
        assert all(one[0] < two[0] and one[1] < two[1] for one, two in pairwise(pairs))
        assert len(pairs) == _longest(left, right)


def _longest(left: list[str], right: list[str]) -> int:
    row = [0] * (len(right) + 1)
    for one in left:
        before, row = row, [0]
        for at, other in enumerate(right):
            row.append(before[at] + 1 if one == other else max(before[at + 1], row[-1]))
    return row[-1]


def test_every_operation_is_matched_once() -> None:
    """A matching is one to one, also of networks that have little in common, and it is quick."""
    for old, new in [("resnet1202", "densenet264"), ("vgg19", "googlenet"), ("densenet121", "vgg16")]:
        graphs = [netspec.read(word).graph for word in (old, new)]
        pairs = matched(graphs[0], graphs[1])
        assert len(set(pairs.values())) == len(pairs)
        assert pairs[graphs[0].input] is graphs[1].input


def test_too_much_to_match_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where names say nothing about very many operations, that is said instead of filling the memory."""
    monkeypatch.setattr(matching, "MAX_PAIRS", 100)

    with pytest.raises(SpecError, match="too many to match"):
        between("resnet50", "densenet121")
