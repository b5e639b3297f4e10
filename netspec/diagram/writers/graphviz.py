"""DOT text as a picture: laid out by Graphviz in a process of its own, within a time limit."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from shutil import which

from netspec.diagram.scene import Scene
from netspec.diagram.writers.dot import dot_text
from netspec.errors.problem import Problem, SpecError

FORMS = ("svg", "png", "pdf")
"""What it is asked for."""
SECONDS = 60
"""How long a layout may take; the pictures of networks take well under one."""
INSTALL = (
    "install it with apt-get install graphviz, brew install graphviz or conda install graphviz; -o file.dot works"
    " without it"
)


def is_there() -> bool:
    """Whether the ``dot`` program is installed."""
    return which("dot") is not None


def laid_out(scenes: Sequence[Scene], form: str) -> bytes:
    """Scenes in a format of the ``dot`` program. Raises :class:`netspec.SpecError` where that is missing or fails.

    The package's ``pipe`` and ``render`` have no time limit, and a layout can take for ever; so what these call is
    called here: it hands ``timeout`` on to :func:`subprocess.run`, which ends the program then.
    """
    from graphviz.backend.dot_command import command  # noqa: PLC0415 - few runs want it
    from graphviz.backend.execute import CalledProcessError, ExecutableNotFound, run_check  # noqa: PLC0415 - as above

    text = dot_text(scenes).encode()
    try:
        done = run_check(command("dot", form), input=text, capture_output=True, timeout=SECONDS, quiet=True)
    except (OSError, ExecutableNotFound):
        message = f"a .{form} of Graphviz needs its program 'dot', which is not installed"
        raise SpecError([Problem("missing-dot", message, hint=INSTALL)]) from None
    except subprocess.TimeoutExpired:
        hint = "draw it with --level stage, or keep the text with -o file.dot"
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
