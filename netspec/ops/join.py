"""Joins: operations over several inputs."""

from itertools import pairwise
from math import prod
from typing import ClassVar

from netspec.errors.problem import Refusal
from netspec.ops.facts import FLAT, MAP, Cost, Family, Layer, Shape, positions, shape_text
from netspec.ops.memory import Saved, Space, alone, nothing_saved
from netspec.ops.operation import Operation

PAIR = 2


def equal(operation: Operation, *inputs: Shape) -> Shape:
    """The one shape that all inputs have."""
    if len(set(inputs)) > 1:
        spatial = {shape[1:] for shape in inputs}
        channels = {shape[0] for shape in inputs}
        hint = "give both paths the same channels, or join them with 'concat'"
        if len(spatial) > 1:
            hint = "a 3x3 window with stride 1 keeps its size with padding 1; strides must agree on all paths"
        elif len(channels) > 1 and operation.word == "add":
            hint = "project the shortcut with a 1x1 conv, pad it with 'pad_shortcut', or join with 'concat'"
        raise Refusal("shape", f"{operation.word} needs equal shapes", hint)
    return inputs[0]


def products(inputs: tuple[Shape, ...]) -> list[int]:
    """Elements of the product of the first two inputs, of the first three, and so on."""
    sizes: list[int] = []
    shape = inputs[0]
    for other in inputs[1:]:
        shape = tuple(map(max, shape, other))
        sizes.append(prod(shape))
    return sizes


class Add(Operation):
    """Elementwise sum of inputs of one shape."""

    word: ClassVar[str] = "add"
    family: ClassVar[Family] = Family.JOIN
    joins: ClassVar[bool] = True
    overwritable: ClassVar[bool] = True
    shape = equal
    saved_for_backward = nothing_saved
    is_view = alone

    @property
    def in_place(self) -> bool:
        """Over the first of its inputs."""
        return True

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One add for each element and each input after the first."""
        return Cost(adds=(len(inputs) - 1) * output[0] * positions(output))

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """The sum so far, where a third input is added to it."""
        return Space(values=prod(output)) if len(inputs) > PAIR else Space()

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.add``."""
        return Layer("torch.add", {}, call="pairwise", operator="+=")


class Mean(Operation):
    """Elementwise mean of inputs of one shape."""

    word: ClassVar[str] = "mean"
    family: ClassVar[Family] = Family.JOIN
    joins: ClassVar[bool] = True
    overwritable: ClassVar[bool] = True
    shape = equal
    saved_for_backward = nothing_saved

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One add for each element and each input after the first, and one division."""
        elements = output[0] * positions(output)
        return Cost(adds=(len(inputs) - 1) * elements, transcendentals=elements)

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """The sum so far, beside the next one or the mean."""
        return Space(values=prod(output)) if len(inputs) > 1 else Space()

    def layer(self, *inputs: Shape) -> Layer:
        """A module: the sum over the number of inputs."""
        return Layer("netspec.nn.layers.Mean", {})


class Multiply(Operation):
    """Elementwise product; an input with one channel or one position is repeated over the others (a gate)."""

    word: ClassVar[str] = "multiply"
    family: ClassVar[Family] = Family.JOIN
    joins: ClassVar[bool] = True
    is_view = alone

    def shape(self, *inputs: Shape) -> Shape:
        """The largest size on each axis; the others must be equal to it or 1."""
        result = tuple(max(sizes) for sizes in zip(*inputs, strict=False))
        fits = all(size in (1, largest) for shape in inputs for size, largest in zip(shape, result, strict=False))
        if len({len(shape) for shape in inputs}) > 1 or not fits:
            shapes = " and ".join(shape_text(shape) for shape in inputs)
            hint = "a gate has the channels of what it scales, and one position: pool it with 'adaptive_avg_pool: 1'"
            raise Refusal("shape", f"multiply cannot combine {shapes}", hint)
        return result

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One multiplication for each element and each input after the first."""
        return Cost(multiply_adds=(len(inputs) - 1) * output[0] * positions(output))

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The inputs, and every product but the last."""
        if len(inputs) == 1:
            return Saved()
        return Saved(inputs=True, beside=Space(values=sum(products(inputs)[:-1])))

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """The product so far: what two in turn are larger than the output by."""
        sizes = products(inputs)
        pairs = [before + after for before, after in pairwise(sizes)]
        return Space(values=max(pairs, default=prod(output)) - prod(output))

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.mul``."""
        return Layer("torch.mul", {}, call="pairwise")


class Concat(Operation):
    """Inputs stacked along the channels."""

    word: ClassVar[str] = "concat"
    family: ClassVar[Family] = Family.JOIN
    joins: ClassVar[bool] = True
    overwritable: ClassVar[bool] = True
    saved_for_backward = nothing_saved

    def shape(self, *inputs: Shape) -> Shape:
        """Channels added up; the other sizes must be equal."""
        if len({shape[1:] for shape in inputs}) > 1 or len({len(shape) for shape in inputs}) > 1:
            axes = max(len(shape) for shape in inputs)
            what = {FLAT: "flat features", MAP: "maps of equal height and width"}.get(axes, "maps of equal size")
            hint = "a 3x3 window with stride 1 keeps its size with padding 1; strides must agree on all branches"
            raise Refusal("shape", f"concat needs {what}", hint)
        return (sum(shape[0] for shape in inputs), *inputs[0][1:])

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """Nothing is computed."""
        return Cost()

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.cat`` over dimension 1."""
        return Layer("torch.cat", {"dim": 1}, call="list")
