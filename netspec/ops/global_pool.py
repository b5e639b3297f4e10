"""Global pooling: one number for each channel."""

from typing import ClassVar

from netspec.ops.facts import Cost, Family, Layer, Shape, Window, positions
from netspec.ops.memory import MemoryOrder, nothing_saved
from netspec.ops.operation import Operation, follows, map_only
from netspec.ops.signal import Average


class GlobalAvgPool(Operation):
    """Mean over the whole map: one number for each channel, flat (Lin et al. 2013, section 3.2)."""

    word: ClassVar[str] = "global_avg_pool"
    family: ClassVar[Family] = Family.POOL
    memory_order: ClassVar[MemoryOrder] = MemoryOrder.EITHER
    saved_for_backward = nothing_saved
    signal = follows(Average())

    @property
    def pools_globally(self) -> bool:
        """Always."""
        return True

    def shape(self, *inputs: Shape) -> Shape:
        """``(channels,)``."""
        map_only(self, inputs[0])
        return inputs[0][:1]

    def cost(self, output: Shape, *inputs: Shape) -> Cost:
        """All but one elements of each channel added, one division for each channel."""
        return Cost(adds=output[0] * (positions(inputs[0]) - 1), transcendentals=output[0])

    def window(self, *inputs: Shape) -> Window:
        """The whole map."""
        return Window.whole(inputs[0])

    def layer(self, *inputs: Shape) -> Layer:
        """Adaptive pooling to one position, flattened."""
        return Layer("netspec.nn.layers.GlobalAvgPool", {"axes": len(inputs[0]) - 1})

    def label(self, *inputs: Shape) -> str:
        """``global avg pool``."""
        return "global avg pool"
