"""What the commands import: everything but building answers without torch and the packages around it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("torch", "numpy", "fvcore", "torchvision", "safetensors", "scipy", "sympy", "networkx", "rich", "graphviz")
BY_TORCH = {"numpy", "scipy", "sympy", "networkx"}
"""What torch and fvcore import where it is installed."""
PROBE = """
import atexit, sys
heavy = {heavy!r}
atexit.register(lambda: print("imported:", sorted(set(heavy) & set(sys.modules)), file=sys.stderr))
from netspec.cli import main
main({arguments!r}, prog_name="netspec")
"""


def imported(*arguments: str, folder: Path, expected: int = 0) -> set[str]:
    """The heavy packages that a command, as a process of its own in ``folder``, has imported when it ends.

    Its output is piped.
    """
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(heavy=HEAVY, arguments=list(arguments))],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == expected, done.stderr
    return set(re.findall(r"'(\w+)'", done.stderr.strip().splitlines()[-1].removeprefix("imported:")))


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (("--help",), set()),
        (("stats", str(ROOT / "specs" / "vgg16.yaml")), set()),
        (("stats", "googlenet", "--format", "json"), set()),
        (("stats", "resnet50", "--depth", "1"), set()),
        (("stats", "lenet5", "--verify"), {"torch", "fvcore"} | BY_TORCH),
        (("check", "densenet121", "resnet"), set()),
        (("show", "resnet@resnet18"), set()),
        (("list",), set()),
        (("rf", "lenet5"), set()),
        (("diagram", "resnet50", "-o", "x.dot"), set()),
        (("build", "--help"), set()),
        (("build", "lenet5", "-o", "x.safetensors"), {"torch", "safetensors"} | BY_TORCH),
    ],
    ids=lambda value: " ".join(sorted(value) if isinstance(value, set) else value),
)
def test_commands_import_what_they_need(arguments: tuple[str, ...], allowed: set[str], tmp_path: Path) -> None:
    """A command that builds no module imports neither torch nor what brings it, and none imports rich into a pipe.

    What a command is allowed it does import: the probe sees that.
    """
    found = imported(*arguments, folder=tmp_path)

    assert allowed - BY_TORCH <= found <= allowed


@pytest.mark.parametrize("command", ["check", "stats", "build", "diagram"])
def test_mistakes_are_answered_without_torch(command: str, tmp_path: Path) -> None:
    """A mistake in a spec is answered before torch could have been imported, by ``build`` too."""
    (tmp_path / "net.yaml").write_text("netspec: 1\nname: net\ninput: [3, 8, 8]\nstages: {a: rleu}\n", encoding="utf-8")

    assert imported(command, "net.yaml", folder=tmp_path, expected=2) == set()


def test_the_python_interface_is_light() -> None:
    """``import netspec`` and reading a network import nothing heavy; compiling one does."""
    code = (
        "import sys, netspec; network = netspec.read('lenet5'); network.stats(); network.diagram(); "
        f"print(sorted(set({HEAVY!r}) & set(sys.modules))); network.compile(); print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines() == ["[]", "True"]
