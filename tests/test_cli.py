"""The command line: what each command prints, in which formats, and how it leaves."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import conftest
import pytest
from click.testing import CliRunner, Result

import netspec
from netspec import catalogue
from netspec.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = Path(__file__).parent / "golden" / "stats"
BROKEN = "netspec: 1\nname: net\ninput: [3, 8, 8]\nstages:\n  a: {conv: {out: 4, kernel: 9}}\n  b: rleu\n"


def run(*arguments: str) -> Result:
    """The result of one command in this process."""
    result = CliRunner().invoke(main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def printed(*arguments: str) -> str:
    """What a command that succeeds prints."""
    result = run(*arguments)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


class Process(NamedTuple):
    """What a command left behind: exit code, standard output and standard error."""

    code: int
    out: str
    err: str


def process(*arguments: str, folder: Path) -> Process:
    """The command as a process of its own, started in ``folder``."""
    done = subprocess.run(
        [sys.executable, "-m", "netspec", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return Process(done.returncode, done.stdout, done.stderr)


# -- help and documentation ---------------------------------------------------------------------------------------


def test_the_commands_are_listed() -> None:
    """``netspec --help`` names every command with its first sentence."""
    text = printed("--help")

    assert all(re.search(rf"^  {name} +\S", text, re.MULTILINE) for name in COMMANDS)
    assert printed("-h") == text
    assert printed("--version") == f"netspec, version {netspec.__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_is_documented(name: str) -> None:
    """A command has a help text, describes each of its options, and stands in the README."""
    text = printed(name, "--help")
    command = main.get_command(None, name)  # type: ignore[arg-type] - the table needs no context
    assert command
    undescribed = [
        option.name
        for option in command.params
        if option.param_type_name == "option" and not option.to_info_dict().get("help") and option.name != "form"
    ]

    assert text.startswith(f"Usage: main {name} ")
    assert command.help
    assert undescribed == []
    assert f"`netspec {name}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_unknown_commands_and_options_are_refused() -> None:
    """What the command line does not know ends in exit code 2 and the usage."""
    for arguments in (["stat"], ["stats"], ["stats", "lenet5", "--wide"], ["stats", "lenet5", "--format", "xml"]):
        result = run(*arguments)

        assert result.exit_code == 2
        assert result.stderr.startswith("Usage: ")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--input", "3x2x2x2x2", "'3x2x2x2x2' is not channels x height x width, such as 3x224x224"),
        ("--input", "3x0x5", "'3x0x5' is not channels x height x width, such as 3x224x224"),
        ("--input", "3x5x999999", "'3x5x999999' is not channels x height x width, such as 3x224x224"),
        ("--input", "a=3x5+a=3x6", "'a=3x6' is not an input of its own and its size, such as left=3x224x224"),
        ("--set", "classes", "'classes' is not name=value"),
        ("--set", "=3", "'=3' is not name=value"),
        ("--depth", "-1", "-1 is not in the range x>=0."),
    ],
)
def test_values_of_options_are_checked(option: str, value: str, message: str) -> None:
    """A value that an option cannot take is refused with what it should have been."""
    result = run("stats", "lenet5", option, value)

    assert result.exit_code == 2
    assert message in result.stderr


# -- check --------------------------------------------------------------------------------------------------------


def test_check_says_ok() -> None:
    """A sound spec is answered with its name, a family with every variant, and exit code 0."""
    family = printed("check", "resnet")

    assert printed("check", "lenet5") == "lenet5: ok (lenet5)\n"
    assert family.startswith("resnet: ok (")
    assert {"resnet18", "resnet34", "resnet50", "resnet101", "resnet152"} <= set(re.findall(r"[\w-]+", family))


def test_check_as_json(tmp_path: Path) -> None:
    """``--format json`` prints whether all is well, and the problems with their places as data."""
    path = tmp_path / "net.yaml"
    path.write_text(BROKEN, encoding="utf-8")
    result = run("check", "lenet5", str(path), "--format", "json")
    problems = json.loads(result.stdout)["problems"]

    assert json.loads(printed("check", "lenet5", "--format", "json")) == {"ok": True, "problems": []}
    assert (result.exit_code, result.stderr, json.loads(result.stdout)["ok"]) == (2, "", False)
    assert [(problem["code"], problem["line"]) for problem in problems] == [("window", 5), ("unknown-operation", 6)]
    assert problems[1]["column"] == 6
    assert problems[1]["length"] == len("rleu")
    assert set(problems[0]) >= {"code", "message", "file", "line", "column", "length", "hint", "trail", "notes"}
    assert {problem["file"] for problem in problems} == {str(path)}


def test_check_goes_on_after_a_broken_spec(tmp_path: Path) -> None:
    """Of several specs the sound ones are still answered, and all problems are shown."""
    path = tmp_path / "net.yaml"
    path.write_text(BROKEN, encoding="utf-8")
    result = run("check", str(path), "nowhere", "lenet5")

    assert result.exit_code == 2
    assert result.stdout == "lenet5: ok (lenet5)\n"
    assert re.findall(r"error\[(.*?)\]", result.stderr) == ["window", "unknown-operation", "missing-file"]


# -- stats --------------------------------------------------------------------------------------------------------

KEYS = ("name", "op", "block", "inputs", "output_shape", "params", "macs", "receptive_field", "stride")
NETWORKS = ("vgg16", "resnet50", "densenet121", "googlenet", "lenet5-1998", "resnet@resnet18")


@pytest.mark.parametrize("name", NETWORKS)
def test_stats_as_json(name: str) -> None:
    """The JSON form has its keys, whole numbers for what is counted, and totals that are the sums of its layers."""
    data = json.loads(printed("stats", name, "--format", "json"))
    totals, layers = data["totals"], data["layers"]

    assert {"schema_version", "name", "input", "totals", "receptive_field", "memory", "layers"} <= set(data)
    assert list(totals)[:5] == ["params", "buffers", "macs", "flops", "depth"]
    assert {"size", "stride", "node"} <= set(data["receptive_field"])
    assert all(set(KEYS) <= set(layer) for layer in layers)
    assert totals["params"] == sum(layer["params"] for layer in layers)
    assert totals["macs"] == sum(layer["macs"] for layer in layers)
    assert totals["flops"] == 2 * totals["macs"]
    assert data["name"] == name.rpartition("@")[2]
    assert data["receptive_field"]["node"] in {layer["name"] for layer in layers}
    assert all(type(number) is int for layer in layers for key in KEYS for number in _numbers(layer[key]))


def _numbers(data: Any) -> list[Any]:
    """All numbers anywhere in ``data``."""
    if isinstance(data, dict):
        return [number for value in data.values() for number in _numbers(value)]
    if isinstance(data, list):
        return [number for value in data for number in _numbers(value)]
    return [] if data is None or isinstance(data, str) else [data]


def test_layers_are_wired_by_name() -> None:
    """Each layer's inputs are names of layers before it, or the network's input."""
    known = {"input"}
    for layer in json.loads(printed("stats", "googlenet", "--format", "json"))["layers"]:
        assert known.issuperset(layer["inputs"])
        known.add(layer["name"])


def test_one_layer_as_data() -> None:
    """A layer in the JSON form, whole."""
    layers = json.loads(printed("stats", "resnet50", "--format", "json"))["layers"]

    assert {key: layers[0][key] for key in KEYS} == {
        "name": "conv1",
        "op": "conv",
        "block": None,
        "inputs": ["input"],
        "output_shape": [64, 112, 112],
        "params": 9408,
        "macs": 118_013_952,
        "receptive_field": [7, 7],
        "stride": [2, 2],
    }
    assert {layer["block"] for layer in layers[4:-2]} == {"bottleneck", "projection"}


def test_several_specs_make_a_list() -> None:
    """Several specs, or a family, are a list in the JSON form and a row each as text."""
    data = json.loads(printed("stats", "lenet5", "vgg16", "--format", "json"))
    text = printed("stats", "lenet5", "plain20")

    assert [summary["name"] for summary in data] == ["lenet5", "vgg16"]
    assert [line.split()[0] for line in text.splitlines() if line.startswith(("lenet5", "plain20"))] == [
        "lenet5",
        "plain20",
    ]


def test_settings_change_the_network() -> None:
    """``--set`` sets parameters, ``--input`` the size of the image; both are in the figures."""
    text = printed("stats", "lenet5", "--set", "classes=7", "--input", "1x28x28", "--format", "json")
    data = json.loads(text)

    assert data["input"] == [1, 28, 28]
    assert data["layers"][-1]["output_shape"] == [7]
    assert data["layers"][0]["output_shape"] == [6, 24, 24]
    assert (
        json.loads(printed("stats", "resnet@resnet50", "--set", "stride_on=conv1", "--format", "json"))["totals"][
            "macs"
        ]
        == json.loads(printed("stats", "resnet50-v1", "--format", "json"))["totals"]["macs"]
    )


def test_depth_opens_blocks() -> None:
    """``--depth 0`` has one line for each entry of the spec, ``--all`` one for each operation too; totals stay."""
    folded, whole = (printed("stats", "resnet50", *option) for option in (("--depth", "0"), ("--all",)))
    entries = ["conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool", "fc"]

    assert [line.split()[0] for line in folded.splitlines()[5:15]] == entries
    assert len(whole.splitlines()) > len(folded.splitlines()) + 150
    assert all("25,557,032" in text and "4,089,184,256" in text for text in (folded, whole))


@pytest.mark.parametrize(
    "arguments", [("lenet5",), ("lenet5-1998", "--depth", "1"), ("resnet-cifar@resnet20", "--depth", "1")]
)
def test_tables_are_the_expected_text(arguments: tuple[str, ...]) -> None:
    """The table is the text kept in ``tests/golden/stats``; ``NETSPEC_OVERWRITE=1`` writes it anew."""
    text = printed("stats", *arguments)
    golden = GOLDEN / f"{arguments[0].replace('@', '-')}.txt"
    if os.environ.get("NETSPEC_OVERWRITE"):
        golden.write_text(text, encoding="utf-8")

    assert text == golden.read_text(encoding="utf-8")


# -- list and show ------------------------------------------------------------------------------------------------


@cache
def listed() -> list[dict[str, Any]]:
    """The JSON form of the list."""
    rows: list[dict[str, Any]] = json.loads(printed("list", "--format", "json"))
    return rows


def test_list_as_json() -> None:
    """The JSON form of the list has one entry for every shipped network and variant, with the figures of ``stats``."""
    rows = listed()
    places = [(row["file"], row["variant"]) for row in rows]

    assert {tuple(row) for row in rows} == {
        ("name", "group", "file", "variant", "params", "macs", "depth", "receptive_field", "input")
    }
    assert len(set(places)) == len(places)
    assert {file for file, _ in places} == {path.name for path in catalogue.shipped().values()}
    assert {
        "name": "resnet18",
        "group": "Shortcuts",
        "file": "resnet.yaml",
        "variant": "resnet18",
        "params": 11_689_512,
        "macs": 1_814_073_344,
        "depth": 18,
        "receptive_field": [435, 435],
        "input": [3, 224, 224],
    } in rows


def test_list_as_text() -> None:
    """The text form has the groups of the JSON form in its order, each with a head and a line for each network."""
    tables = printed("list", "*resnet*", "vgg*").split("\n\n")
    rows = [row for row in listed() if "resnet" in row["file"] + row["name"] or row["file"].startswith("vgg")]
    groups = {row["group"]: [other for other in rows if other["group"] == row["group"]] for row in rows}

    for table, (group, rows) in zip(tables, groups.items(), strict=True):
        title, head, *lines = table.splitlines()
        assert title == group
        assert head.split()[:3] == ["name", "spec", "input"]
        for line, row in zip(lines, rows, strict=True):
            assert line.split()[0] == row["name"]
            assert f"{row['params']:,}" in line.split()
            assert line.index(" " + row["file"]) == head.index(" spec")


PATTERNS = {
    ("resnet18",): ["resnet18"],
    ("resnet18*",): ["resnet18", "resnet18-a", "resnet18-c"],
    ("vgg19", "mnasnet1-0"): ["vgg19", "mnasnet1_0"],
    ("mobilenet-v?",): ["mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small"],
    ("plain20",): ["plain20", "plain20"],
}
"""Patterns -> the networks that are listed: those whose names fit, and all of a file whose name does."""


@pytest.mark.parametrize("patterns", PATTERNS)
def test_list_takes_patterns(patterns: tuple[str, ...]) -> None:
    """With patterns ``netspec list`` shows the networks of any of them, as it shows them among all."""
    rows = json.loads(printed("list", "--format", "json", *patterns))

    assert [row["name"] for row in rows] == PATTERNS[patterns]
    assert [row for row in listed() if row in rows] == rows


def test_a_pattern_that_nothing_fits_is_told() -> None:
    """It is a mistake, and names the patterns."""
    result = CliRunner().invoke(main, ["list", "nothing*", "none"])

    assert result.exit_code == 2
    assert "no shipped network fits 'nothing*' or 'none'" in result.stderr


def test_names_in_the_list_are_found() -> None:
    """Every name that the list shows is a word for a network of these figures."""
    for row in conftest.sample(listed()):
        word = row["file"].removesuffix(".yaml") + (f"@{row['variant']}" if row["variant"] else "")
        graph = netspec.read(word).graph
        aside = graph.auxiliary()

        assert sum(node.params for node in graph.nodes) == row["params"]
        assert sum(node.cost.macs for node in graph.nodes if node not in aside) == row["macs"]


def test_show_prints_a_spec() -> None:
    """``netspec show`` prints a spec of its own, with the settings worked in."""
    text = printed("show", "resnet@resnet18", "--set", "classes=10")

    assert netspec.read(text).stats().to_dict() == netspec.read("resnet18", classes=10).stats().to_dict()


# -- build and diagram --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("torch")
def test_build_writes_the_network(tmp_path: Path) -> None:
    """``netspec build`` writes the artefact and says the parameters, the shapes of all outputs, and where it lies."""
    path = tmp_path / "net.safetensors"
    text = printed("build", "googlenet", "-o", str(path), "--set", "classes=3", "--input", "3x64x64")

    assert text == (
        "built googlenet from googlenet\n"
        "  parameters  9,939,113 (15,131 elements in buffers)\n"
        "  input       1x3x64x64\n"
        "  logits      1x3\n"
        "  aux1        1x3\n"
        "  aux2        1x3\n"
        f"  written to  {path} ({path.stat().st_size:,} bytes)\n"
    )
    assert netspec.load(path).fc.out_features == 3


@pytest.mark.usefixtures("torch")
def test_builds_follow_the_seed(tmp_path: Path) -> None:
    """The same seed builds the same bytes, another one others."""
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        printed("build", "lenet5", "-o", str(tmp_path / name), "--seed", seed)
    first, second, third = ((tmp_path / name).read_bytes() for name in "abc")

    assert first == second
    assert first != third


def test_diagrams_are_written(tmp_path: Path) -> None:
    """``-o x.dot`` writes the DOT text that ``-o -`` prints, and needs no Graphviz."""
    path = tmp_path / "net.dot"
    text = printed("diagram", "resnet50", "-o", str(path), "--depth", "0")

    assert text == f"drew resnet50 to {path}\n"
    assert path.read_text(encoding="utf-8").strip() == printed("diagram", "resnet50", "-o", "-", "--depth", "0").strip()
    assert path.read_text(encoding="utf-8").startswith("digraph")


# -- whole processes ----------------------------------------------------------------------------------------------


def test_shipped_names_work_in_any_folder(tmp_path: Path) -> None:
    """Shipped networks are found by name from wherever the command is started; nothing is written there."""
    done = process("stats", "resnet@resnet34", "--depth", "0", folder=tmp_path)

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("resnet34   input 3x224x224\n")
    assert "21,797,672" in done.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("torch")
def test_paths_and_variants(tmp_path: Path) -> None:
    """A path, with a variant after an @, names a file; the default artefact is called as the network is."""
    text = "netspec: 1\nname: net\ninput: [1, 4, 4]\nparams: {out: 2}\nvariants: {wide: {out: 8}}\n"
    (tmp_path / "net.yaml").write_text(text + "stages: {c: {conv: {out: $out, kernel: 1}}}\n", encoding="utf-8")
    done = process("build", "net.yaml@wide", folder=tmp_path)

    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "built wide from net.yaml@wide\n"
        "  parameters  16 (0 elements in buffers)\n"
        "  input       1x1x4x4\n"
        "  output      1x8x4x4\n"
        f"  written to  wide.safetensors ({(tmp_path / 'wide.safetensors').stat().st_size} bytes)\n"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.yaml", "wide.safetensors"]


@pytest.mark.parametrize("command", ["check", "stats", "show", "build", "diagram"])
def test_broken_specs_leave_nothing_behind(command: str, tmp_path: Path) -> None:
    """Every command refuses a broken spec with exit code 2, all problems, no traceback, and writes nothing."""
    (tmp_path / "net.yaml").write_text(BROKEN, encoding="utf-8")
    done = process(command, "net.yaml", folder=tmp_path)

    assert (done.code, done.out) == (2, "")
    assert re.findall(r"^net\.yaml:(\d+):\d+: error\[(.*?)\]", done.err, re.MULTILINE) == [
        ("5", "window"),
        ("6", "unknown-operation"),
    ]
    assert "Traceback" not in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["net.yaml"]


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("arguments", [("build", "lenet5", "-o"), ("diagram", "lenet5", "-o")])
def test_unwritable_places_are_told(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """A place that cannot be written ends in exit code 2 and a sentence."""
    ending = {"build": "x.safetensors", "diagram": "x.dot"}[arguments[0]]
    result = run(*arguments, str(tmp_path / "nowhere" / ending))

    assert result.exit_code == 2
    assert result.stderr.startswith("error[unwritable]: ")
    assert "No such file or directory" in result.stderr


def test_plugins_are_imported(tmp_path: Path) -> None:
    """``--plugin`` imports a module of the current folder, whose blocks a spec can then use; one that fails is told."""
    (tmp_path / "mylab.py").write_text(
        "import netspec\n"
        "from netspec.ops.rectifier import Relu\n\n\n"
        "class Twice(netspec.Block):\n"
        '    word = "twice"\n\n'
        "    def expand(self, graph, x):\n"
        '        return graph.add("b", Relu(), graph.add("a", Relu(), x))\n\n\n'
        "netspec.register(Twice)\n",
        encoding="utf-8",
    )
    spec = "netspec: 1\nname: net\ninput: [1, 4, 4]\nstages: {t: twice, c: {conv: {out: 2, kernel: 1}}}\n"
    (tmp_path / "net.yaml").write_text(spec, encoding="utf-8")
    found = process("--plugin", "mylab", "check", "net.yaml", folder=tmp_path)
    unknown = process("check", "net.yaml", folder=tmp_path)
    missing = process("--plugin", "mylab2", "check", "net.yaml", folder=tmp_path)

    assert found == (0, "net.yaml: ok (net)\n", "")
    assert (unknown.code, missing.code) == (2, 2)
    assert "error[unknown-operation]" in unknown.err
    assert missing.err.startswith("error[missing-plugin]: the plugin 'mylab2' cannot be imported: ")


@pytest.mark.parametrize(
    ("plugin", "said"),
    [
        ("leaves", "SystemExit: 0"),
        ("fails", "ZeroDivisionError: division by zero"),
        ("", "ValueError: Empty module name"),
        (".leaves", "TypeError"),
        ("clashes", "ValueError: a block cannot be called '_x'"),
        ("nameless", "TypeError"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_named(plugin: str, said: str, tmp_path: Path) -> None:
    """Whatever it does instead, nothing is checked and nothing seems to be well."""
    block = "import netspec\nclass B(netspec.Block):\n    {}\n    def expand(self, graph, x):\n        return x\n"
    texts = {
        "leaves": "raise SystemExit(0)\n",
        "fails": "1 / 0\n",
        "clashes": block.format('word = "_x"') + "netspec.register(B)\n",
        "nameless": block.format("width: int = 1") + "netspec.register(B)\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")

    found = process("--plugin", plugin, "check", "resnet18", folder=tmp_path)

    assert (found.code, found.out) == (2, "")
    assert found.err.startswith(f"error[missing-plugin]: the plugin '{plugin}' cannot be imported: {said}")


@pytest.mark.parametrize("word", ["", "Bad word", "1x", "_x", "a.b", "none", "branches", "repeat"])
def test_a_block_has_a_word_that_a_spec_can_use(word: str) -> None:
    """As blocks that a spec defines."""

    class Nothing(netspec.Block):
        """Does nothing."""

        def expand(self, graph: Any, x: Any) -> Any:  # noqa: ARG002 - as blocks have it
            """As it is."""
            return x

    Nothing.word = word
    with pytest.raises(ValueError, match="cannot be called"):
        netspec.register(Nothing)


def test_warnings_stop_nothing_however_many_there_are(tmp_path: Path) -> None:
    """Of more than a hundred the first ones are told, and that there are more; the exit code is 0."""
    layers = "".join(f"  c{at}: {{conv: {{out: 3, kernel: 1}}}}\n  n{at}: batch_norm\n" for at in range(150))
    path = tmp_path / "many.yaml"
    path.write_text(f"netspec: 1\nname: many\ninput: [3, 8, 8]\nstages:\n{layers}", encoding="utf-8")
    found = json.loads(printed("check", str(path), "--format", "json"))

    assert found["ok"]
    assert [one["code"] for one in found["problems"]] == ["bias-before-norm"] * 100 + ["limit"]
    assert {one["severity"] for one in found["problems"]} == {"warning"}


def test_mistakes_of_many_files_are_all_told(tmp_path: Path) -> None:
    """Each file is cut by itself, and JSON stays JSON."""
    layers = "".join(f"  a{at}: unknown{at}\n" for at in range(60))
    for name in ("one.yaml", "two.yaml"):
        text = f"netspec: 1\nname: bad\ninput: [3, 8, 8]\nstages:\n{layers}"
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = json.loads(run("check", str(tmp_path), "--format", "json").output)

    assert [one["code"] for one in found["problems"]] == ["unknown-operation"] * 120


def test_the_installed_script_is_the_command_line() -> None:
    """The entry point ``netspec`` runs the process that ``python -m netspec`` is."""
    from importlib.metadata import entry_points

    from netspec.__main__ import run

    (script,) = entry_points(group="console_scripts", name="netspec")

    assert script.load() is run
