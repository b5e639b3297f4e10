"""Tensors as pieces of images with 8 bits a channel."""

from __future__ import annotations

import torch
from torch import Tensor

from netspec.analysis.seen import Pixels

HEAT = ((0.0, 0.0, 0.3), (0.45, 0.0, 0.5), (0.9, 0.2, 0.2), (1.0, 0.65, 0.0), (1.0, 1.0, 0.6))
"""Colours from nothing to the largest, evenly apart; each is lighter than the one before, so that grey print tells."""


def of_image(pixels: Tensor) -> Pixels:
    """C x H x W from 0 to 1 as they are."""
    channels, height, width = pixels.shape
    values = pixels.clamp(0, 1).mul(255).round().to(torch.uint8).permute(1, 2, 0)
    return Pixels(height, width, channels, bytes(values.contiguous().flatten().tolist()))


def of_signal(signal: Tensor) -> Pixels:
    """C x H x W of any numbers, scaled by the largest magnitude: 0 is middle grey."""
    return of_image(signal.double() / (2 * _largest(signal)) + 0.5)


def heat(pixels: Tensor, amounts: Tensor) -> Pixels:
    """``amounts`` from 0 on, H x W, as colours that lie on the grey image ``pixels``, C x H x W, as strongly."""
    share = amounts.double() / _largest(amounts)
    table = pixels.new_tensor(HEAT)
    place = share * (len(HEAT) - 1)
    below = place.floor().clamp(max=len(HEAT) - 2).long()
    part = (place - below).unsqueeze(-1)
    colours = (table[below] * (1 - part) + table[below + 1] * part).permute(2, 0, 1)
    grey = pixels.mean(0, keepdim=True)
    return of_image(0.45 * grey + 0.55 * colours)


def _largest(values: Tensor) -> float:
    """The largest magnitude, or 1 of nothing and of what is no number."""
    largest = float(values.abs().max()) if values.numel() else 0.0
    return largest if 0 < largest < float("inf") else 1.0
