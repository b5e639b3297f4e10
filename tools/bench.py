"""Benchmarks, each against something else on the same machine, as ratios of medians; 1 if a promise is broken."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import netspec

ROOT = Path(__file__).resolve().parent.parent
STATS_PROMISE = 0.2
FORWARD_PROMISE = 1.03
GROWTH_PROMISE = 1.5
PAIRS = (("resnet110", "resnet1202"), ("densenet121", "densenet-bc190-k40"))


class Result(NamedTuple):
    """Two medians in seconds, and the largest ratio that is promised."""

    what: str
    ours: float
    against: str
    other: float
    promise: float

    @property
    def ratio(self) -> float:
        """Ours over the other."""
        return self.ours / self.other

    @property
    def kept(self) -> bool:
        """Whether the promise holds."""
        return self.ratio <= self.promise


def medians(runs: int, *measured: Callable[[], float]) -> list[float]:
    """The median of each measurement, taken in turns of changing order, after one turn that only warms caches."""
    found: list[list[float]] = [[] for _ in measured]
    for turn in range(runs + 1):
        for index in range(len(measured)) if turn % 2 else reversed(range(len(measured))):
            found[index].append(measured[index]())
    return [median(values[1:]) for values in found]


def cpu_seconds(*arguments: str) -> float:
    """User and system time of one Python process."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime


def stats(runs: int) -> Iterator[Result]:
    """Processor time of ``netspec stats`` as a whole process, against one that only imports torch."""
    ours, other = medians(
        runs,
        partial(cpu_seconds, "-m", "netspec", "stats", "specs/vgg16.yaml"),
        partial(cpu_seconds, "-c", "import torch"),
    )
    yield Result("netspec stats specs/vgg16.yaml, process", ours, "import torch", other, STATS_PROMISE)


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


def nodes(runs: int) -> Iterator[Result]:
    """Seconds for each operation of reading a spec and of its figures: a deep network against a shallow one."""

    def seconds(name: str) -> float:
        before = time.perf_counter()
        rows = netspec.read(name).stats().rows
        return (time.perf_counter() - before) / len(rows)

    for shallow, deep in PAIRS:
        mine, other = medians(runs, partial(seconds, deep), partial(seconds, shallow))
        yield Result(f"read and stats of {deep}, per operation", mine, shallow, other, GROWTH_PROMISE)


def check(runs: int) -> Iterator[Result]:
    """Processor time of checking all shipped specs in one process: at most twice the slowest, and 20 ms for each."""
    specs = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "specs").glob("*.yaml"))
    alone = {spec: cpu_seconds("-m", "netspec", "check", spec) for spec in specs}
    slowest = max(specs, key=lambda spec: alone[spec])
    ours, other = medians(
        runs,
        partial(cpu_seconds, "-m", "netspec", "check", *specs),
        partial(cpu_seconds, "-m", "netspec", "check", slowest),
    )
    yield Result(f"check of all {len(specs)} specs, process", ours, "2 slowest + n", 2 * other + 0.02 * len(specs), 1.0)


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


BENCHMARKS: dict[str, Callable[[int], Iterator[Result]]] = {
    "stats": stats,
    "forward": forward,
    "nodes": nodes,
    "check": check,
}


def show(result: Result) -> None:
    """Print one line of the table."""
    ours, other = result.ours * 1e3, result.other * 1e3
    verdict = "kept" if result.kept else "BROKEN"
    print(
        f"{result.what:<44}{ours:>10.3f} ms  {result.against:<14}{other:>10.3f} ms{result.ratio:>8.3f}"
        f"   <= {result.promise:.2f}  {verdict}",
        flush=True,
    )


def main() -> int:
    """Run the chosen benchmarks; 1 if any promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=BENCHMARKS, help="one benchmark; repeatable; default: all")
    parser.add_argument("--runs", type=int, default=21, help="measurements of which the median is taken")
    arguments = parser.parse_args()
    print(f"{'what':<44}{'median':>13}  {'against':<14}{'median':>13}{'ratio':>8}   promise")
    broken = 0
    for name in arguments.only or BENCHMARKS:
        for result in BENCHMARKS[name](arguments.runs):
            show(result)
            broken += not result.kept
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
