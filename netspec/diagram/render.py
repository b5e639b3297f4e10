"""DOT text as a picture: laid out by Graphviz in a process of its own, within a time limit."""

from __future__ import annotations

import subprocess

from graphviz.backend.dot_command import command

from netspec.diagram.dot import Drawing, dot
from netspec.errors.problem import Problem, SpecError

SECONDS = 60
"""How long a layout may take; the pictures of networks take well under one."""
INSTALL = (
    "install it with apt-get install graphviz, brew install graphviz or conda install graphviz; -o file.dot works"
    " without it"
)


def svg(drawing: Drawing) -> bytes:
    """The picture as SVG. Raises as all of them :class:`netspec.SpecError` where Graphviz is missing or fails."""
    return _laid_out(drawing, "svg")


def png(drawing: Drawing) -> bytes:
    """The picture as PNG."""
    return _laid_out(drawing, "png")


def pdf(drawing: Drawing) -> bytes:
    """The picture as PDF."""
    return _laid_out(drawing, "pdf")


def _laid_out(drawing: Drawing, form: str) -> bytes:
    """The picture, from the ``dot`` program."""
    arguments = command("dot", form)
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command; the text goes in by its standard input
            arguments, input=dot(drawing), capture_output=True, timeout=SECONDS, check=False
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
