"""Normalisation, and the trainable scaling that comes with it."""

from functools import lru_cache
from math import prod
from typing import ClassVar

from netspec.ops.facts import Cost, Family, Layer, Shape, Tensor, positions
from netspec.ops.fields import Count, Fraction, Number, Positive
from netspec.ops.memory import MemoryOrder, Saved, Space
from netspec.ops.operation import Operation, follows, map_only
from netspec.ops.signal import Affine, Normalise, Respond, SignalRule


@lru_cache(maxsize=1024)  # networks have many norms of few sizes
def _normalising(channels: int, *, affine: bool) -> tuple[Tensor, ...]:
    """The tensors of a batch norm."""
    scaling = (Tensor("weight", (channels,)), Tensor("bias", (channels,))) if affine else ()
    statistics = (
        Tensor("running_mean", (channels,), trainable=False),
        Tensor("running_var", (channels,), trainable=False),
        Tensor("num_batches_tracked", (), trainable=False),
    )
    return scaling + statistics


class BatchNorm(Operation):
    """Batch normalisation (Ioffe and Szegedy 2015); in eval mode a scale and a shift for each channel."""

    word: ClassVar[str] = "batch_norm"
    family: ClassVar[Family] = Family.NORM
    overwritable: ClassVar[bool] = True
    normalises_batch: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER

    eps: Positive = 1e-5
    momentum: Fraction = 0.1
    affine: bool = True

    @property
    def batch_share(self) -> float:
        """``momentum``."""
        return self.momentum

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """``weight`` and ``bias`` if affine; the running statistics are buffers."""
        return _normalising(inputs[0][0], affine=self.affine)

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One multiply-add for each element; none once folded into the convolution before."""
        return Cost(multiply_adds=output[0] * positions(output))

    def signal(self, *inputs: Shape) -> SignalRule:
        """``eps``."""
        return Normalise(self.eps)

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The input, and the batch's mean and inverse deviation of each channel."""
        return Saved(inputs=True, beside=Space(statistics=2 * inputs[0][0]))

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.BatchNorm2d`` on two axes, ``BatchNorm1d`` on one and on flat features."""
        arguments = {
            "num_features": inputs[0][0],
            "eps": self.eps,
            "momentum": self.momentum,
            "affine": self.affine,
        }
        return Layer(f"torch.nn.BatchNorm{max(1, len(inputs[0]) - 1)}d", arguments)

    def label(self, *inputs: Shape) -> str:
        """``BN``."""
        return "BN"


class LocalResponseNorm(Operation):
    """Local response normalisation over ``size`` neighbouring channels (Krizhevsky et al. 2012, section 3.3).

    As in torch, Caffe and cuda-convnet ``alpha`` is divided by ``size``; the paper's formula does not divide.
    The sum is added to ``k`` and raised to ``beta``.
    """

    word: ClassVar[str] = "local_response_norm"
    family: ClassVar[Family] = Family.NORM
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER

    size: Count = 5
    alpha: Number = 1e-4
    beta: Number = 0.75
    k: Number = 1.0

    def shape(self, *inputs: Shape) -> Shape:
        """Unchanged; feature maps only."""
        map_only(self, inputs[0])
        return inputs[0]

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """For each element ``size`` squares summed, one scale and shift, one power and one division."""
        elements = output[0] * positions(output)
        return Cost(multiply_adds=(self.size + 1) * elements, transcendentals=2 * elements)

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The input, its padded squares, and the divisor before and after the power: torch composes it of these."""
        return Saved(inputs=True, beside=Space(values=3 * prod(output) + self._margin(output)))

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """Three maps on the way to the divisor, or two and the padding; the first of them counts as the output."""
        return Space(values=prod(output) + max(prod(output), self._margin(output)))

    def _margin(self, output: Shape) -> int:
        """Elements of the zero channels around the squares."""
        return (self.size - 1) * positions(output)

    def signal(self, *inputs: Shape) -> SignalRule:
        """Its numbers."""
        return Respond(self.size, self.alpha, self.beta, self.k)

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.LocalResponseNorm``."""
        arguments = {"size": self.size, "alpha": self.alpha, "beta": self.beta, "k": self.k}
        return Layer("torch.nn.LocalResponseNorm", arguments)

    def label(self, *inputs: Shape) -> str:
        """``LRN``."""
        return "LRN"


class ChannelScale(Operation):
    """A trainable factor, and by default a trainable bias, for each channel."""

    word: ClassVar[str] = "channel_scale"
    signal = follows(Affine())
    family: ClassVar[Family] = Family.NORM
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT

    bias: bool = True

    @property
    def adds_bias(self) -> bool:
        """``bias``."""
        return self.bias

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """``weight`` and ``bias``, one number for each channel."""
        weight = Tensor("weight", (inputs[0][0],))
        return (weight, Tensor("bias", (inputs[0][0],))) if self.bias else (weight,)

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One multiply-add for each element."""
        return Cost(multiply_adds=output[0] * positions(output))

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """The scaled input, before the bias is added."""
        return Space(values=prod(output)) if self.bias else Space()

    def layer(self, *inputs: Shape) -> Layer:
        """A module that broadcasts over the map."""
        return Layer("netspec.nn.layers.ChannelScale", {"channels": inputs[0][0], "bias": self.bias})

    def label(self, *inputs: Shape) -> str:
        """``scale``."""
        return "scale"
