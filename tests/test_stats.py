"""``netspec stats``: what its rows hold, how they are gathered, and what every format of the table looks like."""

from __future__ import annotations

import copy
import csv
import importlib
import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

import netspec
from netspec.analysis.rows import Row
from netspec.analysis.setup import Setup
from netspec.analysis.summary import Summary, summary
from netspec.analysis.training import training_macs
from netspec.cli import main
from netspec.graph.graph import Graph
from netspec.report import comparison
from netspec.report.columns import FIGURES, whole_of
from netspec.report.csv_table import csv_table
from netspec.report.fitting import DROPPED, LUXURIES
from netspec.report.grouping import By, Group, View, groups, total
from netspec.report.latex import escaped
from netspec.report.layer_table import COLUMNS
from netspec.report.page import Page, Screen
from netspec.report.stats import StatsReport, Wanted
from netspec.report.terminal import show
from netspec.report.text import page_text

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = Path(__file__).parent / "golden" / "stats"
NETWORKS = ("resnet50", "googlenet", "densenet121", "vgg16", "lenet5-1998", "fractalnet", "resnext@resnext50_32x4d")
SHAPE_ERROR = (
    "netspec: 1\nname: net\ninput: [3, 8, 8]\nstages:\n"
    "  a: {conv: {out: 4, kernel: 3}}\n  b: relu\n  c: {conv: {out: 4, kernel: 9}}\n  d: relu\n"
)


