"""Initialisation schemes as data: which function of ``torch.nn.init`` with which arguments."""

from abc import ABC, abstractmethod
from functools import cache
from math import erf, exp, pi, prod, sqrt
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, InstanceOf, ValidationError, model_validator

from netspec.ops.facts import Shape, Tensor
from netspec.ops.fields import Number, Positive

Mode = Literal["fan_in", "fan_out"]


GAINS = {"relu": sqrt(2), "leaky_relu": sqrt(2), "linear": 1.0, "tanh": 5 / 3, "sigmoid": 1.0, "selu": 3 / 4}
"""The factor of a deviation that torch has for what follows (``torch.nn.init.calculate_gain``)."""


class Drawn(NamedTuple):
    """Mean and variance of an element, and the variance of its square over the square of its variance."""

    mean: float
    variance: float
    tails: float = 0.0

    @property
    def square(self) -> float:
        """The second moment of an element."""
        return self.mean**2 + self.variance


NORMAL, UNIFORM = 2.0, 0.8
"""The tails of normal and of uniform values."""


def fans(shape: Shape) -> tuple[int, int]:
    """How many elements one output is made of, and how many are made of one input, as torch counts both."""
    positions = prod(shape[2:])
    return shape[1] * positions, shape[0] * positions


class Scheme(BaseModel, ABC):
    """How the elements of a tensor start; fields are the YAML parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    function: ClassVar[str]
    """Dotted name of the function, called with the tensor and :meth:`arguments`."""
    least_axes: ClassVar[int] = 0
    """Axes that a tensor must have: without inputs and outputs there is no fan."""
    draws: ClassVar[bool] = True
    """Whether elements are drawn, which makes them decimals."""

    def objection(self, tensor: Tensor) -> str:
        """Why ``tensor`` cannot start so; empty where it can."""
        if len(tensor.shape) < self.least_axes:
            return f"is for tensors with at least {self.least_axes} axes, and this has {len(tensor.shape)}"
        if self.draws and not tensor.shape and not tensor.trainable:
            return "draws decimals, and this is a counter"
        return ""

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of the function."""
        return self.model_dump()

    @abstractmethod
    def moments(self, shape: Shape) -> Drawn:
        """Mean and variance of an element of a tensor of ``shape``."""


class KaimingNormal(Scheme):
    """Normal with the deviation gain / sqrt(fan) (He et al. 2015, arXiv:1502.01852)."""

    function: ClassVar[str] = "torch.nn.init.kaiming_normal_"
    least_axes: ClassVar[int] = 2
    mode: Mode = "fan_in"
    nonlinearity: Literal["relu", "leaky_relu", "linear", "tanh", "sigmoid", "selu"] = "relu"

    def moments(self, shape: Shape) -> Drawn:
        """Gain² / fan."""
        return Drawn(0.0, GAINS[self.nonlinearity] ** 2 / fans(shape)[self.mode == "fan_out"], NORMAL)


class KaimingUniform(Scheme):
    """Uniform with the deviation gain / sqrt(fan) (He et al. 2015, arXiv:1502.01852)."""

    function: ClassVar[str] = "torch.nn.init.kaiming_uniform_"
    least_axes: ClassVar[int] = 2
    mode: Mode = "fan_in"
    nonlinearity: Literal["relu", "leaky_relu", "linear", "tanh", "sigmoid", "selu"] = "relu"

    def moments(self, shape: Shape) -> Drawn:
        """Gain² / fan."""
        return Drawn(0.0, GAINS[self.nonlinearity] ** 2 / fans(shape)[self.mode == "fan_out"], UNIFORM)


class XavierNormal(Scheme):
    """Normal with the deviation gain sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio 2010)."""

    function: ClassVar[str] = "torch.nn.init.xavier_normal_"
    least_axes: ClassVar[int] = 2
    gain: Positive = 1.0

    def moments(self, shape: Shape) -> Drawn:
        """2 gain² / (fan in + fan out)."""
        return Drawn(0.0, 2 * self.gain**2 / sum(fans(shape)), NORMAL)


class XavierUniform(Scheme):
    """Uniform with the deviation gain sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio 2010)."""

    function: ClassVar[str] = "torch.nn.init.xavier_uniform_"
    least_axes: ClassVar[int] = 2
    gain: Positive = 1.0

    def moments(self, shape: Shape) -> Drawn:
        """2 gain² / (fan in + fan out)."""
        return Drawn(0.0, 2 * self.gain**2 / sum(fans(shape)), UNIFORM)


class Normal(Scheme):
    """Normal with ``std`` and ``mean``."""

    function: ClassVar[str] = "torch.nn.init.normal_"
    std: Positive = 1.0
    mean: Number = 0.0

    def moments(self, shape: Shape) -> Drawn:
        """``mean`` and ``std``²."""
        return Drawn(self.mean, self.std**2, NORMAL)


Between = TypeVar("Between", "TruncNormal", "Uniform")


def ordered(scheme: Between) -> Between:
    """``scheme``, whose ``low`` must not be above its ``high``."""
    if scheme.low > scheme.high:
        expected = f"a low that is not above its high, {scheme.low:g} above {scheme.high:g}"
        raise ValueError(expected)
    return scheme


