"""Networks that torchvision has too: its weights load, its outputs are ours to the last bit, fvcore counts the same."""

from __future__ import annotations

import fnmatch
import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import conftest
import pytest
from oracle import randomised
from torchvision_networks import FAMILIES, LEFT_OUT, NAMES, QUICK, WITH_AUX, of_pattern, original, tensors, undrawn

import netspec
from netspec import catalogue
from netspec.ops.facts import Shape


@pytest.fixture(autouse=True)
def one_thread(torch: ModuleType) -> Iterator[None]:
    """Threads that wait for one another cost more than single images and small maps gain from them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Pair(NamedTuple):
    """A network of torchvision's and ours, with one set of weights, and a batch of images."""

    theirs: Any
    ours: Any
    images: Any

    def outputs(self, torch: ModuleType) -> tuple[Any, Any]:
        """What both make of the images; of several outputs the first."""
        theirs, ours = self.all_outputs(torch)
        return theirs[0], ours[0]

    def all_outputs(self, torch: ModuleType) -> tuple[list[Any], list[Any]]:
        """All that both make of the images."""
        with torch.inference_mode():
            return tensors(self.theirs(self.images)), tensors(self.ours(self.images))


def with_aux(aux: bool) -> dict[str, Any]:  # noqa: FBT001 - a case
    """The parameters of a network of ours with its second head, or as it is."""
    return {"aux": True} if aux else {}


def pair(name: str, torch: ModuleType, torchvision: ModuleType, word: str | None = None, *, aux: bool = False) -> Pair:
    """Torchvision's network and ours (or that of ``word``) with its weights loaded strictly, and two random images."""
    theirs = randomised(original(name, torchvision, aux=aux), torch)
    size = of_pattern(name, QUICK)
    ours = netspec.compile(word or name, input=size, device="meta", **with_aux(aux)).eval()
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    return Pair(theirs, ours, torch.randn(2, *size, generator=torch.Generator().manual_seed(6)))


def test_every_network_of_torchvision_is_accounted_for(torchvision: ModuleType) -> None:
    """Each name that it lists is found here, or is left out for a reason; no reason is given for what is not there."""
    listed = torchvision.models.list_models()
    left_out = [name for name in listed if of_pattern(name, LEFT_OUT)]

    assert sorted([*NAMES, *left_out]) == listed
    assert [pattern for pattern in LEFT_OUT if not fnmatch.filter(listed, pattern)] == []


@pytest.mark.parametrize("file", FAMILIES)
def test_torchvisions_weights_give_torchvisions_outputs(file: str, torch: ModuleType, torchvision: ModuleType) -> None:
    """With torchvision's weights, loaded strictly, the outputs of one of each family are equal to the last bit."""
    theirs, ours = pair(FAMILIES[file][0], torch, torchvision).outputs(torch)

    assert ours.dtype == torch.float32
    assert ours.isfinite().all()
    assert not torch.equal(ours[0], ours[1])
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("name", conftest.sample(WITH_AUX))
def test_second_heads_are_torchvisions(name: str, torch: ModuleType, torchvision: ModuleType) -> None:
    """With ``aux`` both outputs are equal to the last bit, under the same names; without it there is one, a tensor."""
    networks = pair(name, torch, torchvision, aux=True)
    theirs, ours = networks.all_outputs(torch)

    assert [*networks.ours(networks.images)] == ["out", "aux"]
    assert not torch.equal(*ours)
    assert all(torch.equal(*outputs) for outputs in zip(ours, theirs, strict=True))
    assert [output.name for output in netspec.read(name).graph.outputs] == ["out"]


KEYS = [(name, False) for name in NAMES] + [(name, True) for name in WITH_AUX]


