"""Initialisation schemes as data: which function of ``torch.nn.init`` with which arguments."""

from functools import cache
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, InstanceOf, ValidationError, model_validator

from netspec.ops.facts import Tensor
from netspec.ops.fields import Number, Positive

Mode = Literal["fan_in", "fan_out"]


class Scheme(BaseModel):
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


class KaimingNormal(Scheme):
    """Normal with the deviation gain / sqrt(fan) (He et al. 2015, arXiv:1502.01852)."""

    function: ClassVar[str] = "torch.nn.init.kaiming_normal_"
    least_axes: ClassVar[int] = 2
    mode: Mode = "fan_in"
    nonlinearity: Literal["relu", "leaky_relu", "linear", "tanh", "sigmoid", "selu"] = "relu"


class KaimingUniform(Scheme):
    """Uniform with the deviation gain / sqrt(fan) (He et al. 2015, arXiv:1502.01852)."""

    function: ClassVar[str] = "torch.nn.init.kaiming_uniform_"
    least_axes: ClassVar[int] = 2
    mode: Mode = "fan_in"
    nonlinearity: Literal["relu", "leaky_relu", "linear", "tanh", "sigmoid", "selu"] = "relu"


class XavierNormal(Scheme):
    """Normal with the deviation gain sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio 2010)."""

    function: ClassVar[str] = "torch.nn.init.xavier_normal_"
    least_axes: ClassVar[int] = 2
    gain: Positive = 1.0


class XavierUniform(Scheme):
    """Uniform with the deviation gain sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio 2010)."""

    function: ClassVar[str] = "torch.nn.init.xavier_uniform_"
    least_axes: ClassVar[int] = 2
    gain: Positive = 1.0


class Normal(Scheme):
    """Normal with ``std`` and ``mean``."""

    function: ClassVar[str] = "torch.nn.init.normal_"
    std: Positive = 1.0
    mean: Number = 0.0


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

    def arguments(self) -> dict[str, Any]:
        """As torch names them."""
        return {"a": self.low, "b": self.high}


class Orthogonal(Scheme):
    """A (semi-)orthogonal matrix (Saxe et al. 2013)."""

    function: ClassVar[str] = "torch.nn.init.orthogonal_"
    least_axes: ClassVar[int] = 2
    gain: Positive = 1.0


class Constant(Scheme):
    """All elements ``value``."""

    function: ClassVar[str] = "torch.nn.init.constant_"
    draws: ClassVar[bool] = False
    value: Number

    def arguments(self) -> dict[str, Any]:
        """As torch names it."""
        return {"val": self.value}


class Zeros(Scheme):
    """All elements 0."""

    function: ClassVar[str] = "torch.nn.init.zeros_"
    draws: ClassVar[bool] = False


class Ones(Scheme):
    """All elements 1."""

    function: ClassVar[str] = "torch.nn.init.ones_"
    draws: ClassVar[bool] = False


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
