"""Parts of a network as a module: the values that are asked for, by name, and nothing else."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import conftest
import pytest
import shipped

import netspec
from netspec.analysis.receptive_field import receptive_fields
from netspec.graph.selection import selected, value_of

pytestmark = pytest.mark.usefixtures("one_thread")
SMALL = """\
netspec: 1
name: small
input: [3, 16, 16]
stem: {conv1: {conv: {out: 8, kernel: 3, padding: 1}}, bn1: batch_norm, relu: relu}
stages:
  layer1: {residual: {width: 8}, repeat: 2}
  layer2: {residual: {width: 16, stride: 2}}
head: {pool: global_avg_pool, fc: {linear: 5}}
outputs: {logits: fc, middle: {from: layer1, when: training}}
"""
PAIR = """\
netspec: 1
name: pair
input: [3, 8, 8]
stages:
  pair: [{conv: {out: 4, kernel: 1}}, relu, {conv: {out: 4, kernel: 1}}]
  sum: {add: [pair.0, pair]}
"""


@pytest.mark.parametrize("case", conftest.sample(shipped.CASES), ids=lambda case: case.word)
def test_features_are_what_runs(case: shipped.Case, torch: ModuleType) -> None:
    """For networks of each file the values of its stages have the shapes, and the fields, that are told."""
    network = shipped.network(case)
    told = network.features() or network.features(network.graph.operations[0].name)
    names = [feature.name for feature in told]
    module = netspec.compile(network, outputs=names, device="meta")
    found = module(torch.empty(2, *network.graph.input.shape, device="meta"))
    part = selected(network.graph, {name: value_of(network.graph, name) for name in names})
    fields = {node.name: field for node, field in receptive_fields(part).items()}

    assert {name: (2, *feature.shape) for name, feature in zip(names, told, strict=True)} == {
        name: tuple(value.shape) for name, value in found.items()
    }
    assert all(fields[one.layer].size == one.receptive_field for one in told)
    assert all(fields[one.layer].jump == one.stride and one.channels == one.shape[0] for one in told)


def test_values_are_those_of_the_whole_network(torch: ModuleType) -> None:
    """A part with the weights of the whole computes the same to the last bit; what it leaves out is not there."""
    torch.manual_seed(0)
    whole, seen = netspec.compile(SMALL).eval(), {}
    for name in ("layer1", "layer2"):
        getattr(whole, name).register_forward_hook(lambda _, __, value, name=name: seen.update({name: value.clone()}))
    part = netspec.compile(SMALL, outputs=["layer2", "layer1"]).eval()
    part.load_state_dict(whole.state_dict(), strict=False)
    image = torch.randn(2, 3, 16, 16)
    whole(image)
    found = part(image)

    assert [*found] == ["layer2", "layer1"]
    assert all(torch.equal(found[name], value) for name, value in seen.items())
    assert not hasattr(part, "fc")
    assert [name for name in whole.state_dict() if name not in part.state_dict()] == ["fc.weight", "fc.bias"]


@pytest.mark.parametrize("names", [["relu"], ["conv1"], ["input", "bn1"], ["logits", "middle", "layer2.conv1"]])
def test_any_value_has_a_name(names: list[str], torch: ModuleType) -> None:
    """Layers, the input and declared outputs, for training too, are given in a dict, though it may be of one."""
    found = netspec.compile(SMALL, outputs=names)(torch.randn(2, 3, 16, 16))

    assert [*found] == names
    assert [(2, *one.shape) for one in netspec.read(SMALL).features(*names)] == [tuple(v.shape) for v in found.values()]


def test_weights_of_what_is_left_out_are_unused(torch: ModuleType, tmp_path: Any) -> None:
    """Weights of the whole load strictly into a part of it; those left out are told, others are refused as ever."""
    state = netspec.compile(SMALL).state_dict()
    torch.save(state, tmp_path / "w.pth")
    part = netspec.compile(SMALL, outputs=["layer1"])
    report = netspec.load_weights(part, tmp_path / "w.pth")
    torch.save({**state, "more.weight": torch.zeros(1)}, tmp_path / "more.pth")

    assert [*report.loaded] == [*part.state_dict()]
    assert report.unused == tuple(name for name in state if name.startswith(("layer2", "fc")))
    with pytest.raises(netspec.SpecError, match=re.escape("0 missing, 1 unknown, 0 of another shape (more.weight)")):
        netspec.load_weights(part, tmp_path / "more.pth")


def test_a_head_is_dropped_in_the_spec_as_in_python(torch: ModuleType, tmp_path: Any) -> None:
    """A child with an empty head has the weights and the value of the part without one."""
    (tmp_path / "small.yaml").write_text(SMALL.partition("outputs:")[0], encoding="utf-8")
    (tmp_path / "body.yaml").write_text("netspec: 1\nname: body\nextends: small.yaml\nhead: {}\n", encoding="utf-8")
    torch.manual_seed(0)
    body = netspec.compile(tmp_path / "body.yaml").eval()
    part = netspec.compile(tmp_path / "small.yaml", outputs=["layer2"]).eval()
    part.load_state_dict(body.state_dict())
    image = torch.randn(2, 3, 16, 16)

    assert torch.equal(part(image)["layer2"], body(image))


def test_names_of_nothing_are_refused() -> None:
    """Names that are none, are there twice, or have several values are answered with what is meant."""
    with pytest.raises(netspec.SpecError, match="no layer, block or output is called 'layer9'"):
        netspec.compile(SMALL, outputs=["layer9"])
    with pytest.raises(ValueError, match="a list of different names"):
        netspec.compile(SMALL, outputs=["fc", "fc"])
    with pytest.raises(TypeError, match="outputs is a text, or several, not 3"):
        netspec.compile(SMALL, outputs=["layer1", 3])  # type: ignore[list-item]  # what is wrong here
    with pytest.raises(TypeError, match="checkpoint is a text, or several, not nothing"):
        netspec.compile(SMALL, checkpoint=None)  # type: ignore[arg-type]  # what is wrong here
    with pytest.raises(TypeError, match="a name is a text, or several, not 3"):
        netspec.read(SMALL).features(3)  # type: ignore[arg-type]  # what is wrong here
    with pytest.raises(netspec.SpecError, match="no block is called 'layer9'"):
        netspec.compile(SMALL, checkpoint="layer9")
    with pytest.raises(ValueError, match="outputs is one of inference, all, not 'layer1'"):
        netspec.compile(SMALL, outputs="layer1")
    with pytest.raises(netspec.SpecError, match=r"did you mean 'layer1\.0\.conv1'"):
        netspec.read(SMALL).features("layer1.0.comv1")
    with pytest.raises(netspec.SpecError, match="the block 'pair' has 2 values that others read"):
        netspec.read(PAIR).features("pair")


def test_nothing_is_overwritten_where_that_is_asked(torch: ModuleType) -> None:
    """With ``inplace=False`` no layer and no sum writes over its input, and the values are the same."""
    torch.manual_seed(0)
    usual = netspec.compile(SMALL).eval()
    torch.manual_seed(0)
    plain = netspec.compile(SMALL, inplace=False).eval()
    image = torch.randn(2, 3, 16, 16)
    sources = [part.source for part in plain.modules() if hasattr(part, "source")]

    assert any(getattr(part, "inplace", False) for part in usual.modules())
    assert not any(getattr(part, "inplace", False) for part in plain.modules())
    assert any("+=" in part.source for part in usual.modules() if hasattr(part, "source"))
    assert not any("+=" in source for source in sources)
    assert torch.equal(plain(image), usual(image))


# -- first values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["resnet20", "lenet5-1998", "nin"])
def test_first_values_come_again(word: str, torch: ModuleType) -> None:
    """After the same seed a network gets the values that it was built with: after training, and after ``to_empty``."""
    network = netspec.read(word)
    torch.manual_seed(4)
    expected = network.compile().state_dict()
    for module in (
        network.compile(),
        network.compile(device="meta").to_empty(device="cpu"),
        network.compile(device="meta"),
    ):
        torch.manual_seed(4)
        assert network.initialise(module) == tuple(expected)

        assert [*module.state_dict()] == [*expected]
        assert all(torch.equal(value, expected[name]) for name, value in module.state_dict().items())
    assert all(parameter.requires_grad for parameter in module.parameters())


@pytest.mark.parametrize("names", ["layer2", ["layer2.*"], ["layer2.conv?.weight", "layer2.bn*", "*.downsample.*"]])
def test_chosen_layers_begin_again(names: Any, torch: ModuleType) -> None:
    """What is named gets new values, by the scheme of the spec, and all else stays."""
    network = netspec.read(SMALL + "init: {conv.weight: {constant: 0.5}, batch_norm.weight: zeros}\n")
    module = network.compile()
    with torch.no_grad():
        for value in module.state_dict().values():
            value.fill_(7)
    done = network.initialise(module, names)

    assert done == tuple(name for name in module.state_dict() if name.startswith("layer2"))
    assert all(bool((value == 7).all()) is (name not in done) for name, value in module.state_dict().items())
    assert bool((module.layer2.conv1.weight == 0.5).all())
    assert bool((module.layer2.bn1.weight == 0).all())
    with pytest.raises(netspec.SpecError, match="no layer or tensor with weights is called 'layer3'"):
        network.initialise(module, "layer3")


def test_a_module_of_another_network_keeps_its_values(torch: ModuleType) -> None:
    """Names alone do not make it the network's own: a tensor of another shape is named, and none has been drawn."""
    module = netspec.compile("resnet18")
    before = {name: value.clone() for name, value in module.state_dict().items()}
    with pytest.raises(netspec.SpecError, match=r"none of resnet20: 'conv1\.weight' is 64x3x7x7, not 16x3x3x3"):
        netspec.read("resnet20").initialise(module)

    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_what_a_file_left_fresh_begins_again(torch: ModuleType, tmp_path: Any) -> None:
    """The fresh ones of a report are names: into a module on the device meta, then there is nothing without memory."""
    network = netspec.read(SMALL)
    state = {name: value for name, value in network.compile().state_dict().items() if not name.startswith("fc")}
    torch.save(state, tmp_path / "w.pth")
    module = network.compile(device="meta")
    report = netspec.load_weights(module, tmp_path / "w.pth", partial=True)
    network.initialise(module, report.fresh)

    assert [*report.fresh] == ["fc.weight", "fc.bias"]
    assert not any(value.is_meta for value in module.state_dict().values())
    assert all(torch.equal(module.state_dict()[name], value) for name, value in state.items())
    assert module.fc.weight.std() > 0


