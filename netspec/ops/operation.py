"""The base of all operations: fields are the YAML parameters, methods are pure functions of input shapes."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict

from netspec.errors.codes import Refusal
from netspec.limits import MOST_AXES
from netspec.ops.facts import FLAT, Cost, Example, Family, Layer, Shape, Tensor, Window, point, shape_text
from netspec.ops.memory import MemoryOrder, Saved, Space
from netspec.ops.signal import SignalRule, Unknown
from netspec.ops.uneven import Uneven

if TYPE_CHECKING:
    from netspec.ops.initialisation import Scheme

ANY_NUMBER = sys.maxsize
"""As the most inputs that an operation takes: there is no most."""


class Operation(BaseModel, ABC):
    """One step of a network. Owns its facts: shape, tensors, cost, window and the layer to build."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    word: ClassVar[str]
    """The name in a spec."""
    family: ClassVar[Family]
    example: ClassVar[Example] = Example()
    """Parameters of a typical use, for the reference; without any it is the word alone."""
    joins: ClassVar[bool] = False
    """Whether branches can end in it, and its main value names what it reads. See :class:`netspec.ops.join.Join`."""
    takes: ClassVar[tuple[int, int]] = (1, 1)
    """How many inputs it takes: at least, and at most. One unless overridden."""
    negates: ClassVar[bool] = False
    """Whether the gradients of all inputs but the first are that of its output with another sign."""
    reads_places: ClassVar[bool] = False
    """Whether of its last input, a max pool, it takes no values but the places that these come from."""
    overwritable: ClassVar[bool] = False
    """Whether its output is a new tensor that its own gradient does not need, so that the next step may reuse it."""
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.FIRST
    """Whether what it states of memory holds for maps whose channels lie last, and whether those of its output do."""
    selects_channels: ClassVar[bool] = False
    """Whether its output has some channels of its input and not the others."""
    normalises_batch: ClassVar[bool] = False
    """Whether in training it takes each channel's mean over batch and positions away, and with it any constant."""
    rectifies: ClassVar[bool] = False
    """Whether it lets what is positive through and holds most of the rest back; what looks back through a network by
    deconvnet or guided backpropagation lets only positive signals through it then (:mod:`netspec.nn.seeing.rules`)."""

    loses_places: ClassVar[bool] = False
    """Whether a position of its output may see all of its input, as behind a recurrent layer; none has a place then."""

    def shape(self, *inputs: Shape) -> Shape:
        """Shape of the output; raises :class:`Refusal` when the inputs do not fit. Unchanged unless overridden."""
        return inputs[0]

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """Parameters and buffers of the layer, in state_dict order. None unless overridden."""
        return ()

    def undoing(self, pool: "Operation", *inputs: Shape) -> "Operation":
        """This operation for the places that ``pool`` notes of ``inputs``; asked only of what :attr:`reads_places`."""
        return self

    def window(self, *inputs: Shape) -> Window:
        """What one output position sees of each input, on its axes. The same position unless overridden."""
        return point(len(inputs[0]) - 1 if inputs else 0)

    def uneven(self, *inputs: Shape) -> tuple[Uneven, ...]:
        """For windows of uneven size or distance, or less than a step apart, where they lie on each axis.

        Empty where :meth:`window` says all, as it does unless overridden.
        """
        return ()

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
    def adds_bias(self) -> bool:
        """Whether the last that it does is to add a trainable constant to each channel. False unless overridden."""
        return False

    @property
    def batch_share(self) -> float:
        """The share that each batch of training has in running statistics. 0, there are none, unless overridden."""
        return 0.0

    @property
    def own_scheme(self) -> "Scheme | None":
        """How its tensors start, whatever section ``init`` says. None, that section decides, unless overridden."""
        return None

    @property
    def pools_globally(self) -> bool:
        """Whether it leaves one position of a map, whatever the map's size. False unless overridden."""
        return False

    @abstractmethod
    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """Work of one forward pass over one image."""

    def gradient_macs(self, output: Shape, *inputs: Shape) -> tuple[int, int]:
        """Multiply-adds for the gradients of what it reads, and of values inside it.

        As many as those of the forward pass, and none, unless overridden.
        """
        return self.cost(output, *inputs).macs, 0

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """What torch keeps of a pass in train mode for the gradient. The inputs, as most do, unless overridden."""
        return Saved(inputs=True)

    def workspace(self, output: Shape, *inputs: Shape) -> Space:
        """The most that is allocated beside inputs and output while it runs in eval mode. None unless overridden."""
        return Space()

    def gradient_workspace(self, output: Shape, *inputs: Shape) -> Space:
        """The most that its backward pass allocates beside the gradients. None unless overridden."""
        return Space()

    def reordered(self, *inputs: Shape) -> Space:
        """What it copies of an input whose channels do not lie last in memory. Nothing unless overridden."""
        return Space()

    def signal(self, *inputs: Shape) -> SignalRule:
        """What it does to the moments of a signal and of its gradient. Nothing is known of it unless overridden."""
        return Unknown(f"no rule says what {self.word} does")

    def is_view(self, *inputs: Shape, training: bool) -> bool:
        """Whether its output is its first input, or a view of that: no memory of its own. False unless overridden."""
        return False

    @abstractmethod
    def layer(self, *inputs: Shape) -> Layer:
        """What to build in torch."""

    def layer_on_rows(self, *inputs: Shape) -> Layer:
        """What to build where a map is rows of channels, as a linear layer at each position leaves it.

        That is for layers that torch rounds otherwise then. The same as elsewhere unless overridden.
        """
        return self.layer(*inputs)

    def label(self, *inputs: Shape) -> str:
        """A few words for a diagram or a table: ``conv 3x3/2, 64``."""
        return self.word.replace("_", " ")


