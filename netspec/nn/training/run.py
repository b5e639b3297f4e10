"""One training: a network, a seed, and epochs from where it stands to the last."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from netspec.errors.problem import Problem
from netspec.graph.graph import Graph
from netspec.nn import artefact
from netspec.nn.build import module as built
from netspec.nn.training import batches, objective, shares, state
from netspec.nn.training.prepared import Prepared
from netspec.training.history import Epoch, Event, Failure, History, Progress
from netspec.training.settings import Settings

Tell = Callable[[Event], None]
IMAGES = 4
"""Axes of a tensor that may have its channels last."""


class Job(NamedTuple):
    """All that one training needs; it can be pickled.

    ``text`` is the resolved spec of ``graph``, which artefacts hold. ``folder`` is where files go, called ``name``.
    ``start`` are weights to begin with, the spec's own first values if there are none.
    """

    name: str
    graph: Graph
    text: str
    seed: int
    settings: Settings
    images: Prepared
    folder: Path
    macs: int
    start: dict[str, Tensor] | None = None

    @property
    def artefact(self) -> Path:
        """The network with its weights after the last epoch."""
        return self.folder / f"{self.name}.safetensors"

    @property
    def best(self) -> Path:
        """The network with its weights after the epoch with the lowest held-out loss, where patience ends trainings."""
        return self.folder / f"{self.name}-best.safetensors"

    @property
    def state(self) -> Path:
        """What the training goes on from."""
        return self.folder / f"{self.name}.state.safetensors"

    @property
    def files(self) -> list[Path]:
        """All that it writes alone."""
        return [self.artefact, self.state, *([self.best] if self.settings.patience else [])]

    @property
    def digest(self) -> str:
        """SHA-256 of the resolved spec."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def cost(self) -> int:
        """Multiply-adds of all epochs, of which training takes three times those of inference."""
        images = self.images
        return self.settings.epochs * self.macs * (3 * len(images.learn) + len(images.held))