@pytest.mark.parametrize(("name", "aux"), KEYS)
def test_keys_are_torchvisions(name: str, aux: bool, torchvision: ModuleType) -> None:  # noqa: FBT001 - a case
    """A state_dict of torchvision's loads strictly: the same keys with the same shapes, as many parameters."""
    theirs = original(name, torchvision, aux=aux)
    network = netspec.read(name, **with_aux(aux))
    with undrawn():
        ours = network.compile(device="meta")
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)

    assert network.stats().totals.params == sum(parameter.numel() for parameter in theirs.parameters())


@pytest.mark.parametrize("name", FAMILIES["convnext"])
def test_convnexts_drop_as_torchvisions_do(name: str, torchvision: ModuleType) -> None:
    """Each block drops its branch as often as torchvision's, from never in the first to what the paper says."""
    theirs = {
        layer: module.p
        for layer, module in original(name, torchvision).named_modules()
        if isinstance(module, torchvision.ops.StochasticDepth)
    }
    ours = {
        node.name: node.operation.p for node in netspec.read(name).graph.nodes if node.operation.word == "drop_path"
    }

    assert ours == pytest.approx(theirs, rel=1e-12)
    assert max(ours.values()) == {"convnext_tiny": 0.1, "convnext_small": 0.4}.get(name, 0.5)


def test_convnexts_start_as_torchvisions_do(torch: ModuleType, torchvision: ModuleType) -> None:
    """Scales and biases are the same constants, weights are spread as much; of a small ConvNeXt."""
    convnext = torchvision.models.convnext
    widths, sizes = [32, 48, 64, 96], [*pairwise([32, 48, 64, 96, None])]
    torch.manual_seed(0)
    theirs = convnext.ConvNeXt([convnext.CNBlockConfig(*size, 1) for size in sizes], num_classes=40).state_dict()
    ours = netspec.compile("convnext", widths=widths, depths=[1] * 4, classes=40).state_dict()

    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        if value.numel() > 2000:
            assert float(ours[key].std()) == pytest.approx(float(value.std()), rel=0.1), key
            assert abs(ours[key].mean()) < 0.002
        elif key.endswith(("bias", "layer_scale")) or value.dim() == 1:
            assert torch.equal(ours[key], value), key


def test_one_changed_weight_is_seen(torch: ModuleType, torchvision: ModuleType) -> None:
    """The comparison fails when one weight of the first convolution differs in its last bits."""
    networks = pair("resnet18", torch, torchvision)
    networks.ours.load_state_dict(networks.theirs.state_dict(), strict=True)
    weight = networks.ours.conv1.weight.detach().clone()
    weight[3, 1, 2, 2] *= 1.00001
    networks.ours.conv1.weight = torch.nn.Parameter(weight)

    assert not torch.equal(*networks.outputs(torch))


def test_one_changed_eps_is_seen(torch: ModuleType, torchvision: ModuleType) -> None:
    """The comparison fails when a single batch norm has torch's usual eps in place of the spec's."""
    networks = pair("googlenet", torch, torchvision)
    assert networks.ours.inception3a.branch1.bn.eps == 0.001
    networks.ours.inception3a.branch1.bn.eps = 1e-5

    assert not torch.equal(*networks.outputs(torch))


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        pytest.param("mobilenet_v3_small", "gate: hardsigmoid", "gate: sigmoid", id="other-gate"),
        pytest.param("shufflenet_v2_x0_5", "channel_shuffle: 2", "channel_shuffle: 1", id="no-shuffle"),
        pytest.param("shufflenet_v2_x0_5", "slice: {start: $half}", "slice: {stop: -$half}", id="other-half"),
        pytest.param("efficientnet_b0", "activation: silu}", "activation: relu}", id="other-activation"),
        pytest.param("fcn_resnet50", "layer3.0.conv2: {dilation: 1", "layer3.0.conv2: {dilation: 2", id="dilation"),
        pytest.param("mc3_18", "step: $stride if $time > 1 else 1", "step: $stride", id="step-in-time"),
    ],
)
def test_a_spec_that_says_otherwise_is_seen(
    name: str, right: str, wrong: str, torch: ModuleType, torchvision: ModuleType, tmp_path: Path
) -> None:
    """A spec whose text differs in one setting takes the same weights, and the comparison fails."""
    (file,) = (file for file, names in FAMILIES.items() if name in names)
    text = catalogue.shipped()[file].read_text(encoding="utf-8")
    assert right in text
    changed = tmp_path / f"{file}.yaml"
    changed.write_text(text.replace(right, wrong), encoding="utf-8")

    assert not torch.equal(*pair(name, torch, torchvision, f"{changed}@{name}").outputs(torch))