def run(*arguments: str) -> Result:
    """The result of ``netspec stats`` in this process."""
    result = CliRunner().invoke(main, ["stats", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def printed(*arguments: str) -> str:
    """What ``netspec stats`` prints when it succeeds."""
    result = run(*arguments)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


def table_lines(text: str) -> list[str]:
    """The lines of the first table in ``text``, its heading among them."""
    lines = text.splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("name "))
    return lines[first : lines.index("", first)]


def headings(text: str) -> list[str]:
    """The headings of the first table in ``text``, those in two lines joined; it has names to the left."""
    lines = text.splitlines()
    last = next(place for place, line in enumerate(lines) if line.startswith("name"))
    above = lines[last - 1] if lines[last - 1].startswith(" ") else ""
    columns = [(found.start(), found.end()) for found in re.finditer(r"\S+(?: \S+)*", lines[last])]
    found = []
    for place, (first, end) in enumerate(columns):
        start = columns[place - 1][1] if place else 0
        found.append(f"{above[start:end].strip()} {lines[last][first:end]}".strip())
    return found


def only_page(stats: Summary, width: int | None = None) -> Page:
    """The page of one network."""
    (page,) = StatsReport([stats], Wanted(View())).pages(width)
    return page


def names(text: str) -> list[str]:
    """What the rows of the first table are called, in order."""
    lines = table_lines(text)
    return [line.split()[0] for line in lines[2:] if not line.startswith("-")]


def values(text: str) -> list[dict[str, str]]:
    """The records of a CSV text."""
    return list(csv.DictReader(StringIO(text)))


# -- rows and groups --------------------------------------------------------------------------------------------------

VIEWS = {
    **{f"by {by}": View(by=by) for by in get_args(By)},
    "depth 1": View(depth=1),
    "depth 3": View(depth=3),
    "whole": View(whole=True),
    "first two": View(top=2),
    "most parameters": View(by="op", sort=lambda group: sum(row.params for row in group.rows), top=3),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_rows_add_up_to_the_totals(name: str, view: View) -> None:
    """At every grouping each operation is in one closed group, so that every sum over groups is the network's."""
    stats = netspec.read(name).stats()
    closed = [group for group in groups(stats.rows, view) if not group.opened]
    whole, everything = whole_of(stats.rows), total(stats.rows)

    assert sorted(row.name for group in closed for row in group.rows) == sorted(row.name for row in stats.rows)
    assert sum(row.params for group in closed for row in group.rows) == stats.totals.params
    for figure in FIGURES.values():
        if figure.sums:
            parts = [figure.value(group, whole) for group in closed]
            amount = sum(part for part in parts if isinstance(part, int | float))
            assert amount == pytest.approx(figure.value(everything, whole)), figure.key


@pytest.mark.parametrize("name", NETWORKS)
def test_opened_groups_hold_what_is_below_them(name: str) -> None:
    """In a tree a group that is opened has the sum of the closed groups below it."""
    found = groups(netspec.read(name).stats().rows, View(depth=4))
    for place, group in enumerate(found):
        if group.opened:
            below = [row for inner in _below(found[place + 1 :], group.level) for row in inner.rows]
            assert sorted(row.name for row in below) == sorted(row.name for row in group.rows)


def _below(later: list[Group], level: int) -> list[Group]:
    """The closed groups up to the next one that is not deeper than ``level``."""
    found: list[Group] = []
    for group in later:
        if group.level <= level:
            break
        if not group.opened:
            found.append(group)
    return found


@pytest.mark.parametrize("name", NETWORKS)
def test_figures_are_those_of_their_analyses(name: str) -> None:
    """Sums over rows are what each analysis says of the whole network."""
    network = netspec.read(name)
    stats = network.stats()
    data = stats.to_dict()
    moved = sum(row.traffic.bytes for row in stats.rows)

    assert data["totals"]["training_flops"] == stats.totals.training_flops
    assert stats.totals.training_flops == 2 * sum(macs.total for macs in training_macs(network.graph).values())
    assert data["totals"]["activations"] == stats.totals.activations
    assert data["totals"]["moved_bytes"] == moved
    assert data["totals"]["intensity"] == data["totals"]["flops"] / moved
    assert data["totals"]["weight_bytes"] == data["memory"]["weights"] + data["memory"]["buffers"]


def test_every_metric_of_the_data_has_its_convention() -> None:
    """And no convention is of a key that is not there."""
    data = netspec.read("googlenet").stats().to_dict()
    keys = {*data["layers"][0], *data["totals"], *data["memory"], *data["receptive_field"]}
    setup = {"name", "node", "size", "batch", "dtype", "optimizer", "unit"}

    assert set(data["conventions"]) == keys - setup
    assert "one position to the next" in data["conventions"]["stride"]


def test_global_fields_have_no_size_in_records() -> None:
    """But a column that says so."""
    first, *_, last = values(printed("resnet18", "--format", "csv"))

    assert (first["receptive_field"], first["global"]) == ("7x7", "False")
    assert (last["receptive_field"], last["effective_stride"], last["global"]) == ("", "", "True")


def test_summaries_and_rows_are_shown_in_a_line() -> None:
    """A prompt is not flooded."""
    stats = netspec.read("resnet18").stats()
    assert repr(stats) == "<Summary of resnet18: 68 rows, 11,689,512 parameters, 1,814,073,344 MACs>"
    assert repr(stats.rows[0]) == "<Row conv1: conv 7x7/2, 64, 9,408 parameters, 118,013,952 MACs>"


def test_primitives_of_resnet50() -> None:
    """The work beside MACs, by primitive: batch norm, residual and bias adds, pooling and ReLU, worked out by hand."""
    totals = netspec.read("resnet50").stats().to_dict()["totals"]

    assert totals["multiply_adds"] == 11_113_984
    assert totals["compares"] == 9_608_704 + 1_605_632
    assert totals["adds"] == 5_519_360 + 1_000 + 48 * 2048
    assert totals["activations"] == 11_113_984 + 1_000
    assert totals["flops"] == 2 * 4_089_184_256
    first = 2 * 118_013_952
    assert totals["training_flops"] == 3 * totals["flops"] - first


def test_heads_for_training_are_apart() -> None:
    """Auxiliary heads have parameters and training FLOPs, but no MACs, activations or other work of inference."""
    stats = netspec.read("googlenet").stats()
    aside = [row for row in stats.rows if row.auxiliary]
    text = printed("googlenet")

    assert {row.stage for row in aside} == {"aux1", "aux2"}
    assert sum(row.params for row in aside) == stats.totals.auxiliary_params == 6_379_984
    assert sum(row.training_macs for row in aside) > 0
    assert {(row.macs, row.activations, row.work.adds, row.traffic.bytes) for row in aside} == {(0, 0, 0, 0)}
    assert re.search(r"^aux1 .* 3,188,968 +training ", text, re.MULTILINE)
    assert "6,379,984 of them in heads for training, 6,624,904 without these" in " ".join(text.split())


def test_windows_are_facts_of_operations() -> None:
    """Kernel, stride, padding and groups stand beside what slides a window, and nowhere else."""
    rows = {row["name"]: row for row in values(printed("resnext@resnext50_32x4d", "--format", "csv"))}
    conv, norm = rows["layer2.0.conv2"], rows["bn1"]

    assert [conv[key] for key in ("kernel", "stride", "padding", "groups")] == ["3x3", "2x2", "1x1", "32"]
    assert [norm[key] for key in ("kernel", "stride", "padding", "groups")] == [""] * 4


def test_repeats_are_folded() -> None:
    """Equal blocks that stay closed are one row with their sum; ``--all`` folds none."""
    lines = table_lines(printed("resnet50", "--depth", "1", "--columns", "name,operation,output,params"))
    folded = next(line.split() for line in lines if line.startswith("  1-5 "))

    assert folded[:3] == ["1-5", "bottleneck", "x5"]
    assert folded[4] == f"{5 * 1_117_184:,}"
    assert not re.search(r"\d-\d", "".join(names(printed("resnet50", "--all"))))
    assert len(groups(netspec.read("resnet50").stats().rows, View(by="node"))) == 53 + 53 + 49 + 16 + 3


def test_one_stack_of_stages_is_opened() -> None:
    """Where the stages are one repeated block, each repetition is a row."""
    assert [name for name in names(printed("fractalnet")) if name.startswith("blocks")] == [
        f"blocks.{index}" for index in range(5)
    ]


def test_blocks_are_no_stacks() -> None:
    """``--by block`` has a row for each block, or run of equal ones, whatever stacks these are in."""
    assert names(printed("resnet50", "--by", "block"))[4:8] == ["layer1.0", "layer1.1-2", "layer2.0", "layer2.1-3"]
    assert "features.denseblock1.denselayer1" in names(printed("densenet121", "--by", "block", "--width", "200"))


# -- what is shown ----------------------------------------------------------------------------------------------------


def test_only_keeps_what_a_glob_names() -> None:
    """``--only`` names operations, or what is around them; their sum stands above the network's."""
    text = printed("resnet50", "--only", "layer[12]", "--columns", "name,params")
    convs = printed("resnet50", "--only", "*.conv2", "--by", "node", "--columns", "name,kernel")

    assert names(text) == ["layer1", "layer2", "only", "total"]
    assert f"{215_808 + 1_219_584:,}" in text
    assert len(names(convs)) == 16 + 2
    assert {line.split()[1] for line in table_lines(convs)[2:18]} == {"3"}


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("layer4.1",), [("layer4.1", "residual", 4_720_640)]),
        (("layer4.1.conv1",), [("layer4.1.conv1", "conv 3x3, 512", 2_359_296)]),
        (("layer4.1.conv*",), [("layer4.1", "2 of 7 operations", 4_718_592)]),
        (
            ("layer4.1.conv*", "--depth", "1"),
            [("layer4", "2 of 16 operations", 4_718_592), ("1", "2 of 7 operations", 4_718_592)],
        ),
        (
            ("layer1.?.bn1", "--by", "block"),
            [("layer1.0.bn1", "BN", 128), ("layer1.1.bn1", "BN", 128)],
        ),
        (("layer1.?.conv*", "--by", "block"), [("layer1.0-1", "2 of 7 operations x2", 147_456)]),
        (("layer[24]", "--by", "stage"), [("layer2", "residual x2", 525_568), ("layer4", "residual x2", 8_393_728)]),
        (("layer4.*", "--by", "stage"), [("layer4", "residual x2", 8_393_728)]),
    ],
)
def test_parts_are_not_called_blocks(arguments: tuple[str, ...], shown: list[tuple[str, str, int]]) -> None:
    """Where ``--only`` leaves a part of a block or stage the row is called after the part, or says how much it is."""
    text = printed("resnet18", "--only", *arguments, "--columns", "name,operation,params")
    rows = [tuple(re.split(r"  +", line.strip(" █▏▎▍▌▋▊▉")))[:3] for line in table_lines(text)[2 : 2 + len(shown)]]

    assert rows == [(name, kind, f"{params:,}") for name, kind, params in shown]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("only", ["*1*", "*.[0-2].*", "*conv*", "*[24]"])
