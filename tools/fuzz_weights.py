"""Damaged files of weights in every format that torch writes, each ending in success or in one refusal.

    python tools/fuzz_weights.py --cases 2000 --seed 1 --workers 2

A file that is refused leaves the module as it was; one with checksums that is taken holds what it held before. Failing
cases are kept, and repeated by number: ``--first 1234 --cases 1``. Exit code 1 if anything escapes.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tools")]

import damage  # noqa: E402 - found by the path above
import torch  # noqa: E402 - after the paths
from runners import Outcome, Runner, ended, results  # noqa: E402 - found by the path above

SECONDS = 2.0
MEGABYTES = 1500
"""Of the whole process, torch among them."""


def outcome(case: int, seed: int, whole: dict[str, bytes], keep: Path) -> Outcome:
    """Run one case; a failing one is kept."""
    random = Random(f"{seed}/{case}")  # noqa: S311 - to be repeated, not to be secret
    kind = [*whole][case % len(whole)]
    path = keep / f"{case}{damage.FORMATS[kind][1]}"
    started = time.process_time()
    try:
        content, shows = damage.damaged(kind, whole[kind], random)
        expected = damage.module(1).state_dict() if shows else None
        started = time.process_time()
        ending, fault = damage.trial(kind, content, path, damage.module(2), expected)
    except BaseException as error:  # noqa: BLE001 - that nothing escapes is the question
        last = traceback.extract_tb(error.__traceback__)[-1]
        ending, fault = "escaped", f"{type(error).__name__}: {str(error)[:200]} ({last.filename}:{last.lineno})"
    seconds = time.process_time() - started
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if not fault:
        fault = "too slow" if seconds > SECONDS else "too much memory" if megabytes > MEGABYTES else ""
    if not fault:
        path.unlink()
    return Outcome(case, kind, ending, fault, seconds, megabytes)


def whole_files() -> dict[str, bytes]:
    """A file of each format, undamaged."""
    state: dict[str, Any] = damage.module(1).state_dict()
    return {name: write(state) for name, (write, _) in damage.FORMATS.items()}


def main() -> int:
    """Run the cases and tell what was found; 1 if anything escaped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=2_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    arguments = parser.parse_args()
    arguments.keep.mkdir(exist_ok=True, parents=True)
    torch.set_num_threads(1)
    settings = (outcome, arguments.seed, whole_files(), arguments.keep)
    runners = [Runner(*settings) for _ in range(arguments.workers)]
    endings: Counter[str] = Counter()
    slowest, largest, escaped = 0.0, 0.0, 0
    for found in results(range(arguments.first, arguments.first + arguments.cases), runners, ended):
        endings[f"{found.what} {found.ending}"] += 1
        slowest, largest = max(slowest, found.seconds), max(largest, found.megabytes)
        if found.fault:
            escaped += 1
            print(f"case {found.case} ({found.what}): {found.fault}", flush=True)
    print(f"{arguments.cases} cases of {len(damage.FORMATS)} formats, seed {arguments.seed}: {escaped} escaped")
    print(f"slowest {slowest:.2f} s, largest process {largest:.0f} MB")
    print(", ".join(f"{name} {count}" for name, count in endings.most_common()))
    return 1 if escaped else 0


if __name__ == "__main__":
    sys.exit(main())
