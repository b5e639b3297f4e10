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

CHECKS = 50
"""Checks of ResNet-50 that the time is compared with."""
SHOWN = 10
"""Architectures that are named if their figures differ."""
SHOWN = 10
"""Architectures that are named if their figures differ."""


def main() -> int:
    """Compare them all; 1 if any differs."""
    netspec.read("resnet50")
    begin = time.process_time()
    for _ in range(CHECKS):
        netspec.read("resnet50")
    check = (time.process_time() - begin) / CHECKS

    rows = tables.nas_bench_macro()
    family = netspec.read("nas-bench-macro")
    begin = time.process_time()
    wrong = []
    for row in rows:
        nodes = netspec.read(family, arch=list(row.arch)).graph.operations
        counted = sum(node.params for node in nodes), sum(node.cost.macs for node in nodes)
        if counted != (row.params, row.flops):
            wrong.append(row.arch)
    each = (time.process_time() - begin) / len(rows)

    print(f"{len(rows) - len(wrong):,} of {len(rows):,} networks are equal", *wrong[:SHOWN], sep="\n")
    print(f"{each * 1000:.2f} ms each, {1 / each:,.0f} a second; {each / check:.2f} checks of resnet50")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
