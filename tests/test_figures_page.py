"""What ``docs/figures.md`` says is true: its conventions name every figure, its numbers are netspec's or the tools'."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from math import prod
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

import netspec
from netspec.cli import main
from netspec.limits import LIMITS
from netspec.report.columns import FIGURES

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")
LINES = re.findall(r'^python -c "(.+)"\n# (.+)$', PAGE, re.MULTILINE)
TOOLS = ("torchinfo", "fvcore", "ptflops", "thop", "deepspeed")
NETWORKS = ("alexnet", "vgg16", "googlenet", "resnet18", "resnet50", "densenet121")
ADAPTIVE = ("adaptive_avg_pool", "global_avg_pool")
POOLS = ("max_pool", "avg_pool", *ADAPTIVE)
CALLED = {"googlenet": ("relu",), "densenet121": ("name relu", "name avgpool")}
"""What torchvision writes as a function: kinds of operations, or names."""


def table(first: str) -> list[dict[str, str]]:
    """The rows of the page's table whose heading begins with the cells ``first``, by column."""
    lines = PAGE[PAGE.index(f"\n| {first} |") + 1 :].split("\n\n")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def number(text: str) -> int:
    """A number with thousands separated."""
    return int(text.replace(",", ""))


@cache
def figures(network: str) -> dict[str, Any]:
    """All figures of a network."""
    return netspec.read(network).stats().to_dict()


def layer(network: str, name: str) -> dict[str, Any]:
    """The figures of one operation."""
    return next(one for one in figures(network)["layers"] if one["name"] == name)


def terms(network: str) -> dict[str, int]:
    """The terms of which the page composes the totals of tools."""
    layers = [one for one in figures(network)["layers"] if not one["auxiliary"]]
    words = CALLED.get(network, ())
    calls = [one for one in layers if one["op"] in words or f"name {one['name']}" in words]

    def total(size: Callable[[dict[str, Any]], int], *ops: str, among: list[dict[str, Any]] = layers) -> int:
        return sum(size(one) for one in among if one["op"] in ops)

    def read(one: dict[str, Any]) -> int:
        return prod(one["input_shapes"][0])

    def written(one: dict[str, Any]) -> int:
        return prod(one["output_shape"])

    return {
        "macs": figures(network)["totals"]["macs"],
        "conv_bias": total(lambda one: one["adds"], "conv"),
        "linear_bias": total(lambda one: one["adds"], "linear"),
        "norm": total(written, "batch_norm"),
        "norm_params": total(lambda one: one["params"], "batch_norm"),
        "relu": total(written, "relu"),
        "pool_in": total(read, *POOLS),
        "avg_out": total(written, "avg_pool"),
        "adaptive_in": total(read, *ADAPTIVE),
        "adaptive_out": total(written, *ADAPTIVE),
        "relu_calls": total(written, "relu", among=calls),
        "pool_in_calls": total(read, *POOLS, among=calls),
        "pool_out_calls": total(written, *POOLS, among=calls),
    }


def on_padding(network: str) -> float:
    """Percent of a network's convolution MACs that multiply padding, window by window."""
    every = outside = 0
    for one in figures(network)["layers"]:
        if one["op"] == "conv":
            window, taps, inside = one["window"], 1, 1
            for axis, kernel in enumerate(window["kernel"]):
                starts = [
                    at * window["stride"][axis] - window["padding"][axis] for at in range(one["output_shape"][1 + axis])
                ]
                places = [start + tap * window["dilation"][axis] for start in starts for tap in range(kernel)]
                taps *= len(places)
                inside *= sum(0 <= place < one["input_shapes"][0][1 + axis] for place in places)
            every += one["macs"]
            outside += one["macs"] // taps * (taps - inside)
    return 100 * outside / every


def test_every_figure_has_a_convention() -> None:
    """The columns of the page are those of ``netspec stats``, and its memory those of the data."""
    columns = re.findall(r"`(\w+)`", " ".join(row["key"] for row in table("key | unit")))
    memory = re.findall(r"`(\w+)`", " ".join(row["key"] for row in table("key | convention")))

    assert sorted(columns) == sorted(FIGURES)
    assert {"batch", "dtype", "optimizer", "unit", *memory} == set(figures("resnet18")["memory"])


def test_the_layer_worked_by_hand_has_these_figures() -> None:
    """Each sum comes to the value beside it, and netspec says the same."""
    conv = layer("resnet18", "layer2.0.conv1")
    for row in table("key | how"):
        value = conv[row["key"].strip("`")]
        found = eval(row["how"].replace(",", "").replace("x", "*"), {})  # noqa: S307 - our own text

        assert number(row["value"]) == found == (value[0] if isinstance(value, list) else value), row


@pytest.mark.parametrize("network", NETWORKS)
def test_the_totals_of_tools_are_what_the_page_composes_them_of(network: str) -> None:
    """Each formula, with netspec's figures for its terms, comes to the number that the tool prints."""
    known, printed = terms(network), {row["tool"]: number(row[network]) for row in table("tool | alexnet")}
    formulas = {row["tool"]: row["its total"].strip("`") for row in table("tool | version")}
    named = re.findall(r"`(\w+)`", " ".join(row["term"] for row in table("term")))

    assert sorted(named) == sorted(known)
    assert printed == {tool: eval(formula, {}, known) for tool, formula in formulas.items()}  # noqa: S307 - our own text