def test_blocks_that_are_named_are_whole(name: str, only: str) -> None:
    """With any glob a row that does not count its operations has all of what its name says."""
    rows = netspec.read(name).stats().rows
    for view in (View(only=only), View(only=only, depth=1), View(only=only, whole=True), View(by="block", only=only)):
        for group in groups(rows, view):
            if group.times == 1 and not re.search(r"\d of [\d,]+ operations", group.kind):
                all_of_it = [row for row in rows if group.path in (row.name, row.stage, *_around(row))]
                assert list(group.rows) == all_of_it, (view, group.path)


def _around(row: Row) -> list[str]:
    return [scope.name for scope in row.within]


def test_top_keeps_the_largest() -> None:
    """``--top`` keeps as many rows, the largest first; the others are one row, so that the sum stays."""
    assert names(printed("resnet50", "--top", "2")) == ["layer3", "layer2", "others", "total"]
    assert names(printed("resnet50", "--sort", "params", "--top", "2"))[:2] == ["layer4", "layer3"]
    assert names(printed("resnet50", "--by", "op", "--sort", "count"))[:2] == ["conv", "batch_norm"]
    assert names(printed("resnet50", "--top", "99"))[0] == "layer3"


def test_bars_are_of_the_rows_asked_for() -> None:
    """The longest bar is that of the largest row; what ``--top`` leaves is more than it and has none."""
    first, *_, others = table_lines(printed("resnet50", "--by", "node", "--top", "5", "--width", "200"))[2:8]

    assert first.endswith(20 * "█")
    assert others.startswith("others ")
    assert "█" not in others


def test_sums_over_kinds_have_no_window() -> None:
    """A row for a kind of operation has no figures of single operations, whether there are many or one."""
    records = values(printed("resnet18", "--by", "op", "--format", "csv"))

    assert [record["count"] for record in records if record["name"] == "max_pool"] == ["1"]
    assert {record[key] for record in records for key in ("kernel", "stride", "padding", "groups")} == {""}