def torch_layer(target: str, *fields: str, **renamed: str) -> Callable[..., Layer]:
    """As ``layer`` of an operation, the module ``target`` whatever the input is.

    Its arguments are ``fields`` of the operation under their own names, and others ``renamed``: argument to field.
    """
    names = {**{name: name for name in fields}, **renamed}

    def layer(self: Operation, *inputs: Shape) -> Layer:
        return Layer(target, {argument: getattr(self, field) for argument, field in names.items()})

    return layer


def follows(rule: SignalRule) -> Callable[..., SignalRule]:
    """As ``signal`` of an operation, one rule whatever the input is."""

    def signal(_: Operation, *inputs: Shape) -> SignalRule:
        return rule

    return signal


def free(_: Operation, output: Shape, *inputs: Shape) -> Cost:
    """Nothing: in eval mode values are moved, left out, or passed on."""
    return Cost()


def map_only(operation: Operation, shape: Shape) -> int:
    """How many axes the map of ``shape`` has; refuses flat features, and parameters for another number of axes."""
    axes = len(shape) - 1
    if not axes:
        message = f"{operation.word} needs a feature map, got {shape_text(shape)}"
        raise Refusal("shape", message, "flat features have no height and width; move this layer before the flattening")
    if axes > MOST_AXES:
        message = f"{operation.word} needs a map of at most {MOST_AXES} axes, got {shape_text(shape)}"
        raise Refusal("shape", message, "torch has no such layer")
    for name, value in vars(operation).items():
        if isinstance(value, tuple) and len(value) != axes:
            message = f"{operation.word} reads {_many(axes, 'axis', 'axes')}, {name} has "
            message += _many(len(value), "number", "numbers")
            raise Refusal("shape", message, "one number stands for each axis; a list has one for each")
    return axes


def _many(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def flat_only(operation: Operation, shape: Shape) -> int:
    """``shape`` as a number of features; refuses feature maps."""
    if len(shape) != FLAT:
        message = f"{operation.word} needs flat features, got {shape_text(shape)}"
        hint = "put 'flatten' or 'global_avg_pool' before it"
        hint += "; 'pointwise' is linear at each position" if operation.word == "linear" else ""
        raise Refusal("shape", message, hint)
    return shape[0]
