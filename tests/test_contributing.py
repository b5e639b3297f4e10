"""What CONTRIBUTING.md promises of additions: a file and a line of a table, and every command knows the word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import netspec
from netspec.blocks import BLOCKS
from netspec.cli import main
from netspec.ops import OPERATIONS
from netspec.ops.lazy_table import LazyTable

OPERATION = '''
"""A shift for each channel."""

from typing import ClassVar

from netspec.ops.facts import Cost, Family, Layer, Shape, Tensor, positions
from netspec.ops.memory import Saved
from netspec.ops.fields import Count
from netspec.ops.operation import Operation


class ChannelShift(Operation):
    """A trainable number is added to each channel, ``times`` times."""

    word: ClassVar[str] = "channel_shift"
    family: ClassVar[Family] = Family.NORM

    times: Count = 1

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """One number for each channel."""
        return (Tensor("shift", (inputs[0][0],)),)

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """An addition for each element and time."""
        return Cost(adds=self.times * output[0] * positions(output))

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """Nothing: a sum needs none of its terms."""
        return Saved()

    def layer(self, *inputs: Shape) -> Layer:
        """The module below."""
        return Layer("shift_layer.ChannelShift", {"channels": inputs[0][0], "times": self.times})
'''
LAYER = '''
"""The module of a shift for each channel."""

import torch


class ChannelShift(torch.nn.Module):
    """Adds a number to each channel."""

    def __init__(self, channels: int, times: int) -> None:
        super().__init__()
        self.shift = torch.nn.Parameter(torch.ones(channels))
        self.times = times

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``x`` shifted."""
        return x + self.times * self.shift[:, None, None]
'''
BLOCK = '''
"""A block of two shifts."""

from typing import ClassVar

from netspec.blocks.block import Block
from netspec.graph.builder import GraphBuilder
from netspec.graph.graph import Node
from netspec.ops import OPERATIONS


class Shifts(Block):
    """``count`` shifts, one after the other."""

    word: ClassVar[str] = "shifts"

    count: int = 2

    def expand(self, graph: GraphBuilder, x: Node) -> Node:
        """Shift after shift."""
        for index in range(self.count):
            x = graph.add(f"shift{index}", OPERATIONS["channel_shift"](times=index + 1), x)
        return x
'''
SPEC = """netspec: 1
name: shifted
input: [3, 8, 8]
stages:
  conv: {conv: {out: 4, kernel: 3}}
  one: channel_shift
  more: {shifts: {count: 2}}
"""
FIGURES = {"conv": 112, "one": 4, "more.shift0": 4, "more.shift1": 4}
"""Parameters by operation."""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spec that uses an operation and a block, each added as one file and one line of the table."""
    for name, text in (("shift", OPERATION), ("shift_layer", LAYER), ("shifts", BLOCK)):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    tables: list[tuple[LazyTable, str, str]] = [
        (OPERATIONS, "channel_shift", "shift:ChannelShift"),
        (BLOCKS, "shifts", "shifts:Shifts"),
    ]
    for table, word, place in tables:
        monkeypatch.setattr(table, "_places", {**table._places, word: place})
        monkeypatch.setattr(table, "_found", {**table._found})
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "shifted.yaml"
    file.write_text(SPEC, encoding="utf-8")
    return file


def run(*words: str) -> Result:
    """A command that must succeed."""
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    return result


def test_an_added_word_is_known_everywhere(spec: Path) -> None:
    """Checking, figures, pictures, the resolved spec, the schema and differences follow from the class alone."""
    for words in (("check",), ("rf",), ("fmt",), ("diagram", "-o", "x.dot")):
        run(*words, str(spec))
    layers = json.loads(run("stats", str(spec), "--format", "json").stdout)["layers"]
    schema = json.loads(run("schema").stdout)["$defs"]

    assert {layer["name"]: layer["params"] for layer in layers} == FIGURES
    assert [layer["adds"] for layer in layers[1:]] == [144, 144, 288]
    assert "times" in json.dumps(schema["word.channel_shift"])
    assert "count" in json.dumps(schema["word.shifts"])
    assert netspec.read(run("show", str(spec)).stdout).stats().totals == netspec.read(spec).stats().totals
    assert "channel shift" in run("diagram", str(spec), "-o", "-").stdout


def test_a_mistake_in_an_added_word_has_its_place(spec: Path) -> None:
    """Its fields are checked, and a name that is nearly one of them is suggested."""
    spec.write_text(SPEC.replace("{count: 2}", "{cuont: 2}").replace("channel_shift", "chanel_shift"), encoding="utf-8")
    result = CliRunner().invoke(main, ["check", str(spec)])

    assert result.exit_code == 2
    assert "shifted.yaml:6:8: error[unknown-operation]" in result.output
    assert "did you mean 'channel_shift'?" in result.output
    assert "did you mean 'count'?" in result.output


@pytest.mark.usefixtures("torch")
def test_an_added_operation_is_built_and_verified(spec: Path) -> None:
    """Its weights are in the module and in the artefact, and its figures are held against torch."""
    run("build", str(spec), "-o", "shifted.safetensors")
    module = netspec.load("shifted.safetensors")

    assert [name for name, _ in module.named_parameters()] == [
        *("conv.weight", "conv.bias", "one.shift", "more.shift0.shift", "more.shift1.shift"),
    ]
    run("stats", str(spec), "--verify")