def test_columns_are_shown_as_asked() -> None:
    """``--columns`` has columns in the order given; where the output is piped all of them, however many."""
    head = table_lines(printed("lenet5", "--columns", "name,macs,window,params"))[0]
    every = printed("lenet5", "--columns", ",".join(FIGURES))

    assert head.split() == ["name", "MACs", "window", "params"]
    assert headings(every) == [figure.title for figure in FIGURES.values()]
    assert "left out" not in every


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lenet5", "--columns", "name,mac"), "there is no column 'mac'; did you mean 'macs'?"),
        (("lenet5", "--columns", "qqq"), "there is no column 'qqq'; known: name, operation, channels"),
        (("lenet5", "--sort", "parms"), "there is no column 'parms'; did you mean 'params'?"),
        (("lenet5", "--sort", "name"), "'name' is text; rows are sorted by numbers"),
        (("lenet5", "--only", "cnv1"), "no operation is called 'cnv1'; did you mean 'conv1'?"),
        (("lenet5", "--by", "layer"), "'layer' is not one of 'node', 'block', 'stage', 'op', 'family'"),
        (("lenet5", "--top", "0"), "0 is not in the range x>=1"),
        (("lenet5", "--dtype", "int8"), "'int8' is not one of"),
        (("lenet5", "plain20", "--columns", "kernel"), "there is no column 'kernel'; known: name, input"),
        (("lenet5", "--input", "1x32x32,1x0x32"), "'1x0x32' is not channels x height x width, such as 3x224x224"),
        (("lenet5", "--columns", ""), "a name is missing; columns are name, operation, channels"),
        (("lenet5", "--columns", "name,,macs"), "a name is missing; columns are name, operation, channels"),
        (("lenet5", "plain20", "--columns", "name,"), "a name is missing; columns are name, input, params"),
    ],
)
def test_unknown_names_are_refused(arguments: tuple[str, ...], message: str) -> None:
    """A column, glob or choice that there is not ends in exit code 2 and what was perhaps meant."""
    result = run(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert message in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--all", "--by", "op"), "--all and --by do not go together: each says what has a row of its own"),
        (("--by", "block", "--depth", "2"), "--by and --depth do not go together"),
        (("--by", "block", "--depth", "0"), "--by and --depth do not go together"),
        (("--all", "--depth", "1"), "--all and --depth do not go together"),
        (("--format", "json", "--width", "30"), "--width is for text: json has no lines that must fit"),
        (("--format", "csv", "--width", "30"), "--width is for text: csv has no lines that must fit"),
        (("--format", "json", "--columns", "name"), "--columns chooses the keys of JSON's groups, and there are none"),
        (("plain20", "--format", "json", "--columns", "name", "--top", "1"), "--columns chooses the keys of JSON's"),
    ],
)
def test_clashes_are_refused(arguments: tuple[str, ...], message: str) -> None:
    """An option that would have no effect beside another is refused, with the reason."""
    result = run("lenet5", *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert message in " ".join(result.stderr.split())


def test_columns_are_the_keys_of_groups() -> None:
    """In JSON ``--columns`` chooses what groups hold, where there are groups; layers hold everything."""
    data = json.loads(printed("lenet5", "--format", "json", "--top", "1", "--columns", "name,macs"))

    assert data["groups"] == [{"name": "conv2", "macs": 240_000}, {"name": "others", "macs": 416_520 - 240_000}]
    assert {"params", "output_shape", "operation"} - set(data["layers"][0]) == {"operation"}


def test_renamed_columns_keep_their_old_names() -> None:
    """``field``, ``jump`` and ``pad`` choose and sort by what they were; groups of the JSON have both keys."""
    new = printed(
        "resnet18", "--columns", "name,receptive_field,effective_stride,left_padding", "--sort", "left_padding"
    )
    old = printed("resnet18", "--columns", "name,field,jump,pad", "--sort", "pad")
    several = printed("lenet5", "plain20", "--columns", "name,field,jump", "--format", "csv")
    (group, *_) = json.loads(printed("lenet5", "--by", "node", "--columns", "field,macs", "--format", "json"))["groups"]

    assert headings(old) == ["name", "receptive field", "effective stride", "left padding"]
    assert old == new
    assert several.splitlines()[0] == "name,receptive_field,effective_stride"
    assert group == {"receptive_field": [5, 5], "macs": 117_600, "field": [5, 5]}


def test_headings_stand_in_two_lines_where_that_is_worth_it() -> None:
    """A heading is broken where its column is narrower by three characters or more without it; the rest ends below."""
    lines = printed("resnet18", "--columns", "name,receptive_field,macs_share", "--width", "80").splitlines()

    assert [line.rstrip() for line in lines[2:5]] == ["         receptive", "name         field  MACs %", "-" * 26]
    assert [line.split()[0] for line in printed("resnet18", "--columns", "name,params").splitlines()[2:4]] == [
        "name", "-" * 19
    ]  # fmt: skip


def test_several_networks_have_one_row_each() -> None:
    """Several specs are compared; sorting and cutting off are of networks; asking for layers brings their tables."""
    assert names(printed("lenet5", "plain20")) == ["lenet5", "plain20"]
    assert names(printed("lenet5", "plain20", "alexnet", "--sort", "params", "--top", "2")) == ["alexnet", "plain20"]
    assert {"resnet18", "resnet152"} <= set(names(printed("resnet@*")))
    assert printed("lenet5", "plain20", "--depth", "0") == printed("lenet5") + "\n" + printed("plain20")


def test_sizes_are_swept() -> None:
    """Several sizes are a row each, with the figures that each size has on its own."""
    text = printed("resnet18", "--input", "3x224x224,3x320x320", "--columns", "input,params,macs")
    data = json.loads(printed("resnet18", "--input", "3x224x224,3x320x320", "--format", "json"))

    assert [line.split()[:3] for line in text.splitlines()[2:4]] == [
        ["3x224x224", "11,689,512", "1,814,073,344"],
        ["3x320x320", "11,689,512", f"{data[1]['totals']['macs']:,}"],
    ]
    assert [one["input"] for one in data] == [[3, 224, 224], [3, 320, 320]]
    assert data[1] == netspec.read("resnet18", input=(3, 320, 320)).stats().to_dict()


def test_bytes_follow_the_setup() -> None:
    """Batch, type and optimiser change what is in bytes, and no count."""
    plain = json.loads(printed("vgg16", "--format", "json"))
    text = ("vgg16", "--batch", "8", "--dtype", "float16", "--optimizer", "adam")
    other = json.loads(printed(*text, "--format", "json"))

    assert other["totals"]["macs"] == plain["totals"]["macs"]
    assert 2 * other["totals"]["weight_bytes"] == plain["totals"]["weight_bytes"]
    assert other["totals"]["output_bytes"] == 4 * plain["totals"]["output_bytes"]
    assert other["memory"]["optimizer_state"] == 2 * other["memory"]["weights"]
    assert (other["memory"]["batch"], other["memory"]["dtype"]) == (8, "float16")
    assert "8 images, float16" in printed(*text, "--width", "300")
    assert "MiB of state for adam" in printed(*text, "--width", "300")


# -- formats ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        (("resnet50", "--width", "80"), "resnet50-80.txt"),
        (("resnet50", "--width", "160", "--depth", "1"), "resnet50-160.txt"),
        (("googlenet",), "googlenet.txt"),
        (("densenet121", "--by", "op"), "densenet121-op.txt"),
        (("lenet5", "plain20", "resnet18"), "several.txt"),
        (("googlenet", "--format", "markdown"), "googlenet.md"),
        (("resnet50", "--depth", "1", "--format", "latex"), "resnet50.tex"),
        (("lenet5", "--format", "csv"), "lenet5.csv"),
        (("lenet5", "plain20", "--format", "csv"), "several.csv"),
        (("lenet5", "--format", "json", "--top", "2"), "lenet5.json"),
    ],
)
def test_formats_are_the_expected_text(arguments: tuple[str, ...], file: str) -> None:
    """Every format prints the text kept in ``tests/golden/stats``; ``NETSPEC_OVERWRITE=1`` writes it anew."""
    text = printed(*arguments)
    golden = GOLDEN / file
    if os.environ.get("NETSPEC_OVERWRITE"):
        golden.write_text(text, encoding="utf-8")

    assert text == golden.read_text(encoding="utf-8")


