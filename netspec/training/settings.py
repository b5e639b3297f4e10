"""How a network is trained: every choice, with the defaults of the papers that netspec's networks come from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import cos, pi
from typing import Any, Literal, NamedTuple

OptimizerName = Literal["sgd", "adam", "adamw"]
Schedule = Literal["steps", "cosine", "constant"]


class Usual(NamedTuple):
    """What an optimiser begins with where nothing else is said."""

    lr: float
    weight_decay: float


OPTIMIZERS: dict[str, Usual] = {"sgd": Usual(0.1, 1e-4), "adam": Usual(1e-3, 0.0), "adamw": Usual(1e-3, 1e-2)}
"""Of SGD those of He et al. 2015 and Huang et al. 2017, of Adam those of Kingma and Ba 2015, of AdamW those of
Loshchilov and Hutter 2019."""
SCHEDULES: tuple[str, ...] = ("steps", "cosine", "constant")
STEPS = (0.5, 0.75)
"""Where the learning rate is divided by ten: He et al. 2015, section 4.2, and Huang et al. 2017, section 4.2."""
DIVISOR = 10.0


@dataclass(frozen=True, slots=True)
class Settings:
    """All that decides, beside network, images, seed and machine, what comes out of a training.

    ``lr`` and ``weight_decay`` are the optimiser's usual ones where they are None. ``warmup`` epochs come before the
    schedule has its full rate. ``pad`` pixels of zeros are put around an image before a part of its size is cut out of
    it, and ``flip`` mirrors every second one. ``patience`` epochs without a lower held-out loss end the training; 0 is
    none. ``aux_weight`` is what the loss of an auxiliary head counts (Szegedy et al. 2014, section 5).
    """

    epochs: int = 10
    batch: int = 128
    optimizer: OptimizerName = "sgd"
    lr: float | None = None
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float | None = None
    schedule: Schedule = "steps"
    warmup: int = 0
    flip: bool = False
    pad: int = 0
    patience: int = 0
    aux_weight: float = 0.3
    threads: int = 1
    channels_last: bool = False
    device: str = "cpu"

    @property
    def rate(self) -> float:
        """The full learning rate."""
        return OPTIMIZERS[self.optimizer].lr if self.lr is None else self.lr

    @property
    def decay(self) -> float:
        """The weight decay."""
        return OPTIMIZERS[self.optimizer].weight_decay if self.weight_decay is None else self.weight_decay

    def factor(self, epoch: int) -> float:
        """What the full learning rate is multiplied by in an epoch, counted from 0."""
        if epoch < self.warmup:
            return (epoch + 1) / (self.warmup + 1)
        if self.schedule == "cosine":
            length = max(self.epochs - self.warmup, 1)
            return 0.5 * (1 + cos(pi * (epoch - self.warmup) / length))
        if self.schedule == "steps":
            return DIVISOR ** -sum(epoch >= part * self.epochs for part in STEPS)
        return 1.0

    def to_dict(self) -> dict[str, Any]:
        """Every choice by its name, those that were left to the optimiser too."""
        return {**asdict(self), "lr": self.rate, "weight_decay": self.decay}

    def said(self) -> str:
        """The choices in a line."""
        way = f"{self.optimizer}, learning rate {self.rate:g}"
        if self.optimizer == "sgd":
            way += f", momentum {self.momentum:g}{' (Nesterov)' * self.nesterov}"
        way += f", weight decay {self.decay:g}; "
        way += {
            "steps": f"divided by {DIVISOR:g} at half and three quarters",
            "cosine": "falling as a cosine",
            "constant": "constant",
        }[self.schedule]
        way += f", {self.warmup} epochs of warmup" if self.warmup else ""
        images = [f"cut out of {self.pad} pixels of zeros around them"] * bool(self.pad) + ["mirrored"] * self.flip
        return f"{way}; batches of {self.batch}; images {' and '.join(images) if images else 'as they are'}"
