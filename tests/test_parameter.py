"""Tensors of the network itself: ``parameter``, which reads nothing and has no batch, through all that is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import netspec
from netspec.analysis.position_field import position_field
from netspec.analysis.receptive_field import receptive_fields
from netspec.graph.graph import Graph
from netspec.ops.facts import Cost, Tensor
from netspec.ops.memory import Saved, Space
from netspec.ops.parameter import Parameter

TEXT = """
netspec: 1
name: scaled
input: [3, 8, 9]
blocks:
  unit:
    params: {width: $in.channels}
    body:
      conv: {conv: {out: $width, kernel: 3, padding: 1}}
      gamma: {parameter: {shape: [$width, 1, 1], init: {constant: 0.5}}}
      scaled: {multiply: [conv, gamma]}
      sum: {add: [scaled, input]}
stem: {first: {conv: {out: 4, kernel: 1}}}
stages:
  units: {unit: {}, repeat: 2}
  shift: {parameter: [4, 8, 9]}
  placed: {add: [units, shift]}
  last: {conv: {out: 2, kernel: 3}}
"""
KEYS = ["shift", "units.0.gamma", "units.1.gamma"]


def layers(text: str, init: str = "{}") -> str:
    """A spec of a convolution, ``conv``, and the layers of ``text`` after it."""
    head = f"netspec: 1\nname: net\ninput: [3, 6, 6]\ninit: {init}\nstages:\n"
    return f"{head}  conv: {{conv: {{out: 4, kernel: 3}}}}\n{text}"


def test_a_parameter_is_under_its_own_name_in_the_module_around_it(torch: ModuleType) -> None:
    """Its key is the layer's name, without ``.weight``; it is an nn.Parameter of the part that it is written in."""
    model: Any = netspec.compile(TEXT)

    assert [name for name, _ in model.named_parameters() if not name.endswith(("weight", "bias"))] == KEYS
    assert isinstance(model.units[1]._parameters["gamma"], torch.nn.Parameter)
    assert model.units[0].gamma.shape == (4, 1, 1)
    assert bool((model.units[0].gamma == 0.5).all())
    assert not model.shift.any()


@pytest.mark.usefixtures("torch")
def test_the_forward_reads_it_as_an_attribute() -> None:
    """The generated source says what a person would write."""
    model: Any = netspec.compile(TEXT)

    assert "    y = torch.mul(y, self.gamma)\n" in model.units[0].source
    assert "    x += self.shift\n" in model.source


@pytest.mark.parametrize(
    ("init", "own", "value"),
    [("{}", "", 0.0), ("{parameter: ones}", "", 1.0), ("{parameter: ones}", ", init: {constant: 3}", 3.0)],
)
def test_it_starts_as_it_says_or_as_the_section_says_or_as_zeros(
    init: str, own: str, value: float, torch: ModuleType
) -> None:
    """The scheme beside the layer counts before that of ``init``, whose key is ``parameter``; ``initialise`` too."""
    text = layers(f"  g: {{parameter: {{shape: [4, 1, 1]{own}}}}}\n  m: {{multiply: [conv, g]}}\n", init)
    network = netspec.read(text)
    model: Any = netspec.compile(network)
    assert bool((model.g == value).all())

    torch.nn.init.constant_(model.g, 7.0)
    assert network.initialise(model, "g") == ("g",)

    assert bool((model.g == value).all())


def test_a_batch_is_its_images_one_by_one(torch: ModuleType) -> None:
    """It has no batch: each image gets the same, also where it is stacked beside a map."""
    text = layers("  p: {parameter: {shape: [2, 4, 4], init: {normal: 1}}}\n  c: {concat: [p, conv, p]}\n")
    model = netspec.compile(text).double().eval()
    images = torch.randn(3, 3, 6, 6, dtype=torch.double)

    assert torch.allclose(model(images), torch.cat([model(image[None]) for image in images]))


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        layers("  p: {parameter: [4]}\n  m: {multiply: [p, p, conv]}\n  r: relu\n"),
        layers("  p: {parameter: [4]}\n  m: {multiply: [p, conv]}\n  q: {shared: p}\n  n: {multiply: [q, m]}\n"),
    ],
    ids=["in repeated blocks", "twice in a product", "shared"],
)
def test_every_figure_is_what_torch_says(text: str) -> None:
    """Parameters, shapes, work, training, fields and what is kept for the gradient, with parameters beside maps."""
    from netspec.verify.verify import verify

    found = verify(netspec.read(text).graph)

    assert found.differing == ()