def test_json_says_what_its_figures_mean() -> None:
    """The data has a version, counts that are whole numbers, and a convention for every figure of a layer."""
    data = json.loads(printed("googlenet", "--format", "json"))
    layers = data["layers"]

    assert data["schema_version"] == 1
    assert data["conventions"]["flops"] == "2 x MACs"
    assert {"macs", "flops", "training_flops", "adds", "activations", "weight_bytes"} <= set(data["conventions"])
    for key in ("params", "buffers", "macs", "flops", "training_flops", "adds", "compares", "weight_bytes"):
        assert all(type(layer[key]) is int for layer in layers), key
        assert data["totals"][key] == sum(layer[key] for layer in layers), key
    assert layers[0]["window"] == {"kernel": [7, 7], "stride": [2, 2], "dilation": [1, 1], "padding": [3, 3]}
    assert (layers[0]["left_padding"], layers[0]["center"]) == ([3, 3], [0, 0])


def test_csv_adds_up() -> None:
    """The lines of a CSV are all operations, or the groups asked for; their columns add up to the totals."""
    totals = netspec.read("googlenet").stats().totals
    for more in ((), ("--by", "stage"), ("--depth", "2"), ("--top", "3")):
        rows = values(printed("googlenet", "--format", "csv", *more))

        assert sum(int(row["params"]) for row in rows) == totals.params
        assert sum(int(row["macs"]) for row in rows) == totals.macs


def test_csv_is_no_formula() -> None:
    """No cell begins like a formula: names of layers are given by whoever wrote the spec."""

    class Formulas:
        """A report of one record."""

        def records(self) -> list[dict[str, object]]:
            """A name that a spreadsheet would work out."""
            return [{"name": "=1+1", "macs": -3}]

    assert "".join(csv_table(Formulas(), Screen())) == "name,macs\n'=1+1,-3\n"


def test_latex_is_escaped() -> None:
    """Signs that mean something to LaTeX are printed as they are; names keep their letters."""
    text = printed("inception-v3", "--format", "latex")

    assert escaped("a_b 50% {x} ~^\\") == r"a\_b 50\% \{x\} \textasciitilde{}\textasciicircum{}\textbackslash{}"
    assert r"Conv2d\_1a\_3x3 & conv\_bn & 32$\times$149$\times$149" in text
    assert text.count("\\toprule") == text.count("\\bottomrule") == 1


# -- terminals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["resnet50", "densenet121", "vgg16", "googlenet"])
@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 100, 160])
def test_tables_fit_the_width(name: str, width: int) -> None:
    """No line of a table is longer than the terminal, and none is wrapped."""
    whole = table_lines(printed(name, "--width", "400"))
    lines = table_lines(printed(name, "--width", str(width)))

    assert len(lines) == len(whole)
    assert max(map(len, lines)) <= width
    assert lines[0].split()[0] == "name"


def test_columns_go_in_their_order() -> None:
    """The narrower the line, the more columns are gone, in the documented order; name and MACs stay."""
    before, page = list(COLUMNS), only_page(netspec.read("resnet50").stats())
    for width in range(200, 20, -1):
        titles = headings(page_text(page, Screen(width)))
        shown = [key for key in COLUMNS if FIGURES[key].title in titles]
        gone = [key for key in DROPPED if key in COLUMNS and key not in shown]

        assert set(shown) <= set(before)
        assert gone == [key for key in DROPPED if key in COLUMNS][: len(gone)]
        assert {"name", "macs"} <= set(shown)
        before = shown
    assert before == ["name", "macs"]


def test_columns_that_were_asked_for_are_missed() -> None:
    """Where a column that was asked for has no room, the table says so."""
    text = printed("resnet50", "--columns", "name,macs,compares,receptive_field,activations", "--width", "40")

    assert "left out for want of room: compares, activations" in " ".join(text.split())
    assert headings(text) == ["name", "MACs", "receptive field"]


def test_default_columns_are_missed() -> None:
    """Unasked, the table says what has no room as soon as that is more than luxuries; the bar goes without a word."""
    stats = netspec.read("resnet50").stats()
    for width in range(40, 200):
        page = only_page(stats, width)
        titles = headings(page_text(page, Screen(width)))
        gone = [key for key in DROPPED if key in COLUMNS and FIGURES[key].title not in titles]
        note = f"for want of room: {', '.join(FIGURES[key].title for key in gone)}"

        assert (("left out", note) in page.notes) == (not set(gone) <= set(LUXURIES)), width
    assert not re.search(r"█|left out", printed("resnet50", "--width", "110"))


def test_long_names_are_cut() -> None:
    """Where nothing is left to go names lose their beginning; beside very many MACs there is no room for names."""
    vast = page_text(only_page(netspec.read("resnet50", input=(3, 65_536, 65_536)).stats(), 20), Screen(20))

    assert "..denseblock1 " in printed("densenet121", "--width", "29")
    assert [len(line) for line in table_lines(printed("vgg16", "--width", "20", "--only", "*5*"))[2:3]] == [20]
    assert "MACs" not in next(line for line in vast.splitlines() if line.startswith("name"))
    assert re.search(r"left out .*params,\s+MACs$", " ".join(vast.split("params    ")[0].split()))


def test_columns_without_content_take_no_room() -> None:
    """Kinds of operations have no output or channels; those columns are there only if they are asked for."""
    assert table_lines(printed("densenet121", "--by", "op"))[0].split()[:3] == ["name", "operation", "params"]
    assert "█" in printed("densenet121", "--by", "op")
    assert table_lines(printed("lenet5", "--by", "op", "--columns", "name,output"))[0].split() == ["name", "output"]


