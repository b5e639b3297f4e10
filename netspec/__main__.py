"""``netspec`` as a process of its own, which ``python -m netspec`` and the console script run."""

import gc
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
# Or pydantic reads the metadata of every installed package in search of plug-ins for itself, at each start.

OBJECTS = 200_000
"""Objects that may be made before anybody looks for garbage: what a command makes, it needs until it ends."""
BAD_OUTPUT = 2
SIGNALLED = 128
"""Exit code of a process that a signal ends, less the signal's number: what a shell makes of it."""


def run() -> None:
    """Run the command line; the end of the process does not look for garbage either."""
    _open_streams()
    gc.set_threshold(OBJECTS)
    from netspec.cli import main  # noqa: PLC0415 - after the environment is set

    signal.signal(signal.SIGTERM, _end)
    try:
        main(prog_name="netspec")
    except OSError as error:
        if error.filename is not None:  # no failure of a stream: those have no name
            raise
        _abandon_streams(error)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # nothing is left to be removed
        gc.freeze()


def _open_streams() -> None:
    """Put the null device where a stream is closed: the next file to be opened would be taken for it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - open until the end


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    """Leave as after an exception: drafts of files are removed on the way, which the system's own end would leave.

    Once: the next signal would interrupt that.
    """
    signal.signal(number, signal.SIG_IGN)
    sys.exit(SIGNALLED + number)


def _abandon_streams(error: OSError) -> NoReturn:
    """Say that standard output takes no more, a full disk most often, and leave."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)  # what is left in the buffer would be written once more at the end, and fail again
    try:
        sys.stderr.write(f"error[unwritable]: standard output cannot be written: {error.strerror}\n")
        sys.stderr.flush()
    except OSError:
        os.dup2(null, 2)
    sys.exit(BAD_OUTPUT)


if __name__ == "__main__":
    run()
