"""What ``netspec train`` shows and writes while it goes on: a line for each epoch, the time left, the curves so far."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from netspec import files
from netspec.commands.options import show
from netspec.commands.output import say
from netspec.errors.problem import SpecError
from netspec.report.csv_table import csv_table
from netspec.report.page import Screen
from netspec.report.training import TrainingReport, duration, loss_text, percent
from netspec.report.training_chart import svg
from netspec.training.history import Epoch, Event, Failure, History, Progress

if TYPE_CHECKING:
    from netspec.nn.training.run import Job

TABLE, PICTURE = "history.csv", "curves.svg"
PAUSE = 0.2
"""Seconds between two changes of the line that says how far a training is."""
WIPE = "\r\x1b[K"


class Shown:
    """Hears what trainings tell. ``failed`` is whether one of them has ended before its time."""

    def __init__(self, folder: Path, jobs: Sequence[Job], histories: Sequence[History], title: str) -> None:
        self.folder, self.jobs, self.title = folder, jobs, title
        self.histories = {job.name: history for job, history in zip(jobs, histories, strict=True)}
        self.failed = False
        self._parts = {job.name: len(self.histories[job.name].epochs) / job.settings.epochs for job in jobs}
        self._begun, self._before = monotonic(), self._done()
        self._last = 0.0
        self._is_live = sys.stderr.isatty()
        self._wide = max(len(history.name) for history in self.histories.values())

    def told(self, job: Job, event: Event) -> None:
        """One more batch, or an epoch, or the end of a training that failed."""
        history = self.histories[job.name]
        if isinstance(event, Progress):
            self._parts[job.name] = (event.number - 1 + event.done / event.all) / job.settings.epochs
            self._status(
                f"{history.name}: epoch {event.number} of {job.settings.epochs}, batch {event.done + 1} of {event.all}"
            )
        elif isinstance(event, Failure):
            self.failed = True
            self._wipe()
            show([event.problem])
        else:
            self.histories[job.name] = history._replace(epochs=(*history.epochs, event))
            self._parts[job.name] = event.number / job.settings.epochs
            self.write()
            self._wipe()
            say(self._line(history.name, event, job.settings.epochs))

    def write(self) -> None:
        """The table and the curves of all epochs so far, each whole or not at all."""
        report = TrainingReport([*self.histories.values()])
        files.write("".join(csv_table(report, Screen())).encode(), self.folder / TABLE)
        files.write(svg(report.histories, self.title), self.folder / PICTURE)

    @contextmanager
    def saying_how_to_go_on(self) -> Iterator[None]:
        """Where the user, the system or a failure ends all, say that nothing is lost but an epoch that was begun."""
        try:
            yield
        except (KeyboardInterrupt, SystemExit, SpecError):
            self._wipe()
            epochs = ", ".join([f"{one.name}: {len(one.epochs)}" for one in self.histories.values()])
            say(f"stopped; whole epochs are in {self.folder} ({epochs}); --resume goes on from there", err=True)
            raise

    def _line(self, name: str, epoch: Epoch, epochs: int) -> str:
        digits = len(str(epochs))
        learnt = f"loss {loss_text(epoch.train_loss)}  {percent(epoch.train_accuracy):>8}"
        held = f"held out {loss_text(epoch.loss)}  {percent(epoch.accuracy):>8}"
        return f"{name:<{self._wide}}  epoch {epoch.number:>{digits}}/{epochs}  {learnt}  {held}  {self._left()}"

    def _done(self) -> float:
        """The part of all work that is done."""
        whole = float(sum(job.cost for job in self.jobs))
        return float(sum(job.cost * self._parts[job.name] for job in self.jobs)) / whole

    def _left(self) -> str:
        done = self._done()
        if done >= 1 or done <= self._before:
            return ""
        seconds = (monotonic() - self._begun) * (1 - done) / (done - self._before)
        return f"{duration(seconds)} left"

    def _status(self, text: str) -> None:
        """Show how far a training is, on a terminal, and not so often that it would take time."""
        if self._is_live and monotonic() - self._last > PAUSE:
            self._last = monotonic()
            click.echo(f"{WIPE}{text}  {self._left()}", nl=False, err=True)

    def _wipe(self) -> None:
        if self._is_live:
            click.echo(WIPE, nl=False, err=True)
