"""DOT text as a picture: laid out by Graphviz in a process of its own, within a time limit."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from graphviz.backend.dot_command import command

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
    form = path.suffix.removeprefix(".").lower()
    if form not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        message = f"cannot draw '{path.name}': its ending says no format that is known"
        raise SpecError([Problem("unknown-format", message, hint=f"known: {known}")])
    picture = dot_text.encode() if form == "dot" else _laid_out(dot_text, form)
    _written(picture, path)


def _laid_out(dot_text: str, form: str) -> bytes:
    """The picture, from the ``dot`` program."""
    arguments = command("dot", form)
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command; the text goes in by its standard input
            arguments, input=dot_text.encode(), capture_output=True, timeout=SECONDS, check=False
        )
    except OSError:
        message = f"a .{form} is drawn by Graphviz, whose program 'dot' is not installed"
        raise SpecError([Problem("missing-dot", message, hint=INSTALL)]) from None
    except subprocess.TimeoutExpired:
        hint = "draw it with a smaller --depth, or keep the text with -o file.dot"
        raise SpecError([Problem("layout", f"Graphviz had no picture after {SECONDS} seconds", hint=hint)]) from None
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        message = f"Graphviz could not draw it: {said[0] if said else f'exit code {done.returncode}'}"
        raise SpecError([Problem("layout", message, hint="-o file.dot keeps the text that it was given")])
    return done.stdout


def _written(content: bytes, path: Path) -> None:
    """Put ``content`` at ``path`` in one step, through a file beside it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            beside.write_bytes(content)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        message = f"{path}: cannot be written: {error.strerror or error}"
        raise SpecError([Problem("unwritable", message)]) from None