@contextmanager
def machine(settings: Settings) -> Iterator[None]:
    """The threads that a training has, and only algorithms that give the same result again."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(settings.threads)
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(mode=strict)


def history_of(job: Job) -> History:
    """What has happened of ``job`` so far, by its state on the disk. Raises :class:`SpecError` for a broken one."""
    if not job.state.exists():
        return History(job.graph.name, job.seed)
    return state.read(job.state, job.digest).history


def run(job: Job, tell: Tell, share: batches.Share = batches.Share()) -> History:  # noqa: B008 - it cannot change
    """Train from where ``job`` stands to the last epoch, and tell of every batch and epoch.

    After each epoch the state and the artefact are written, by the first of several processes that train one network.
    """
    with machine(job.settings):
        return _Run(job, tell, share).to_the_end()


class _Run:
    def __init__(self, job: Job, tell: Tell, share: batches.Share) -> None:
        settings = job.settings
        self.job, self.tell, self.share = job, tell, share
        self.device = torch.device(settings.device)
        self.head = objective.head(job.graph, len(job.images.classes)).name
        torch.manual_seed(batches.epoch_seed(job.seed, batches.MOST_EPOCHS - 1))
        own = built(job.graph, outputs="all")
        if job.start is not None:
            own.load_state_dict(job.start)
        form = torch.channels_last if settings.channels_last else torch.contiguous_format
        self.own = own.to(self.device)
        for value in self.own.parameters():
            if value.dim() == IMAGES:
                value.data = value.data.contiguous(memory_format=form)
        self.optimizer = optimizer(self.own, settings)
        self.history = History(job.graph.name, job.seed)
        if job.state.exists():
            found = state.read(job.state, job.digest)
            state.give(job.state, found, self.own, self.optimizer)
            self.history = found.history
        self.scheduler = schedule(self.optimizer, settings, len(self.history.epochs))
        self.module = shares.shared(self.own, share)

    def to_the_end(self) -> History:
        """All epochs that are left, or those before the loss is no number or patience is at an end."""
        job, settings = self.job, self.job.settings
        if self.history.epochs and self.share.rank == 0:
            self._write_artefact()
        while len(self.history.epochs) < settings.epochs and not self.history.stopped:
            epoch = self._epoch(len(self.history.epochs))
            if epoch is None:
                break
            history = self.history._replace(epochs=(*self.history.epochs, epoch))
            if settings.patience and history.waited() >= settings.patience:
                history = history._replace(stopped=f"no lower held-out loss in {settings.patience} epochs")
            self.history = history
            if self.share.rank == 0:
                state.save(job.state, self.own, self.optimizer, history, job.digest)
                self._write_artefact()
            self.tell(epoch)
        return self.history

    def _write_artefact(self) -> None:
        """The network as it is, and once more under another name where it is the best so far."""
        artefact.save(self.own.state_dict(), self.job.text, self.job.artefact)
        if self.job.settings.patience and self.history.best == self.history.epochs[-1]:
            artefact.save(self.own.state_dict(), self.job.text, self.job.best)

    def _epoch(self, number: int) -> Epoch | None:
        """One epoch, counted from 0; None where the loss became no number, which is told."""
        job, settings, images = self.job, self.job.settings, self.job.images
        begin, busy = perf_counter(), process_time()
        torch.manual_seed(batches.epoch_seed(job.seed, number) + self.share.rank * batches.MOST_EPOCHS**2)
        drawn = batches.draws(job.seed, number, len(images.learn), settings)
        loader = batches.learning(images.learn, images.normalisation, settings, drawn, self.share)
        rate = float(self.scheduler.get_last_lr()[0])
        self.module.train()
        learnt = objective.Sums()
        for place, (pixels, labels) in enumerate(self._here(loader)):
            self.tell(Progress(number + 1, place, len(loader)))
            loss = objective.loss(self.module(pixels), labels, self.head, settings.aux_weight)
            learnt.add(loss, labels)
            if not isfinite(shares.mean(float(loss.total.detach()), self.share)):
                self.tell(Failure(_diverged(job, number + 1, place + 1)))
                return None
            self.optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss.total)
            self.optimizer.step()
        self.scheduler.step()
        held = self._held_out()
        means = (*shares.means(learnt, self.share), *shares.means(held, self.share))
        return Epoch(number + 1, rate, *means, perf_counter() - begin, process_time() - busy)

    def _held_out(self) -> objective.Sums:
        """What the network makes of this process's share of the images held out."""
        job = self.job
        loader = batches.held_out(job.images.held, job.images.normalisation, job.settings, self.share)
        shares.same_buffers(self.own, self.share)
        self.own.eval()
        sums = objective.Sums()
        with torch.inference_mode():
            for pixels, labels in self._here(loader):
                sums.add(objective.loss(self.own(pixels), labels, self.head, 0.0), labels)
        return sums

    def _here(self, loader: batches.Loader) -> Iterator[batches.Batch]:
        """The batches of ``loader`` where the network is."""
        for pixels, labels in loader:
            yield pixels.to(self.device), labels.to(self.device)


def optimizer(module: nn.Module, settings: Settings) -> Optimizer:
    """The optimiser of all parameters of ``module``; the decay is that of all of them, as in the papers."""
    rate, decay = settings.rate, settings.decay
    if settings.optimizer == "sgd":
        return SGD(module.parameters(), rate, settings.momentum, weight_decay=decay, nesterov=settings.nesterov)
    kind = Adam if settings.optimizer == "adam" else AdamW
    return kind(module.parameters(), rate, weight_decay=decay)


def schedule(optimizer: Optimizer, settings: Settings, done: int) -> LambdaLR:
    """The learning rate of each epoch, from the one after ``done``: it follows from its number alone."""
    for group in optimizer.param_groups:
        group["initial_lr"] = settings.rate
    return LambdaLR(optimizer, settings.factor, last_epoch=done - 1)


def _diverged(job: Job, epoch: int, batch: int) -> Problem:
    message = f"{job.name}: the loss is no number any more at epoch {epoch}, batch {batch}"
    return Problem("not-finite", message, hint=f"a smaller --lr than {job.settings.rate:g}, or --warmup")
