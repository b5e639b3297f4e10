"""All 6,561 networks of NAS-Bench-Macro: parameters and multiply-adds are the benchmark's, and how long one takes.

The file is read once and expanded for each architecture. The time is told as a ratio to one check of ResNet-50 from its
file, both as processor time of this process.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import tables  # noqa: E402 - found by the path above

import netspec  # noqa: E402 - as above

EACH = 20
"""After so many networks ResNet-50 is checked once: what other programs do meanwhile slows both alike."""
SHOWN = 10
"""Architectures that are named if their figures differ."""


def main() -> int:
    """Compare them all; 1 if any differs."""
    netspec.read("resnet50")
    rows = tables.nas_bench_macro()
    family = netspec.read("nas-bench-macro")
    begin, checking, checks = time.process_time(), 0.0, 0
    wrong = []
    for place, row in enumerate(rows):
        if place % EACH == 0:
            before = time.process_time()
            netspec.read("resnet50")
            checking, checks = checking + time.process_time() - before, checks + 1
        nodes = netspec.read(family, arch=list(row.arch)).graph.operations
        counted = sum(node.params for node in nodes), sum(node.cost.macs for node in nodes)
        if counted != (row.params, row.flops):
            wrong.append(row.arch)
    each, check = (time.process_time() - begin - checking) / len(rows), checking / checks

    print(f"{len(rows) - len(wrong):,} of {len(rows):,} networks are equal", *wrong[:SHOWN], sep="\n")
    print(f"{each * 1000:.2f} ms each, {1 / each:,.0f} a second; {each / check:.2f} checks of resnet50")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
