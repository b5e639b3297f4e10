"""Weights made to fit: a first convolution for another number of channels, equal rows in another shape."""

from __future__ import annotations

import torch
from torch import Tensor

from netspec.weights.transfer import Adapt


def adapted(given: Tensor, kind: Adapt, shape: tuple[int, ...]) -> Tensor:
    """``given`` in ``shape``: reshaped, or with another number of input channels on its second axis.

    For one channel the input channels are summed, so that a grey image gives what it gave as equal channels. For
    others they are repeated in turn and scaled by old over new, so that equal channels give what they gave. This is the
    rule of timm's ``adapt_input_conv`` (timm/models/_manipulate.py). Half precision is added up in single.
    """
    if kind != "input":
        return given.reshape(shape)
    before, after = given.shape[1], shape[1]
    values = given if given.dtype == torch.float64 else given.float()
    if after == 1:
        return values.sum(dim=1, keepdim=True).to(given.dtype)
    repeats = [1, -(-after // before), *[1] * (given.ndim - 2)]
    return (values.repeat(repeats)[:, :after] * (before / after)).to(given.dtype)