# -- recomputed blocks --------------------------------------------------------------------------------------------


CHAIN = """\
netspec: 1
name: chain
input: [3, 16, 16]
blocks: {unit: {body: [{conv: {out: 8, kernel: 3, padding: 1}}, batch_norm, relu, dropout: 0.3]}}
stages:
  features: [{unit: , inline: true}, {unit: , inline: true}, {unit: , inline: true}]
head: {pool: global_avg_pool, fc: {linear: 10}}
"""
BLOCKS = SMALL.replace("relu: relu}", "relu: relu, drop: {dropout: 0.3}}")


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        (BLOCKS, ["layer1.*"]),
        (BLOCKS, ["layer2"]),
        (BLOCKS, ["layer1", "layer1.1", "layer2"]),
        (CHAIN, ["features.1:features.5"]),
        (CHAIN, ["features.2:features.11", "features.4:features.7", "features.8:features.10"]),
        (CHAIN, ["features.0:features.3", "features.4:features.8", "features"]),
    ],
)
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_recomputed_blocks_train_the_same(spec: str, names: list[str], mode: str, torch: ModuleType) -> None:
    """Gradients and running statistics are equal to the last bit, with blocks in blocks too, and less is kept.

    The same holds for runs of layers in a chain, which keep their names.
    """
    states, kept = [], []
    for checkpoint in ((), names):
        torch.manual_seed(0)
        module = getattr(netspec.compile(spec, checkpoint=checkpoint), mode)()
        seen: dict[int, int] = {}

        def keep(tensor: Any, seen: dict[int, int] = seen) -> Any:
            storage = tensor.untyped_storage()
            seen[storage.data_ptr()] = storage.nbytes()
            return tensor

        for _ in range(2):
            seen.clear()  # what the step before kept is gone, and its places are taken again
            with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
                loss = module(torch.randn(4, 3, 16, 16)).square().mean()
            loss.backward()
        states.append([*module.state_dict().values(), *(parameter.grad for parameter in module.parameters())])
        kept.append(sum(seen.values()))

    assert all(torch.equal(one, other) for one, other in zip(*states, strict=True))
    assert kept[1] < kept[0]


