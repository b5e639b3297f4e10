"""What the commands import: everything but building answers without torch and the packages around it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("torch", "numpy", "fvcore", "torchvision", "safetensors", "scipy", "sympy")
PROBE = """
import atexit, sys
heavy = {heavy!r}
atexit.register(lambda: print("imported:", sorted(set(heavy) & set(sys.modules)), file=sys.stderr))
from netspec.cli import main
main({arguments!r}, prog_name="netspec")
"""


def imported(*arguments: str, folder: Path, expected: int = 0) -> str:
    """The heavy packages that a command, as a process of its own in ``folder``, has imported when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(heavy=HEAVY, arguments=list(arguments))],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == expected, done.stderr
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("stats", str(ROOT / "specs" / "vgg16.yaml")),
        ("stats", "googlenet", "--format", "json"),
        ("stats", "resnet50", "--depth", "1"),
        ("check", "densenet121", "resnet"),
        ("show", "resnet@resnet18"),
        ("list",),
        ("diagram", "resnet50", "-o", "x.dot"),
        ("build", "--help"),
    ],
    ids=" ".join,
)
def test_commands_answer_without_torch(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """A command that builds no module imports neither torch nor numpy nor anything that brings them."""
    assert imported(*arguments, folder=tmp_path) == "imported: []"


@pytest.mark.parametrize("command", ["check", "stats", "build", "diagram"])
def test_mistakes_are_answered_without_torch(command: str, tmp_path: Path) -> None:
    """A mistake in a spec is answered before torch could have been imported, by ``build`` too."""
    (tmp_path / "net.yaml").write_text("netspec: 1\nname: net\ninput: [3, 8, 8]\nstages: {a: rleu}\n", encoding="utf-8")

    assert imported(command, "net.yaml", folder=tmp_path, expected=2) == "imported: []"


def test_building_imports_torch(tmp_path: Path) -> None:
    """The probe sees what is imported: ``build`` needs torch and safetensors."""
    found = imported("build", "lenet5", "-o", "x.safetensors", folder=tmp_path)

    assert "'torch'" in found
    assert "'safetensors'" in found
    assert "'fvcore'" not in found
    assert "'torchvision'" not in found


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
