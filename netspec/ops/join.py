"""Joins: operations over several inputs."""

from itertools import pairwise
from math import prod
from typing import ClassVar

from netspec.errors.codes import Refusal
from netspec.ops.facts import FLAT, MAP, Cost, Family, Layer, Shape, positions, shape_text
from netspec.ops.memory import MemoryOrder, Saved, Space, alone, nothing_saved
from netspec.ops.operation import ANY_NUMBER, Operation, follows, free, torch_layer
from netspec.ops.signal import Product, SignalRule, Stack, Sum, Weigh

PAIR = 2
SAME_AXES = "all need the same number of axes: 'global_avg_pool' and 'flatten' leave none, 'unflatten' makes some"


class Join(Operation):
    """An operation over any number of inputs, of one shape unless overridden; branches can end in it."""

    family: ClassVar[Family] = Family.JOIN
    joins: ClassVar[bool] = True
    takes: ClassVar[tuple[int, int]] = (2, ANY_NUMBER)

    def shape(self, *inputs: Shape) -> Shape:
        """The one shape that all inputs have."""
        if len(set(inputs)) > 1:
            spatial = {shape[1:] for shape in inputs}
            channels = {shape[0] for shape in inputs}
            hint = "give both paths the same channels, or join them with 'concat'"
            if len(set(map(len, inputs))) > 1:
                hint = SAME_AXES
            elif any(positions(shape) == 1 for shape in inputs) and len(spatial) > 1:
                hint = "only 'multiply' repeats one position over all others; 'channel_scale' adds to each channel"
            elif len(spatial) > 1:
                hint = "a 3x3 window with stride 1 keeps its size with padding 1; strides must agree on all paths"
            elif len(channels) > 1 and self.word == "add":
                hint = "project the shortcut with a 1x1 conv, pad it with 'pad_shortcut', or join with 'concat'"
            raise Refusal("shape", f"{self.word} needs equal shapes", hint)
        return inputs[0]


def products(inputs: tuple[Shape, ...]) -> list[int]:
    """Elements of the product of the first two inputs, of the first three, and so on."""
    sizes: list[int] = []
    shape = inputs[0]
    for other in inputs[1:]:
        shape = tuple(map(max, shape, other))
        sizes.append(prod(shape))
    return sizes


class Add(Join):
    """Elementwise sum of inputs of one shape."""

    word: ClassVar[str] = "add"
    signal = follows(Sum())
    overwritable: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
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


class Subtract(Join):
    """The first of two inputs of one shape minus the second."""

    word: ClassVar[str] = "subtract"
    signal = follows(Weigh((1.0, -1.0)))
    takes: ClassVar[tuple[int, int]] = (PAIR, PAIR)
    overwritable: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    saved_for_backward = nothing_saved
    negates: ClassVar[bool] = True

    @property
    def in_place(self) -> bool:
        """Over the first of its inputs."""
        return True

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One subtraction for each element."""
        return Cost(adds=output[0] * positions(output))

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.sub``."""
        return Layer("torch.sub", {}, call="pairwise", operator="-=")


class Max(Join):
    """The largest of inputs of one shape, element by element (maxout, Goodfellow et al. 2013)."""

    word: ClassVar[str] = "max"
    overwritable: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    is_view = alone

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One compare for each element and each input after the first."""
        return Cost(compares=(len(inputs) - 1) * output[0] * positions(output))

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The inputs, of which each gradient needs both that were compared, and every maximum but the last."""
        if len(inputs) == 1:
            return Saved()
        return Saved(inputs=True, together=True, partial=(prod(output),) * (len(inputs) - PAIR))

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """The maximum so far, where a third input is compared with it."""
        return Space(values=prod(output)) if len(inputs) > PAIR else Space()

    def gradient_workspace(self, output: Shape, *inputs: Shape) -> Space:
        """Half of the gradient, where two are equal, and which of them are equal and which smaller."""
        return Space(values=prod(output), truths=2 * prod(output)) if len(inputs) > 1 else Space()

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.maximum``."""
        return Layer("torch.maximum", {}, call="pairwise")


class Mean(Join):
    """Elementwise mean of inputs of one shape."""

    word: ClassVar[str] = "mean"
    overwritable: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    saved_for_backward = nothing_saved
    layer = torch_layer("netspec.nn.layers.Mean")

    def signal(self, *inputs: Shape) -> SignalRule:
        """Each by the same factor."""
        return Weigh((1 / len(inputs),) * len(inputs))

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One add for each element and each input after the first, and one division."""
        elements = output[0] * positions(output)
        return Cost(adds=(len(inputs) - 1) * elements, transcendentals=elements)

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """The sum so far, beside the next one or the mean."""
        return Space(values=prod(output)) if len(inputs) > 1 else Space()