class TruncNormal(Scheme):
    """Normal with ``std`` and ``mean``, redrawn outside ``low`` to ``high``."""

    function: ClassVar[str] = "torch.nn.init.trunc_normal_"
    std: Positive = 1.0
    mean: Number = 0.0
    low: Number = -2.0
    high: Number = 2.0

    @model_validator(mode="after")
    def _ordered(self) -> "TruncNormal":
        return ordered(self)

    def moments(self, shape: Shape) -> Drawn:
        """Those of the normal distribution between ``low`` and ``high``."""
        low, high = (self.low - self.mean) / self.std, (self.high - self.mean) / self.std
        heights = [exp(-0.5 * end * end) / sqrt(2 * pi) for end in (low, high)]
        share = 0.5 * (erf(high / sqrt(2)) - erf(low / sqrt(2)))
        if share <= 0:
            return Drawn((self.low + self.high) / 2, (self.high - self.low) ** 2 / 12, UNIFORM)
        moved = (heights[0] - heights[1]) / share
        variance = 1 + (low * heights[0] - high * heights[1]) / share - moved**2
        return Drawn(self.mean + self.std * moved, self.std**2 * variance, NORMAL)

    def arguments(self) -> dict[str, Any]:
        """As torch names them."""
        return {"std": self.std, "mean": self.mean, "a": self.low, "b": self.high}


class Uniform(Scheme):
    """Uniform from ``low`` to ``high``."""

    function: ClassVar[str] = "torch.nn.init.uniform_"
    low: Number = 0.0
    high: Number = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> "Uniform":
        return ordered(self)

    def moments(self, shape: Shape) -> Drawn:
        """The middle, and a twelfth of the square of the width."""
        return Drawn((self.low + self.high) / 2, (self.high - self.low) ** 2 / 12, UNIFORM)

    def arguments(self) -> dict[str, Any]:
        """As torch names them."""
        return {"a": self.low, "b": self.high}


class Orthogonal(Scheme):
    """A (semi-)orthogonal matrix (Saxe et al. 2013)."""

    function: ClassVar[str] = "torch.nn.init.orthogonal_"
    least_axes: ClassVar[int] = 2
    gain: Positive = 1.0

    def moments(self, shape: Shape) -> Drawn:
        """Rows or columns of length gain."""
        return Drawn(0.0, self.gain**2 / max(shape[0], prod(shape[1:])), NORMAL)


class Constant(Scheme):
    """All elements ``value``."""

    function: ClassVar[str] = "torch.nn.init.constant_"
    draws: ClassVar[bool] = False
    value: Number

    def moments(self, shape: Shape) -> Drawn:
        """``value``."""
        return Drawn(self.value, 0.0)

    def arguments(self) -> dict[str, Any]:
        """As torch names it."""
        return {"val": self.value}


class Zeros(Scheme):
    """All elements 0."""

    function: ClassVar[str] = "torch.nn.init.zeros_"
    draws: ClassVar[bool] = False

    def moments(self, shape: Shape) -> Drawn:
        """0."""
        return Drawn(0.0, 0.0)


class Ones(Scheme):
    """All elements 1."""

    function: ClassVar[str] = "torch.nn.init.ones_"
    draws: ClassVar[bool] = False

    def moments(self, shape: Shape) -> Drawn:
        """1."""
        return Drawn(1.0, 0.0)


SCHEMES: dict[str, type[Scheme]] = {
    "kaiming_normal": KaimingNormal,
    "kaiming_uniform": KaimingUniform,
    "xavier_normal": XavierNormal,
    "xavier_uniform": XavierUniform,
    "normal": Normal,
    "trunc_normal": TruncNormal,
    "uniform": Uniform,
    "orthogonal": Orthogonal,
    "constant": Constant,
    "zeros": Zeros,
    "ones": Ones,
}
"""Word in ``init:`` -> scheme."""


def scheme_of(value: Any) -> Any:
    """A scheme from its word, or from its word with values; any other value as it is."""
    if isinstance(value, str):
        value = {value: {}}
    if not isinstance(value, dict) or len(value) != 1:
        return value
    ((word, given),) = value.items()
    scheme = SCHEMES.get(word)
    if scheme is None:
        expected = f"one of {', '.join(SCHEMES)}"
        raise ValueError(expected)
    try:
        return scheme(**(given if isinstance(given, dict) else {next(iter(scheme.model_fields), ""): given}))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        expected = f"a {word} whose values fit: {first['msg'].lower()}"
        raise ValueError(expected) from None


Start = Annotated[InstanceOf[Scheme] | None, BeforeValidator(scheme_of)]
"""How a tensor starts, where its layer says so: ``zeros``, ``{constant: 0.1}``."""


@cache
def start_fields(model: type[BaseModel]) -> frozenset[str]:
    """The fields of ``model`` that say how a tensor starts."""
    return frozenset(
        name
        for name, field in model.model_fields.items()
        if any(getattr(one, "func", None) is scheme_of for one in field.metadata)
    )
