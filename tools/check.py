"""Everything that must hold before a change goes in: style, types, layers, unfinished work, tests."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FOUND_NOTHING = 1  # git grep's exit code when no line matches


class Check(NamedTuple):
    """A command, and the exit code that means all is well."""

    name: str
    command: tuple[str, ...]
    passing: int = 0

    def passes(self) -> bool:
        """Whether the command, run at the root of the project, ends as it should; its output is shown."""
        print(f"\n== {self.name}: {' '.join(self.command)}", flush=True)
        return subprocess.run(self.command, cwd=ROOT, check=False).returncode == self.passing


def checks(*, tests: bool) -> tuple[Check, ...]:
    """All checks, the quick ones first; pytest only if ``tests``."""
    python = (sys.executable, "-m")
    import_linter = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    # The brackets keep the pattern from matching this line.
    unfinished = ("git", "grep", "--line-number", "--word-regexp", "-e", "TO[D]O", "-e", "FIXM[E]")
    static = (
        Check("rules", (*python, "ruff", "check")),
        Check("format", (*python, "ruff", "format", "--check")),
        Check("types", (*python, "mypy")),
        Check("layers", (sys.executable, "-c", import_linter)),
        Check("unfinished work", unfinished, passing=FOUND_NOTHING),
    )
    return (*static, Check("tests", (*python, "pytest"))) if tests else static


def main() -> int:
    """Run all checks, also after one has failed; 1 if any did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-tests", action="store_true", help="leave pytest out")
    arguments = parser.parse_args()
    results = [(check.name, check.passes()) for check in checks(tests=not arguments.no_tests)]
    print("\n== summary")
    for name, passed in results:
        print(f"{'ok    ' if passed else 'FAILED'}  {name}")
    return 0 if all(passed for _, passed in results) else 1


if __name__ == "__main__":
    sys.exit(main())
