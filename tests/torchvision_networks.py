"""The networks of torchvision: which of them come with netspec, how they are built there, and why others do not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from fnmatch import fnmatchcase
from types import ModuleType
from typing import Any

from netspec.ops.facts import Shape

FAMILIES: dict[str, tuple[str, ...]] = {
    "alexnet": ("alexnet",),
    "convnext": ("convnext_tiny", "convnext_small", "convnext_base", "convnext_large"),
    "deeplabv3": ("deeplabv3_resnet50", "deeplabv3_resnet101"),
    "deeplabv3_mobilenet_v3_large": ("deeplabv3_mobilenet_v3_large",),
    "densenet": ("densenet121", "densenet161", "densenet169", "densenet201"),
    "efficientnet": tuple(f"efficientnet_b{size}" for size in range(8)),
    "efficientnet_v2": ("efficientnet_v2_s", "efficientnet_v2_m", "efficientnet_v2_l"),
    "fcn": ("fcn_resnet50", "fcn_resnet101"),
    "googlenet": ("googlenet",),
    "inception-v3": ("inception_v3",),
    "lraspp_mobilenet_v3_large": ("lraspp_mobilenet_v3_large",),
    "mnasnet": ("mnasnet0_5", "mnasnet0_75", "mnasnet1_0", "mnasnet1_3"),
    "mobilenet_v2": ("mobilenet_v2",),
    "mobilenet_v3": ("mobilenet_v3_small", "mobilenet_v3_large"),
    "regnet": tuple(
        f"regnet_{kind}_{size}"
        for kind, sizes in {
            "y": ("400mf", "800mf", "1_6gf", "3_2gf", "8gf", "16gf", "32gf", "128gf"),
            "x": ("400mf", "800mf", "1_6gf", "3_2gf", "8gf", "16gf", "32gf"),
        }.items()
        for size in sizes
    ),
    "resnet": ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
    "resnext": ("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d"),
    "s3d": ("s3d",),
    "shufflenet_v2": ("shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "shufflenet_v2_x1_5", "shufflenet_v2_x2_0"),
    "squeezenet": ("squeezenet1_0", "squeezenet1_1"),
    "vgg": tuple(f"vgg{depth}{norm}" for norm in ("_bn", "") for depth in (11, 13, 16, 19)),
    "video_resnet": ("r2plus1d_18", "mc3_18", "r3d_18"),
    "wide_resnet": ("wide_resnet50_2", "wide_resnet101_2"),
}
"""Shipped file -> the networks in it that torchvision has under the same names, a small one first."""
NAMES = tuple(name for names in FAMILIES.values() for name in names)

WITH_AUX = (
    "fcn_resnet50",
    "fcn_resnet101",
    "deeplabv3_resnet50",
    "deeplabv3_resnet101",
    "deeplabv3_mobilenet_v3_large",
)
"""Those with ``aux``: a second head that torchvision trains with and its weights have; it is built if asked for."""

QUICK: dict[str, Shape] = {
    "inception_v3": (3, 299, 299),
    "vgg*": (3, 32, 32),
    "s3d": (3, 14, 209, 241),
    "r3d_18": (3, 8, 48, 40),
    "mc3_18": (3, 8, 48, 40),
    "r2plus1d_18": (3, 8, 48, 40),
    "*": (3, 64, 64),
}
"""Pattern of names -> an input that every window still sees and that is quick to run; the first pattern counts."""

LEFT_OUT = {
    "*rcnn_*": "detection: boxes are chosen by their values",
    "fcos_*": "detection",
    "retinanet_*": "detection",
    "ssd*": "detection",
    "quantized_*": "integers: the same networks in another arithmetic",
    "raft_*": "optical flow: it looks values up where other values say",
    "vit_*": "a transformer",
    "swin*": "a transformer",
    "mvit_*": "a transformer",
    "maxvit_*": "half a transformer",
}
"""Pattern of names -> why these do not come with netspec."""


def of_pattern(name: str, patterns: dict[str, Any]) -> Any:
    """What the first pattern that fits ``name`` stands for; None if none does."""
    return next((patterns[pattern] for pattern in patterns if fnmatchcase(name, pattern)), None)


def original(name: str, torchvision: ModuleType, *, drawn: bool = False, aux: bool = False) -> Any:
    """Torchvision's network on the CPU in eval mode, with the heads that ours has and no weights from elsewhere.

    Its memory is left as it is found, unless the weights are ``drawn`` as torchvision starts to train. ``aux`` asks for
    the second head of those that can have one.
    """
    arguments: dict[str, Any] = {}
    if name in ("googlenet", "inception_v3"):
        arguments = {"aux_logits": True, "init_weights": drawn}
    elif name.startswith(("fcn_", "deeplabv3_", "lraspp_")):
        arguments = {"weights_backbone": None, "aux_loss": aux}
    with nullcontext() if drawn else undrawn():
        return torchvision.models.get_model(name, weights=None, **arguments).eval()


def tensors(output: Any) -> list[Any]:
    """What a network returns, as a list: torchvision has a dict of one where ours returns a tensor."""
    return list(output.values()) if isinstance(output, dict) else [output]


@contextmanager
def undrawn() -> Iterator[None]:
    """Modules that are made here do not start their weights: what is written over anyway need not be drawn first."""
    from torch.nn import init

    kept = {name: function for name, function in vars(init).items() if name.endswith("_") and callable(function)}
    try:
        for name in kept:
            setattr(init, name, lambda tensor, *_, **__: tensor)
        yield
    finally:
        for name, function in kept.items():
            setattr(init, name, function)
