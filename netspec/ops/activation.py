"""Activations: elementwise functions, one word each, and the softmaxes."""

from math import prod
from typing import ClassVar

from netspec.facts import Cost, Family, Layer, Shape, Tensor, positions
from netspec.ops.operation import Number, Operation, Positive
from netspec.ops.space import Kept, Space, output_kept


def compared(_: Operation, output: Shape, *inputs: Shape) -> Cost:
    """One compare for each element: piecewise linear functions."""
    return Cost(compares=output[0] * positions(output))


def exponentiated(_: Operation, output: Shape, *inputs: Shape) -> Cost:
    """One exponential or error function, or a division after one, for each element."""
    return Cost(transcendentals=output[0] * positions(output))


class Relu(Operation):
    """max(x, 0)."""

    word: ClassVar[str] = "relu"
    family: ClassVar[Family] = Family.ACTIVATION
    cost = compared
    kept = output_kept

    @property
    def in_place(self) -> bool:
        """Always."""
        return True

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.ReLU``."""
        return Layer("torch.nn.ReLU", {})

    def label(self) -> str:
        """``ReLU``."""
        return "ReLU"


class Relu6(Operation):
    """min(max(x, 0), 6)."""

    word: ClassVar[str] = "relu6"
    family: ClassVar[Family] = Family.ACTIVATION
    cost = compared

    @property
    def in_place(self) -> bool:
        """Always."""
        return True

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.ReLU6``."""
        return Layer("torch.nn.ReLU6", {})


class LeakyRelu(Operation):
    """x where positive, ``slope`` times x elsewhere."""

    word: ClassVar[str] = "leaky_relu"
    family: ClassVar[Family] = Family.ACTIVATION
    cost = compared

    slope: Number = 0.01

    @property
    def in_place(self) -> bool:
        """Not with a negative slope, whose gradient needs the input."""
        return self.slope >= 0

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.LeakyReLU``."""
        return Layer("torch.nn.LeakyReLU", {"negative_slope": self.slope})


class Prelu(Operation):
    """x where positive, a trainable slope times x elsewhere; one slope, or one for each channel (He et al. 2015)."""

    word: ClassVar[str] = "prelu"
    family: ClassVar[Family] = Family.ACTIVATION
    cost = compared

    per_channel: bool = False

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """``weight``: the slopes."""
        return (Tensor("weight", (inputs[0][0] if self.per_channel else 1,)),)

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.PReLU``."""
        return Layer("torch.nn.PReLU", {"num_parameters": inputs[0][0] if self.per_channel else 1})


class Elu(Operation):
    """x where positive, ``alpha`` (exp(x) - 1) elsewhere."""

    word: ClassVar[str] = "elu"
    family: ClassVar[Family] = Family.ACTIVATION
    cost = exponentiated

    alpha: Number = 1.0

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.ELU``."""
        return Layer("torch.nn.ELU", {"alpha": self.alpha})


class Selu(Operation):
    """The self-normalising ELU (Klambauer et al. 2017)."""

    word: ClassVar[str] = "selu"
    family: ClassVar[Family] = Family.ACTIVATION
    cost = exponentiated

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.SELU``."""
        return Layer("torch.nn.SELU", {})


class Gelu(Operation):
    """x times the normal distribution function of x."""

    word: ClassVar[str] = "gelu"
    family: ClassVar[Family] = Family.ACTIVATION
    cost = exponentiated

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.GELU``."""
        return Layer("torch.nn.GELU", {})


class Silu(Operation):
    """x times sigmoid(x), also called swish."""

    word: ClassVar[str] = "silu"
    family: ClassVar[Family] = Family.ACTIVATION
    cost = exponentiated

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.SiLU``."""
        return Layer("torch.nn.SiLU", {})


class Mish(Operation):
    """x times tanh(softplus(x))."""

    word: ClassVar[str] = "mish"
    family: ClassVar[Family] = Family.ACTIVATION
    cost = exponentiated

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Mish``."""
        return Layer("torch.nn.Mish", {})


class Softplus(Operation):
    """log(1 + exp(x)), a smooth ReLU."""

    word: ClassVar[str] = "softplus"
    family: ClassVar[Family] = Family.ACTIVATION
    cost = exponentiated

    beta: Positive = 1.0

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Softplus``."""
        return Layer("torch.nn.Softplus", {"beta": self.beta})


class Hardswish(Operation):
    """x times min(max(x + 3, 0), 6) / 6."""

    word: ClassVar[str] = "hardswish"
    family: ClassVar[Family] = Family.ACTIVATION
    cost = compared

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Hardswish``."""
        return Layer("torch.nn.Hardswish", {})


class Hardsigmoid(Operation):
    """min(max(x + 3, 0), 6) / 6."""

    word: ClassVar[str] = "hardsigmoid"
    family: ClassVar[Family] = Family.ACTIVATION
    cost = compared

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Hardsigmoid``."""
        return Layer("torch.nn.Hardsigmoid", {})


class Sigmoid(Operation):
    """1 / (1 + exp(-x))."""

    word: ClassVar[str] = "sigmoid"
    family: ClassVar[Family] = Family.ACTIVATION
    cost = exponentiated
    kept = output_kept

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Sigmoid``."""
        return Layer("torch.nn.Sigmoid", {})


class Tanh(Operation):
    """The hyperbolic tangent."""

    word: ClassVar[str] = "tanh"
    family: ClassVar[Family] = Family.ACTIVATION
    cost = exponentiated
    kept = output_kept

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Tanh``."""
        return Layer("torch.nn.Tanh", {})


class ScaledTanh(Operation):
    """``amplitude`` tanh(``slope`` x), by default with f(1) = 1 and f(-1) = -1 (LeCun et al. 1998, appendix A)."""

    word: ClassVar[str] = "scaled_tanh"
    family: ClassVar[Family] = Family.ACTIVATION
    cost = exponentiated

    amplitude: Number = 1.7159
    slope: Number = 2 / 3

    def kept(self, output: Shape, *inputs: Shape) -> Kept:
        """The hyperbolic tangent before it is scaled."""
        return Kept(beside=self.scratch(output, *inputs))

    def scratch(self, output: Shape, *inputs: Shape) -> Space:
        """The scaled input, then the hyperbolic tangent."""
        return Space(values=prod(output))

    def layer(self, *inputs: Shape) -> Layer:
        """A module of ours: torch has none."""
        return Layer("netspec.nn.modules.ScaledTanh", {"amplitude": self.amplitude, "slope": self.slope})


class Softmax(Operation):
    """exp(x) over its sum, along the channels or features."""

    word: ClassVar[str] = "softmax"
    family: ClassVar[Family] = Family.ACTIVATION
    cost = exponentiated
    kept = output_kept

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Softmax`` over dimension 1."""
        return Layer("torch.nn.Softmax", {"dim": 1})


class LogSoftmax(Operation):
    """The logarithm of softmax, along the channels or features."""

    word: ClassVar[str] = "log_softmax"
    family: ClassVar[Family] = Family.ACTIVATION
    cost = exponentiated
    kept = output_kept

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.LogSoftmax`` over dimension 1."""
        return Layer("torch.nn.LogSoftmax", {"dim": 1})
