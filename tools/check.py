"""Everything that must hold before a change goes in: style, types, layers, unfinished work, tests.

The tests run in full under the Python that runs this script. Under each other Python that pyproject.toml names and that
is found here, those run that need no torch, in an environment of its own with the light install (``.cache/``).

    python tools/check.py                  # all
    python tools/check.py --skip tests     # all but the tests under this Python
    python tools/check.py --only 3.13      # one
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
FOUND_NOTHING = 1  # git grep's exit code when no line matches

SAMPLING = [
    "catalogue",
    "cli",
    "diagram",
    "diff",
    "every_spec",
    "features",
    "memory",
    "memory_order",
    "properties",
    "random_networks",
    "receptive_field",
    "sabotage",
    "see",
    "signal",
    "signal_limits",
    "signal_narrow",
    "signal_rules",
    "torchvision",
    "train",
    "training",
    "verify",
]
"""The tests that check a sample of the networks, shipped and random ones, unless they are told to be thorough."""

LIGHTNING = ("pytorch-lightning==2.6.6", "lightning-utilities==0.15.3", "torchmetrics==1.9.0")
"""What the example with Lightning needs; beside torch, in a folder of their own."""

Command = tuple[str, ...]


class Check(NamedTuple):
    """Commands that run one after the other, and the exit code of each that means all is well."""

    name: str
    commands: tuple[Command, ...]
    passing: int = 0

    def passes(self) -> bool:
        """Whether the commands, run at the root of the project, end as they should; their output is shown."""
        return all(self._ends(command) for command in self.commands)

    def _ends(self, command: Command) -> bool:
        print(f"\n== {self.name}: {' '.join(command)}", flush=True)
        return subprocess.run(command, cwd=ROOT, check=False).returncode == self.passing


def checks() -> Iterator[Check]:
    """All checks, the quick ones first."""
    python = (sys.executable, "-m")
    import_linter = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    # The brackets keep the pattern from matching this line.
    unfinished = ("git", "grep", "--line-number", "--word-regexp", "-e", "TO[D]O", "-e", "FIXM[E]")
    yield Check("rules", ((*python, "ruff", "check"),))
    yield Check("format", ((*python, "ruff", "format", "--check"),))
    yield Check("types", ((*python, "mypy"),))
    yield Check("layers", ((sys.executable, "-c", import_linter),))
    yield Check("unfinished work", (unfinished,), passing=FOUND_NOTHING)
    yield Check("tests", ((*python, "pytest"),))
    yield Check(
        "all networks", ((*python, "pytest", "--thorough", "-q", *[f"tests/test_{name}.py" for name in SAMPLING]),)
    )
    yield Check("lightning", tuple(example_with_lightning(python)))
    for version in versions():
        found = interpreter(version)
        if found:
            yield Check(version, light_tests(version, found))
        else:
            print(f"no Python {version} with venv was found: it is left out")


def example_with_lightning(python: Command) -> Iterator[Command]:
    """The commands that install Lightning beside this environment, not into it, and run the example that needs it."""
    yield (*python, "pip", "install", "--quiet", "--upgrade", "--no-deps", "--target", ".cache/lightning", *LIGHTNING)
    asked = ("tests/test_examples.py", "-k", "lightning", "-o", "pythonpath=.cache/lightning")
    yield (*python, "pytest", "-n0", "-q", *asked)


def versions() -> list[str]:
    """The other versions of Python that the project is for."""
    named = re.findall(r"Python :: (3\.\d+)$", "\n".join(PROJECT["classifiers"]), re.MULTILINE)
    return [version for version in named if version != THIS]


def interpreter(version: str) -> Path | None:
    """A Python of that version that runs and can make environments: on the path, or one of pyenv's."""
    name = f"python{version}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    known = [Path(folder, name) for folder in os.get_exec_path()]
    known += sorted(pyenv.glob(f"versions/{version}.*/bin/{name}"))
    return next((path for path in known if path.is_file() and _runs(path)), None)


def _runs(python: Path) -> bool:
    """Whether it does; the stand-ins that pyenv puts on the path fail for versions that are not switched on."""
    done = subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True, check=False)
    return done.returncode == 0


def light_tests(version: str, python: Path) -> tuple[Command, ...]:
    """The commands that run the tests in a light install under ``python``."""
    folder = ROOT / ".cache" / f"light-{version}"
    inside = (str(folder / "bin" / "python"), "-m")
    tools = [name for name in PROJECT["optional-dependencies"]["test"] if not name.startswith("netspec[")]
    return (
        (str(python), "-m", "venv", str(folder)),
        (*inside, "pip", "install", "--quiet", "-c", "constraints.txt", "-e", ".", *tools),
        (*inside, "pytest", "-q", "-rfE"),
    )


def main() -> int:
    """Run the chosen checks, also after one has failed; 1 if any did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="NAME", help="one check; repeatable; default: all")
    parser.add_argument("--skip", action="append", metavar="NAME", default=[], help="leave one out; repeatable")
    arguments = parser.parse_args()
    chosen = {check.name: check for check in checks()}
    unknown = {*(arguments.only or []), *arguments.skip} - {*chosen}
    if unknown:
        parser.error(f"no such check: {', '.join(sorted(unknown))}; there are: {', '.join(chosen)}")
    names = [name for name in arguments.only or chosen if name not in arguments.skip]
    results = {name: chosen[name].passes() for name in names}
    print("\n== summary")
    for name, passed in results.items():
        print(f"{'ok    ' if passed else 'FAILED'}  {name}")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
