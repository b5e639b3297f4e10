"""What netspec imports, and what it does without: all but building and ``--verify`` works in a light install."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

from netspec.blocks import BLOCKS
from netspec.cli import COMMANDS, main
from netspec.errors.missing_package import EXTRAS, MODULES, MissingPackage, require
from netspec.ops import OPERATIONS
from netspec.ops.initialisation import SCHEMES

ROOT = Path(__file__).resolve().parent.parent
HEAVY = (
    *("torch", "numpy", "fvcore", "torchvision", "safetensors", "scipy", "sympy", "networkx", "rich", "graphviz"),
    "PIL",
)
BY_TORCH = {"scipy", "sympy", "networkx"}
"""What torch and fvcore import where it is installed."""
PROBE = """
import atexit, sys
heavy = {heavy!r}
atexit.register(lambda: print("imported:", sorted(set(heavy) & set(sys.modules)), file=sys.stderr))
from netspec.cli import main
main({arguments!r}, prog_name="netspec")
"""
needs_torch = pytest.mark.usefixtures("torch")


def process(code: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Python ``code`` as a process of its own, started in ``folder``; its output is piped."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def imported(*arguments: str, folder: Path, expected: int = 0) -> set[str]:
    """The heavy packages that a command, as a process of its own in ``folder``, has imported when it ends."""
    done = process(PROBE.format(heavy=HEAVY, arguments=list(arguments)), folder)
    assert done.returncode == expected, done.stderr
    return set(re.findall(r"'(\w+)'", done.stderr.strip().splitlines()[-1].removeprefix("imported:")))


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (("--help",), set()),
        (("stats", str(ROOT / "specs" / "vgg16.yaml")), set()),
        (("stats", "googlenet", "--format", "json"), set()),
        (("stats", "resnet50", "--depth", "1"), set()),
        (("check", "densenet121", "resnet"), set()),
        (("show", "resnet@resnet18"), set()),
        (("list", "vgg*"), set()),
        (("rf", "lenet5"), set()),
        (("signal", "lenet5"), set()),
        (("diagram", "resnet50", "-o", "x.dot"), set()),
        (("build", "--help"), set()),
    ],
    ids=lambda value: " ".join(sorted(value) if isinstance(value, set) else value),
)
def test_commands_import_what_they_need(arguments: tuple[str, ...], allowed: set[str], tmp_path: Path) -> None:
    """A command that builds no module imports neither torch nor what brings it, and none imports rich into a pipe."""
    assert imported(*arguments, folder=tmp_path) == allowed


@needs_torch
@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (("stats", "lenet5", "--verify"), {*EXTRAS["verify"]}),
        (("build", "lenet5", "-o", "x.safetensors"), {*EXTRAS["torch"]}),
    ],
    ids=["verify", "build"],
)
def test_commands_that_build_import_their_extra(arguments: tuple[str, ...], needed: set[str], tmp_path: Path) -> None:
    """They import the packages of one extra and what these bring, so the probe does see imports."""
    assert needed <= imported(*arguments, folder=tmp_path) <= needed | BY_TORCH


@pytest.mark.parametrize("command", ["check", "stats", "build", "diagram"])
def test_mistakes_are_answered_without_torch(command: str, tmp_path: Path) -> None:
    """A mistake in a spec is answered before torch could have been imported, by ``build`` too."""
    (tmp_path / "net.yaml").write_text("netspec: 1\nname: net\ninput: [3, 8, 8]\nstages: {a: rleu}\n", encoding="utf-8")

    assert imported(command, "net.yaml", folder=tmp_path, expected=2) == set()


@needs_torch
def test_the_python_interface_is_light(tmp_path: Path) -> None:
    """``import netspec`` and reading a network import nothing heavy; compiling one does."""
    code = (
        "import sys, netspec; network = netspec.read('lenet5'); network.stats(); network.diagram(); network.signal(); "
        f"print(sorted(set({HEAVY!r}) & set(sys.modules))); network.compile(); print('torch' in sys.modules)"
    )

    assert process(code, tmp_path).stdout.splitlines() == ["[]", "True"]


SPEC = str(ROOT / "specs" / "lenet5.yaml")
FREE = (
    *(("check", "resnet", "lenet5", "--set", "classes=7"), ("check", "lenet5", "--input", "1x28x28")),
    *(("check", SPEC, "--format", form) for form in ("json", "github")),
    ("list", "vgg*", "--format", "json"),
    ("stats", "lenet5", "--set", "classes=7", "--input", "1x28x28,1x32x32"),
    *(("stats", "lenet5", "--format", form) for form in ("json", "csv", "markdown", "latex")),
    ("stats", "lenet5", "--checkpoint", "1MiB"),
    ("stats", "resnet18", "--by", "op", "--columns", "name,params,macs", "--sort", "macs", "--top", "3"),
    ("stats", "resnet18", "--depth", "1", "--batch", "8", "--dtype", "float16", "--optimizer", "adam"),
    *(("stats", "resnet18", "--all", "--width", "200"), ("stats", "resnet18", "--only", "layer1")),
    *(("show", "vgg16", "--set", "classes=7", "--input", "3x256x256"), ("show", "resnet18", "--origin")),
    ("diff", "resnet18", "resnet34", "--set", "classes=7", "--input", "3x256x256", "--exit-code"),
    ("diff", "lenet5", "lenet-caffe", "-o", "diff.svg", "--page", "screen", "--theme", "dark"),
    ("rf", "lenet5", "-o", "rf.svg", "--theme", "print"),
    ("stats", "lenet5", "-o", "stats.svg", "--theme", "light"),
    ("diff", "vgg16", "vgg16", "--set-a", "classes=7", "--set-b", "classes=8", "--format", "json"),
    ("rf", "lenet5", "--set", "classes=7", "--input", "1x32x32", "--at", "1,1", "-o", "field.svg"),
    ("rf", "resnet18", "--node", "conv1", "--of", "input", "--format", "json"),
    ("signal", "lenet5", "--set", "classes=7", "--input", "1x32x32", "-o", "signal.svg", "--theme", "dark"),
    ("signal", "resnet18", "--batch", "8", "--all", "--format", "csv"),
    *(("fmt", "--diff", "own.yaml"), ("fmt", "own.yaml"), ("fmt", "--check", "own.yaml")),
    *(("schema",), ("schema", SPEC)),
    *(("explain",), ("explain", "missing-package"), ("explain", "Conv2D", "--format", "json")),
    ("stats", "lenet5", "-o", "stats.svg"),
    ("diagram", "lenet5", "--set", "classes=7", "--input", "1x32x32", "--depth", "2", "-o", "net.dot"),
    (
        "diagram",
        "lenet5",
        "--level",
        "stage",
        "--open",
        "conv1",
        "--page",
        "column",
        "--theme",
        "print",
        "-o",
        "net.svg",
    ),
    ("diagram", "lenet5", "--engine", "auto", "-o", "net.pdf"),
)
"""Command lines that need no torch: each command but those ``ABOUT_TENSORS``, each of its options."""
ABOUT_TENSORS = {"build", "weights", "see", "train"}
"""Commands that always need torch."""
NEEDY = {
    ("build", "lenet5"): "torch",
    ("build", "lenet5", "-o", "x.safetensors", "--weights", "x.pth"): "torch",
    ("weights", "lenet5", "x.pth"): "torch",
    ("see", "lenet5", "--weights", "x.pth", "--image", "x.pth"): "see",
    ("rf", "lenet5", "--effective"): "torch",
    ("stats", "lenet5", "--verify"): "verify",
    ("train", "lenet5", "--data", "digits"): "train",
    ("signal", "lenet5", "--measure", "--seeds", "2"): "torch",
    ("signal", "lenet5", "--measure", "--data", "photographs"): "torch",
}
"""Command lines that need an extra."""
CALLS = (
    "netspec.compile('lenet5')",
    "netspec.read('lenet5').compile()",
    "netspec.read('lenet5').signal(measure=True)",
    "netspec.load('x.safetensors')",
    "netspec.load_weights(None, 'x.pth')",
    "netspec.save(None, netspec.read('lenet5'), 'x.safetensors')",
)
"""All that Python callers need torch for."""
NO_TORCH = "this needs the package 'torch', which is not installed"
WITHOUT = """
import json, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
from click.testing import CliRunner
import netspec
from netspec.cli import main
said = {{}}
for words in {lines!r}:
    result = CliRunner().invoke(main, words)
    failed = result.exception is not None and not isinstance(result.exception, SystemExit)
    said[" ".join(words)] = [repr(result.exception) if failed else result.exit_code, result.output]