@pytest.mark.parametrize(("code", "printed"), LINES, ids=[f"{number}-{line[1]}" for number, line in enumerate(LINES)])
def test_a_line_prints_what_stands_under_it(
    code: str, printed: str, torchvision: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line of the page, where its tool is installed."""
    missing = [tool for tool in TOOLS if re.search(rf"\b{tool}\b", code) and find_spec(tool) is None]
    if missing:
        pytest.skip(f"{missing[0]} is not installed")
    assert torchvision
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # how tools are written is not our matter
        exec(code, {})  # noqa: S102 - our own text

    assert capsys.readouterr().out.splitlines()[-1] == printed


@pytest.mark.parametrize("row", table("layer"), ids=lambda row: row["layer"].strip("`"))
def test_single_layers_are_counted_as_the_page_says(
    row: dict[str, str], torch: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every tool that is installed counts what its cell says, the exact number where the cell is empty."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    peers = import_module("bench_peers").PEERS
    names = {"ptflops aten": "ptflops, aten"}
    counted = {}
    for column in list(row)[3:]:
        peer = peers.get(names.get(column, column))
        if peer and peer.is_installed:
            module = eval(row["layer"].strip("`"), vars(torch.nn)).eval()  # noqa: S307 - our own text
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                value = peer.counted(module, torch.zeros(1, *map(int, row["input"].split("x"))))
            counted[column] = int(value) // (2 if column == "FlopCounterMode" else 1)

    assert counted == {column: number(row[column] or row["netspec's rule"]) for column in counted}
    assert {"fvcore", "FlopCounterMode"} <= set(counted)


def test_fvcore_counts_batch_norm_as_the_page_says(torch: ModuleType, torchvision: ModuleType) -> None:
    """A handle of None changes nothing, and train mode more than doubles what a batch norm costs."""
    from fvcore.nn import FlopCountAnalysis

    model, image = torchvision.models.resnet18(), torch.zeros(1, 3, 224, 224)
    trained = FlopCountAnalysis(model.train(), image).unsupported_ops_warnings(enabled=False).total()
    kept = FlopCountAnalysis(model.eval(), image).unsupported_ops_warnings(enabled=False)

    assert f"ResNet-18 has {trained:,}" in PAGE
    assert kept.set_op_handle("aten::batch_norm", None).total() == 1_819_065_856


def test_the_options_that_the_page_names_exist() -> None:
    """Those of commands and the one before them; how to check every figure and how to allow more are among them."""
    context = click.Context(main)
    commands = [main, *(main.get_command(context, name) for name in main.list_commands(context))]
    known = {option for command in commands if command for param in command.params for option in param.opts}
    named = set(re.findall(r"--[a-z][a-z-]+", PAGE))

    assert named <= known
    assert {"--verify", "--max-nodes"} <= named


def test_the_numbers_in_sentences_are_netspecs() -> None:
    """Figures that the text names are what netspec counts today."""
    google, small, large = (figures(name) for name in ("googlenet", "resnet18", "resnet50"))
    inference = google["totals"]["params"] - google["totals"]["auxiliary_params"]
    vgg = figures("vgg16")["receptive_field"]
    peak, first = small["memory"]["inference_peak"], layer("resnet18", "conv1")
    outputs = 2 * 4 * (large["totals"]["activations"] + terms("resnet50")["norm"])
    grouped = netspec.read(
        "netspec: 1\nname: net\ninput: [8, 16, 16]\nstages:\n"
        "  a: {conv: {out: 8, kernel: 1, bias: false}}\n  b: {conv: {out: 8, kernel: 3, groups: 4, bias: false}}\n"
    ).stats()
    said = (
        f"may have {LIMITS.nodes:,} operations",
        f"{google['totals']['auxiliary_params']:,} of {google['totals']['params']:,} parameters are in heads",
        f"{inference:,} are not",
        f"as their size {4 * inference:,} bytes",
        f"3 x {small['totals']['flops']:,} - {first['flops']:,}",
        f"`conv1`) = {small['totals']['training_flops']:,} for one image",
        f"{peak['bytes']:,} bytes, at `{peak['node']}`",
        f"({small['memory']['input']:,}) and two maps of 64x112x112 ({first['output_bytes']:,} each)",
        f"{outputs:,} bytes for ResNet-50",
        f"saves {large['memory']['saved_for_backward']:,} bytes",
        f"at most {large['memory']['inference_peak']['bytes']:,}",
        f"take {grouped.to_dict()['totals']['training_flops']:,} FLOPs in training",
        f"ResNet-50 has depth {large['totals']['depth']}",
        f"{large['receptive_field']['size'][0]} with stride {large['receptive_field']['stride'][0]}",
        f"receptive field is {small['receptive_field']['size'][0]}",
        f"(VGG-16: {vgg['size'][0]}, stride {vgg['stride'][0]})",
        f"{on_padding('resnet18'):.2f} % of ResNet-18's",
        f"{on_padding('resnet50'):.2f} % of ResNet-50's",
        f"{on_padding('densenet121'):.2f} % of DenseNet-121's",
    )
    text = " ".join(PAGE.split())

    assert [sentence for sentence in said if sentence not in text] == []