@pytest.mark.parametrize("rows", [("--all",), ("--by", "node")])
@pytest.mark.parametrize("name", ["resnet18", "resnet152", "vgg16", "googlenet"])
def test_channels_are_seen_on_wide_terminals(name: str, rows: tuple[str, ...]) -> None:
    """A table of operations has channels in -> out at 120 columns, before it has a bar."""
    lines = table_lines(printed(name, *rows, "--width", "120"))

    assert "channels" in lines[0]
    assert re.search(r" 3 -> \d+ ", lines[2])


@pytest.mark.parametrize(
    ("join", "shown"),
    [
        ("concat: [a, b]", "4 + 2 -> 6"),
        ("concat: [a, b, a, b, a, a]", "4+ -> 20"),
        ("add: [a, a]", "4 -> 4"),
        ("multiply: [a, c]", "4 -> 4"),
    ],
)
def test_a_concatenation_shows_the_channels_of_each_input(
    join: str, shown: str, graph_of: Callable[..., Graph]
) -> None:
    """What adds up is written as a sum, or begun as one; other joins have the channels of each of their inputs."""
    layers = "\n".join(f"{name}: {{conv: {{out: {out}, kernel: 1}}}}" for name, out in (("a", 4), ("b", 2), ("c", 1)))
    rows = summary(graph_of(f"{layers}\nd: {{{join}}}", outputs="{b: b, c: c, d: d}")).rows
    last = groups(rows, View(by="node"))[-1]

    assert FIGURES["channels"].value(last, whole_of(rows)) == shown


def rich_text(stats: Summary, width: int, **options: Any) -> str:
    """The table of ``stats`` as a terminal would get it."""
    stream = StringIO()
    console = Console(file=stream, force_terminal=True, width=width, color_system="truecolor", **options)
    show(console, only_page(stats, width))
    return stream.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80, 160])
def test_terminals_get_the_same_table(width: int) -> None:
    """With its styles taken off the table of a terminal has the lines of the plain one."""
    stats = netspec.read("resnet50").stats()
    styled = rich_text(stats, width)
    bare = [line.rstrip() for line in re.sub(r"\x1b\[[\d;]*m", "", styled).splitlines()]
    plain = page_text(only_page(stats, width), Screen(width))

    assert "\x1b[1m" in styled
    assert [line for line in bare if not line.startswith("-")] == [
        line for line in plain.splitlines() if not line.startswith("-")
    ]