def _axes_behind(inputs: tuple[Shape, ...]) -> tuple[int, ...]:
    """How many axes of one position each input of a product gets: features without axes, as many as the maps have."""
    most = max(map(len, inputs))
    return tuple([most - FLAT if len(shape) == FLAT else 0 for shape in inputs])


def _on_equal_axes(inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """``inputs`` of a product with the axes that flat ones get."""
    return tuple([shape + (1,) * more for shape, more in zip(inputs, _axes_behind(inputs), strict=True)])


class Multiply(Join):
    """Elementwise product; what has one channel, one position or no axes is repeated over the others (a gate)."""

    word: ClassVar[str] = "multiply"
    signal = follows(Product())
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.KEPT
    is_view = alone

    def shape(self, *inputs: Shape) -> Shape:
        """The largest size on each axis; the others must be equal to it or 1. Flat features are one position."""
        shapes = _on_equal_axes(inputs)
        result = tuple(max(sizes) for sizes in zip(*shapes, strict=False))
        fits = all(size in (1, largest) for shape in shapes for size, largest in zip(shape, result, strict=False))
        if len({len(shape) for shape in shapes}) > 1 or not fits:
            named = " and ".join(shape_text(shape) for shape in inputs)
            hint = "a gate has the channels of what it scales, and one position: pool it with 'global_avg_pool'"
            hint = SAME_AXES if len({len(shape) for shape in shapes}) > 1 else hint
            raise Refusal("shape", f"multiply cannot combine {named}", hint)
        return result

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """One multiplication for each element and each input after the first."""
        return Cost(multiply_adds=(len(inputs) - 1) * output[0] * positions(output))

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The inputs, and every product but the last."""
        if len(inputs) == 1:
            return Saved()
        return Saved(inputs=True, partial=tuple(products(_on_equal_axes(inputs))[:-1]))

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """The product so far: what two in turn are larger than the output by."""
        sizes = products(_on_equal_axes(inputs))
        pairs = [before + after for before, after in pairwise(sizes)]
        return Space(values=max(pairs, default=prod(output)) - prod(output))

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.mul``."""
        axes = _axes_behind(inputs)
        return Layer("torch.mul", {}, call="pairwise", axes=axes if any(axes) else ())


class Concat(Join):
    """Inputs stacked along the channels."""

    word: ClassVar[str] = "concat"
    signal = follows(Stack())
    overwritable: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER
    saved_for_backward = nothing_saved
    cost = free

    def shape(self, *inputs: Shape) -> Shape:
        """Channels added up; the other sizes must be equal."""
        if len({shape[1:] for shape in inputs}) > 1 or len({len(shape) for shape in inputs}) > 1:
            axes = {len(shape) for shape in inputs}
            what = {FLAT: "flat features", MAP: "maps of equal height and width"}.get(max(axes), "maps of equal size")
            hint = "a 3x3 window with stride 1 keeps its size with padding 1; strides must agree on all branches"
            if len(axes) > 1:
                what, hint = "inputs with the same number of axes", SAME_AXES
            raise Refusal("shape", f"concat needs {what}", hint)
        return (sum(shape[0] for shape in inputs), *inputs[0][1:])

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.cat`` over dimension 1."""
        return Layer("torch.cat", {"dim": 1}, call="list")
