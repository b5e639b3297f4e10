"""Resizing a map by interpolation."""

from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from netspec.errors.codes import Refusal
from netspec.limits import MOST_AXES
from netspec.ops.facts import Cost, Exact, Example, Family, Layer, PerAxis, Shape, Window, brief, positions, shape_text
from netspec.ops.fields import Count, Positive, Size, listed
from netspec.ops.memory import MemoryOrder, nothing_saved
from netspec.ops.operation import Operation, map_only
from netspec.ops.signal import Resample, SignalRule
from netspec.ops.uneven import Uneven
from netspec.ops.upsampling import Between, scaled

Mode = Literal["nearest", "linear", "cubic"]
MODES: dict[Mode, tuple[str, ...]] = {
    "nearest": ("nearest", "nearest", "nearest"),
    "linear": ("linear", "bilinear", "trilinear"),
    "cubic": ("", "bicubic", ""),
}
"""What torch calls each on one, two and three axes, if it has it."""
TAPS: dict[Mode, int] = {"nearest": 1, "linear": 2, "cubic": 4}
"""Elements that a position is a weighted sum of, on each axis."""
SIMPLE = 2**16
"""Denominators up to this are tried for the fraction that a decimal number stands for."""
BOTH = 2


def _known(value: Any) -> Any:
    """``value``, unless torch calls one of the modes so, on a number of axes."""
    for mode, names in MODES.items():
        if value in names and value not in MODES:
            axes = {1: "one axis", BOTH: "two axes", MOST_AXES: "three axes"}[names.index(value) + 1]
            message = "'nearest', 'linear' or 'cubic'"
            raise ValueError(message, f"on {axes} '{mode}' is {value}")
    return value


def _one_or_each(value: Any) -> str:
    return "one" if isinstance(value, int | float) and not isinstance(value, bool) else "each"


_Factor = Count | Positive
_Factors = Annotated[tuple[_Factor, ...], Field(min_length=1, max_length=MOST_AXES), BeforeValidator(listed)]
Factor = Annotated[Annotated[_Factor, Tag("one")] | Annotated[_Factors, Tag("each")], Discriminator(_one_or_each)]


def _each(value: Any, axes: int) -> tuple[Any, ...]:
    """A parameter on each of ``axes``, a fraction of a size too."""
    return value if isinstance(value, tuple) else (value,) * axes


def _exact(scale: float) -> Exact:
    """The simplest fraction that is ``scale`` as far as a float can tell: 1/3 for 0.3333333333333333."""
    simple = Fraction(scale).limit_denominator(SIMPLE)
    return simple if float(simple) == scale else Fraction(scale)


