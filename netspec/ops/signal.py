"""What an operation does to the moments of a signal, as data: the kinds of rules that :mod:`netspec.signal` knows."""

from collections.abc import Sequence
from typing import NamedTuple


class Unknown(NamedTuple):
    """No rule would be right, for a ``reason`` that is a sentence's end: ``... does not say``."""

    reason: str


class Mix(NamedTuple):
    """Sums over the window and the channels of a group, each value times a weight of its own; then a bias.

    ``weight`` and ``bias`` are the names of the tensors, which torch draws uniformly up to 1 / sqrt(fan in) where no
    scheme says otherwise.
    """

    weight: str = "weight"
    bias: str = "bias"


class Scatter(NamedTuple):
    """Spreads each value over the window of the output that it reaches, with weights; then a bias, as :class:`Mix`."""

    weight: str = "weight"
    bias: str = "bias"


class Rectify(NamedTuple):
    """x where positive, ``slope`` times x elsewhere."""

    slope: float = 0.0


class RectifyBy(NamedTuple):
    """x where positive, times the tensor ``weight`` elsewhere, which is ``otherwise`` unless a scheme says so."""

    weight: str = "weight"
    otherwise: float = 0.25


class Bend(NamedTuple):
    """A ``function`` of each value, one of those that :mod:`netspec.signal.curves` knows, with its numbers."""

    function: str
    parameters: tuple[float, ...] = ()


class Normalise(NamedTuple):
    """Each channel less its mean over batch and positions, divided by its deviation; ``eps`` is added to the square.

    Then a factor and a term for each channel, the tensors ``weight`` and ``bias``, ones and zeros unless a scheme says
    otherwise.
    """

    eps: float


class NormaliseWithin(NamedTuple):
    """Each of ``groups`` of channels of one image less its mean, divided by its deviation; ``eps`` as of a norm.

    Over all ``positions``, or at each for itself. Then a factor and a term for each channel.
    """

    groups: int
    positions: bool
    eps: float


class Affine(NamedTuple):
    """A factor and a term for each channel, the tensors ``weight`` and ``bias``, ones and zeros by default."""


class Respond(NamedTuple):
    """Each value over (``k`` + ``alpha`` times the mean square of ``size`` neighbours) to the power ``beta``."""

    size: int
    alpha: float
    beta: float
    k: float


class Average(NamedTuple):
    """The mean of each window; ``divisor`` replaces the number of positions that a sum is divided by.

    Where padding does not count, it is the number of positions in the map.
    """

    counts_padding: bool = True
    divisor: int | None = None


class Largest(NamedTuple):
    """The largest value of each window."""


class Same(NamedTuple):
    """The same values, perhaps at other places, some positions left out, or with as many channels of zeros after them.

    ``before`` and ``after`` count these channels.
    """

    before: int = 0
    after: int = 0


Taps = tuple[tuple[tuple[int, float], ...], ...]
"""For each position of an axis the elements that it is a sum of, each with its weight."""


class Resample(NamedTuple):
    """Sums of elements of a map with fixed weights on each of the ``axes``; a second input says the size alone."""

    axes: tuple[Taps, ...]


class Choose(NamedTuple):
    """The ``channels`` that are listed, in that order."""

    channels: Sequence[int]


class Deal(NamedTuple):
    """The same channels in another order."""


class Drop(NamedTuple):
    """Zeroes a ``share`` of elements in training, or of ``whole`` channels, and divides the others by what is left."""

    share: float
    whole: bool = False


class Sum(NamedTuple):
    """The sum of the inputs, element by element."""


class Weigh(NamedTuple):
    """The sum of the inputs, element by element, each times one of the ``factors``."""

    factors: tuple[float, ...]


class Times(NamedTuple):
    """Each value times a ``factor``."""

    factor: float


class Product(NamedTuple):
    """The product of the inputs, element by element; one channel or position is repeated over those of the others."""


class Stack(NamedTuple):
    """The channels of the inputs one after the other."""


SignalRule = (
    Unknown
    | Mix
    | Scatter
    | Rectify
    | RectifyBy
    | Bend
    | Normalise
    | NormaliseWithin
    | Affine
    | Respond
    | Average
    | Largest
    | Same
    | Resample
    | Choose
    | Deal
    | Drop
    | Sum
    | Weigh
    | Times
    | Product
    | Stack
)
