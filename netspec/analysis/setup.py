"""What figures in bytes depend on beside the network."""

from __future__ import annotations

from typing import Literal, NamedTuple

Dtype = Literal["float64", "float32", "float16", "bfloat16"]
DTYPES: dict[Dtype, int] = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}
"""Type of weights and values -> bytes of one."""
Optimizer = Literal["sgd", "momentum", "adam"]
STATES: dict[Optimizer, int] = {"sgd": 0, "momentum": 1, "adam": 2}
"""Numbers that an optimiser has for each weight; Adam's step counters of 4 bytes a tensor are left out."""


class Setup(NamedTuple):
    """What figures in bytes are for: images at once, the type of weights and values, the optimiser of training."""

    batch: int = 1
    dtype: Dtype = "float32"
    optimizer: Optimizer = "sgd"

    @property
    def width(self) -> int:
        """Bytes of one value."""
        return DTYPES[self.dtype]
