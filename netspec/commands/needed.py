"""Packages that an option needs and that may not be there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def packages(option: str) -> Iterator[None]:
    """Raise :class:`click.UsageError` that names what to install, where ``option`` imports what is not there."""
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name in ("", "netspec"):
            raise
        message = f"{option} needs the package '{name}', which is not installed: pip install {name}"
        raise click.UsageError(message) from None
