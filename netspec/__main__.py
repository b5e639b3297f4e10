"""``netspec`` as a process of its own, which ``python -m netspec`` and the console script run."""

import gc
import os

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
# Or pydantic reads the metadata of every installed package in search of plug-ins for itself, at each start.

OBJECTS = 200_000
"""Objects that may be made before anybody looks for garbage: what a command makes, it needs until it ends."""


def run() -> None:
    """Run the command line; the end of the process does not look for garbage either."""
    from netspec.cli import main  # noqa: PLC0415 - after the environment is set

    gc.set_threshold(OBJECTS)
    try:
        main(prog_name="netspec")
    finally:
        gc.freeze()


if __name__ == "__main__":
    run()
