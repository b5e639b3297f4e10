"""What comes out of a training, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from netspec.errors.problem import Problem


class Epoch(NamedTuple):
    """One pass over the images that are learnt from; ``number`` counts from 1.

    ``train_loss`` and ``train_accuracy`` are means over the images as the network met them, in training mode and while
    it changed; ``loss`` and ``accuracy`` are those of the images held out, afterwards, in inference mode.
    ``seconds`` went by meanwhile, of which this process was busy for ``processor_seconds``, all threads together.
    """

    number: int
    lr: float
    train_loss: float
    train_accuracy: float
    loss: float
    accuracy: float
    seconds: float
    processor_seconds: float


class History(NamedTuple):
    """The epochs of one network trained from one seed; ``stopped`` says why there are fewer than were asked for."""

    network: str
    seed: int
    epochs: tuple[Epoch, ...] = ()
    stopped: str = ""

    @property
    def name(self) -> str:
        """The network and the seed."""
        return f"{self.network}, seed {self.seed}"

    @property
    def best(self) -> Epoch | None:
        """The epoch with the lowest held-out loss, the first of equal ones."""
        return min(self.epochs, key=lambda epoch: epoch.loss, default=None)

    def waited(self) -> int:
        """How many epochs have gone by since the best one."""
        return self.epochs[-1].number - self.best.number if self.best else 0

    def records(self) -> Iterator[dict[str, Any]]:
        """A row for each epoch."""
        for epoch in self.epochs:
            yield {
                "network": self.network,
                "seed": self.seed,
                "epoch": epoch.number,
                "lr": epoch.lr,
                "train_loss": epoch.train_loss,
                "train_accuracy": epoch.train_accuracy,
                "held_out_loss": epoch.loss,
                "held_out_accuracy": epoch.accuracy,
                "seconds": round(epoch.seconds, 3),
                "processor_seconds": round(epoch.processor_seconds, 3),
            }


class Progress(NamedTuple):
    """How far a run has come: ``done`` of ``all`` batches, in the epoch that has this ``number``."""

    number: int
    done: int
    all: int


class Failure(NamedTuple):
    """Why a run has ended before its last epoch, and not because it was asked to."""

    problem: Problem


Event = Progress | Epoch | Failure
"""What a run tells of itself while it goes on."""
