"""Other tools that count a network's work, each on torchvision's model; imports nothing but what a count needs.

    python tools/bench_peers.py torchinfo resnet50    # builds, counts, prints

What is not in the test environment is installed with :data:`INSTALL`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

SIZE = (3, 224, 224)
INSTALL = "pip install --no-deps torchinfo==1.8.0 ptflops==0.7.5 thop==0.1.1.post2209072238"


class Peer(NamedTuple):
    """A tool: its package, what it counts of a model and a batch of one image, and the device that suits it best."""

    package: str
    counted: Callable[[Any, Any], Any]
    device: str = "meta"

    @property
    def is_installed(self) -> bool:
        """Whether its package is found."""
        return find_spec(self.package) is not None

    def figure(self, network: str) -> Any:
        """Its number for torchvision's ``network``, which is built first."""
        torch = import_module("torch")
        with torch.device(self.device):
            model, image = getattr(torchvision().models, network)(weights=None).eval(), torch.zeros(1, *SIZE)
        return self.counted(model, image)


def _torchinfo(model: Any, image: Any) -> Any:
    summary = import_module("torchinfo").summary
    return summary(model, input_data=image, device=image.device, mode="eval", verbose=0).total_mult_adds


def _fvcore(model: Any, image: Any) -> Any:
    analysis = import_module("fvcore.nn").FlopCountAnalysis(model, image)
    return analysis.unsupported_ops_warnings(enabled=False).total()


def _ptflops(model: Any, image: Any) -> Any:
    complexity = import_module("ptflops").get_model_complexity_info
    return complexity(model, tuple(image.shape[1:]), backend="pytorch", as_strings=False, print_per_layer_stat=False)[0]


def _ptflops_aten(model: Any, image: Any) -> Any:
    complexity = import_module("ptflops").get_model_complexity_info
    return complexity(model, tuple(image.shape[1:]), backend="aten", as_strings=False, print_per_layer_stat=False)[0]


def _thop(model: Any, image: Any) -> Any:
    return import_module("thop").profile(model, (image,), verbose=False)[0]


def _flop_counter_mode(model: Any, image: Any) -> Any:
    counter = import_module("torch.utils.flop_counter").FlopCounterMode(display=False)
    with counter:
        model(image)
    return counter.get_total_flops()


PEERS = {
    "torchinfo": Peer("torchinfo", _torchinfo),
    "fvcore": Peer("fvcore", _fvcore, device="cpu"),  # its tracer refuses the meta device
    "ptflops": Peer("ptflops", _ptflops),  # on meta it counts linear layers twice, and is faster
    "ptflops, aten": Peer("ptflops", _ptflops_aten),
    "thop": Peer("thop", _thop),
    "FlopCounterMode": Peer("torch", _flop_counter_mode),
}


@cache
def torchvision() -> Any:
    """Torchvision, also where its compiled operators do not fit this torch: its models need none of them."""
    torch = import_module("torch")
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    module = import_module("torchvision")
    vars(module)["kept"] = library  # definitions of operators last as long as the object that made them
    return module


if __name__ == "__main__":
    print(PEERS[sys.argv[1]].figure(sys.argv[2]))
