"""What figures cost: ``netspec stats`` and ``netspec.read(...).stats()`` against torch, its tools, and the floor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from functools import partial
from importlib import import_module
from io import StringIO
from tempfile import TemporaryDirectory
from typing import Any

from bench_measure import FLOOR, ROOT, Missing, Result, cpu_seconds, medians
from bench_peers import INSTALL, PEERS, Peer

import netspec

IMPORT_PROMISE = 0.15
PEER_PROMISE = 0.08
INSIDE_PROMISE = 0.1
FLOOR_PROMISE = 1.5
PICTURE_PROMISE = 1.3
SIGNAL_PROMISE = 0.2
SIGNALS = ("vgg16", "googlenet", "densenet121", "resnet-cifar@resnet56")
DRAWN = (
    "alexnet", "vgg@vgg11", "resnet50", "googlenet", "inception-v3", "inception-v4", "densenet@densenet201",
    "mobilenet_v3@mobilenet_v3_large", "ghostnet",
)  # fmt: skip
NETWORKS = ("vgg16", "resnet50", "densenet121")
INSIDE = ("resnet50", "densenet121")
FEWEST = 3


def stats(runs: int) -> Iterator[Result]:
    """Processor time of ``netspec stats`` as a whole process, against one that only imports torch, and the floor."""
    ours = [partial(cpu_seconds, "-m", "netspec", "stats", f"specs/{name}.yaml") for name in NETWORKS]
    bare, floor, *times = medians(
        runs, partial(cpu_seconds, "-c", "import torch"), partial(cpu_seconds, "-c", FLOOR), *ours
    )
    for name, seconds in zip(NETWORKS, times, strict=True):
        yield Result(f"netspec stats specs/{name}.yaml, process", seconds, "import torch", bare, IMPORT_PROMISE)
        yield Result(
            f"netspec stats specs/{name}.yaml, process", seconds, "yaml, click, pydantic", floor, FLOOR_PROMISE
        )


def pictures(runs: int) -> Iterator[Result]:
    """Processor time of ``netspec diagram`` as a whole process, against ``netspec stats`` of the same network."""
    with TemporaryDirectory() as folder:
        for name in DRAWN:
            ours, other = medians(
                runs,
                partial(cpu_seconds, "-m", "netspec", "diagram", name, "-o", f"{folder}/picture.svg"),
                partial(cpu_seconds, "-m", "netspec", "stats", name),
            )
            yield Result(f"netspec diagram {name}, process", ours, "netspec stats", other, PICTURE_PROMISE)


def signals(runs: int) -> Iterator[Result]:
    """Processor time of ``netspec signal`` as a whole process, against one that only imports torch."""
    ours = [partial(cpu_seconds, "-m", "netspec", "signal", name) for name in SIGNALS]
    bare, *times = medians(runs, partial(cpu_seconds, "-c", "import torch"), *ours)
    for name, seconds in zip(SIGNALS, times, strict=True):
        yield Result(f"netspec signal {name}, process", seconds, "import torch", bare, SIGNAL_PROMISE)


def peers(runs: int) -> Iterator[Result | Missing]:
    """Processor time of ``netspec stats`` against processes that build torchvision's model, count and print.

    A quarter of the runs: a peer takes seconds. The promise holds against the fastest if it holds against all.
    """
    yield from _missing()
    found = _installed()
    for name in NETWORKS:
        theirs = [partial(cpu_seconds, "tools/bench_peers.py", peer, name) for peer in found]
        ours, *times = medians(
            max(FEWEST, runs // 4), partial(cpu_seconds, "-m", "netspec", "stats", f"specs/{name}.yaml"), *theirs
        )
        for peer, seconds in zip(found, times, strict=True):
            what = f"netspec stats specs/{name}.yaml, process"
            yield Result(what, ours, f"{peer} ({PEERS[peer].device})", seconds, PEER_PROMISE)


def inside(runs: int) -> Iterator[Result | Missing]:
    """Seconds from a spec's text to all figures, against constructing torchvision's model and counting it.

    Everything is imported before. One thread, and its processor time.
    """
    yield from _missing()
    import_module("torch").set_num_threads(1)
    found = _installed()
    for name in INSIDE:
        text = (ROOT / "specs" / f"{name}.yaml").read_text(encoding="utf-8")
        theirs = [partial(_thread_seconds, partial(_quietly, peer, name)) for peer in found.values()]
        ours, *times = medians(max(FEWEST, runs // 4), partial(_thread_seconds, partial(_figures, text)), *theirs)
        for peer, seconds in zip(found, times, strict=True):
            what = f"{name}: text to figures, in process"
            yield Result(what, ours, f"{peer} ({PEERS[peer].device})", seconds, INSIDE_PROMISE)


def _figures(text: str) -> tuple[Any, Any]:
    """Every figure of every operation of the network in ``text``, the totals, and its memory."""
    stats = netspec.read(text).stats()
    return stats, stats.memory


def _quietly(peer: Peer, network: str) -> None:
    """The peer's count, without what it prints meanwhile."""
    with redirect_stdout(StringIO()):
        peer.figure(network)


def _thread_seconds(run: Callable[[], Any]) -> float:
    before = time.thread_time()
    run()
    return time.thread_time() - before


def _installed() -> dict[str, Peer]:
    return {name: peer for name, peer in PEERS.items() if peer.is_installed}


def _missing() -> Iterator[Missing]:
    return (Missing(name, INSTALL) for name, peer in PEERS.items() if not peer.is_installed)
