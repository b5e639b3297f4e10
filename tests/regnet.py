"""RegNetX-400MF as a spec, under torchvision's names and under timm's: one network with two sets of names."""

from __future__ import annotations

from collections.abc import Iterator

DEPTHS, WIDTHS, GROUP = (1, 2, 7, 12), (32, 64, 160, 400), 16
"""Radosavovic et al. 2020, table 7 (X-400MF): blocks and channels of each stage, channels of a group."""
TORCHVISION = {
    "stem": "stem.0",
    "block": "trunk_output.block{stage}.block{stage}-{index}",
    "norm": "1",
    "conv": "0",
    "parts": ("f.a", "f.b", "f.c"),
    "shortcut": "proj",
    "head": "fc",
}
TIMM = {
    "stem": "stem.conv",
    "block": "s{stage}.b{number}",
    "norm": "bn",
    "conv": "conv",
    "parts": ("conv1", "conv2", "conv3"),
    "shortcut": "downsample",
    "head": "head.fc",
}


def spec(names: dict[str, object], size: int = 64) -> str:
    """The text of the spec under ``names``; the shortcut of a block comes after its convolutions."""
    layers = "\n".join(f"  {line}" for line in _layers(names))
    return f"netspec: 1\nname: regnet\ninput: [3, {size}, {size}]\nstages:\n{layers}\n"


def _layers(names: dict[str, object]) -> Iterator[str]:
    stem = str(names["stem"])
    yield f"{stem}: {{conv: {{out: 32, kernel: 3, stride: 2, padding: 1, bias: false}}}}"
    yield f"{stem.rpartition('.')[0]}.{names['norm']}: batch_norm"
    yield "x: relu"
    last = "x"
    for stage, (depth, width) in enumerate(zip(DEPTHS, WIDTHS, strict=True), 1):
        for index in range(depth):
            block = str(names["block"]).format(stage=stage, index=index, number=index + 1)
            yield from _block(names, block, last, width, is_first=index == 0)
            last = f"{block}.relu"
    yield "pool: global_avg_pool"
    yield f"{names['head']}: {{linear: 1000}}"


def _block(names: dict[str, object], block: str, last: str, width: int, *, is_first: bool) -> Iterator[str]:
    conv, norm, parts = names["conv"], names["norm"], names["parts"]
    assert isinstance(parts, tuple)
    kernels = ("kernel: 1", f"kernel: 3, padding: 1, groups: {width // GROUP}", "kernel: 1")
    for place, (part, kernel) in enumerate(zip(parts, kernels, strict=True)):
        stride = 2 if is_first and place == 1 else 1
        reads = f", from: {last}" if place == 0 else ""
        yield f"{block}.{part}.{conv}: {{conv: {{out: {width}, {kernel}, stride: {stride}, bias: false}}{reads}}}"
        yield f"{block}.{part}.{norm}: batch_norm"
        if part != parts[-1]:
            yield f"{block}.{part}.act: relu"
    shortcut = last
    if is_first:
        shortcut = f"{block}.{names['shortcut']}.{norm}"
        made = f"{{conv: {{out: {width}, kernel: 1, stride: 2, bias: false}}, from: {last}}}"
        yield f"{block}.{names['shortcut']}.{conv}: {made}"
        yield f"{shortcut}: batch_norm"
    yield f"{block}.sum: {{add: [{block}.{parts[-1]}.{norm}, {shortcut}]}}"
    yield f"{block}.relu: relu"