for call in {calls!r}:
    try:
        eval(call)
    except ImportError as error:
        said[call] = ["ImportError", str(error)]
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, str]]:
    """What each command and each call ends in and says where no package of an extra can be imported."""
    folder = tmp_path_factory.mktemp("light")
    (folder / "own.yaml").write_text(Path(SPEC).read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "x.pth").touch()
    code = WITHOUT.format(
        absent=(*EXTRAS["verify"], "torchvision", "timm"), lines=[*map(list, (*FREE, *NEEDY))], calls=CALLS
    )
    done = process(code, folder)
    assert done.returncode == 0, done.stderr
    return {line: (end, text) for line, (end, text) in json.loads(done.stdout).items()}


@pytest.mark.parametrize("words", FREE, ids=" ".join)
def test_a_light_install_has_all_but_modules(words: tuple[str, ...], without: dict[str, tuple[Any, str]]) -> None:
    """Commands work where importing torch, numpy, safetensors or fvcore fails."""
    end, text = without[" ".join(words)]

    assert end == ("--exit-code" in words), text


def test_every_command_and_option_is_tried_without_torch() -> None:
    """The two tables of command lines have each command, and each option of those that work in a light install."""
    tried = [*FREE, *NEEDY]
    assert {words[0] for words in FREE} == {*COMMANDS} - ABOUT_TENSORS

    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        assert command
        words = {word for line in tried if line[0] == name for word in line}
        options = [option for option in command.params if isinstance(option, click.Option)]
        assert [option.name for option in options if name not in ABOUT_TENSORS and not words & {*option.opts}] == []