def on_terminal(*arguments: str, width: int = 120, **environment: str) -> str:
    """What ``netspec stats`` writes to a terminal of ``width``."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    kept = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "netspec", "stats", *arguments],
        stdout=theirs,
        env={**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "TERM": "xterm-256color", **environment},
    )
    os.close(theirs)
    written = b""
    while True:
        try:
            written += os.read(ours, 65_536)
        except OSError:
            break
    os.close(ours)
    assert process.wait() == 0
    return written.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="it has no pseudo-terminals")
def test_terminals_and_colours() -> None:
    """A terminal gets colours and its own width; ``NO_COLOR`` takes the colours away, ``TERM=dumb`` every style."""
    colour = re.compile(r"\x1b\[(?:\d+;)*3\d")
    colours, none = on_terminal("resnet50"), on_terminal("resnet50", NO_COLOR="1")
    dumb = on_terminal("resnet50", TERM="dumb")

    assert colour.search(colours)
    assert "\x1b[1mresnet50" in none
    assert not colour.search(none)
    assert "\x1b" not in dumb
    assert dumb.replace("\r\n", "\n") == printed("resnet50", "--width", "120")


def test_ascii_streams_get_ascii() -> None:
    """Where the output cannot hold blocks, bars are made of number signs."""
    done = subprocess.run(
        [sys.executable, "-m", "netspec", "stats", "lenet5"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )

    assert b"####" in done.stdout
    assert done.stdout.isascii()


# -- mistakes ---------------------------------------------------------------------------------------------------------


def test_shape_errors_come_after_the_table(tmp_path: Path) -> None:
    """Where a shape is at fault the operations before it are printed, then the mistake, with exit code 2."""
    path = tmp_path / "net.yaml"
    path.write_text(SHAPE_ERROR, encoding="utf-8")
    result = run(str(path))

    assert result.exit_code == 2
    assert result.stdout.startswith("net   input 3x8x8   up to the first mistake\n")
    assert names(result.stdout + "\n") == ["a", "b"]
    assert "error[window]: conv window of 9x9 is larger than its input 4x6x6" in result.stderr
    for form in ("json", "csv", "markdown", "latex"):
        other = run(str(path), "--format", form)
        assert (other.exit_code, other.stdout, other.stderr) == (2, "", result.stderr)


@pytest.fixture
def broken(tmp_path: Path) -> str:
    """Path of a spec in which the third layer does not fit."""
    path = tmp_path / "net.yaml"
    path.write_text(SHAPE_ERROR, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (("--columns", "name,window"), ["name  window", "-" * 12, "a     3x3", "b"]),
        (
            ("--columns", "name,output_bytes", "--batch", "2", "--dtype", "float16"),
            ["      output", "name   bytes", "-" * 12, "a        576", "b        576"],
        ),
        (("--only", "b", "--columns", "name,output"), ["name  output", "-" * 12, "b     4x6x6"]),
        (("--by", "op", "--columns", "name,count"), ["name  count", "-" * 11, "conv      1", "relu      1"]),
        (("--sort", "macs", "--top", "1", "--columns", "name"), ["name", "-" * 6, "a", "others"]),
        (("--all", "--width", "20"), ["name  params   MACs", "-" * 19, "a        112  3,888", "b          -      -"]),
        (("--columns", "name,macs_share"), ["name", "-" * 4, "a", "b"]),
    ],
)
def test_options_hold_up_to_the_mistake(broken: str, arguments: tuple[str, ...], lines: list[str]) -> None:
    """The table up to a mistake follows the options of a whole one; shares of what is not whole are left out."""
    result = run(broken, *arguments)
    shown = result.stdout.split("\n\n")

    assert result.exit_code == 2
    assert shown[0] == "net   input 3x8x8   up to the first mistake"
    assert shown[1].splitlines() == lines
    assert ("for want of a whole: MACs %" in result.stdout) == ("name,macs_share" in arguments)
    assert "error[window]" in result.stderr


def test_options_are_refused_before_a_mistake(broken: str) -> None:
    """A column that there is not is told of also where the network is wrong; a glob may name what comes later."""
    result = run(broken, "--columns", "foo")
    later = run(broken, "--only", "d")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no column 'foo'" in result.stderr
    assert later.stdout == (
        "net   input 3x8x8   up to the first mistake\n\nonly  no operation up to there is called 'd'\n"
    )


def test_what_can_be_shown_is_shown(broken: str) -> None:
    """Of several networks or sizes the good ones are shown as ever, the others up to their mistakes."""
    both = run("lenet5", broken, "--columns", "name,depth,macs")
    layers = run(broken, "lenet5", "--by", "stage")
    sizes = run(broken, "--input", "3x16x16,3x8x8")
    missing = run("lenet5", "no-such-network")

    assert {one.exit_code for one in (both, layers, sizes, missing)} == {2}
    assert names(both.stdout) == ["lenet5"]
    assert "up to the first mistake\n\nname   MACs\n-----------\na     3,888\nb         -" in both.stdout
    assert layers.stdout.startswith(printed("lenet5", "--by", "stage") + "\nnet   input 3x8x8   up to the first")
    assert re.search(r"^net +3x16x16 ", sizes.stdout, re.MULTILINE)
    assert "net   input 3x8x8   up to the first mistake" in sizes.stdout
    assert all("error[window]" in one.stderr for one in (both, layers, sizes))
    assert names(missing.stdout) == ["lenet5"]
    assert "no-such-network" in missing.stderr
    for form in ("json", "csv", "markdown", "latex"):
        assert run("lenet5", broken, "--format", form).stdout == ""


def test_families_are_shown_as_far_as_they_go(tmp_path: Path) -> None:
    """A variant with a mistake does not keep the others from being compared."""
    path = tmp_path / "family.yaml"
    text = SHAPE_ERROR.replace("name: net", "name: fam").replace("kernel: 9", "kernel: $k")
    path.write_text(
        text.replace("stages:", "params: {k: {type: int}}\nvariants: {small: {k: 3}, large: {k: 9}}\nstages:"),
        encoding="utf-8",
    )
    result = run(str(path))

    assert names(result.stdout) == ["small"]
    assert "large   input 3x8x8   up to the first mistake" in result.stdout
    assert (result.exit_code, "error[window]" in result.stderr) == (2, True)


def test_blocks_are_not_named_before_a_mistake() -> None:
    """Up to a mistake rows say how many operations there are: a block may end before its last one."""
    text = SHAPE_ERROR.replace(
        "stages:\n", "blocks:\n  two: {body: {a: {conv: {out: 4, kernel: 5}}, b: relu}}\nstages:\n"
    )
    with pytest.raises(netspec.SpecError) as caught:
        netspec.read(re.sub(r"  c: .*", "  c: {two: {}, repeat: 3}", text))
    assert isinstance(caught.value.partial, Graph)
    found = groups(summary(caught.value.partial).rows, View(cut=True))

    assert [(group.name, group.kind) for group in found] == [
        ("a", "conv 3x3, 4"),
        ("b", "ReLU"),
        ("c.0", "2 operations"),
    ]


def test_other_mistakes_come_alone(tmp_path: Path) -> None:
    """A misspelt word, or a first layer that fails, prints no table."""
    for text in (SHAPE_ERROR.replace("kernel: 9", "kernle: 9"), SHAPE_ERROR.replace("kernel: 3", "kernel: 9")):
        path = tmp_path / "net.yaml"
        path.write_text(text, encoding="utf-8")

        assert (run(str(path)).exit_code, run(str(path)).stdout) == (2, "")


def test_errors_carry_what_was_built() -> None:
    """In Python too the error has the graph up to the mistake."""
    with pytest.raises(netspec.SpecError) as caught:
        netspec.read(SHAPE_ERROR)

    assert isinstance(caught.value.partial, Graph)
    assert [node.name for node in caught.value.partial.nodes] == ["input", "a", "b"]
    assert [row.name for row in summary(caught.value.partial).rows] == ["a", "b"]


# -- in Python --------------------------------------------------------------------------------------------------------


def test_summaries_are_frozen() -> None:
    """A summary, its rows and its totals cannot be changed."""
    stats = netspec.read("resnet18").stats()

    for thing, name in ((stats, "rows"), (stats.rows[0], "params"), (stats.totals, "macs")):
        with pytest.raises(AttributeError):
            setattr(thing, name, 0)


def test_summaries_are_equal_where_all_figures_are() -> None:
    """Also those of two graphs; another batch or another parameter of one operation makes them differ."""
    stats = netspec.read("resnet18").stats()

    assert stats == netspec.read("resnet18").stats()
    assert hash(stats) == hash(netspec.read("resnet18").stats())
    assert stats not in (netspec.read("resnet18").stats(batch=2), netspec.read("resnet18", classes=10).stats(), "")


def test_notebooks_show_a_table() -> None:
    """A notebook gets a table with the totals; names that look like HTML are text in it."""
    text = (
        "netspec: 1\nname: net\ninput: [3, 8, 8]\nblocks:\n  'b': {body: {c: {conv: {out: 4, kernel: 3}}}}\n"
        "stages: {a: b}\n"
    )
    stats = netspec.read(text).stats()
    shown = stats._repr_html_()
    hostile = replace(stats, name="<script>alert(1)</script>")._repr_html_()

    assert shown.startswith("<table><caption>net, input 3x8x8</caption>")
    assert ">112</th>" in shown
    assert "<script>" not in hostile
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in hostile


def test_pandas_gets_a_record_for_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """``to_pandas`` hands pandas one record for each operation, with raw values."""
    fake = ModuleType("pandas")
    fake.DataFrame = list  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pandas", fake)
    stats = netspec.read("lenet5").stats()
    frame = stats.to_pandas()

    assert [record["name"] for record in frame] == [row.name for row in stats.rows]
    assert (frame[0]["kernel"], frame[0]["params"], frame[0]["receptive_field"]) == ((5, 5), 156, (5, 5))


def test_pandas_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pandas the message says what to install."""
    original = importlib.import_module

    def missing(name: str, package: str | None = None) -> ModuleType:
        if name == "pandas":
            raise ImportError(name)
        return original(name, package)

    monkeypatch.setattr("netspec.report.json_data.import_module", missing)
    with pytest.raises(ImportError, match=r"to_pandas\(\) needs pandas, which is not installed: pip install pandas"):
        netspec.read("lenet5").stats().to_pandas()