@pytest.mark.parametrize(
    ("rule", "wrong", "figure"),
    [
        ("tensors", lambda self: (Tensor("", (self.size[0] + 1, *self.size[1:])),), "parameters"),
        ("shape", lambda self: (1, *self.size[1:]), "shape"),
        ("cost", lambda _, output: Cost(macs=output[0]), "MACs"),
        ("saved_for_backward", lambda *_: Saved(beside=Space(values=1)), "bytes saved for backward, batch 2"),
    ],
)
def test_the_oracles_object_to_wrong_rules(
    rule: str, wrong: Callable[..., Any], figure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tensor, a shape, a cost and what is kept are told wrong by one, and that figure differs."""
    from netspec.verify.verify import verify

    monkeypatch.setattr(Parameter, rule, wrong)
    found = verify(netspec.read(layers("  p: {parameter: [4, 1, 1]}\n  m: {multiply: [p, conv]}\n")).graph)

    assert figure in {check.figure for check in found.differing}


def graph() -> Graph:
    """That of the network above."""
    return netspec.read(TEXT).graph


def test_it_sees_nothing_and_hides_nothing() -> None:
    """Its field is empty; what is joined with it has the field that it has without it."""
    found = {node.name: field for node, field in receptive_fields(graph()).items()}

    assert found["shift"].size == found["shift"].jump == (0, 0)
    assert found["placed"] == found["units.1.sum"]
    assert found["last"].size == (7, 7)


def test_memory_counts_it_as_a_weight_alone() -> None:
    """As a value it takes nothing: neither at the peak nor among what is kept for the gradient."""
    with_it, without = (
        netspec.read(TEXT),
        netspec.read(
            TEXT.replace("add: [units, shift]", "add: [units, units]").replace("  shift: {parameter: [4, 8, 9]}\n", "")
        ),
    )
    one, other = with_it.stats(batch=4).memory, without.stats(batch=4).memory

    assert one.weights - other.weights == 4 * 4 * 8 * 9
    assert one.inference_peak.bytes == other.inference_peak.bytes
    assert one.saved_for_backward == other.saved_for_backward
    assert "shift" not in one.inference_peak.alive


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("call", ["features", "compile", "rf"])
def test_it_is_no_value_of_an_image(call: str) -> None:
    """Asked for as a value of the network it is refused by its name."""
    network = netspec.read(TEXT)
    calls = {
        "features": lambda: network.features("units.0.gamma"),
        "compile": lambda: netspec.compile(network, outputs=["shift"]),
        "rf": lambda: position_field(network.graph, "shift"),
    }

    with pytest.raises(netspec.SpecError, match="is a parameter"):
        calls[call]()


def test_recomputed_blocks_and_stages_have_the_same_gradients(torch: ModuleType) -> None:
    """A block with a parameter is run a second time for the same; a network in stages has each parameter once."""
    network = netspec.read(TEXT)
    torch.manual_seed(0)
    plain: Any = netspec.compile(network).double()
    again: Any = netspec.compile(network, checkpoint=["units.*"]).double()
    again.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 8, 9, dtype=torch.double)
    for model in (plain, again):
        model(x).sum().backward()
    own = dict(plain.named_parameters())

    assert all(torch.equal(parameter.grad, own[name].grad) for name, parameter in again.named_parameters())
    assert sorted(name for stage in network.split(3) for name in stage.compile().state_dict()) == sorted(own)


def test_patches_change_it_as_any_layer() -> None:
    """``set`` gives it other values, ``replace`` a layer in its place, ``remove`` leaves it out for what joins it."""

    def patched(patch: str) -> list[tuple[str, str]]:
        found = netspec.read(f"{TEXT}patch: {{{patch}}}\n").graph.operations
        return [(node.name, node.label) for node in found if node.name.startswith("units.0")]

    assert ("units.0.gamma", "parameter 1x1x1") in patched("set: {units.0.gamma: {shape: [1, 1, 1]}}")
    assert ("units.0.gamma", "sigmoid") in patched("replace: {units.0.gamma: sigmoid}")
    without = patched("remove: units.*.gamma, replace: {units.*.scaled: {identity: , from: conv}}")
    assert [name for name, _ in without] == ["units.0.conv", "units.0.scaled", "units.0.sum"]


def test_repeat_when_like_and_expressions_work_on_it() -> None:
    """Several of them have numbers; a condition leaves it out; a block can be like it, with other defaults."""
    text = layers(
        "  g: {scale: {}, repeat: 3}\n  m: {multiply: [conv, g.0, g.1, g.2]}\n"
        "  left: {parameter: [4], when: $wide}\n  r: {relu: , from: m}\n"
    ).replace("stages:", "params: {wide: false}\nblocks: {scale: {like: {parameter: [4, 1, 1]}}}\nstages:")

    assert netspec.read(text).stats().totals.params == 112 + 12


def test_weights_of_others_are_paired_with_it(torch: ModuleType, tmp_path: Path) -> None:
    """A file of a network with other names has its parameters without a layer's name, and they are paired by shape."""
    from netspec.weights.pairing import pair
    from netspec.weights.wanted import wanted

    network = netspec.read(TEXT)
    model: Any = netspec.compile(network)
    for tensor in model.parameters():
        torch.nn.init.normal_(tensor)
    names = {"units": "blocks", "gamma": "ls", "first": "patch", "shift": "pos_embed", "last": "head"}
    theirs = {
        ".".join(names.get(part, part) for part in name.split(".")): tensor
        for name, tensor in model.state_dict().items()
    }
    found = pair(network.graph, wanted(network.graph), {n: tuple(t.shape) for n, t in theirs.items()}, ordered=True)

    assert found.pairs["units.1.gamma"] == "blocks.1.ls"
    assert found.pairs["shift"] == "pos_embed"
    torch.save(theirs, tmp_path / "theirs.pth")
    fresh: Any = netspec.compile(network)
    netspec.load_weights(fresh, tmp_path / "theirs.pth", pairs=found.pairs)
    assert all(torch.equal(tensor, fresh.state_dict()[name]) for name, tensor in model.state_dict().items())


def test_a_network_with_parameters_is_saved_and_loaded(torch: ModuleType, tmp_path: Path) -> None:
    """The artefact has them by their keys."""
    model: Any = netspec.compile(TEXT)
    torch.nn.init.normal_(model.shift)
    netspec.save(model, netspec.read(TEXT), tmp_path / "net.safetensors")
    loaded: Any = netspec.load(tmp_path / "net.safetensors")

    assert torch.equal(loaded.shift, model.shift)