def test_one_renamed_layer_is_seen(torchvision: ModuleType) -> None:
    """A layer under another name is refused by the strict loading that the comparison begins with."""
    theirs = original("resnet50", torchvision)
    text = netspec.read("resnet50").to_yaml().replace("  fc:", "  classifier:")

    with pytest.raises(RuntimeError, match="Missing key"):
        netspec.compile(text, device="meta").load_state_dict(theirs.state_dict(), strict=True, assign=True)


COUNTED = (
    "alexnet",
    "vgg16",
    "googlenet",
    "googlenet-without-aux",
    "resnet18",
    "resnet50",
    "densenet121",
    "lenet5",
    "alexnet-2012",
    "resnet20",
    "plain20",
)


def counted(module: Any, size: tuple[int, ...], torch: ModuleType) -> int:
    """The multiply-adds of convolutions and linear layers that fvcore finds in one forward pass of ``module``.

    It traces on the CPU: it counts wrongly, or not at all, elsewhere.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fvcore.nn import FlopCountAnalysis

        analysis = FlopCountAnalysis(module.to_empty(device="cpu").eval(), torch.zeros(1, *size))
        analysis.unsupported_ops_warnings(enabled=False).uncalled_modules_warnings(enabled=False)
        found = analysis.by_operator()
    return int(found["conv"] + found["linear"])


@pytest.mark.parametrize("name", COUNTED)
def test_figures_are_those_of_the_module(name: str, torch: ModuleType) -> None:
    """Parameters, buffers and MACs of ``stats`` are what the module holds and what fvcore counts in its forward."""
    network = netspec.read(name)
    module = network.compile(device="meta")
    totals = network.stats().totals

    assert totals.params == sum(parameter.numel() for parameter in module.parameters())
    assert totals.buffers == sum(buffer.numel() for buffer in module.buffers())
    assert totals.macs == counted(module, network.graph.input.shape, torch)


def test_fvcore_objects_to_a_wrong_figure(torch: ModuleType) -> None:
    """The count follows the module: one convolution with half its filters changes it."""
    network = netspec.read("lenet5")
    module = network.compile(device="meta")
    module.conv1 = torch.nn.Sequential(torch.nn.Conv2d(1, 3, 5), torch.nn.Conv2d(3, 6, 1)).to("meta")

    assert network.stats().totals.macs != counted(module, network.graph.input.shape, torch)


@pytest.mark.parametrize(
    ("name", "heads", "size"),
    [
        ("googlenet", {"aux1": "aux_logits1", "aux2": "aux_logits2"}, (3, 64, 64)),
        ("inception_v3", {"aux": "aux_logits"}, (3, 299, 299)),
    ],
)
def test_heads_for_training_are_torchvisions_too(
    name: str, heads: dict[str, str], size: Shape, torch: ModuleType, torchvision: ModuleType
) -> None:
    """With ``outputs="all"`` the auxiliary heads give what torchvision's training forward gives."""
    theirs = pair(name, torch, torchvision).theirs
    ours = netspec.compile(name, input=size, device="meta", outputs="all").eval()
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    image = torch.randn(1, *size, generator=torch.Generator().manual_seed(7))
    theirs.training = True  # the network alone: its layers stay in eval mode
    with torch.inference_mode():
        expected, found = theirs(image), ours(image)

    assert torch.equal(found["logits"], expected.logits)
    for ours_is, theirs_is in heads.items():
        assert torch.equal(found[ours_is], getattr(expected, theirs_is))
