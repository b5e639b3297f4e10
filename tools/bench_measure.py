"""How benchmarks measure: medians taken in turns, processor time of processes, and a pair of them with its promise."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Literal, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
KIBIBYTE = 1024
SCALES = {"ms": 1e3, "KiB": 1 / KIBIBYTE}
"""Unit that a table shows -> how many of it are in a second or a byte."""
FLOOR = """
import yaml, click
from pydantic import BaseModel
class Layer(BaseModel):
    out: int
Layer(out=1)
"""
"""What a YAML language checked by pydantic costs before it does anything."""


class Result(NamedTuple):
    """Two medians, in seconds or bytes as ``unit`` shows, and the largest ratio that is promised."""

    what: str
    ours: float
    against: str
    other: float
    promise: float
    unit: Literal["ms", "KiB"] = "ms"

    @property
    def ratio(self) -> float:
        """Ours over the other."""
        return self.ours / self.other

    @property
    def kept(self) -> bool:
        """Whether the promise holds."""
        return self.ratio <= self.promise

    def line(self) -> str:
        """One line of the table."""
        ours, other = self.ours * SCALES[self.unit], self.other * SCALES[self.unit]
        return (
            f"{self.what:<50}{ours:>10.3f} {self.unit:<3}  {self.against:<28}{other:>10.3f} {self.unit:<3}"
            f"{self.ratio:>8.3f}   <= {self.promise:.2f}  {'kept' if self.kept else 'BROKEN'}"
        )


HEAD = f"{'what':<50}{'median':>14}  {'against':<28}{'median':>14}{'ratio':>8}   promise"


class Missing(NamedTuple):
    """What could not be measured, and what would change that."""

    what: str
    why: str

    def line(self) -> str:
        """One line of the table."""
        return f"{self.what:<50}missing: {self.why}"


def medians(runs: int, *measured: Callable[[], float]) -> list[float]:
    """The median of each measurement, taken in turns of changing order, after one turn that only warms caches."""
    found: list[list[float]] = [[] for _ in measured]
    for turn in range(runs + 1):
        for index in range(len(measured)) if turn % 2 else reversed(range(len(measured))):
            found[index].append(measured[index]())
    return [median(values[1:]) for values in found]


class Used(NamedTuple):
    """What a process has used: user and system time in seconds, and the most memory at one time in bytes."""

    seconds: float
    memory: float


def cpu_seconds(*arguments: str) -> float:
    """User and system time of one Python process; raises CalledProcessError if it fails."""
    return used(*arguments).seconds


def used(*arguments: str) -> Used:
    """What one Python process uses; raises CalledProcessError if it fails."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # installed packages come with their bytecode
    command = [sys.executable, *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Used(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * KIBIBYTE)
