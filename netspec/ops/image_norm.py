"""Normalisation within each image, in training and in eval mode alike.

What one position sees is stated as for batch norm, that position: the mean and the deviation of a whole map are left
out, as everywhere in the literature.
"""

from math import prod
from typing import ClassVar

from netspec.errors.codes import Refusal
from netspec.ops.facts import FLAT, Cost, Example, Family, Layer, Shape, Tensor, positions, shape_text
from netspec.ops.fields import Count, Positive
from netspec.ops.memory import MemoryOrder, Saved, Space
from netspec.ops.operation import Operation, map_only
from netspec.ops.signal import NormaliseWithin, SignalRule


def normalising(elements: int, means: int, scalings: int) -> Cost:
    """Work over ``elements`` of which there are so many ``means``, each scaled and shifted so many times.

    A sum and a sum of squares for each mean; of each the mean, the deviation and its inverse.
    """
    return Cost(adds=elements - means, multiply_adds=(1 + scalings) * elements, transcendentals=3 * means)


def scaling(channels: int) -> tuple[Tensor, ...]:
    """``weight`` and ``bias``, one number for each channel."""
    return Tensor("weight", (channels,)), Tensor("bias", (channels,))


class GroupNorm(Operation):
    """Normalisation over the channels of each of ``groups`` and all positions (Wu and He 2018)."""

    word: ClassVar[str] = "group_norm"
    family: ClassVar[Family] = Family.NORM
    example: ClassVar[Example] = Example(groups=8)
    overwritable: ClassVar[bool] = True

    groups: Count
    eps: Positive = 1e-5
    affine: bool = True

    def shape(self, *inputs: Shape) -> Shape:
        """Unchanged; the groups are equal and of more than one element."""
        channels = inputs[0][0]
        if channels % self.groups:
            message = f"group_norm with {self.groups} groups cannot split {channels} channels evenly"
            raise Refusal("shape", message, "groups must divide the channels")
        if prod(inputs[0]) == self.groups:
            message = f"group_norm with {self.groups} groups of {shape_text(inputs[0])} has one element in each"
            raise Refusal("shape", message, "a single element is its own mean, which leaves nothing of it; use fewer")
        return inputs[0]

    @property
    def channel_groups(self) -> int:
        """``groups``."""
        return self.groups

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """``weight`` and ``bias`` if affine."""
        return scaling(inputs[0][0]) if self.affine else ()

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """The statistics of each group; then one scale and shift for each element."""
        return normalising(prod(output), self.groups, 1)

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The input, and the mean and inverse deviation of each group."""
        return Saved(inputs=True, beside=Space(values=2 * self.groups))

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """The mean and inverse deviation of each group."""
        return Space(values=2 * self.groups)

    def signal(self, *inputs: Shape) -> SignalRule:
        """``eps``, and what is normalised together."""
        return NormaliseWithin(self.groups, positions=True, eps=self.eps)

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.GroupNorm``."""
        arguments = {
            "num_groups": self.groups,
            "num_channels": inputs[0][0],
            "eps": self.eps,
            "affine": self.affine,
        }
        return Layer("torch.nn.GroupNorm", arguments)

    def label(self, *inputs: Shape) -> str:
        """``GN 32``."""
        return f"GN {self.groups}"


class InstanceNorm(Operation):
    """Normalisation of each channel over all positions (Ulyanov et al. 2016), with no running statistics."""

    word: ClassVar[str] = "instance_norm"
    family: ClassVar[Family] = Family.NORM

    eps: Positive = 1e-5
    affine: bool = False

    def shape(self, *inputs: Shape) -> Shape:
        """Unchanged; maps of more than one position."""
        map_only(self, inputs[0])
        if positions(inputs[0]) == 1:
            message = f"instance_norm needs more than one position, got {shape_text(inputs[0])}"
            raise Refusal("shape", message, "a single element is its own mean, which leaves nothing of it")
        return inputs[0]

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """``weight`` and ``bias`` if affine."""
        return scaling(inputs[0][0]) if self.affine else ()

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """The statistics of each channel; then one scale and shift for each element."""
        return normalising(prod(output), output[0], 1)

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The input, and of each channel the mean, the inverse deviation and, if affine, a copy of the weight."""
        return Saved(inputs=True, beside=Space(values=(3 if self.affine else 2) * output[0]))

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """Of each channel the mean, the inverse deviation and, if affine, copies of weight and bias."""
        return Space(values=(4 if self.affine else 2) * output[0])

    def signal(self, *inputs: Shape) -> SignalRule:
        """``eps``, and what is normalised together."""
        return NormaliseWithin(inputs[0][0], positions=True, eps=self.eps)

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.InstanceNorm2d`` on two axes."""
        arguments = {"num_features": inputs[0][0], "eps": self.eps, "affine": self.affine}
        return Layer(f"torch.nn.InstanceNorm{len(inputs[0]) - 1}d", arguments)


class LayerNorm(Operation):
    """Normalisation over the channels at each position, or over flat features (Ba et al. 2016)."""

    word: ClassVar[str] = "layer_norm"
    family: ClassVar[Family] = Family.NORM
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.LAST

    eps: Positive = 1e-5

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """``weight`` and ``bias``."""
        return scaling(inputs[0][0])

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """The statistics of each position; then a scale and shift by these, and one by the channel's own."""
        return normalising(prod(output), positions(output), 2)

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The input, and the mean and inverse deviation of each position."""
        return Saved(inputs=True, beside=Space(values=2 * positions(output)))

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """Mean and inverse deviation of each position."""
        return Space(values=2 * positions(output))

    def signal(self, *inputs: Shape) -> SignalRule:
        """``eps``, and what is normalised together."""
        return NormaliseWithin(1, positions=False, eps=self.eps)

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.LayerNorm``; over maps a module of ours that moves the channels to the end for it, and back."""
        arguments = {"normalized_shape": inputs[0][0], "eps": self.eps}
        flat = len(inputs[0]) == FLAT
        return Layer("torch.nn.LayerNorm" if flat else "netspec.nn.layers.LayerNorm", arguments)

    def label(self, *inputs: Shape) -> str:
        """``LN``."""
        return "LN"
