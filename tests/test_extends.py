"""A spec as changes to another: merging, patches by path, and where every value comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

import netspec
from netspec.errors.problem import SpecError
from netspec.language.patch import Pattern

CHILD = "netspec: 1\nname: child\nextends: {parent}\n{rest}\n"


def child(folder: Path, rest: str, parent: str = "resnet50") -> netspec.Network:
    """The network of a spec in ``folder`` that extends ``parent``."""
    path = folder / "child.yaml"
    path.write_text(CHILD.format(parent=parent, rest=rest), encoding="utf-8")
    return netspec.read(path)


def names(network: netspec.Network) -> set[str]:
    """The paths of all operations."""
    return {node.name for node in network.graph.nodes}


def test_a_child_without_changes_is_its_parent(tmp_path: Path) -> None:
    """Extending alone changes nothing but the name."""
    mine, parent = child(tmp_path, "").stats(), netspec.read("resnet50").stats()

    assert (mine.name, mine.totals, mine.field) == ("child", parent.totals, parent.field)


def test_a_variant_can_be_a_parent(tmp_path: Path) -> None:
    """``extends: resnet@resnet18`` takes the variant's values as defaults."""
    mine = child(tmp_path, "params: {classes: 10}", "resnet@resnet18").stats()

    assert mine.totals == netspec.read("resnet18", classes=10).stats().totals


INSIDE = ("conv1", "bn1", "relu1", "conv2", "bn2", "relu2", "conv3", "bn3", "add", "relu")
PATCHES = [
    ("patch: {remove: [fc]}", {"fc"}, set()),
    ("patch: {insert_before: {fc: {dropout: {dropout: 0.5}}}}", set(), {"dropout"}),
    ("patch: {insert_after: {layer1.0.bn3: {scale: channel_scale}}}", set(), {"layer1.0.scale"}),
    ("patch: {insert_after: {layer4: {last: relu, more: tanh}}}", set(), {"last", "more"}),
    ("patch: {set: {layer4: {repeat: 1}}}", {f"layer4.{i}.{n}" for i in (1, 2) for n in INSIDE}, set()),
    ("patch: {remove: [layer1.2]}", {f"layer1.2.{n}" for n in INSIDE}, set()),
    (
        "patch: {replace: {layer1.0.relu: {conv_norm_act: 256}}}",
        {"layer1.0.relu"},
        {f"layer1.0.relu.{n}" for n in ("conv", "bn", "act")},
    ),
    ("patch: [{insert_after: {relu: {a: tanh}}}, {insert_after: {a: {b: relu}}}]", set(), {"a", "b"}),
    ("patch: {insert_after: {layer1.*.relu: {relu9: relu}}}", set(), {f"layer1.{i}.relu9" for i in range(3)}),
]


@pytest.mark.parametrize(("patch", "gone", "new"), PATCHES, ids=[row[0] for row in PATCHES])
def test_patches_change_the_named_layers_alone(tmp_path: Path, patch: str, gone: set[str], new: set[str]) -> None:
    """A patch takes away and brings in exactly the layers it names."""
    before, after = names(netspec.read("resnet50")), names(child(tmp_path, patch))

    assert (before - after, after - before) == (gone, new)


def test_set_reaches_into_built_in_blocks(tmp_path: Path) -> None:
    """``layer4.*.conv2`` means the convolution in every repetition of a built-in block."""
    network = child(tmp_path, "patch: {set: {layer4.*.conv2: {dilation: 2, padding: 2, stride: 1}}}", "resnet@resnet18")
    found = {node.name for node in network.graph.nodes if getattr(node.operation, "dilation", None) == (2, 2)}

    assert found == {"layer4.0.conv2", "layer4.1.conv2"}


def test_parameters_of_the_child_reach_its_patches(tmp_path: Path) -> None:
    """Expressions in a patch read the merged parameters."""
    network = child(tmp_path, "params: {p: 0.25}\npatch: {insert_before: {fc: {drop: {dropout: $p}}}}")

    assert next(node for node in network.graph.nodes if node.name == "drop").operation.label() == "dropout 0.25"


def test_what_show_prints_is_the_same_network(tmp_path: Path) -> None:
    """The resolved spec stands alone and has the same figures, patches and settings included."""
    network = child(tmp_path, "params: {classes: 7}\npatch: {remove: [layer3.5], set: {conv1: {bias: true}}}")
    again = netspec.read(network.to_yaml())

    assert again.stats().to_dict() == network.stats().to_dict()


def test_origins_name_the_file_of_every_value(tmp_path: Path) -> None:
    """Values of the parent come from its file, those of the child from the child's, with their lines."""
    places = {path: span for path, _, span in child(tmp_path, "params: {classes: 7}").origins()}

    assert (places["params.classes"].source.name, places["params.classes"].line) == (str(tmp_path / "child.yaml"), 4)
    assert places["stem.conv1.conv.out"].source.name.endswith("resnet50.yaml")


def test_grandparents_are_merged_eldest_first(tmp_path: Path) -> None:
    """A chain of parents is followed, and patches apply in the order of the generations."""
    (tmp_path / "middle.yaml").write_text(CHILD.format(parent="resnet50", rest="patch: {remove: [layer1.2]}"))
    network = child(tmp_path, "patch: {insert_after: {layer1.1.relu: {last: tanh}}}", "middle.yaml")

    assert "layer1.1.last" in names(network)
    assert "layer1.2.conv1" not in names(network)


def test_a_symlink_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    """A link beside the child to a file elsewhere is refused, unless the caller widens the folder."""
    (tmp_path / "in").mkdir()
    (tmp_path / "out.yaml").write_text("netspec: 1\nname: out\ninput: [3, 8, 8]\nstem: {a: relu}\n")
    (tmp_path / "in" / "link.yaml").symlink_to(tmp_path / "out.yaml")
    with pytest.raises(SpecError) as caught:
        child(tmp_path / "in", "", "link.yaml")

    assert [problem.code for problem in caught.value.problems] == ["outside"]
    assert netspec.read(tmp_path / "in" / "child.yaml", root=tmp_path).name == "child"


GLOBS = [
    ("layer*.*.conv2", "layer1.0.conv2", True),
    ("layer*.*.conv2", "layer1.0.downsample.conv2", False),
    ("**.conv2", "layer1.0.downsample.conv2", True),
    ("**", "a.b", True),
    ("layer1", "layer1.0", False),
    ("*", "a.b", False),
    ("a.**.b", "a.b", True),
]


@pytest.mark.parametrize(("pattern", "path", "expected"), GLOBS)
def test_globs(pattern: str, path: str, *, expected: bool) -> None:
    """``*`` stays within a part of a path, ``**`` crosses them."""
    assert Pattern(pattern).matches(path) is expected
