"""Recurrent layers along the one axis of a map, channels first as everywhere, with torch's names for the weights."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn


class _AlongAxis:
    """A recurrent layer that reads and makes N x C x L."""

    def forward(self: Any, x: Tensor) -> Tensor:
        """N x features x L to N x out x L, from the first position to the last; twice as many, if both ways."""
        states, _ = super().forward(x.permute(2, 0, 1))  # type: ignore[misc]  # of torch's layer
        found: Tensor = states.permute(1, 2, 0).contiguous()
        return found


class Lstm(_AlongAxis, nn.LSTM):  # type: ignore[misc]  # torch's forward takes a state too
    """Long short-term memory (Hochreiter and Schmidhuber 1997)."""


class Gru(_AlongAxis, nn.GRU):  # type: ignore[misc]  # and this one
    """Gated recurrent units (Cho et al. 2014)."""
