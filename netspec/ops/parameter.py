"""A tensor of the network itself, without a module around it: a scale, a position embedding, a learned constant."""

from typing import ClassVar

from pydantic import Field

from netspec.ops.facts import Example, Family, Layer, Shape, Tensor, shape_text
from netspec.ops.fields import TensorShape
from netspec.ops.initialisation import Scheme, Start
from netspec.ops.memory import nothing_saved
from netspec.ops.operation import Operation, free


class Parameter(Operation):
    """A trainable tensor of the network itself: it reads nothing, joins read it, its key is the layer's own name.

    Its ``shape`` has no batch: every image gets the same. How it starts is said by ``init``, a scheme as section
    ``init`` has them, or by that section under ``parameter``; otherwise it is zeros.
    """

    word: ClassVar[str] = "parameter"
    family: ClassVar[Family] = Family.PARAMETER
    example: ClassVar[Example] = Example(shape=[64, 1, 1], init={"constant": 0.1})
    takes: ClassVar[tuple[int, int]] = (0, 0)
    saved_for_backward = nothing_saved
    cost = free

    size: TensorShape = Field(alias="shape")
    init: Start = None

    def shape(self, *inputs: Shape) -> Shape:
        """``shape``, without a batch."""
        return self.size

    def tensors(self, *inputs: Shape) -> tuple[Tensor, ...]:
        """Itself, under the layer's own name."""
        return (Tensor("", self.size),)

    @property
    def own_scheme(self) -> Scheme | None:
        """``init``."""
        return self.init

    def layer(self, *inputs: Shape) -> Layer:
        """A ``torch.nn.Parameter`` of the module around it."""
        return Layer("torch.zeros", {"size": self.size}, call="parameter")

    def label(self, *inputs: Shape) -> str:
        """``parameter 64x1x1``."""
        return f"parameter {shape_text(self.size)}"
