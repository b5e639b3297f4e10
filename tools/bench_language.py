"""What the language costs: each construct at a size and at four times that, and files made to cost much."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bench_measure import ROOT, Result

sys.path.insert(0, str(ROOT / "tests"))

from growth import COMMANDS, COMPILED, CONSTRUCTS, HOSTILE, Measure, best, compiling, largest

TIMES = 4
LANGUAGE_PROMISE = 5.0
FEWEST = 3


def language(runs: int) -> Iterator[Result]:
    """Processor time of each command on each construct of the language, at four times its size against its size.

    In this process, the least of a few runs: whatever disturbs one makes it longer.
    """
    with TemporaryDirectory() as folder:
        small, large = Path(folder) / "small.yaml", Path(folder) / "large.yaml"
        for name, (growing, size) in CONSTRUCTS.items():
            small.write_text(growing(size), encoding="utf-8")
            large.write_text(growing(TIMES * size), encoding="utf-8")
            for command in COMMANDS:
                less, more = (best(command, file, max(FEWEST, runs // 4)) for file in (small, large))
                what = f"{command}: {name}, {TIMES * size:,}"
                yield Result(what, more, f"{size:,}", less, LANGUAGE_PROMISE)
    for name, (growing, size) in COMPILED.items():
        less, more = (
            min(compiling(growing(count)) for _ in range(max(FEWEST, runs // 4))) for count in (size, TIMES * size)
        )
        yield Result(f"compile: {name}, {TIMES * size:,}", more, f"{size:,}", less, LANGUAGE_PROMISE)


def hostile(_: int) -> Iterator[Result]:
    """Processor time of each command on files of 100 kB made to cost much, against checking resnet50, once."""
    with TemporaryDirectory() as folder:
        measure, file = Measure(Path(folder)), Path(folder) / "hostile.yaml"
        for growing in HOSTILE:
            file.write_text(largest(growing), encoding="utf-8")
            for command in COMMANDS:
                took, may, ending = measure.ratio(command, file)
                what = f"{command}: {growing.__name__.replace('_', ' ')}, {ending}"
                yield Result(what, took * measure.base, "check of resnet50", measure.base, may)
