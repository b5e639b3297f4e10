"""No file costs much more than its size: a share of what ``tools/bench.py --only language --only hostile`` measures."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

import growth
import pytest

import netspec


@pytest.mark.parametrize(("word", "growing"), [(word, growing) for word, (growing, _) in growth.CONSTRUCTS.items()])
def test_constructs_grow_by_what_they_are_called(word: str, growing: growth.Growing) -> None:
    """What the benchmark measures is a network without mistakes, unless these are the construct, and grows with n."""
    if word == "mistakes":
        with pytest.raises(netspec.SpecError) as caught:
            netspec.read(growing(4))
        assert len(caught.value.problems) == 4
    else:
        netspec.read(growing(4))

    assert len(growing(4)) < len(growing(8)) < 2 * len(growing(4))


def opcodes(network: netspec.Network) -> int:
    """Steps of Python that it takes to write the forwards of a network."""
    from netspec.nn import forward

    count = 0

    def seen(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = frame.f_code.co_filename == forward.__file__
        count += event == "opcode"
        return seen if frame.f_trace_opcodes else None

    before = sys.gettrace()
    sys.settrace(seen)
    try:
        network.compile(device="meta")
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("case", growth.COMPILED)
def test_a_forward_takes_as_many_steps_as_it_has_values(case: str) -> None:
    """However many of them are alive at once: twice as many take twice the steps, but for a few."""
    growing, _ = growth.COMPILED[case]
    few, many = (opcodes(netspec.read(growing(n))) for n in (60, 120))

    assert few > 1000
    assert many < 2.2 * few


@pytest.mark.parametrize("growing", growth.HOSTILE, ids=lambda growing: growing.__name__)
def test_costly_files_are_as_large_as_they_may_be(growing: growth.Growing) -> None:
    """Each is nearly as large as is measured, and not larger."""
    assert 18_000 < len(growth.largest(growing, 20_000).encode()) <= 20_000


@pytest.fixture(scope="module")
def measure(tmp_path_factory: pytest.TempPathFactory) -> growth.Measure:
    """What checking resnet50 takes on this machine."""
    return growth.Measure(tmp_path_factory.mktemp("measure"))


SMALL, FEW, SHARE, RUNS = 10_000, "2000", 0.8, 3
"""Bytes of a file, operations of a network, and their share of what ten times as much may cost.

The steps that a run has do not grow with the file. The fastest of a few runs counts, since other processes are about.
"""


@pytest.mark.parametrize("growing", growth.COSTLY, ids=lambda growing: growing.__name__)
def test_costly_files_cost_no_more_than_their_share(
    growing: growth.Growing, measure: growth.Measure, tmp_path: Path
) -> None:
    """Checking a small file that is made to cost much takes its share of the budget, with all of its operations."""
    file = tmp_path / "costly.yaml"
    file.write_text(growth.largest(growing, SMALL), encoding="utf-8")
    most = SHARE * growth.Measure.TIMES * measure.base

    for _ in range(RUNS):
        found = growth.run("check", file, 2 * most, "--max-nodes", FEW)
        if found.seconds <= most:
            break

    assert found.ending.startswith("exit code")
    assert found.seconds <= most


def test_the_measure_ends_what_takes_too_long(
    monkeypatch: pytest.MonkeyPatch, measure: growth.Measure, tmp_path: Path
) -> None:
    """A command that never ends is ended, and has cost more than it may."""

    def endless(*_: Any) -> None:
        while True:
            time.process_time()

    monkeypatch.setattr(growth.CliRunner, "invoke", endless)
    monkeypatch.setattr(measure, "base", 1e-4)
    took, may, ending = measure.ratio("check", tmp_path)

    assert ending == growth.ENDED
    assert took > may
