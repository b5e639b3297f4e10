"""Max pooling the other way round."""

from typing import ClassVar

from pydantic import PrivateAttr

from netspec.errors.codes import Refusal
from netspec.ops.facts import Family, Layer, Shape, Window, shape_text
from netspec.ops.memory import MemoryOrder, Saved
from netspec.ops.operation import Operation, free, map_only
from netspec.ops.pool import MaxPool
from netspec.ops.uneven import Uneven
from netspec.ops.upsampling import Spread


class MaxUnpool(Operation):
    """The values of a map at the places that a max pool took its own from, 0 elsewhere (Zeiler and Fergus 2014).

    Its second input is that max pool, ``from: [x, pool1]``, and its output as large as what that read.
    """

    word: ClassVar[str] = "max_unpool"
    family: ClassVar[Family] = Family.POOL
    takes: ClassVar[tuple[int, int]] = (2, 2)
    reads_places: ClassVar[bool] = True
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER
    cost = free

    _pool: MaxPool = PrivateAttr(default=MaxPool(kernel=1))
    _pooled: Shape = PrivateAttr(default=())

    def undoing(self, pool: Operation, *inputs: Shape) -> Operation:
        """This operation for what ``pool`` makes of ``inputs``; refuses what is no max pool."""
        if not isinstance(pool, MaxPool):
            message = f"max_unpool needs a max pool as its second input, not {pool.word}"
            raise Refusal("wrong-type", message, "name the max_pool whose places it takes: from: [x, pool1]")
        if pool.padding == "same":
            message = "max_unpool cannot undo a max pool with padding 'same', whose places are those of a padded map"
            raise Refusal("shape", message, "write the padding of the pool as a number")
        found = self.model_copy()
        found._pool, found._pooled = pool, inputs[0]  # noqa: SLF001 - a copy of its own
        return found

    def shape(self, *inputs: Shape) -> Shape:
        """That of what the pool read; what takes the places of the pool's values has their shape."""
        map_only(self, inputs[0])
        if inputs[0] != inputs[1]:
            message = (
                f"max_unpool needs the shape of its max pool, {shape_text(inputs[1])}, got {shape_text(inputs[0])}"
            )
            raise Refusal("shape", message, "a pool has a place for each of its values, channel by channel")
        return self._before(*inputs)

    def _before(self, *inputs: Shape) -> Shape:
        """What the pool read; of no pool, that is one of single elements, what it made."""
        return self._pooled or inputs[1]

    def differentiable_inputs(self, *inputs: Shape) -> int:
        """The first: of the pool only places are read."""
        return 1

    def window(self, *inputs: Shape) -> Window:
        """That of the pool, slid over the output; what a position sees of the input depends on its phase."""
        return self._pool.window(self._before(*inputs))

    def uneven(self, *inputs: Shape) -> tuple[Uneven, ...]:
        """The elements whose windows hold a position, which depend on its phase."""
        return tuple(map(Spread, *self.window(*inputs), inputs[0][1:], self._before(*inputs)[1:]))

    def saved_for_backward(self, output: Shape, *inputs: Shape) -> Saved:
        """The places, which the pool has noted."""
        return Saved(places=True)

    def layer(self, *inputs: Shape) -> Layer:
        """A module of ours, which takes the places and the size that the pool returns beside its values."""
        axes = len(inputs[0]) - 1
        kernel, stride, dilation, padding = self.window(*inputs)
        arguments = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}
        return Layer(f"netspec.nn.layers.MaxUnpool{axes}d", arguments)

    def label(self, *inputs: Shape) -> str:
        """``max unpool 2x2``."""
        return f"max unpool {shape_text(self.window(*inputs).kernel)}"
