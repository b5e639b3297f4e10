"""Benchmarks, each against something else on the same machine, as ratios of medians; 1 if a promise is broken.

    python tools/bench.py                           # all
    python tools/bench.py --only peers --runs 20    # one

Other tools that count are measured where they are installed and named as missing where they are not;
the output says how to install them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from bench_counting import inside, peers, pictures, signals, stats  # noqa: E402 - found by the path above
from bench_language import hostile, language  # noqa: E402 - as above
from bench_measure import HEAD, Missing, Result  # noqa: E402 - as above
from bench_networks import chain, check, family, forward, growth, listing  # noqa: E402 - as above
from bench_weights import load, start  # noqa: E402 - as above

BENCHMARKS: dict[str, Callable[[int], Iterator[Result | Missing]]] = {
    "stats": stats,
    "pictures": pictures,
    "signals": signals,
    "chain": chain,
    "load": load,
    "peers": peers,
    "inside": inside,
    "forward": forward,
    "start": start,
    "growth": growth,
    "check": check,
    "family": family,
    "list": listing,
    "language": language,
    "hostile": hostile,
}


def main() -> int:
    """Run the chosen benchmarks; 1 if any promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=BENCHMARKS, help="one benchmark; repeatable; default: all")
    parser.add_argument("--runs", type=int, default=21, help="measurements of which the median is taken")
    arguments = parser.parse_args()
    print(HEAD)
    broken = 0
    for name in arguments.only or BENCHMARKS:
        for result in BENCHMARKS[name](arguments.runs):
            print(result.line(), flush=True)
            broken += isinstance(result, Result) and not result.kept
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
