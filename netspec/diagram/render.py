"""DOT text as a picture: laid out by Graphviz in a process of its own, within a time limit."""

from __future__ import annotations

import subprocess

from graphviz.backend.dot_command import command
from graphviz.backend.execute import CalledProcessError, ExecutableNotFound, run_check

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
    """The picture, from the ``dot`` program.

    The package's ``pipe`` and ``render`` have no time limit, and a layout can take for ever; so what these call is
    called here: it hands ``timeout`` on to :func:`subprocess.run`, which ends the program then.
    """
    try:
        done = run_check(command("dot", form), input=dot(drawing), capture_output=True, timeout=SECONDS, quiet=True)
    except (OSError, ExecutableNotFound):
        message = f"a .{form} is drawn by Graphviz, whose program 'dot' is not installed"
        raise SpecError([Problem("missing-dot", message, hint=INSTALL)]) from None
    except subprocess.TimeoutExpired:
        hint = "draw it with a smaller --depth, or keep the text with -o file.dot"
        raise SpecError([Problem("layout", f"Graphviz had no picture after {SECONDS} seconds", hint=hint)]) from None
    except CalledProcessError as error:
        raise _undrawn(error.stderr, error.returncode) from None
    if not done.stdout:
        raise _undrawn(done.stderr, done.returncode)
    picture: bytes = done.stdout
    return picture


def _undrawn(stderr: bytes, code: int) -> SpecError:
    said = stderr.decode(errors="replace").strip().splitlines()
    message = f"Graphviz could not draw it: {said[0] if said else f'exit code {code}'}"
    return SpecError([Problem("layout", message, hint="-o file.dot keeps the text that it was given")])
