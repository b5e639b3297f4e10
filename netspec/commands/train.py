"""``netspec train``."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import click

from netspec import api
from netspec.commands.networks import members
from netspec.commands.options import Settings as Given
from netspec.commands.options import many_specs, show, with_input, with_set
from netspec.commands.output import say
from netspec.commands.terminal import PIPED, print_pages
from netspec.commands.train_options import SEEDS, refuse_clashes, with_settings
from netspec.commands.train_progress import PICTURE, TABLE, Shown
from netspec.commands.weights_options import WeightsAsked, with_weights_options
from netspec.errors.missing_package import folder_of, install
from netspec.errors.problem import MAX_PROBLEMS, Problem, Problems, SpecError
from netspec.language.inputs import Sizes
from netspec.language.python_values import python_values
from netspec.report.formats import formats_of
from netspec.report.training import TrainingReport
from netspec.training import record
from netspec.training.settings import Settings
from netspec.weights import mapping

TRAINER = "netspec.nn.training.trainer"
"""Imported once everything that needs no torch has been found right."""
NEEDED = ("torch", "pillow")
CLASSES = "classes"
"""The parameter of a spec that says how many classes there are."""
FAILED = 1


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
    type=click.FloatRange(0, min_open=True),
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
    _Training(asked, settings, reading, import_module(TRAINER)).all(networks)


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


class _Training:
    """All trainings of one call; ``trainer`` is the module that needs torch."""

    def __init__(self, asked: Asked, settings: Settings, reading: WeightsAsked, trainer: Any) -> None:
        self.asked, self.settings, self.reading, self.trainer = asked, settings, reading, trainer

    def all(self, networks: Sequence[api.Network]) -> None:
        trainer = self.trainer
        trainer.refuse_device(self.settings.device)
        source = trainer.source(self.asked.data)
        known = [self._with_classes(network, len(source.classes)) for network in networks]
        for network in known:
            trainer.refuse_other_networks(network.graph, len(source.classes))
        shapes = dict.fromkeys(network.graph.input.shape for network in known)
        images = {
            shape: trainer.prepared(source, shape, self.asked.held_out, skip=self.asked.skip_unreadable)
            for shape in shapes
        }
        for found in images.values():
            trainer.refuse_few(found, self.settings.batch)
        first = next(iter(images.values()))
        show(left_out(first.problems))
        folder = self.asked.output or Path("runs") / known[0].name
        if trainer.started_by_torchrun():
            with trainer.group(self.settings.device) as share:
                self._train(known, images, folder, source.says, share)
        else:
            self._train(known, images, folder, source.says, None)

    def _with_classes(self, network: api.Network, classes: int) -> api.Network:
        """The network with as many classes as the images, where its spec has a parameter for that and none is given."""
        if CLASSES not in network.spec.params or any(name == CLASSES for name, _ in self.asked.given):
            return network
        values = {**network.settings, **python_values({CLASSES: classes}, Problems())}
        return api.network(network.spec, network.variant, values, network.sizes)

    def _train(self, networks: Sequence[api.Network], images: Any, folder: Path, says: str, share: Any) -> None:
        jobs = [
            self._job(network, seed, images[network.graph.input.shape], folder)
            for network in networks
            for seed in self.asked.seeds
        ]
        if share is not None and share.rank:
            self.trainer.train(jobs, 1, lambda *_: None, share)
            return
        processes = 1 if share is None else share.size
        with record.claimed(folder, resume=self.asked.resume):
            told = record.begin(folder, self._record(jobs, images, processes), resume=self.asked.resume)
            show(
                [
                    Problem("other-run", f"{folder}: results may differ in the last bits: {line}", severity="warning")
                    for line in told
                ]
            )
            at_once = 1 if share is not None else min(self.asked.processes or self._cores(), len(jobs))
            histories = [self.trainer.history_of(job) for job in jobs]
            self._say(jobs, images, says, at_once, processes)
            shown = Shown(folder, jobs, histories, _title(networks, says))
            with shown.saying_how_to_go_on():
                self.trainer.train(jobs, at_once, shown.told, *([share] if share is not None else []))
            self._end(shown, jobs)

    def _cores(self) -> int:
        """How many trainings the processor has room for."""
        return max(len(os.sched_getaffinity(0)) // self.settings.threads, 1)

    def _job(self, network: api.Network, seed: int, images: Any, folder: Path) -> Any:
        asked = self.asked
        name = network.name if len(asked.seeds) == 1 else f"{network.name}-seed{seed}"
        macs = network.stats().totals.macs
        start = None
        if asked.weights:
            pairs = mapping.read(self.reading.pairs) if self.reading.pairs else None
            start, found, remarks = self.trainer.first_weights(
                network.graph, seed, asked.weights, self.reading.terms, key=self.reading.key, pairs=pairs
            )
            show(remarks)
            for line in found.lines():
                say(line)
        return self.trainer.Job(
            name, network.graph, network.to_yaml(), seed, self.settings, images, folder, macs, start
        )

    def _record(self, jobs: Sequence[Any], images: Any, processes: int) -> dict[str, Any]:
        """What ``run.json`` says."""
        return {
            "settings": self.settings.to_dict(),
            "held_out": self.asked.held_out,
            "data": {"from": self.asked.data, "read": [self.trainer.data_record(found) for found in images.values()]},
            "weights": str(self.asked.weights) if self.asked.weights else None,
            "runs": [
                {"name": job.name, "network": job.graph.name, "seed": job.seed, "spec": job.digest} for job in jobs
            ],
            "processes_of_one_network": processes,
            record.MACHINE: self.trainer.machine_record(self.settings),
        }

    def _say(self, jobs: Sequence[Any], images: Any, says: str, at_once: int, processes: int) -> None:
        """What is about to be done, images and defaults among it."""
        first = next(iter(images.values()))
        learnt, held, classes = len(first.learn), len(first.held), len(first.classes)
        say(f"{says}: {learnt + held:,} images of {classes} classes, {learnt:,} to learn from and {held:,} held out")
        for shape, found in images.items():
            names = [job.graph.name for job in jobs if job.graph.input.shape == shape]
            say(
                f"  images      {found.change}"
                + (f" (for {', '.join(dict.fromkeys(names))})" if len(images) > 1 else "")
            )
        say(f"  training    {self.settings.epochs} epochs of {self.settings.said()}")
        where = f"{len(jobs)} training{'s' * (len(jobs) > 1)}, {at_once} at a time"
        where += f", {processes} processes each" if processes > 1 else ""
        memory = ", channels last" if self.settings.channels_last else ""
        threads = self.settings.threads
        say(f"  machine     {where}, {threads} thread{'s' * (threads > 1)} each{memory}, on {self.settings.device}")

    def _end(self, shown: Shown, jobs: Sequence[Any]) -> None:
        """The last figures and the files; exit code 1 where a training ended before its time."""
        shown.histories = {job.name: self.trainer.history_of(job) for job in jobs}
        shown.write()
        say("")
        print_pages(TrainingReport([*shown.histories.values()]), formats_of(TrainingReport)["text"], PIPED)
        say("")
        for path in (
            shown.folder / TABLE,
            shown.folder / PICTURE,
            *[job.artefact for job in jobs if job.artefact.exists()],
        ):
            say(f"written to  {path}")
        if shown.failed:
            sys.exit(FAILED)


def left_out(problems: Sequence[Problem]) -> list[Problem]:
    """A warning for each image that is left out, as was asked for, or for as many as can be read at once."""
    told = [
        Problem(one.code, one.message, hint="it is left out", severity="warning") for one in problems[:MAX_PROBLEMS]
    ]
    if len(problems) > MAX_PROBLEMS:
        message = f"{len(problems) - MAX_PROBLEMS:,} more images cannot be read, and are left out"
        told.append(Problem("bad-image", message, severity="warning"))
    return told


def _title(networks: Sequence[api.Network], says: str) -> str:
    names = [network.name for network in networks]
    return f"{', '.join(names) if len(names) < 5 else f'{len(names)} networks'} on {says}"  # noqa: PLR2004 - a heading
