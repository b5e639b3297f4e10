"""Every operation of shipped image networks, seen into by every method and held against a transposition by hand.

    python tools/seeing.py                     # those that the tests run, at their small sizes
    python tools/seeing.py --every --workers 2 # all that ship, at the smallest size that they take
    python tools/seeing.py resnet18.yaml       # one

In double precision, with weights drawn at random. Deconvnet, guided backpropagation and the gradient from noise at the
operation, and Grad-CAM by its map where it has one and an output comes from it. ``--seconds`` ends it before:
the networks that have fewest operations come first. Exit code 1 if anything differs.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import seen_networks  # noqa: E402 - found by the path above
import shipped  # noqa: E402 - found by the path above
import torch  # noqa: E402 - after the paths

SIZES = (32, 48, 64, 96, 128, 224)
"""Height and width that are tried."""


class Found(NamedTuple):
    """What one network gave."""

    word: str
    operations: int
    looks: int
    dark: int
    worst: float
    faults: tuple[str, ...]
    seconds: float


def smallest(word: str) -> shipped.Case:
    """The network called so at the smallest size that it takes."""
    own = shipped.graph(word).input.shape
    for size in SIZES:
        case = shipped.Case(word, size)
        if size < own[1] and seen_networks.taken(case):
            return case
    return shipped.Case(word)


def words() -> list[str]:
    """Every network of images that ships, equal ones once."""
    images = {case.file for case in seen_networks.IMAGES}
    first = shipped.originals()
    return [
        word
        for file in images
        for word in shipped.FILES[file]
        if first[word] == word and len(shipped.graph(word).input.shape) == len(("channels", "height", "width"))
    ]


def found(case: shipped.Case) -> Found:
    """All operations of one network."""
    torch.set_num_threads(1)
    begun = time.perf_counter()
    looks, dark, faults = 0, 0, []
    network = shipped.network(case)
    worst = 0.0
    for look in seen_networks.looks(network.graph):
        looks += 1
        dark += look.dark
        worst = max(worst, look.apart)
        if not look.apart < seen_networks.CLOSE:
            faults.append(f"{case.word} {look.node} {look.method}: {look.apart:.3g}")
    count = len(network.graph.operations)
    return Found(case.word, count, looks, dark, worst, tuple(faults), time.perf_counter() - begun)


def results(cases: list[shipped.Case], workers: int) -> Iterator[Found]:
    """What each gave, as it comes."""
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        yield from pool.imap_unordered(found, cases)


def main() -> None:
    """Try all and say what differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("word", nargs="*", help="networks; those that the tests run if there is none")
    parser.add_argument("--every", action="store_true", help="all that ship")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    given = parser.parse_args()
    cases = [smallest(word) for word in given.word or words()] if given.every or given.word else seen_networks.IMAGES
    cases = sorted(cases, key=lambda case: len(shipped.network(case).graph.operations))
    end, done = time.perf_counter() + given.seconds, []
    for one in results(cases, given.workers):
        done.append(one)
        for fault in one.faults:
            print(f"  {fault}")
        print(
            f"{len(done)}/{len(cases)} {one.word}: {one.operations:,} operations, {one.looks:,} looks, "
            f"{one.dark:,} of them dark, at most {one.worst:.1e} apart, {one.seconds:.0f} s",
            flush=True,
        )
        if time.perf_counter() > end:
            break
    faults = sum(len(one.faults) for one in done)
    print(
        f"{len(done)} of {len(cases)} networks, {sum(one.operations for one in done):,} operations, "
        f"{sum(one.looks for one in done):,} looks, {faults} differ"
    )
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
