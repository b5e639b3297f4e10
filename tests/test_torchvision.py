"""Networks that torchvision has too: its weights load, its outputs are ours to the last bit, fvcore counts the same."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from oracle import randomised

import netspec

NAMES = (
    "alexnet",
    "vgg16",
    "googlenet",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "densenet121",
)


@pytest.fixture(autouse=True)
def one_thread(torch: ModuleType) -> Iterator[None]:
    """Threads that wait for one another cost more than single images and small maps gain from them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Pair(NamedTuple):
    """A network of torchvision's and ours, with one set of weights."""

    theirs: Any
    ours: Any


def built(name: str, torchvision: ModuleType) -> Any:
    """Torchvision's network, on the device and with the heads that the caller's context chooses."""
    arguments = {"init_weights": False, "aux_logits": True} if name == "googlenet" else {}
    return getattr(torchvision.models, name)(weights=None, **arguments).eval()


def pair(name: str, torch: ModuleType, torchvision: ModuleType) -> Pair:
    """Both networks, ours with torchvision's weights loaded strictly."""
    with torch.device("meta"):
        theirs = built(name, torchvision)
    theirs = randomised(theirs.to_empty(device="cpu"), torch)
    ours = netspec.compile(name, device="meta").eval()
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    return Pair(theirs, ours)


def outputs(networks: Pair, name: str, torch: ModuleType) -> tuple[Any, Any]:
    """What both make of one random image of the spec's own size."""
    image = torch.randn(1, *netspec.read(name).graph.input.shape, generator=torch.Generator().manual_seed(6))
    with torch.inference_mode():
        return networks.theirs(image), networks.ours(image)


@pytest.mark.parametrize("name", NAMES)
def test_torchvisions_weights_give_torchvisions_outputs(name: str, torch: ModuleType, torchvision: ModuleType) -> None:
    """With torchvision's weights, loaded strictly, the outputs in eval mode are equal to the last bit."""
    theirs, ours = outputs(pair(name, torch, torchvision), name, torch)

    assert ours.dtype == torch.float32
    assert ours.isfinite().all()
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("name", NAMES)
def test_keys_are_torchvisions(name: str, torch: ModuleType, torchvision: ModuleType) -> None:
    """The state_dicts have the same keys with the same shapes, so weights load strictly in both directions."""
    with torch.device("meta"):
        theirs = built(name, torchvision)
    ours = netspec.compile(name, device="meta")

    def shapes(module: Any) -> dict[str, tuple[int, ...]]:
        return {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()}

    assert shapes(ours) == shapes(theirs)
    theirs.load_state_dict(ours.state_dict(), strict=True, assign=True)


def test_one_changed_weight_is_seen(torch: ModuleType, torchvision: ModuleType) -> None:
    """The comparison fails when one weight of the first convolution differs in its last bits."""
    networks = pair("resnet18", torch, torchvision)
    networks.ours.load_state_dict(networks.theirs.state_dict(), strict=True)
    weight = networks.ours.conv1.weight.detach().clone()
    weight[3, 1, 2, 2] *= 1.00001
    networks.ours.conv1.weight = torch.nn.Parameter(weight)

    assert not torch.equal(*outputs(networks, "resnet18", torch))


def test_one_changed_eps_is_seen(torch: ModuleType, torchvision: ModuleType) -> None:
    """The comparison fails when a single batch norm has torch's usual eps in place of the spec's."""
    networks = pair("googlenet", torch, torchvision)
    assert networks.ours.inception3a.branch1.bn.eps == 0.001
    networks.ours.inception3a.branch1.bn.eps = 1e-5

    assert not torch.equal(*outputs(networks, "googlenet", torch))


def test_one_renamed_layer_is_seen(torch: ModuleType, torchvision: ModuleType) -> None:
    """A layer under another name is refused by the strict loading that the comparison begins with."""
    with torch.device("meta"):
        theirs = built("resnet50", torchvision)
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


@pytest.mark.parametrize("name", ["googlenet"])
def test_heads_for_training_are_torchvisions_too(name: str, torch: ModuleType, torchvision: ModuleType) -> None:
    """With ``outputs="all"`` the auxiliary heads give what torchvision's training forward gives."""
    theirs = pair(name, torch, torchvision).theirs
    ours = netspec.compile(name, device="meta", outputs="all").eval()
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    image = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(7))
    theirs.training = True  # the network alone: its layers stay in eval mode
    with torch.inference_mode():
        expected, found = theirs(image), ours(image)

    assert torch.equal(found["logits"], expected.logits)
    assert torch.equal(found["aux1"], expected.aux_logits1)
    assert torch.equal(found["aux2"], expected.aux_logits2)