def test_blocks_to_recompute_are_blocks() -> None:
    """A name that is no block is refused, and so is a layer."""
    for name in ("layer9", "conv1", "layer1.0.conv1"):
        with pytest.raises(netspec.SpecError, match=f"no block is called '{name}'"):
            netspec.compile(SMALL, checkpoint=[name])


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["features.0:features.99"], "'features.99' is no layer of a chain"),
        (["features.0:"], "'' is no layer of a chain"),
        (["features.3:features.1"], "'features.1' does not come after 'features.3' in one chain of layers"),
        (["features.0:fc"], "'fc' is no layer of a chain"),
        (["features.0:features.4", "features.3:features.6"], "overlaps another run of layers"),
    ],
)
def test_runs_to_recompute_lie_in_a_chain(names: list[str], said: str) -> None:
    """A run that does not lie in one chain of layers, or overlaps another, is refused."""
    with pytest.raises(netspec.SpecError, match=said):
        netspec.compile(CHAIN.replace("head: {pool", "head: {a: relu, pool"), checkpoint=names)


def test_recomputing_is_seen_in_the_source() -> None:
    """The forward says what runs twice, in one line."""
    source = netspec.compile(SMALL, checkpoint=["layer2"], device="meta").source

    assert "    x = netspec.nn.recompute.recomputed(self.layer2, x)\n" in str(source)
    assert str(source).startswith("import netspec.nn.recompute\n")
    chain = netspec.compile(CHAIN, checkpoint=["features.10:features.11"], device="meta")
    line = "    x = netspec.nn.recompute.recomputed((getattr(self, '10'), getattr(self, '11')), x)\n"
    assert line in str(chain.features.source)
    assert [*chain.state_dict()] == [*netspec.compile(CHAIN, device="meta").state_dict()]
