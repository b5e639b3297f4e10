"""Write the generated pages of ``docs/``; with ``--check`` only say which of them are out of date."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from netspec.explanations import EXPLANATIONS

DOCS = Path(__file__).parent.parent / "docs"

ERRORS = """\
# Errors

Every message has a place (file, line, column), a stable code, a sentence, and where possible what would mend it. All
mistakes are told at once; what only follows from another mistake is not. `netspec check` ends with exit code 2 if there are
any, and with 0 where there are only warnings. `--format json` prints the same as data, `--format github` as annotations of
a workflow. `netspec explain CODE` prints one of the entries below.
"""


def errors() -> str:
    """``errors.md``: every code with its meaning, an example and its mend."""
    parts = [ERRORS]
    for code, entry in EXPLANATIONS.items():
        parts.append(f"## {code}\n\n{entry.meaning}\n\n```{entry.language}\n{entry.example}\n```\n\n{entry.mend}\n")
    return "\n".join(parts)


PAGES = {"errors.md": errors}
"""File -> function that gives its text."""


def main() -> int:
    """Write the pages, or check them; the exit code is 1 if a checked page is out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    stale = []
    for name, page in PAGES.items():
        path, text = DOCS / name, page()
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                path.write_text(text, encoding="utf-8")
    print(f"{'out of date' if check else 'written'}: {', '.join(stale) or 'none'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
