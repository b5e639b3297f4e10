"""The options of ``netspec train``: what, and how as :class:`~netspec.training.settings.Settings` has it."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from netspec.commands.options import Settings as Given
from netspec.language.inputs import Sizes
from netspec.training.settings import OPTIMIZERS, SCHEDULES, Settings

Command = TypeVar("Command", bound=Callable[..., Any])

SEEDS = 2**31 - 1
MOST_EPOCHS = 100_000
DEFAULTS = Settings()
RATES = ", ".join([f"{name} {usual.lr:g}" for name, usual in OPTIMIZERS.items()])
DECAYS = ", ".join([f"{name} {usual.weight_decay:g}" for name, usual in OPTIMIZERS.items()])


class FiniteRange(click.FloatRange):
    """A number between bounds: neither infinite nor none at all, which lies within any bounds."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        found: float = super().convert(value, param, ctx)
        if not isfinite(found):
            self.fail(f"{value} is no finite number.", param, ctx)
        return found


POSITIVE = FiniteRange(0, min_open=True)

OPTIONS = (
    click.option(
        "--epochs",
        type=click.IntRange(1, MOST_EPOCHS),
        default=DEFAULTS.epochs,
        show_default=True,
        help="Passes over the images.",
    ),
    click.option(
        "--batch",
        type=click.IntRange(1, 1_000_000),
        default=DEFAULTS.batch,
        show_default=True,
        help="Images of a step.",
    ),
    click.option(
        "--optimizer", type=click.Choice([*OPTIMIZERS]), default=DEFAULTS.optimizer, show_default=True, help="Of torch."
    ),
    click.option("--lr", type=POSITIVE, help=f"Learning rate. Default: {RATES}."),
    click.option(
        "--momentum",
        type=FiniteRange(0, 1, max_open=True),
        default=DEFAULTS.momentum,
        show_default=True,
        help="Of sgd.",
    ),
    click.option("--nesterov", is_flag=True, help="Nesterov's momentum, of sgd."),
    click.option("--weight-decay", type=FiniteRange(0), help=f"Of all parameters. Default: {DECAYS}."),
    click.option(
        "--schedule",
        type=click.Choice(SCHEDULES),
        default=DEFAULTS.schedule,
        show_default=True,
        help="steps: the rate divided by 10 at half and three quarters.",
    ),
    click.option("--warmup", type=click.IntRange(0), default=0, help="Epochs of a rising rate before the schedule's."),
    click.option("--flip", is_flag=True, help="Mirror every second image, drawn anew each epoch."),
    click.option(
        "--pad", type=click.IntRange(0, 1000), default=0, help="Cut images out of themselves with so many zeros around."
    ),
    click.option(
        "--patience", type=click.IntRange(0), default=0, help="End after so many epochs without a lower held-out loss."
    ),
    click.option(
        "--aux-weight",
        type=FiniteRange(0),
        default=DEFAULTS.aux_weight,
        show_default=True,
        help="Of auxiliary heads.",
    ),
    click.option(
        "--threads", type=click.IntRange(1, 1024), default=DEFAULTS.threads, show_default=True, help="Of each process."
    ),
    click.option("--channels-last", is_flag=True, help="Lay images and weights in memory with their channels last."),
    click.option(
        "--device",
        type=click.Choice(["cpu", "cuda"]),
        default=DEFAULTS.device,
        show_default=True,
        help="Where to train.",
    ),
)


class Asked(NamedTuple):
    """What is to be trained, apart from how."""

    specs: tuple[str, ...]
    given: Given
    size: Sizes | None
    data: str
    seeds: tuple[int, ...]
    held_out: float
    skip_unreadable: bool
    weights: Path | None
    resume: bool
    processes: int | None
    output: Path | None


def with_settings(command: Command) -> Command:
    """The options; the command gets them under the names of the settings."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def refuse_clashes(settings: Settings) -> None:
    """Raise :class:`click.UsageError` for choices that have no meaning together."""
    if settings.nesterov and settings.optimizer != "sgd":
        raise click.UsageError(f"--nesterov is of sgd, not of {settings.optimizer}")
    if settings.nesterov and not settings.momentum:
        raise click.UsageError("--nesterov needs a --momentum above 0")
    if settings.warmup >= settings.epochs:
        raise click.UsageError(f"--warmup {settings.warmup} leaves nothing of {settings.epochs} epochs")
