"""A spec as changes to another: merging, patches by path, and where every value comes from."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import spec_of

import netspec
from netspec.errors.problem import Problem, SpecError
from netspec.errors.source import Source
from netspec.graph.graph import Scope
from netspec.language.patch import Pattern
from netspec.language.reader import read_yaml
from netspec.language.unread import reading
from netspec.language.values import Mapping

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
    found = {node.name for node in network.graph.nodes if getattr(node.operation, "dilation", None) == 2}

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


PARENT = """\
netspec: 1
name: parent
input: [3, 16, 16]
params: {base: 4, width: $base * 2, classes: 10, deep: true, rate: 0.5}
variants:
  small: {classes: 5, base: 2}
blocks:
  unit: {params: {out: int}, body: [conv: {out: $out, kernel: 3, padding: 1}, relu]}
  pair: {params: {out: int}, body: [unit: $out, unit: $out]}
init: {linear.bias: {constant: $rate}}
stem:
  conv: {conv: {out: $width, kernel: 3, padding: 1}}
  extra: {relu: , when: not $deep}
stages:
  layer1: {pair: $width}
head:
  pool: global_avg_pool
  fc: {chain: {drop: {dropout: $rate}, last: {linear: $classes}}}
"""
STEM = "stem: {conv: {conv: {out: 4, kernel: 1}}}\n"
STAGES = "stages: {layer1: relu}\n"
LINEAR = "{linear: 3}"


def problems_of(folder: Path, rest: str, **given: object) -> tuple[Problem, ...]:
    """What is wrong with a child of the spec above, in ``folder``."""
    (folder / "parent.yaml").write_text(PARENT, encoding="utf-8")
    (folder / "child.yaml").write_text(CHILD.format(parent="parent.yaml", rest=rest), encoding="utf-8")
    try:
        netspec.read(folder / "child.yaml", **given)
    except SpecError as error:
        return error.problems
    return ()


GONE = [
    ("head: {pool: global_avg_pool, fc: {linear: 3}}", {"classes"}, "the section 'head'", 4),
    ("head: {}", {"classes"}, "the section 'head'", 4),
    ("head: []", {"classes"}, "the section 'head'", 4),
    ("head:", {"classes"}, "the section 'head'", 4),
    ("patch: {replace: {fc: {linear: 3}}}", {"classes"}, "the patch of 'fc'", 4),
    ("patch: {replace: {fc.last: {linear: 3}}}", {"classes"}, "the patch of 'fc.last'", 4),
    ("patch: {remove: [fc.last]}", {"classes"}, "the patch of 'fc.last'", 4),
    ("patch:\n- remove: fc\n- set: {conv: {bias: false}}", {"classes"}, "the patch of 'fc'", 5),
    ("patch:\n- replace: {fc: {linear: $classes}}\n- replace: {fc: relu}", {"classes"}, "the patch of 'fc'", 6),
    (f"{STEM}{STAGES}", {"base", "width", "deep"}, "the section 'stages'", 5),
    (f"params: {{width: 8}}\nstages: {{layer1: {{pair: $width}}}}\n{STEM}", {"base"}, "'width' in 'params'", 4),
    ("init: {linear.bias: zeros}\nhead: {pool: global_avg_pool, fc: {linear: $classes}}", {"rate"}, "the section", 5),
    (f"{STEM}{STAGES}head: {{pool: global_avg_pool, fc: {{linear: 3}}}}", {"width", "classes"}, "the section", 5),
]
"""What a child says, the inherited parameters that are gone, what took the last reader of one of them, and where."""


@pytest.mark.parametrize(("rest", "gone", "what", "line"), GONE, ids=[row[0] for row in GONE])
def test_inherited_parameters_that_nothing_reads_are_gone(
    rest: str, gone: set[str], what: str, line: int, tmp_path: Path
) -> None:
    """They are no mistake of the child, the resolved spec lacks them, and setting one names what took its reader."""
    assert problems_of(tmp_path, rest) == ()
    network = netspec.read(tmp_path / "child.yaml")
    again = netspec.read(network.to_yaml())

    assert not gone & network.params.keys()
    assert again.stats().to_dict() == network.stats().to_dict()
    for name in gone:
        (problem,) = problems_of(tmp_path, rest, **{name: 3})
        assert problem.code == "unknown-parameter"
        assert f"'{name}' any more" in problem.message
    notes = [problem.notes[0] for name in gone for problem in problems_of(tmp_path, rest, **{name: 3})]
    assert any(what in note and note.endswith(f"child.yaml:{line})") for note in notes), notes


KEPT = [
    ("head: {pool: global_avg_pool, fc: {linear: $classes}}", "classes"),
    ("patch: {replace: {fc: {linear: $classes}}}", "classes"),
    ("patch: {replace: {'fc*': {linear: 3}}}", "classes"),
    ("patch: {set: {fc.last: {out: 3}}}", "classes"),
    ("patch: {replace: {extra: tanh}}\nparams: {deep: false}", "deep"),
    ("patch: {insert_after: {fc: {more: {linear: $classes}}}, remove: [fc]}", "classes"),
    ("patch: [{remove: [layer1]}, {replace: {fc: {linear: $classes}}}]", "classes"),
]


@pytest.mark.parametrize(("rest", "name"), KEPT, ids=[row[0] for row in KEPT])
def test_what_may_be_read_stays(rest: str, name: str, tmp_path: Path) -> None:
    """A reader that a ``when`` leaves out, that stands beside a word, or in a patch, keeps its parameter."""
    assert problems_of(tmp_path, rest) == ()
    assert name in netspec.read(tmp_path / "child.yaml").params


REFUSED = [
    ("params: {classes: 3}\nhead: {}", "unread-parameter", 4),
    ("params: {classes: 3}\npatch: {remove: [fc]}", "unread-parameter", 4),
    ("params: {mine: 3}", "unread-parameter", 4),
    ("blocks: {mine: {body: [relu]}}", "unused-block", 4),
    ("blocks: {unit: {body: [relu]}}\nstages: {a: relu}", "unused-block", 4),
    ("head: {}\nvariants: {mine: {classes: 3}}", "unknown-parameter", 5),
    ("head: {}\nstages: {}\nstem: {}", "missing-section", 1),
]


@pytest.mark.parametrize(("rest", "code", "line"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_a_child_declares_itself_must_be_read(rest: str, code: str, line: int, tmp_path: Path) -> None:
    """A parameter or block of the child's own, and what its own variants set, is refused in the child's file."""
    problems_of(tmp_path, rest)
    with pytest.raises(SpecError) as caught:
        netspec.read(f"{tmp_path / 'child.yaml'}@mine" if "variants" in rest else tmp_path / "child.yaml")
    (problem,) = caught.value.problems

    assert problem.span
    assert (problem.code, problem.span.line) == (code, line)
    assert problem.span.source.name.endswith("child.yaml")


def test_inherited_variants_lose_what_they_set_of_gone_parameters(tmp_path: Path) -> None:
    """A variant of the parent still works, without its settings of what nothing reads any more."""
    assert problems_of(tmp_path, "head: {}") == ()
    small = netspec.read(f"{tmp_path / 'child.yaml'}@small")

    assert (small.params["base"], "classes" in small.params) == (2, False)


@pytest.mark.parametrize("section", ["stem", "stages", "head"])
def test_an_empty_section_drops_the_parent_s_and_needs_one(section: str, tmp_path: Path) -> None:
    """A section can be emptied where a parent has it; elsewhere an empty section is refused."""
    assert problems_of(tmp_path, f"{section}: {{}}") == ()
    kept = {"stem": "conv", "stages": "layer1.0.0", "head": "pool"}
    found = names(netspec.read(tmp_path / "child.yaml"))
    assert {one for one, name in kept.items() if not any(path.startswith(name) for path in found)} == {section}

    alone = f"netspec: 1\nname: x\ninput: [3, 8, 8]\n{section}: {{}}\n"
    with pytest.raises(SpecError, match="at least one layer"):
        netspec.read(alone)
    (tmp_path / "child.yaml").rename(tmp_path / "middle.yaml")
    with pytest.raises(SpecError, match="at least one layer"):
        child(tmp_path, f"{section}: {{}}", "middle.yaml")


def test_a_variant_as_parent_sets_what_there_is(tmp_path: Path) -> None:
    """A variant that sets a parameter which its file does not declare is refused where it is extended, too."""
    (tmp_path / "parent.yaml").write_text(PARENT.replace("classes: 5", "clases: 5"), encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        child(tmp_path, "", "parent.yaml@small")

    assert [problem.code for problem in caught.value.problems] == ["unknown-parameter"]
    assert "did you mean 'classes'" in caught.value.problems[0].hint


def test_inherited_starts_of_weights_that_are_gone_are_gone(tmp_path: Path) -> None:
    """An entry of the parent's ``init`` for weights that no layer has any more is no mistake; the child's own is."""
    assert problems_of(tmp_path, "head: {pool: global_avg_pool}") == ()
    assert [one.code for one in problems_of(tmp_path, "head: {}\ninit: {linear.weight: zeros}")] == ["unread-parameter"]


LISTS = [
    ("[{linear: $a}, {linear: $b}, {linear: $c}]", {"a", "c"}),
    ("[relu, {linear: $b, name: y}, {linear: $c}]", {"b"}),
    ("[{linear: $a, when: false}, {linear: $b}, {linear: $c}]", {"a", "b", "c"}),
    ("[{$a: }, {linear: $b}, {linear: $c}]", {"a", "b", "c"}),
    ("[none, {linear: $b}, {linear: $c}]", {"b", "c"}),
    ("[own, {linear: $b}, {linear: $c}]", {"b", "c"}),
    ("[[{linear: $a}, {linear: $b}], {linear: $c, from: $b}]", {"a", "b"}),
    ("{chain: [{linear: $a}, {linear: $b}]}", {"a"}),
    ("{chain: [{linear: $a}, {linear: $b}], repeat: 2}", {"a", "b"}),
    ("{branches: {1: {linear: $b}}, join: add}", {"b"}),
]


@pytest.mark.parametrize(("layer", "expected"), LISTS, ids=[row[0] for row in LISTS])
def test_layers_of_lists_are_found_where_their_number_is_sure(layer: str, expected: set[str]) -> None:
    """A patch takes the reader in a list away if nothing before it could change its number."""
    text = f"params: {{a: 1, b: 2, c: 3}}\nblocks: {{own: {{body: [relu]}}}}\nhead: {{x: {layer}}}\n"
    text += "patch: {remove: x.1}\n"
    document = read_yaml(Source("x", text))

    assert isinstance(document, Mapping)
    assert reading(document).params == expected


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


def test_inherited_patches_of_layers_that_are_gone_are_gone(tmp_path: Path) -> None:
    """A child that replaces a section loses what its parent changed there; the parent's own mistake is the parent's."""
    (tmp_path / "base.yaml").write_text(
        "netspec: 1\nname: base\ninput: [3, 8, 8]\nstages: {a: {conv: {out: 4, kernel: 3}}}\n"
        "head: {pool: global_avg_pool, fc: {linear: 10}}\n"
    )
    parent = "netspec: 1\nname: parent\nextends: base.yaml\npatch: {set: {a: {out: 6}, fc: {out: 5}}}\n"
    (tmp_path / "parent.yaml").write_text(parent)
    child = "netspec: 1\nname: child\nextends: parent.yaml\nhead: {pool: global_avg_pool}\n"
    (tmp_path / "child.yaml").write_text(child)
    (tmp_path / "wrong.yaml").write_text(parent.replace("fc:", "fd:"))

    assert netspec.read(tmp_path / "child.yaml").graph.outputs[0].node.shape == (6,)
    with pytest.raises(SpecError, match="there is no layer 'fd' to set"):
        netspec.read(tmp_path / "wrong.yaml")


def test_a_block_that_has_no_layers_left_is_no_part() -> None:
    """Where a patch takes away all that a built-in block makes, nothing draws, counts or builds an empty one."""
    layers = (
        "a: {conv: {out: 4, kernel: 1}}\nb: {conv_norm_act: 4}\nc: {chain: [relu, conv_norm_act: 4, conv_norm_act: 8]}"
    )
    network = netspec.read(spec_of(layers, patch="remove: [b.*, c.1.*]"))
    scopes = [network.graph.root]
    for scope in scopes:
        scopes += [part for part in scope.children if isinstance(part, Scope)]

    assert [scope.name for scope in scopes[1:]] == ["c", "c.2"]
    assert "\N{MULTIPLICATION SIGN}1, 8" in str(network.diagram())
    assert "4 → 8" in str(network.diagram(level="stage"))