class Resize(Operation):
    """The map interpolated to ``scale`` times its size, to ``size``, or to the size of a second input.

    ``mode`` is ``nearest``, ``linear`` or ``cubic``. Outer edges of the two maps coincide; with ``align_corners`` the
    middles of their outer elements do.
    """

    word: ClassVar[str] = "resize"
    family: ClassVar[Family] = Family.SHAPE
    takes: ClassVar[tuple[int, int]] = (1, 2)
    overwritable: ClassVar[bool] = True
    example: ClassVar[Example] = Example(scale=2)
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER
    saved_for_backward = nothing_saved

    scale: Factor | None = None
    size: Size | None = None
    mode: Annotated[Mode, BeforeValidator(_known)] = "nearest"
    align_corners: bool = False

    def shape(self, *inputs: Shape) -> Shape:
        """The same channels, and the size that one of scale, size and second input says."""
        axes = map_only(self, inputs[0])
        ways = {"scale": self.scale, "size": self.size, "a second input": inputs[1] if len(inputs) > 1 else None}
        given = [name for name, value in ways.items() if value is not None]
        if len(given) != 1:
            message = f"resize has {' and '.join(given)}" if given else "resize has no size"
            hint = "it takes one of these: a scale, a size, or a second input of that size, from: [x, other]"
            raise Refusal("wrong-value", message, hint)
        if self.align_corners and self.mode == "nearest":
            raise Refusal("wrong-value", "resize to the nearest element has no align_corners", "it is for mode: linear")
        if not MODES[self.mode][axes - 1]:
            message = f"resize with mode '{self.mode}' needs two axes, got {shape_text(inputs[0])}"
            raise Refusal("shape", message, "torch has it on two axes alone; mode: linear is for any")
        if len(inputs) > 1 and len(inputs[1]) != len(inputs[0]):
            message = f"resize cannot take the size of {shape_text(inputs[1])} for {shape_text(inputs[0])}"
            raise Refusal("shape", message, "both inputs need the same number of axes")
        sizes = self._sizes(*inputs)
        if not all(sizes):
            raise Refusal("shape", f"resize leaves nothing of {shape_text(inputs[0])}", "use a larger scale")
        return (inputs[0][0], *sizes)

    def _sizes(self, *inputs: Shape) -> PerAxis:
        if self.size is not None:
            return _each(self.size, len(inputs[0]) - 1)
        if self.scale is not None:
            scales = _each(self.scale, len(inputs[0]) - 1)
            return tuple([int(size * scale) for size, scale in zip(inputs[0][1:], scales, strict=True)])
        return inputs[1][1:]

    def differentiable_inputs(self, *inputs: Shape) -> int:
        """The first: of a second one only the size is read."""
        return 1

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """A multiply-add for each of the elements that a position is a weighted sum of; ``nearest`` copies."""
        taps = TAPS[self.mode] ** (len(output) - 1)
        return Cost(multiply_adds=taps * output[0] * positions(output)) if taps > 1 else Cost()

    def _between(self, *inputs: Shape) -> tuple[Between, ...]:
        """Where the positions lie between elements, on each axis."""
        sizes = zip(inputs[0][1:], self._sizes(*inputs), strict=True)
        nearest, more = self.mode == "nearest", TAPS[self.mode] // 4
        return tuple(
            [
                scaled(size, out, step, aligned=self.align_corners, more=more, nearest=nearest)
                for (size, out), step in zip(sizes, self._steps(*inputs), strict=True)
            ]
        )

    def _steps(self, *inputs: Shape) -> list[Exact]:
        """From one position to the next, in elements, on each axis; from a single one, on corners, a whole map on."""
        before, after = inputs[0][1:], self._sizes(*inputs)
        if self.align_corners:
            return [Fraction(size - 1, out - 1) if out > 1 else size for size, out in zip(before, after, strict=True)]
        if self.scale is not None:
            return [Fraction(1) / _exact(scale) for scale in _each(self.scale, len(before))]
        return [Fraction(size, out) for size, out in zip(before, after, strict=True)]

    def signal(self, *inputs: Shape) -> SignalRule:
        """The elements and weights of each position."""
        sizes = inputs[0][1:]
        between = self._between(*inputs)
        return Resample(tuple([one.taps(size, self.mode) for one, size in zip(between, sizes, strict=True)]))

    def uneven(self, *inputs: Shape) -> tuple[Uneven, ...]:
        """Positions between elements, but where all lie alike."""
        windows = self._between(*inputs)
        return () if all(one.is_even for one in windows) else windows

    def window(self, *inputs: Shape) -> Window:
        """The elements that a position is a sum of, and the whole steps from one to the next."""
        found = [one.even for one in self._between(*inputs)]
        return Window(
            kernel=tuple([int(one.size) for one in found]),
            stride=tuple([max(1, int(one.jump)) for one in found]),
            dilation=(1,) * len(found),
            padding=tuple([-int(one.start) for one in found]),
        )

    def layer(self, *inputs: Shape) -> Layer:
        """``torch.nn.Upsample``; for the size of a second input a module of ours."""
        axes = len(inputs[0]) - 1
        arguments: dict[str, Any] = {"mode": MODES[self.mode][axes - 1]}
        if self.mode != "nearest":
            arguments["align_corners"] = self.align_corners
        if len(inputs) > 1:
            return Layer("netspec.nn.layers.ResizeLike", arguments)
        sizes = None if self.size is None else _each(self.size, axes)
        scales = None if self.scale is None else tuple([float(scale) for scale in _each(self.scale, axes)])
        return Layer("torch.nn.Upsample", {"size": sizes, "scale_factor": scales, **arguments})

    def label(self, *inputs: Shape) -> str:
        """``resize x2``, ``resize to 28x28, linear``."""
        if self.scale is not None:
            text = "resize x" + brief(_each(self.scale, len(inputs[0]) - 1))
        else:
            text = f"resize to {shape_text(self._sizes(*inputs))}"
        return text + (f", {self.mode}" if self.mode != "nearest" else "") + (", aligned" if self.align_corners else "")
