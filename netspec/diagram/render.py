"""DOT text as a picture: laid out by Graphviz in a process of its own, within a time limit."""

from __future__ import annotations

import subprocess
from pathlib import Path

from graphviz.backend.dot_command import command
from graphviz.backend.execute import CalledProcessError, ExecutableNotFound, run_check

from netspec import files
from netspec.errors.problem import Problem, SpecError

FORMATS = ("svg", "png", "pdf", "dot")
"""What a picture's file can end in."""
SECONDS = 60
"""How long a layout may take; the pictures of networks take well under one."""
INSTALL = (
    "install it with apt-get install graphviz, brew install graphviz or conda install graphviz; -o file.dot works"
    " without it"
)


def render(dot_text: str, path: Path) -> None:
    """Write the picture of ``dot_text`` to ``path``, in the format that its ending says.

    The file is written whole or not at all: what stood there stays after a failure. Raises
    :class:`netspec.SpecError` where the ending is unknown, the ``dot`` program is missing, or the layout fails.
    """
    form = format_of(path)
    files.refuse_unwritable(path)
    files.write(dot_text.encode() if form == "dot" else _laid_out(dot_text, form), path)


def format_of(path: Path) -> str:
    """The format of the picture at ``path``: its ending, or SVG for a pipe or device that has none.

    Raises :class:`netspec.SpecError` where the ending is unknown.
    """
    form = path.suffix.removeprefix(".").lower() or ("svg" if files.is_stream(path) else "")
    if form not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        message = f"cannot draw '{path.name}': its ending says no format that is known"
        raise SpecError([Problem("unknown-format", message, hint=f"known: {known}")])
    return form


def _laid_out(dot_text: str, form: str) -> bytes:
    """The picture, from the ``dot`` program.

    The package's ``pipe`` and ``render`` have no time limit, and a layout can take for ever; so what these call is
    called here: it hands ``timeout`` on to :func:`subprocess.run`, which ends the program then.
    """
    try:
        done = run_check(
            command("dot", form), input=dot_text.encode(), capture_output=True, timeout=SECONDS, quiet=True
        )
    except (OSError, ExecutableNotFound):
        message = f"a .{form} is drawn by Graphviz, whose program 'dot' is not installed"
        raise SpecError([Problem("missing-dot", message, hint=INSTALL)]) from None
    except subprocess.TimeoutExpired:
        hint = "draw it with a smaller --depth, or keep the text with -o file.dot"
        raise SpecError([Problem("limit", f"Graphviz had no picture after {SECONDS} seconds", hint=hint)]) from None
    except CalledProcessError as error:
        raise _undrawn(error.stderr, error.returncode) from None
    if not done.stdout:
        raise _undrawn(done.stderr, done.returncode)
    picture: bytes = done.stdout
    return picture


def _undrawn(stderr: bytes, code: int) -> SpecError:
    said = stderr.decode(errors="replace").strip().splitlines()
    message = f"Graphviz could not draw it: {said[0] if said else f'exit code {code}'}"
    return SpecError([Problem("missing-dot", message, hint="-o file.dot keeps the text that it was given")])