def test_setups_are_given_in_python() -> None:
    """``summary`` takes the batch, the type and the optimiser that figures in bytes are for."""
    graph = netspec.read("lenet5").graph
    stats = summary(graph, Setup(batch=4, dtype="float64", optimizer="momentum"))

    assert stats.memory.optimizer_state == stats.memory.weights == 8 * 61_706
    assert stats.rows[0].traffic.outputs == 4 * 8 * 6 * 28 * 28


def test_comparisons_know_all_totals() -> None:
    """A comparison of one network has the figures of its totals."""
    stats = netspec.read("googlenet").stats()
    (record,) = comparison.records([stats])

    assert {key: record[key] for key in ("params", "macs", "flops", "depth", "auxiliary_params")} == {
        key: stats.totals.to_dict()[key] for key in ("params", "macs", "flops", "depth", "auxiliary_params")
    }


def test_plain_text_needs_little() -> None:
    """Piped text imports neither rich, numpy, pandas nor any other format."""
    code = (
        "import sys, atexit\n"
        "heavy = ('rich', 'numpy', 'pandas', 'torch', 'html', 'netspec.report.latex', 'netspec.report.markdown',"
        " 'netspec.report.csv_table', 'netspec.report.terminal', 'netspec.report.html_table')\n"
        "atexit.register(lambda: print(sorted(set(heavy) & set(sys.modules)), file=sys.stderr))\n"
        "from netspec.cli import main\n"
        "main(['stats', 'resnet50', '--depth', '1'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stderr.splitlines() == ["[]"]


def test_a_part_that_is_no_block_says_how_much_it_holds() -> None:
    """Its name is the writer's own and need not say."""
    rows = {row["name"]: row["operation"] for row in values(printed("vgg16", "--by", "stage", "--format", "csv"))}
    assert rows["classifier"] == "7 operations"
    assert rows["avgpool"] == "avg pool to 7x7"


# -- unfinished networks, values and copies ---------------------------------------------------------------------------

UNFINISHED = """
netspec: 1
name: unfinished
input: [3, 8, 8]
stages:
  a: {conv: {out: 4, kernel: 3, padding: 1}}
  side: {conv: {out: 4, kernel: 3, padding: 1, from: a}}
  b: {conv: {out: 4, kernel: 3, padding: 1, from: a}}
  c: {conv: {out: 4, kernel: 3, padding: 1, from: a}}
  d: {conv: {out: 4, kernel: 9, from: c}}
  e: {concat: {from: [b, d]}}
outputs: {logits: e, aux: {from: side, when: training}}
"""


def test_figures_of_an_unfinished_network_are_those_it_would_have() -> None:
    """Layers that nothing reads yet have gradients; heads for training are told apart."""
    with pytest.raises(netspec.SpecError) as caught:
        netspec.read(UNFINISHED)
    mended = netspec.read(UNFINISHED.replace("kernel: 9", "kernel: 1")).stats().rows
    rows = summary(caught.value.partial).rows

    assert [row.name for row in rows] == ["a", "side", "b", "c"]
    for row, whole in zip(rows, mended, strict=False):
        assert (row.training_macs, row.macs, row.auxiliary) == (whole.training_macs, whole.macs, whole.auxiliary)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"batch": 0}, "from 1"),
        ({"batch": -4}, "from 1"),
        ({"batch": 1.5}, "whole number"),
        ({"batch": True}, "whole number"),
        ({"batch": "2"}, "whole number"),
        ({"dtype": "int8"}, "float16"),
        ({"dtype": None}, "float16"),
        ({"optimizer": "x"}, "adam"),
    ],
)
def test_values_that_a_setup_cannot_have_are_refused(given: dict[str, Any], said: str) -> None:
    """With what it can have."""
    with pytest.raises(ValueError, match=said):
        netspec.read("lenet5").stats(**given)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])  # noqa: S301
def test_networks_and_summaries_can_be_sent_elsewhere(copied: Callable[[Any], Any]) -> None:
    """To another process, say."""
    network = netspec.read("resnet18")

    assert copied(network).stats() == network.stats() == copied(network.stats())
    assert len({network, network}) == 1
