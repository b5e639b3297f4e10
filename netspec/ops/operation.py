"""The base of all operations: fields are the YAML parameters, methods are pure functions of input shapes."""

from abc import ABC, abstractmethod
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from netspec.errors.problem import Refusal
from netspec.ops.facts import FLAT, MAP, POINT, Cost, Family, Layer, Pair, Shape, Tensor, Window, shape_text
from netspec.ops.memory import Saved, Space


class Operation(BaseModel, ABC):
    """One step of a network. Owns its facts: shape, tensors, cost, window and the layer to build."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    word: ClassVar[str]
    """The name in a spec."""
    family: ClassVar[Family]
    joins: ClassVar[bool] = False
    """Whether it takes several inputs; others take exactly one."""
    overwritable: ClassVar[bool] = False
    """Whether its output is a new tensor that its own gradient does not need, so that the next step may reuse it."""
    selects_channels: ClassVar[bool] = False
    """Whether its output has some channels of its input and not the others."""

    def shape(self, *inputs: Shape) -> Shape:
        """Shape of the output; raises :class:`Refusal` when the inputs do not fit. Unchanged unless overridden."""
        return inputs[0]

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """Parameters and buffers of the layer, in state_dict order. None unless overridden."""
        return ()

    def window(self, *inputs: Shape) -> Window:
        """What one output position sees of each input. The same position unless overridden."""
        return POINT

    def bounding_window(self, *inputs: Shape) -> Window | None:
        """For windows of uneven size or distance the smallest one at even steps that holds each. None otherwise."""
        return None

    def differentiable_inputs(self, *inputs: Shape) -> int:
        """How many of the inputs, from the first, have a gradient if the output has one. All unless overridden."""
        return len(inputs)

    @property
    def channel_groups(self) -> int:
        """How many groups the channels are split into, each for itself. One unless overridden."""
        return 1

    @property
    def in_place(self) -> bool:
        """Whether it can write its result over its first input. False unless overridden."""
        return False

    @property
    def sees_all(self) -> bool:
        """Whether each output sees the whole input, whatever the input's size. False unless overridden."""
        return False

    @abstractmethod
    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """Work of one forward pass over one image."""

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """What torch keeps of a pass in train mode for the gradient. The inputs, as most do, unless overridden."""
        return Saved(inputs=True)

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """The most that is allocated beside inputs and output while it runs in eval mode. None unless overridden."""
        return Space()

    def is_view(self, *inputs: Shape, training: bool) -> bool:
        """Whether its output is its first input, or a view of that: no memory of its own. False unless overridden."""
        return False

    @abstractmethod
    def layer(self, *inputs: Shape) -> Layer:
        """What to build in torch."""

    def label(self) -> str:
        """A few words for a diagram or a table: ``conv 3x3/2, 64``."""
        return self.word.replace("_", " ")


def map_only(operation: Operation, shape: Shape) -> tuple[int, int, int]:
    """``shape`` as channels, height, width; refuses flat features."""
    if len(shape) != MAP:
        message = f"{operation.word} needs a feature map, got {shape_text(shape)}"
        raise Refusal("shape", message, "flat features have no height and width; move this layer before the flattening")
    return shape[0], shape[1], shape[2]


def flat_only(operation: Operation, shape: Shape) -> int:
    """``shape`` as a number of features; refuses feature maps."""
    if len(shape) != FLAT:
        message = f"{operation.word} needs flat features, got {shape_text(shape)}"
        raise Refusal("shape", message, "put 'flatten' or 'global_avg_pool' before it")
    return shape[0]


def pair(value: Any) -> Any:
    """One number stands for both axes; a list of two is height, width."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    return tuple(value) if isinstance(value, list) else value


def both(value: Pair) -> str:
    """``3`` or ``3x5``: a pair as people write it."""
    return f"{value[0]}x{value[1]}" if value[0] != value[1] else str(value[0])


LARGEST = 2**31 - 1
Count = Annotated[int, Field(ge=1, le=LARGEST)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Natural = Annotated[int, Field(ge=0, le=LARGEST)]
Size = Annotated[tuple[Count, Count], BeforeValidator(pair)]
Margin = Annotated[tuple[Natural, Natural], BeforeValidator(pair)]
