"""What weights cost: first values of a deep network against torchvision's, the memory that an artefact is read in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench_measure import Result, medians, used
from bench_peers import torchvision

import netspec

START_PROMISE, LOAD_PROMISE = 1.1, 1.3
LOAD_RUNS = 3
WIDTH = 4
"""Bytes of a number."""
LOAD = "import sys, netspec; netspec.load(sys.argv[1])"


def start(runs: int) -> Iterator[Result]:
    """Processor time of a ResNet-152 with its first values, against torchvision's constructor, which draws its own."""
    import_module("torch").set_num_threads(1)
    models = torchvision().models

    def seconds(build: Callable[[], Any]) -> float:
        before = time.thread_time()
        build()
        return time.thread_time() - before

    pair = partial(netspec.compile, "resnet152"), partial(models.resnet152, weights=None)
    ours, theirs = medians(runs, *(partial(seconds, build) for build in pair))
    yield Result("resnet152 with its first values", ours, "torchvision's", theirs, START_PROMISE)


def load(_: int) -> Iterator[Result]:
    """Memory that a process takes more to load an artefact of VGG-16 than one of LeNet-5, against the larger weights.

    A process is said to have at least the memory that this one has when it starts it: before torch is imported, little.
    """
    with TemporaryDirectory() as folder:
        large, small = (Path(folder) / f"{word}.safetensors" for word in ("vgg16", "lenet5"))
        for path in (large, small):
            used("-m", "netspec", "build", path.stem, "-o", str(path))
        most = [used("-c", LOAD, str(large)).memory - used("-c", LOAD, str(small)).memory for _ in range(LOAD_RUNS)]
    weights = WIDTH * netspec.read("vgg16").stats().totals.params
    yield Result("loading vgg16's artefact, memory", median(most), "its weights", weights, LOAD_PROMISE, "KiB")
