"""What networks cost: a forward pass against torchvision's, deep networks against shallow ones, all specs at once."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from itertools import cycle
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench_measure import ROOT, Result, Used, cpu_seconds, medians, used
from bench_peers import torchvision

import netspec
from netspec.commands.list import index

FORWARD_PROMISE = 1.03
GROWTH_PROMISE = 1.2
FAMILIES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "resnet-cifar, depth": ("resnet-cifar", {"n": 100}, {"n": 200}),
    "densenet-bc-k40, depth": (
        "densenet-cifar",
        {"depth": 190, "growth_rate": 40, "bc": True},
        {"depth": 376, "growth_rate": 40, "bc": True},
    ),
}
"""Family -> its spec, and the parameters of a network and of one about twice as deep."""
MEMORY_RUNS = 3
CHAIN_RUNS = 3
CHAIN = """
netspec: 1
name: chain
input: [3, 32, 32]
stages:
  body: {{conv: {{out: 3, kernel: 3, padding: 1}}, repeat: {count}}}
"""
CHAIN_LAYERS = 100_000
CHAIN_PROMISE, CHAIN_MEMORY_PROMISE = 10.0, 2.5
EACH_MEMBER = 1.22
"""What a network of a family that is read once costs, in checks of ResNet-50: a third of 3.66, which it took before."""
MEMBERS = 150
CHECK_RESNET = ("-m", "netspec", "check", "resnet50")
EACH_CHECKED = 0.12
"""What each network costs where all specs are checked by one process, in processes that check ResNet-50 alone."""
EACH_LISTED = 0.01
"""What ``netspec list`` costs for each network in such processes; when all was worked out it took 0.05 and more."""


def forward(runs: int) -> Iterator[Result]:
    """Seconds of a forward pass of compiled networks, against torchvision's with the same weights.

    One thread, and its processor time: what other programs do meanwhile is not in it.
    """
    torch, models = import_module("torch"), torchvision().models
    torch.set_num_threads(1)
    image = torch.randn(1, 3, 224, 224)

    def seconds(module: Any) -> float:
        with torch.inference_mode():
            before = time.thread_time()
            module(image)
            return time.thread_time() - before

    for name in ("resnet50", "densenet121"):
        theirs = getattr(models, name)(weights=None).eval()
        ours = netspec.compile(name).eval()
        ours.load_state_dict(theirs.state_dict(), strict=True)
        mine, other = medians(runs, partial(seconds, ours), partial(seconds, theirs))
        yield Result(f"forward of {name}", mine, "torchvision's", other, FORWARD_PROMISE)


def growth(runs: int) -> Iterator[Result]:
    """Processor time and bytes for each operation from a spec to its figures: a network against one half as deep."""
    for word, (spec, shallow, deep) in FAMILIES.items():
        depths = [netspec.read(spec, **params).stats().totals.depth for params in (shallow, deep)]
        pair = [partial(_rows, spec, params) for params in (shallow, deep)]
        less, more = medians(runs, *(partial(_seconds, run) for run in pair))
        yield Result(f"{word} {depths[1]}: time per operation", more, f"depth {depths[0]}", less, GROWTH_PROMISE)
        less, more = medians(MEMORY_RUNS, *(partial(_bytes, run) for run in pair))
        what = f"{word} {depths[1]}: memory per operation"
        yield Result(what, more, f"depth {depths[0]}", less, GROWTH_PROMISE, "KiB")


def chain(_: int) -> Iterator[Result]:
    """Processor time and memory of ``netspec stats`` on a chain of very many layers, against importing torch.

    A process is said to have at least the memory that this one has when it starts it: before torch is imported, little.
    """
    with TemporaryDirectory() as folder:
        spec = Path(folder) / "chain.yaml"
        spec.write_text(CHAIN.format(count=CHAIN_LAYERS), encoding="utf-8")
        arguments = ("-m", "netspec", "--max-nodes", str(CHAIN_LAYERS), "stats", str(spec))
        pairs = [(used(*arguments), used("-c", "import torch")) for _ in range(CHAIN_RUNS)]
    what = f"netspec stats, chain of {CHAIN_LAYERS:,} layers"
    ours, bare = (Used(*map(median, zip(*runs, strict=True))) for runs in zip(*pairs, strict=True))
    yield Result(what, ours.seconds, "import torch", bare.seconds, CHAIN_PROMISE)
    yield Result(what, ours.memory, "import torch", bare.memory, CHAIN_MEMORY_PROMISE, "KiB")


def check(runs: int) -> Iterator[Result]:
    """Processor time of checking all shipped specs in one process, for each network, against checking ResNet-50."""
    specs = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "specs").glob("*.yaml"))
    count = sum(len(known.networks) for known in index().values())
    ours, other = medians(
        runs, partial(cpu_seconds, "-m", "netspec", "check", *specs), partial(cpu_seconds, *CHECK_RESNET)
    )
    what = f"check of all {len(specs)} specs, each of {count} networks"
    yield Result(what, ours / count, "check of resnet50, process", other, EACH_CHECKED)


def family(_: int) -> Iterator[Result]:
    """Processor time of a network of NAS-Bench-Macro with its figures, against a check of ResNet-50, in turns."""
    known = netspec.read("nas-bench-macro")
    architectures = [[(number // 3**place) % 3 for place in range(8)] for number in range(0, 3**8, 3**8 // MEMBERS)]

    turns = cycle(architectures)

    def member() -> float:
        before = time.thread_time()
        nodes = netspec.read(known, arch=next(turns)).graph.operations
        sum(node.params + node.cost.macs for node in nodes)
        return time.thread_time() - before

    def check_one() -> float:
        before = time.thread_time()
        netspec.read("resnet50")
        return time.thread_time() - before

    ours, other = medians(MEMBERS, member, check_one)
    yield Result("NAS-Bench-Macro, each network", ours, "check of resnet50", other, EACH_MEMBER)


def listing(runs: int) -> Iterator[Result]:
    """Processor time of ``netspec list`` for each network, against a process that checks ResNet-50."""
    count = sum(len(known.networks) for known in index().values())
    ours, other = medians(runs, partial(cpu_seconds, "-m", "netspec", "list"), partial(cpu_seconds, *CHECK_RESNET))
    yield Result(f"netspec list, each of {count}", ours / count, "check of resnet50, process", other, EACH_LISTED)


def _rows(spec: str, params: dict[str, Any]) -> int:
    """How many operations a network has, all its figures worked out."""
    return len(netspec.read(spec, **params).stats().to_dict()["layers"])


def _seconds(run: Callable[[], int]) -> float:
    before = time.thread_time()
    count = run()
    return (time.thread_time() - before) / count


def _bytes(run: Callable[[], int]) -> float:
    """The peak of what Python allocates in ``run``, for each operation."""
    gc.collect()
    tracemalloc.start()
    count = run()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / count
