"""Tables of figures that others publish, carried over into ``tests/reference``, and netspec's by their conventions."""

from __future__ import annotations

import json
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from torchvision_networks import WITH_AUX

import netspec

REFERENCE = Path(__file__).parent / "reference"


class Pycls(NamedTuple):
    """A network of pycls' table (model_complexity.json, dds_baselines and archive), ours, and why it needs parameters.

    ``flops`` are multiply-adds and the additions of biases, ``acts`` outputs of convolutions, linear layers and max
    pooling.
    """

    entry: str
    network: str
    given: dict[str, Any]
    params: int
    flops: int
    acts: int
    why: str

    @property
    def figures(self) -> tuple[int, int, int]:
        """What the table has."""
        return self.params, self.flops, self.acts

    def counted(self) -> tuple[int, int, int]:
        """The same of our network."""
        network = netspec.read(self.network, **self.given)
        totals = network.stats().totals
        biases = sum(prod(node.shape) for node in network.graph.operations if node.operation.adds_bias)
        pools = [node for node in network.graph.operations if node.operation.word == "max_pool"]
        return totals.params, totals.macs + biases, totals.activations + sum(prod(node.shape) for node in pools)


def pycls() -> list[Pycls]:
    """All networks of that table that differ."""
    return [Pycls(**row) for row in json.loads((REFERENCE / "pycls.json").read_text(encoding="utf-8"))]


def torchvision() -> dict[str, tuple[int, float]]:
    """Name -> ``num_params`` and ``_ops`` that torchvision publishes with its weights, the latter in 10^9."""
    return {
        name: (params, ops)
        for name, params, ops in json.loads((REFERENCE / "torchvision.json").read_text(encoding="utf-8"))
    }


def published(name: str) -> netspec.Network:
    """Our network as torchvision publishes weights for it: with its second head where these have one."""
    given: dict[str, Any] = {"aux": True} if name in WITH_AUX else {}
    return netspec.read(name, **given)


class Macro(NamedTuple):
    """An architecture of NAS-Bench-Macro, its parameters, and what the benchmark calls FLOPs: multiply-adds."""

    arch: tuple[int, ...]
    params: int
    flops: int


def nas_bench_macro() -> list[Macro]:
    """All 6,561, from 00000000 to 22222222."""
    lines = (REFERENCE / "nas_bench_macro.csv").read_text(encoding="utf-8").splitlines()
    return [
        Macro(arch, *map(int, line.split(",")))
        for arch, line in zip(product(range(3), repeat=8), lines[1:], strict=True)
    ]
