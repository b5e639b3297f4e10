"""``netspec train``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from netspec import api
from netspec.commands.networks import members
from netspec.commands.options import Settings as Given
from netspec.commands.options import many_specs, with_input, with_set
from netspec.commands.train_options import POSITIVE, SEEDS, Asked, refuse_clashes, with_settings
from netspec.commands.weights_options import WeightsAsked, with_weights_options
from netspec.errors.missing_package import folder_of, install
from netspec.errors.problem import Problem, Problems, SpecError
from netspec.language.inputs import Sizes
from netspec.training.settings import Settings

RUN = "netspec.commands.train_run"
"""Imported once everything that needs no torch has been found right."""
NEEDED = ("torch", "pillow")


@click.command()
@many_specs
@click.option(
    "--data", required=True, metavar="IMAGES", help="digits, mnist5k, a folder of class folders, or a .npz file."
)
@with_set
@with_input
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Default: runs/NAME.")
@click.option("--resume", is_flag=True, help="Go on with the training in DIR, by the line that began it.")
@click.option(
    "--seed",
    "seeds",
    type=click.IntRange(0, SEEDS),
    multiple=True,
    default=(0,),
    show_default=True,
    help="Repeatable: a training for each.",
)
@click.option(
    "--held-out",
    type=POSITIVE,
    default=0.2,
    show_default=True,
    help="Share or number of images not learnt from.",
)
@click.option("--skip-unreadable", is_flag=True, help="Leave out images that cannot be read, and name them.")
@click.option(
    "--processes", type=click.IntRange(1), help="Trainings at a time. Default: one for each core, by --threads."
)
@with_settings
@click.option(
    "--weights", type=click.Path(path_type=Path), help="Begin with these: .safetensors, .pth, .pt or .index.json."
)
@with_weights_options
def train(  # noqa: PLR0913 - one argument for each option
    specs: tuple[str, ...],
    *,
    given: Given,
    size: Sizes | None,
    data: str,
    seeds: tuple[int, ...],
    held_out: float,
    skip_unreadable: bool,
    weights: Path | None,
    resume: bool,
    processes: int | None,
    output: Path | None,
    **how: Any,
) -> None:
    """Train classifiers on images, and write weights, losses and curves to a folder.

    Several SPECs and seeds are trained side by side, and their curves are laid over each other. Images are resized to
    what a network reads, grey ones repeated for its channels, and the parameter 'classes' is set to their number. The
    rest of an epoch that fills no batch is left out. Defaults are those of He et al. 2015. On one machine the
    same line gives the same bits. With torchrun several processes train each network. The exit code is 1 where a
    training ended before its last epoch.
    """
    reading = WeightsAsked(*[how.pop(name) for name in WeightsAsked._fields])
    asked = Asked(specs, given, size, data, seeds, held_out, skip_unreadable, weights, resume, processes, output)
    settings = Settings(**how)
    refuse_clashes(settings)
    if weights is None and any(reading):
        raise click.UsageError("--key, --partial, --allow-fresh, --adapt and --map say how --weights FILE is read")
    if len({*seeds}) < len(seeds):
        raise click.UsageError("the same --seed is given twice")
    networks = _networks(asked)
    for package in NEEDED:
        folder_of(package, install("train"))
    trainings: Callable[..., None] = import_module(RUN).run
    trainings(asked, settings, reading, networks)


def _networks(asked: Asked) -> list[api.Network]:
    """The networks as their specs have them, before it is known how many classes there are."""
    problems = Problems()
    found = []
    for word in asked.specs:
        try:
            for spec, variant in members(word, asked.given):
                found.append(api.network(spec, variant, dict(asked.given), asked.size))
        except SpecError as error:
            for problem in error.problems:
                problems.add(problem)
    problems.check()
    Problems([problem for network in found for problem in network.over_budget()]).check()
    twice = [name for name, count in Counter(network.name for network in found).items() if count > 1]
    if twice:
        message = f"two of the networks are called '{twice[0]}', and their files would be too"
        raise SpecError([Problem("duplicate-name", message, hint="give one another name: in its spec")])
    if asked.weights and len(found) > 1:
        raise click.UsageError(f"--weights FILE is for one network, not for {len(found)}")
    return found
