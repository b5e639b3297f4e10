"""What ``netspec train`` does once all that needs no torch has been found right: images, trainings, files."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netspec import api
from netspec.commands.options import show
from netspec.commands.output import say
from netspec.commands.terminal import PIPED, print_pages
from netspec.commands.train_options import Asked
from netspec.commands.train_progress import PICTURE, TABLE, Shown
from netspec.commands.weights_options import WeightsAsked
from netspec.errors.problem import MAX_PROBLEMS, Problem, Problems, SpecError
from netspec.language.python_values import python_values
from netspec.nn.training import checks, shares
from netspec.nn.training.batches import Share
from netspec.nn.training.prepared import Prepared, prepared, source
from netspec.nn.training.run import Job, history_of
from netspec.nn.training.several import train
from netspec.ops.facts import Shape
from netspec.report.formats import formats_of
from netspec.report.training import TrainingReport
from netspec.training import record
from netspec.training.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor  # noqa: TID251 - for type checkers only

Images = Mapping[Shape, Prepared]
"""Images by what a network reads."""
CLASSES = "classes"
"""The parameter of a spec that says how many classes there are."""
FAILED = 1


def run(asked: Asked, settings: Settings, reading: WeightsAsked, networks: Sequence[api.Network]) -> None:
    """Train ``networks`` as is ``asked``; exit code 1 where a training ended before its time."""
    _Trainings(asked, settings, reading).all(networks)


class _Trainings:
    """All trainings of one call."""

    def __init__(self, asked: Asked, settings: Settings, reading: WeightsAsked) -> None:
        self.asked, self.settings, self.reading = asked, settings, reading

    def all(self, networks: Sequence[api.Network]) -> None:
        if self.asked.processes and shares.started_by_torchrun():
            raise click.UsageError("--processes is of trainings side by side; under torchrun they follow one another")
        checks.refuse_device(self.settings.device)
        data = source(self.asked.data)
        known = [self._with_classes(network, len(data.classes)) for network in networks]
        for network in known:
            checks.refuse_other_networks(network.graph, len(data.classes))
        shapes = dict.fromkeys(network.graph.input.shape for network in known)
        images = {
            shape: prepared(data, shape, self.asked.held_out, skip=self.asked.skip_unreadable) for shape in shapes
        }
        for network in known:
            found = images[network.graph.input.shape]
            checks.refuse_other_batches(network.graph, found, self.settings.batch, shares.processes())
        first = next(iter(images.values()))
        show(left_out(first.problems))
        folder = self.asked.output or Path("runs") / known[0].name
        if shares.started_by_torchrun():
            with shares.group(self.settings.device) as share:
                self._train(known, images, folder, data.says, share)
        else:
            self._train(known, images, folder, data.says, None)

    def _with_classes(self, network: api.Network, classes: int) -> api.Network:
        """The network with as many classes as the images, where its spec has a parameter for that and none is given."""
        if CLASSES not in network.spec.params or any(name == CLASSES for name, _ in self.asked.given):
            return network
        values = {**network.settings, **python_values({CLASSES: classes}, Problems())}
        return api.network(network.spec, network.variant, values, network.sizes)

    def _train(
        self, networks: Sequence[api.Network], images: Images, folder: Path, says: str, together: Share | None
    ) -> None:
        """All networks and seeds, ``together`` with other processes if there are any."""
        share = together or Share()
        jobs = [
            self._job(network, seed, images[network.graph.input.shape], folder)
            for network in networks
            for seed in self.asked.seeds
        ]
        _refuse_shared_files(jobs)
        if share.rank:
            train(jobs, 1, lambda *_: None, share)
            return
        with record.claimed(folder, resume=self.asked.resume):
            told = record.begin(folder, self._record(jobs, images, share.size), resume=self.asked.resume)
            show(
                [
                    Problem("other-run", f"{folder}: results may differ in the last bits: {line}", severity="warning")
                    for line in told
                ]
            )
            at_once = 1 if together else min(self.asked.processes or self._cores(), len(jobs))
            histories = [history_of(job) for job in jobs]
            self._say(jobs, images, says, at_once, share.size)
            shown = Shown(folder, jobs, histories, _title(networks, says))
            with shown.saying_how_to_go_on():
                train(jobs, at_once, shown.told, share)
            self._end(shown, jobs)

    def _cores(self) -> int:
        """How many trainings the processor has room for."""
        return max(len(os.sched_getaffinity(0)) // self.settings.threads, 1)

    def _job(self, network: api.Network, seed: int, images: Prepared, folder: Path) -> Job:
        asked = self.asked
        name = network.name if len(asked.seeds) == 1 else f"{network.name}-seed{seed}"
        macs = network.stats().totals.macs
        start = self._first(network, seed, asked.weights) if asked.weights else None
        return Job(name, network.graph, network.to_yaml(), seed, self.settings, images, folder, macs, start)

    def _first(self, network: api.Network, seed: int, file: Path) -> dict[str, Tensor]:
        """The weights of ``network`` with those of a file that fit, the rest drawn from ``seed``; that is said."""
        drawn = checks.drawn(network.graph, seed)
        found, remarks = api.given_weights(drawn, file, **self.reading._asdict())
        show(remarks)
        for line in found.lines():
            say(line)
        return dict(drawn.state_dict())

    def _record(self, jobs: Sequence[Job], images: Images, processes: int) -> dict[str, Any]:
        """What ``run.json`` says."""
        return {
            "settings": self.settings.to_dict(),
            "held_out": self.asked.held_out,
            "data": {"from": self.asked.data, "read": [checks.data_record(found) for found in images.values()]},
            "weights": str(self.asked.weights) if self.asked.weights else None,
            "runs": [
                {"name": job.name, "network": job.graph.name, "seed": job.seed, "spec": job.digest} for job in jobs
            ],
            "processes_of_one_network": processes,
            record.MACHINE: checks.machine_record(self.settings),
        }

    def _say(self, jobs: Sequence[Job], images: Images, says: str, at_once: int, processes: int) -> None:
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

    def _end(self, shown: Shown, jobs: Sequence[Job]) -> None:
        """The last figures and the files; exit code 1 where a training ended before its time."""
        shown.histories = {job.name: history_of(job) for job in jobs}
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


def _refuse_shared_files(jobs: Sequence[Job]) -> None:
    """Raise :class:`SpecError` where two trainings would write one file, such as the best of 'a' and 'a-best'."""
    owners: dict[Path, Job] = {}
    for job in jobs:
        for file in job.files:
            if owners.setdefault(file, job) is not job:
                message = f"'{owners[file].name}' and '{job.name}' would both write {file.name}"
                raise SpecError([Problem("duplicate-name", message, hint="give one another name: in its spec")])


def _title(networks: Sequence[api.Network], says: str) -> str:
    names = [network.name for network in networks]
    return f"{', '.join(names) if len(names) < 5 else f'{len(names)} networks'} on {says}"  # noqa: PLR2004 - a heading
