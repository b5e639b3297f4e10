"""Memory and training work, held against what torch saves, allocates and counts."""

from __future__ import annotations

import weakref
from types import ModuleType
from typing import Any

import pytest

import netspec
from netspec.analysis.memory import memory
from netspec.analysis.traffic import activations
from netspec.analysis.training import training_flops

NETWORKS = ("alexnet", "vgg16", "resnet18", "resnet50", "googlenet", "densenet121")


def saved(name: str, torch: ModuleType) -> int:
    """Bytes of the distinct tensors that torch keeps for the backward pass of one image, weights left out."""
    module = netspec.compile(name, device="meta", outputs="all").train()
    own = {value.untyped_storage()._cdata for value in module.state_dict(keep_vars=True).values()}
    kept: dict[int, int] = {}
    alive = []

    def pack(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        alive.append(tensor)
        if storage._cdata not in own:
            kept[storage._cdata] = storage.nbytes()
        return tensor

    x = torch.zeros(1, *netspec.read(name).graph.input.shape, device="meta")
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = module(x)
    assert result is not None
    return sum(kept.values())


@pytest.mark.parametrize("name", NETWORKS)
def test_tensors_kept_for_the_backward_pass_are_torchs(name: str, torch: ModuleType) -> None:
    """What the model says is saved is within 3 % of what torch saves."""
    assert memory(netspec.read(name).graph).saved_for_backward == pytest.approx(saved(name, torch), rel=0.03)


def live_peak(name: str, torch: ModuleType) -> int:
    """Largest sum of bytes alive while one image passes in eval mode, the image included and weights left out."""
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    class Watch(TorchDispatchMode):
        def __init__(self) -> None:
            super().__init__()
            self.sizes: dict[int, int] = {}
            self.now = self.peak = 0

        def see(self, tensor: Any) -> None:
            storage = tensor.untyped_storage()
            key = storage._cdata
            if key not in self.sizes and key not in own:
                self.sizes[key] = storage.nbytes()
                self.now += storage.nbytes()
                self.peak = max(self.peak, self.now)
                weakref.finalize(storage, self.gone, key)

        def gone(self, key: int) -> None:
            self.now -= self.sizes.pop(key)

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = func(*args, **(kwargs or {}))
            for leaf in tree_leaves(result):
                if isinstance(leaf, torch.Tensor):
                    self.see(leaf)
            return result

    module = netspec.compile(name, device="meta").eval()
    own = {value.untyped_storage()._cdata for value in module.state_dict(keep_vars=True).values()}
    x = torch.zeros(1, *netspec.read(name).graph.input.shape, device="meta")
    watch = Watch()
    watch.see(x)
    with torch.no_grad(), watch:
        module(x)
    return watch.peak


@pytest.mark.parametrize("name", NETWORKS)
def test_the_peak_of_inference_is_measured(name: str, torch: ModuleType) -> None:
    """The peak of live values is within 3 % of what is alive at most while the module runs."""
    assert memory(netspec.read(name).graph).inference_peak.bytes == pytest.approx(live_peak(name, torch), rel=0.03)


@pytest.mark.parametrize("name", ["alexnet", "resnet18", "googlenet", "densenet121", "inception-v3"])
def test_training_flops_are_those_of_torchs_counter(name: str, torch: ModuleType) -> None:
    """Forward and backward cost what FlopCounterMode counts, the first convolution's input gradient left out.

    Networks with groups are not compared: that counter takes the backward pass of a grouped convolution for a full one.
    """
    from torch.utils.flop_counter import FlopCounterMode

    network = netspec.read(name)
    module = network.compile(device="meta", outputs="all").train()
    x = torch.zeros(2, *network.graph.input.shape, device="meta")
    with FlopCounterMode(display=False) as counter:
        result = module(x)
        sum(value.sum() for value in (result.values() if isinstance(result, dict) else [result])).backward()

    assert counter.get_total_flops() == 2 * training_flops(network.graph)


def test_a_wrong_rule_is_noticed(torch: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """With convolutions that claim to keep nothing, the comparison with torch fails."""
    from netspec.ops.conv import Conv
    from netspec.ops.space import Kept

    monkeypatch.setattr(Conv, "kept", lambda *_: Kept())

    assert memory(netspec.read("resnet18").graph).saved_for_backward != pytest.approx(
        saved("resnet18", torch), rel=0.03
    )


def test_a_batch_and_a_dtype_scale_values() -> None:
    """Values grow with the batch; weights do not, and both shrink with the element."""
    graph = netspec.read("resnet18").graph
    one, many, half = memory(graph), memory(graph, batch=8), memory(graph, bytes_per_element=2)

    assert many.inference_peak.bytes == 8 * one.inference_peak.bytes
    assert (many.weights, half.weights * 2) == (one.weights, one.weights)
    assert memory(graph, optimizer="adam").optimizer_state == 2 * one.weights


def test_activations_are_regnets() -> None:
    """Outputs of convolutions and linear layers: 11.11 million in ResNet-50 (Radosavovic et al. 2020, table 2)."""
    assert round(activations(netspec.read("resnet50").graph) / 1e6, 2) == 11.11
