"""How near ``netspec signal`` is to what the compiled module does, over networks and initialisations.

For each network: at how many operations the predicted second moment is within 10 % of the mean over initialisations, or
within 3 standard errors of it; at how many the factor of the gradient is within 10 %; and the gradient of the first
operation's output, the product over the whole depth, over what is measured. Of networks without normalisation
logarithms are compared, and their deviation over initialisations is shown. Rules were found with TUNING and seeds from
0; without names all of HELD_OUT is measured, with seeds from 1,000.
"""

from __future__ import annotations

import argparse
from math import exp, inf, log, sqrt
from typing import Any, NamedTuple

import torch

from netspec import api
from netspec.nn.signal import measured
from netspec.report.signal import NetworkSignal
from netspec.signal.predict import predict
from netspec.signal.result import Spread

Setting = tuple[str, dict[str, Any], tuple[int, int, int], int]
"""A network, its parameters, its input, and how many images are normalised together."""
TUNING: dict[str, Setting] = {
    "resnet20": ("resnet-cifar@resnet20", {}, (3, 32, 32), 16),
    "resnet56": ("resnet-cifar@resnet56", {}, (3, 16, 16), 16),
    "plain20": ("resnet-cifar@plain20", {}, (3, 32, 32), 16),
    "plain56": ("resnet-cifar@plain56", {}, (3, 16, 16), 16),
    "resnet20-none": ("resnet-cifar@resnet20", {"norm": "none"}, (3, 32, 32), 16),
    "resnet56-none": ("resnet-cifar@resnet56", {"norm": "none"}, (3, 16, 16), 16),
    "plain20-none": ("resnet-cifar@plain20", {"norm": "none"}, (3, 32, 32), 16),
    "plain56-none": ("resnet-cifar@plain56", {"norm": "none"}, (3, 16, 16), 16),
    "vgg11": ("vgg@vgg11", {}, (3, 32, 32), 8),
    "vgg16": ("vgg@vgg16", {}, (3, 64, 64), 8),
    "vgg16_bn": ("vgg@vgg16_bn", {}, (3, 32, 32), 8),
    "googlenet": ("googlenet", {}, (3, 64, 64), 8),
    "densenet121": ("densenet@densenet121", {}, (3, 64, 64), 8),
    "resnet18": ("resnet@resnet18", {}, (3, 64, 64), 8),
    "resnet110": ("resnet-cifar@resnet110", {}, (3, 12, 12), 12),
    "plain44": ("resnet-cifar@plain44", {}, (3, 20, 20), 12),
    "resnet44-none": ("resnet-cifar@resnet44", {"norm": "none"}, (3, 16, 16), 12),
    "resnet34-a": ("resnet@resnet34-a", {}, (3, 48, 48), 12),
    "resnet50": ("resnet@resnet50", {}, (3, 64, 64), 8),
    "mobilenet_v2": ("mobilenet_v2", {}, (3, 64, 64), 8),
}
"""What rules were found with."""
HELD_OUT: dict[str, Setting] = {
    "resnet32": ("resnet-cifar@resnet32", {}, (3, 24, 24), 12),
    "resnet56": ("resnet-cifar@resnet56", {}, (3, 32, 32), 12),
    "resnet110": ("resnet-cifar@resnet110", {}, (3, 16, 16), 16),
    "plain32": ("resnet-cifar@plain32", {}, (3, 24, 24), 12),
    "plain56": ("resnet-cifar@plain56", {}, (3, 32, 32), 12),
    "resnet32-none": ("resnet-cifar@resnet32", {"norm": "none"}, (3, 24, 24), 12),
    "plain32-none": ("resnet-cifar@plain32", {"norm": "none"}, (3, 24, 24), 12),
    "plain56-none": ("resnet-cifar@plain56", {"norm": "none"}, (3, 32, 32), 12),
    "vgg13": ("vgg@vgg13", {}, (3, 64, 64), 8),
    "vgg19": ("vgg@vgg19", {}, (3, 64, 64), 8),
    "vgg13_bn": ("vgg@vgg13_bn", {}, (3, 64, 64), 8),
    "vgg19_bn": ("vgg@vgg19_bn", {}, (3, 64, 64), 8),
    "googlenet": ("googlenet", {}, (3, 96, 96), 12),
    "densenet169": ("densenet@densenet169", {}, (3, 96, 96), 8),
    "densenet121": ("densenet@densenet121", {}, (3, 96, 96), 12),
    "resnet34": ("resnet@resnet34", {}, (3, 96, 96), 12),
    "resnet50": ("resnet@resnet50", {}, (3, 96, 96), 8),
    "resnet18-a": ("resnet@resnet18-a", {}, (3, 64, 64), 12),
    "plain34": ("resnet@plain34", {}, (3, 96, 96), 8),
    "lenet5": ("lenet5", {}, (1, 32, 32), 12),
    "alexnet-2012": ("alexnet-2012", {}, (3, 163, 163), 8),
    "zfnet": ("zfnet", {}, (3, 163, 163), 8),
    "unet": ("unet", {"width": 32}, (1, 96, 96), 6),
    "dcgan_generator": ("dcgan_generator@dcgan_generator_tutorial", {}, (100, 1, 1), 16),
    "mobilenet_v2": ("mobilenet_v2", {}, (3, 96, 96), 8),
    "mobilenet_v3_small": ("mobilenet_v3@mobilenet_v3_small", {}, (3, 128, 128), 8),
    "efficientnet": ("efficientnet@efficientnet_b0", {}, (3, 96, 96), 8),
    "seresnet50": ("se_resnet@seresnet50", {}, (3, 96, 96), 8),
}
"""Others, and other sizes of these: what is claimed holds of them."""
FIRST = 1_000
NEAR, FAR = 0.1, 0.3
ERRORS = 3


