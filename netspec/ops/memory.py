"""What an operation holds in memory beside its inputs and its output, as data."""

from __future__ import annotations

from enum import Enum
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from netspec.ops.facts import Shape, positions

if TYPE_CHECKING:
    from netspec.ops.operation import Operation

INDEX = 8
"""Bytes of an index: torch keeps places as int64."""
STATISTIC = 4
"""Least bytes of a mean or deviation of a batch: float32 where values are shorter."""


class Space(NamedTuple):
    """An amount of memory: elements for each image of a batch, and what does not grow with it.

    ``values`` have the type of the network's values, ``indices`` are int64 and ``truths`` a byte each whatever that
    type is. ``statistics`` are numbers and ``fixed`` are bytes for a whole batch.
    """

    values: int = 0
    indices: int = 0
    statistics: int = 0
    fixed: int = 0
    truths: int = 0

    def size(self, batch: int, bytes_per_element: int) -> int:
        """Bytes."""
        images = batch * (self.values * bytes_per_element + self.indices * INDEX + self.truths)
        return images + self.statistics * max(bytes_per_element, STATISTIC) + self.fixed


class MemoryOrder(Enum):
    """In which order the maps that an operation reads and leaves lie in memory.

    Maps lie channel by channel, torch's usual order, or position by position: their channels are last, torch's
    ``channels_last``.
    """

    FIRST = "first"
    """What it states holds for maps in the usual order alone."""
    EITHER = "either"
    """It holds for either order. How the output lies, where the channels of an input are last, a device decides."""
    KEPT = "kept"
    """It holds for either order, and the output lies as the inputs do."""
    LAST = "last"
    """It holds for maps with the channels last, or either, and the output has them last."""


def reordered(shape: Shape) -> int:
    """Elements of a copy of a map in the other order; 0 where one channel or one position makes both the same."""
    return prod(shape) if min(shape[0], positions(shape)) > 1 else 0


class Saved(NamedTuple):
    """What autograd keeps of a forward pass for the gradient: all inputs, the output, and what lies beside them.

    ``places`` are those of a max pool that are read: kept once, whether the pool keeps them too or not.
    Of several inputs each is kept for the gradients of the others, or, ``together``, all of them for any gradient.
    Where inputs are joined one by one, ``partial`` are the elements of what is there before each after the second: it
    is kept beside, for the gradient of that one or, ``together``, for any so far.
    Parameters and buffers are not listed, although torch keeps references to them: they are there in any case.
    """

    inputs: bool = False
    output: bool = False
    beside: Space = Space()
    places: bool = False
    together: bool = False
    partial: tuple[int, ...] = ()


def nothing_saved(_: Operation, output: Shape, *inputs: Shape) -> Saved:
    """Nothing: a gradient that only shapes and constants decide, as that of a sum."""
    return Saved()


def output_saved(_: Operation, output: Shape, *inputs: Shape) -> Saved:
    """The output alone, from which the slope can be told."""
    return Saved(output=True)


def always(_: Operation, *inputs: Shape, training: bool) -> bool:
    """For an operation that only ever passes its input on."""
    return True


def alone(_: Operation, *inputs: Shape, training: bool) -> bool:
    """For a join that has nothing to do with one input."""
    return len(inputs) == 1
