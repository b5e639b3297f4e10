"""Activations beside the rectifiers: elementwise functions, one word each."""

from math import prod
from typing import ClassVar

from netspec.ops.facts import Cost, Family, Layer, Shape, positions
from netspec.ops.fields import Number, Positive
from netspec.ops.memory import MemoryOrder, Saved, Space, output_saved
from netspec.ops.operation import Operation, follows, torch_layer
from netspec.ops.rectifier import compared
from netspec.ops.signal import Bend, SignalRule


def exponentiated(_: Operation, output: Shape, *inputs: Shape) -> Cost:
    """One exponential or error function, or a division after one, for each element."""
    return Cost(transcendentals=output[0] * positions(output))


class Elu(Operation):
    """x where positive, ``alpha`` (exp(x) - 1) elsewhere."""

    word: ClassVar[str] = "elu"
    family: ClassVar[Family] = Family.ACTIVATION
    rectifies: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    cost = exponentiated
    layer = torch_layer("torch.nn.ELU", "alpha")

    alpha: Number = 1.0

    def signal(self, *inputs: Shape) -> SignalRule:
        """``alpha``."""
        return Bend("elu", (self.alpha,))


class Selu(Operation):
    """The self-normalising ELU (Klambauer et al. 2017)."""

    word: ClassVar[str] = "selu"
    family: ClassVar[Family] = Family.ACTIVATION
    rectifies: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    cost = exponentiated
    signal = follows(Bend("elu", (1.6732632423543772, 1.0507009873554805)))
    layer = torch_layer("torch.nn.SELU")


class Gelu(Operation):
    """x times the normal distribution function of x."""

    word: ClassVar[str] = "gelu"
    family: ClassVar[Family] = Family.ACTIVATION
    rectifies: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    cost = exponentiated
    signal = follows(Bend("gelu"))
    layer = torch_layer("torch.nn.GELU")

    def layer_on_rows(self, *inputs: Shape) -> Layer:
        """A module of ours: torch's kernel for rows beside each other rounds otherwise than that for other maps."""
        return Layer("netspec.nn.layers.Gelu", {})


class Silu(Operation):
    """x times sigmoid(x), also called swish."""

    word: ClassVar[str] = "silu"
    family: ClassVar[Family] = Family.ACTIVATION
    rectifies: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    cost = exponentiated
    signal = follows(Bend("silu"))
    layer = torch_layer("torch.nn.SiLU")


class Mish(Operation):
    """x times tanh(softplus(x))."""

    word: ClassVar[str] = "mish"
    family: ClassVar[Family] = Family.ACTIVATION
    rectifies: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    cost = exponentiated
    signal = follows(Bend("mish"))
    layer = torch_layer("torch.nn.Mish")


class Softplus(Operation):
    """log(1 + exp(``beta`` x)) / ``beta``, a smooth ReLU."""

    word: ClassVar[str] = "softplus"
    family: ClassVar[Family] = Family.ACTIVATION
    rectifies: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    cost = exponentiated
    layer = torch_layer("torch.nn.Softplus", "beta")

    beta: Positive = 1.0

    def signal(self, *inputs: Shape) -> SignalRule:
        """``beta``."""
        return Bend("softplus", (self.beta,))


class Hardswish(Operation):
    """x times min(max(x + 3, 0), 6) / 6."""

    word: ClassVar[str] = "hardswish"
    family: ClassVar[Family] = Family.ACTIVATION
    rectifies: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    cost = compared
    signal = follows(Bend("hardswish"))
    layer = torch_layer("torch.nn.Hardswish")


class Hardsigmoid(Operation):
    """min(max(x + 3, 0), 6) / 6."""

    word: ClassVar[str] = "hardsigmoid"
    family: ClassVar[Family] = Family.ACTIVATION
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    cost = compared
    signal = follows(Bend("hardsigmoid"))
    layer = torch_layer("torch.nn.Hardsigmoid")


class Sigmoid(Operation):
    """1 / (1 + exp(-x))."""

    word: ClassVar[str] = "sigmoid"
    family: ClassVar[Family] = Family.ACTIVATION
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    cost = exponentiated
    signal = follows(Bend("sigmoid"))
    saved_for_backward = output_saved
    layer = torch_layer("torch.nn.Sigmoid")


class Tanh(Operation):
    """The hyperbolic tangent."""

    word: ClassVar[str] = "tanh"
    family: ClassVar[Family] = Family.ACTIVATION
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    cost = exponentiated
    signal = follows(Bend("tanh"))
    saved_for_backward = output_saved
    layer = torch_layer("torch.nn.Tanh")


class ScaledTanh(Operation):
    """``amplitude`` tanh(``slope`` x), by default with f(1) = 1 and f(-1) = -1 (LeCun et al. 1998, appendix A)."""

    word: ClassVar[str] = "scaled_tanh"
    family: ClassVar[Family] = Family.ACTIVATION
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    cost = exponentiated
    layer = torch_layer("netspec.nn.layers.ScaledTanh", "amplitude", "slope")

    amplitude: Number = 1.7159
    slope: Number = 2 / 3

    def signal(self, *inputs: Shape) -> SignalRule:
        """``amplitude`` and ``slope``."""
        return Bend("scaled_tanh", (self.amplitude, self.slope))

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The hyperbolic tangent before it is scaled."""
        return Saved(beside=self.workspace(output, *inputs))

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """The scaled input, then the hyperbolic tangent."""
        return Space(values=prod(output))
