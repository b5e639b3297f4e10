"""What is known of a signal at each operation, predicted or measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, isfinite, log, sqrt
from typing import NamedTuple


class Draw(NamedTuple):
    """Moments of one initialisation at one operation.

    ``square`` is the mean of the squares of its output over images, channels and positions, ``mean_square`` the mean
    over channels of the square of a channel's mean. ``gradient`` is the second moment of the gradient of its output,
    that of the network's outputs being 1, and ``factor`` how much larger that of what it passes back is. None where no
    gradient arrives.
    """

    square: float
    mean_square: float
    gradient: float | None
    factor: float | None


class Spread(NamedTuple):
    """A figure over initialisations: its mean, its geometric mean, and the deviation of its logarithm."""

    mean: float
    typical: float
    deviation: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread | None:
        """That of ``values``; None where there are none, or one is larger than float32 can hold."""
        if not values or not all(map(isfinite, values)):
            return None
        mean = sum(values) / len(values)
        if min(values) <= 0:
            return cls(mean, 0.0, 0.0)
        logs = [log(value) for value in values]
        middle = sum(logs) / len(logs)
        varied = sum([(one - middle) ** 2 for one in logs]) / max(1, len(logs) - 1)
        return cls(mean, exp(middle), sqrt(varied))


class Measured(NamedTuple):
    """Moments by the names of operations, for each of several initialisations; ``said`` is of which images."""

    draws: tuple[Mapping[str, Draw], ...]
    said: str

    def spread(self, name: str, figure: str) -> Spread | None:
        """The ``figure`` of an operation, a field of :class:`Draw`; None where it was not measured."""
        values = [getattr(draw[name], figure) for draw in self.draws if name in draw]
        return Spread.of([value for value in values if value is not None])


class Signal(NamedTuple):
    """What is predicted at one operation; each figure is None where nothing can be said, and ``reason`` says why.

    As in :class:`Draw`, in the mean over initialisations. ``log_variance`` and ``gradient_log_variance`` are the
    variances of the logarithms of the square and of the gradient, over initialisations.
    """

    square: float | None
    mean_square: float | None
    log_variance: float | None
    gradient: float | None
    factor: float | None
    reason: str = ""
    gradient_log_variance: float | None = None

    @property
    def typical_square(self) -> float | None:
        """The exponential of the mean of the logarithm of the square, which is normal over initialisations."""
        return _typical(self.square, self.log_variance)

    @property
    def typical_gradient(self) -> float | None:
        """The same of the gradient."""
        return _typical(self.gradient, self.gradient_log_variance)


def _typical(mean: float | None, log_variance: float | None) -> float | None:
    return None if mean is None or log_variance is None else mean * exp(-log_variance / 2)


class Prediction(NamedTuple):
    """What is predicted of a network for so many images at once, by the names of operations."""

    network: str
    batch: int
    signals: Mapping[str, Signal]