@pytest.mark.parametrize(("words", "extra"), NEEDY.items(), ids=map(" ".join, NEEDY))
def test_commands_name_the_extra_that_they_need(
    words: tuple[str, ...], extra: str, without: dict[str, tuple[Any, str]]
) -> None:
    """What needs torch or fvcore ends in exit code 2 and the command that installs them."""
    assert without[" ".join(words)] == (
        2,
        f"error[missing-package]: {NO_TORCH}\n   help: pip install 'netspec[{extra}]'\n\n",
    )


@pytest.mark.parametrize("call", CALLS)
def test_python_callers_are_told_the_extra(call: str, without: dict[str, tuple[Any, str]]) -> None:
    """What needs torch raises an ImportError that says how to install it."""
    assert without[call] == ("ImportError", f"{NO_TORCH}: pip install 'netspec[torch]'")


@pytest.mark.parametrize(
    ("extra", "package"), [(extra, package) for extra, packages in EXTRAS.items() for package in packages]
)
def test_a_missing_package_is_named(extra: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one package of an extra is missing, the message has its name and the extra's."""
    for other in EXTRAS[extra]:
        monkeypatch.setitem(sys.modules, MODULES.get(other, other), ModuleType(other))
    require(extra)
    monkeypatch.delitem(sys.modules, MODULES.get(package, package))
    monkeypatch.setattr(sys, "path", [])

    with pytest.raises(MissingPackage) as caught:
        require(extra)
    assert str(caught.value) == NO_TORCH.replace("torch", package) + f": pip install 'netspec[{extra}]'"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("raise OSError('libcudart.so.12: cannot open')", "OSError: libcudart.so.12: cannot open"),
        ("import nothing_of_the_kind", "ModuleNotFoundError: No module named 'nothing_of_the_kind'"),
        ("from math import nothing", "ImportError: cannot import name 'nothing' from 'math'"),
    ],
    ids=["library", "dependency", "name"],
)
def test_a_broken_torch_is_not_called_missing(content: str, reason: str, tmp_path: Path) -> None:
    """A torch that is installed and cannot be imported is said to be that, with what it said itself."""
    (tmp_path / "torch.py").write_text(content, encoding="utf-8")
    done = process(
        "from netspec.cli import main; main(['build', 'lenet5'])",
        tmp_path,
        PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]),
    )

    assert done.returncode == 2
    assert done.stderr.startswith(
        f"error[missing-package]: the package 'torch' is installed, but importing it fails ({reason}"
    )
    assert "Traceback" not in done.stderr


def test_the_extras_are_those_that_pip_knows() -> None:
    """The table of extras says what pyproject.toml says, and none of their packages is a dependency of netspec."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]

    def packages(extra: str) -> set[str]:
        own = [extras_of.split(",") for extras_of in re.findall(r"netspec\[(.+?)\]", " ".join(extras[extra]))]
        named = {name for name in extras[extra] if not name.startswith("netspec")}
        return named.union(*(packages(other) for names in own for other in names))

    assert {extra: {*packages(extra)} for extra in EXTRAS} == {extra: {*names} for extra, names in EXTRAS.items()}
    assert not {re.split(r"\W", name)[0] for name in project["dependencies"]} & {*EXTRAS["verify"]}
    assert packages("verify") <= packages("test")


@pytest.mark.parametrize("table", [OPERATIONS, BLOCKS, SCHEMES], ids=["operations", "blocks", "schemes"])
def test_classes_of_words_have_their_annotations_worked_out(table: Mapping[str, type]) -> None:
    """Pydantic would evaluate the texts of a base again for each class below it: twice the time of importing one."""
    for known in table.values():
        for base in (base for base in known.__mro__ if base.__module__.startswith("netspec.")):
            assert not [name for name, one in vars(base).get("__annotations__", {}).items() if isinstance(one, str)], (
                base
            )