class Score(NamedTuple):
    """How many operations there are, of how many something is said, and of how many it is near, or far off."""

    operations: int
    said: int
    near: int
    far: int
    factors: int
    near_factors: int

    def text(self) -> str:
        """As a line."""
        silent = self.operations - self.said
        parts = [
            f"forward {self.near / max(1, self.said):6.1%} of {self.said}, beyond 30 %: {self.far}",
            f"backward {self.near_factors / max(1, self.factors):6.1%} of {self.factors}",
            f"cannot say {silent / max(1, self.operations):.1%}",
        ]
        return "   ".join(parts)


def main() -> None:
    """Measure the networks that are named, or all that were held out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="of TUNING with --tuning, else of HELD_OUT; all if none")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--tuning", action="store_true", help="the networks and seeds that rules were found with")
    parser.add_argument("--all", action="store_true", help="a line for each operation that is not near")
    given = parser.parse_args()
    torch.set_num_threads(1)
    settings = TUNING if given.tuning else HELD_OUT
    scores = []
    for name in given.names or settings:
        word, params, size, batch = settings[name]
        graph = api.read(word, input=size, **params).graph
        first = 0 if given.tuning else FIRST
        found = measured(graph, seeds=given.seeds, batch=batch, first=first)
        one = NetworkSignal(graph, predict(graph, batch=batch), found)
        score = scored(one, verbose=given.all)
        scores.append(score)
        print(f"{name:<14} {score.text()}   {whole(one)}", flush=True)
    print(f"{'all':<14} {Score(*[sum(values) for values in zip(*scores, strict=True)]).text()}")


def scored(one: NetworkSignal, *, verbose: bool = False) -> Score:
    """The score of one network."""
    said = near = far = factors = near_factors = 0
    assert one.measured  # noqa: S101 - it is what this is about
    for node in one.nodes:
        signal = one.prediction.signals[node.name]
        square = one.measured.spread(node.name, "square")
        factor = one.measured.spread(node.name, "factor")
        off = distance(signal.square if one.normalised else signal.typical_square, square, one)
        if off is not None and square:
            said += 1
            room = max(NEAR, ERRORS * square.deviation / sqrt(len(one.measured.draws)))
            near += off <= room
            far += off > max(FAR, room)
            if verbose and off > room:
                print(f"    {node.name}: {signal.square:.4g}, measured {square.mean:.4g}")
        off = distance(signal.factor, factor, one)
        if off is not None:
            factors += 1
            near_factors += off <= NEAR
            if verbose and off > NEAR and factor:
                print(f"    {node.name}: back {signal.factor:.4g}, measured {factor.mean:.4g}")
    return Score(len(one.nodes), said, near, far, factors, near_factors)


def distance(predicted: float | None, found: Spread | None, one: NetworkSignal) -> float | None:
    """How far a figure is off, as a part of what is measured; without normalisation, how far its logarithm is."""
    if predicted is None or found is None:
        return None
    if one.normalised:
        return abs(predicted / found.mean - 1) if found.mean else (inf if predicted else 0.0)
    if not predicted or not found.typical:
        return inf if predicted or found.typical else 0.0
    return abs(log(predicted) - log(found.typical))


def whole(one: NetworkSignal) -> str:
    """The gradient of the first operation's output, predicted over measured, and how it varies."""
    assert one.measured  # noqa: S101 - it is what this is about
    first = one.nodes[0]
    signal, found = one.signals[first.name], one.measured.spread(first.name, "gradient")
    predicted = signal.gradient if one.normalised else signal.typical_gradient
    middle = found and (found.mean if one.normalised else found.typical)
    if predicted is None or not found or not middle:
        return "over the depth: cannot say"
    return f"over the depth {predicted / middle:.2f} x of {middle:.3g}, which varies by {exp(found.deviation):.2f} x"


if __name__ == "__main__":
    main()
