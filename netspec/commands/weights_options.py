"""Options of commands that take a file of weights: where in it they are, and what may be missing or made to fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from netspec.weights.transfer import ADAPTATIONS, Terms

Command = TypeVar("Command", bound=Callable[..., Any])

OPTIONS = (
    click.option("--key", metavar="KEY", help="Where in the file the weights are, such as model_ema."),
    click.option("--partial", is_flag=True, help="Keep what fits by name and shape; the rest is told."),
    click.option(
        "--allow-fresh", multiple=True, metavar="PATTERN", help="Keep what fits, and no other may be fresh. Repeatable."
    ),
    click.option("--adapt", multiple=True, type=click.Choice(ADAPTATIONS), help="What may be made to fit. Repeatable."),
    click.option(
        "--map",
        "pairs",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Which layer is which; netspec weights writes it where there is none.",
    ),
)


class WeightsAsked(NamedTuple):
    """What the options say."""

    key: str | None
    partial: bool
    allow_fresh: tuple[str, ...]
    adapt: tuple[str, ...]
    pairs: Path | None

    @property
    def terms(self) -> Terms:
        """What may be missing or made to fit."""
        return Terms(self.partial, self.allow_fresh, frozenset(self.adapt))


def with_weights_options(command: Command) -> Command:
    """The options; the command gets them under their names, for :class:`WeightsAsked`."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command
