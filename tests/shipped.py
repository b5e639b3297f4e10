"""The networks that ship, variants too, each read once, and those of them that are run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import netspec
from netspec import catalogue
from netspec.graph.graph import Graph

FILES = {
    file: [f"{file}.yaml@{variant}" if variant else f"{file}.yaml" for variant in catalogue.spec(path)[0].family()]
    for file, path in catalogue.shipped().items()
}
"""The networks of each spec file, as words that name them."""


class Case(NamedTuple):
    """A network of a shipped file; the sides of an image and parameters with which it is quick, where it is not so."""

    word: str
    side: int | tuple[int, ...] | None = None
    """One for all axes, or one for each."""
    fewer: Mapping[str, Any] = {}
    """Fewer of the blocks that are repeated, or smaller ones."""

    @property
    def file(self) -> str:
        """The name of its file."""
        return self.word.partition(".yaml")[0]


CASES = (
    Case("alexnet-2012.yaml", 107),
    Case("alexnet.yaml", 96),
    Case("bn-inception.yaml", 64),
    Case("c3d.yaml", (16, 40, 48), {"features": 64}),
    Case("convnext.yaml@convnext_tiny", 64, {"depths": [1, 2, 1, 1]}),
    Case("dcgan_discriminator.yaml"),
    Case("dcgan_generator.yaml@dcgan_generator_tutorial"),
    Case("deeplabv3.yaml@deeplabv3_resnet50", 72, {"depths": [1, 1, 2, 2], "aux": True}),
    Case("deeplabv3_mobilenet_v3_large.yaml", 72),
    Case("densenet-cifar.yaml@densenet-bc100-k12"),
    Case("densenet-cifar.yaml@densenet40-k12"),
    Case("densenet.yaml@densenet121", 64, {"layers": [3, 3, 3, 3]}),
    Case("dla.yaml@dla34", 64, {"widths": [32, 48, 64, 96]}),
    Case("efficientnet.yaml@efficientnet_b0", 64),
    Case("efficientnet_v2.yaml@efficientnet_v2_s", 64, {"layers": [2] * 6}),
    Case("fcn.yaml@fcn_resnet50", 72, {"depths": [1, 1, 2, 2], "aux": True}),
    Case("fpn.yaml@fpn_resnet50", 64, {"depths": [1, 2, 1, 1]}),
    Case("fractalnet.yaml@fractalnet-c1"),
    Case("fractalnet.yaml@fractalnet-c3"),
    Case("ghostnet.yaml", 64),
    Case("googlenet-naive.yaml", 64),
    Case("googlenet-paper.yaml", 96),
    Case("googlenet-paper.yaml@googlenet-paper-without-aux", 64),
    Case("googlenet.yaml", 64),
    Case("googlenet.yaml@googlenet-without-aux", 64),
    Case("hardnet68.yaml", 64, {"growths": [4, 6, 8, 10, 12], "widths": [24, 32, 40, 48, 64]}),
    Case("inception-v3.yaml"),
    Case("inception-v3.yaml@inception-v3-without-aux", 128),
    Case("inception-v4.yaml", 128),
    Case("inception_resnet_v2.yaml", 96, {"depths": [1, 2, 1]}),
    Case("lenet-caffe.yaml"),
    Case("lenet5-1998.yaml"),
    Case("lenet5.yaml"),
    Case("lraspp_mobilenet_v3_large.yaml", 72),
    Case("m5.yaml@m5", 8000),
    Case("m5.yaml@m5-tutorial"),
    Case("mnasnet.yaml@mnasnet0_5", 64),
    Case("mobilenet_v2.yaml", 64),
    Case("mobilenet_v3.yaml@mobilenet_v3_small", 64),
    Case("nas-bench-macro.yaml"),
    Case("nin-imagenet.yaml", 96),
    Case("nin.yaml"),
    Case("plain20.yaml"),
    Case("preact_resnet.yaml@preact_resnet164", fewer={"n": 2}),
    Case("regnet.yaml@regnet_x_200mf", 64),
    Case("regnet.yaml@regnet_y_200mf", 64),
    Case("repvgg.yaml@repvgg_a0", 64, {"depths": [1, 2, 2, 1]}),
    Case("res2net.yaml@res2net50_26w_4s", 64, {"depths": [1, 2, 1, 1]}),
    Case("res2net.yaml@res2net50_48w_2s", 64, {"depths": [1, 2, 1, 1]}),
    Case("resnet-cifar.yaml@resnet20"),
    Case("resnet.yaml@plain18", 64),
    Case("resnet.yaml@resnet18", 64),
    Case("resnet.yaml@resnet18-a", 64),
    Case("resnet.yaml@resnet18-c", 64),
    Case("resnet50.yaml", 64),
    Case("resnext.yaml@resnext50_32x4d", 64, {"depths": [1, 2, 1, 1]}),
    Case("s3d.yaml", (8, 64, 64), {"window": [1, 2, 2]}),
    Case("se_resnet.yaml@seresnet50", 64, {"depths": [1, 2, 1, 1]}),
    Case("se_resnext.yaml@seresnext50_32x4d", 64, {"depths": [1, 2, 1, 1]}),
    Case("senet154.yaml", 64, {"depths": [1, 2, 1, 2]}),
    Case("shufflenet_v2.yaml@shufflenet_v2_x0_5", 64),
    Case("sknet.yaml@skresnext50_32x4d", 64, {"depths": [1, 2, 1, 1]}),
    Case("squeezenet.yaml@squeezenet1_1", 64),
    Case("unet.yaml@unet", 32, {"width": 16}),
    Case("unet.yaml@unet3d", 16, {"width": 16, "bias": False}),  # before batch norm a bias learns nothing
    Case("unet.yaml@unet_bn", 32, {"width": 16}),
    Case("vgg.yaml@vgg11", 32),
    Case("vgg.yaml@vgg11-lrn", 32),
    Case("vgg.yaml@vgg11_bn", 32),
    Case("vgg.yaml@vgg16-c", 32),
    Case("vgg16-gap.yaml", 32),
    Case("vgg16.yaml", 32),
    Case("video_resnet.yaml@mc3_18", (8, 40, 40)),
    Case("video_resnet.yaml@r2plus1d_18", (8, 40, 40), {"depths": [1, 2, 1, 1]}),
    Case("wide_resnet-cifar.yaml@wrn-40-1", fewer={"n": 2}),
    Case("wide_resnet.yaml@wide_resnet50_2", 64, {"depths": [1, 2, 1, 1]}),
    Case("xception.yaml", 64),
    Case("zfnet.yaml", 96),
)
"""Of every file the smallest network by parameters, and the smallest of each built otherwise; equal ones once."""


def network(case: Case) -> netspec.Network:
    """The checked network. No path of it is dropped: in one step, what is left out would get no gradient."""
    own = netspec.read(case.word)
    drop = own.params.get("drop_path")
    none: dict[str, Any] = {} if drop is None else {"drop_path": [0.0] * len(drop) if isinstance(drop, list) else 0.0}
    channels, *sides = own.graph.input.shape
    size = case.side if isinstance(case.side, tuple) else [case.side or side for side in sides]
    return netspec.read(case.word, input=(channels, *size), **none, **case.fewer)


@cache
def graph(word: str) -> Graph:
    """The graph of a network that ships."""
    return netspec.read(word).graph


@cache
def originals() -> dict[str, str]:
    """Each word, and the first one for an equal network; the first ones of files come before all others."""
    found: dict[str, str] = {}
    words = sorted((place, word) for words in FILES.values() for place, word in enumerate(words))
    return {word: found.setdefault(content(graph(word)), word) for _, word in words}


def content(of: Graph) -> str:
    """All that a network is, but for its own name."""
    nodes = [(node.name, node.operation, [source.name for source in node.inputs]) for node in of.nodes]
    return repr((nodes, [(output.name, output.node.name, output.training) for output in of.outputs], of.init))


def largest(file: str, most: int) -> str:
    """The network of a file that has the most operations, ``most`` of them or fewer; the smallest if all have more."""
    sizes = {word: len(graph(word).nodes) for word in FILES[file]}
    few = [word for word in FILES[file] if sizes[word] <= most]
    return max(few, key=sizes.__getitem__) if few else min(sizes, key=sizes.__getitem__)
