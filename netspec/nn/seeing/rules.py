"""What each method does at a rectifier on the way back. Everywhere else all of them take the derivative.

Every method is the vector-Jacobian product of the network, in eval mode, with another rule at those operations that
rectify (:attr:`netspec.ops.operation.Operation.rectifies`: relu, relu6, leaky_relu, prelu, elu, selu, gelu, silu, mish,
softplus, hardswish). With ``g`` for what comes back to the output of such an operation ``f`` that has read ``x``:

- gradient: ``g f'(x)`` (Simonyan et al. 2014),
- deconvnet: ``max(g, 0)``, whatever ``x`` was (Zeiler and Fergus 2014, section 2.1),
- guided: ``max(g, 0) f'(x)`` (Springenberg et al. 2015, figure 1), for relu what is positive on both ways.

Where several operations have read a value, what comes back from them is added up before the rule is applied to it. What
squashes (sigmoid, hardsigmoid, tanh, softmax) or folds (abs) lets both signs through, in gates too, so it keeps its
derivative, as does everything that follows:

- max pooling and the maximum of branches: to the places of the largest values, the switches of the paper; where windows
  overlap and share a place, what comes back to it is added up. Equal values of branches share it.
- a product, such as a gate's: to each factor, times the others.
- batch norm: times what its running statistics scale by; normalisations within an image: their whole derivative,
  the statistics' too. So also local response normalisation, of which the paper's way back says nothing: of
  ``y_i = x_i d_i^-beta`` with ``d_i = k + alpha/size sum_j x_j^2`` both the numerator and the neighbours in ``d``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from netspec.analysis.seen import Method


class _Cleared(torch.autograd.Function):
    """A value, through which only what is positive comes back."""

    @staticmethod
    def forward(ctx: Any, y: Tensor) -> Tensor:  # noqa: ARG004 - as torch has it
        """The same."""
        return y.view_as(y)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ARG004 - as torch has it
        """What is positive."""
        return gradients[0].clamp(min=0)


class _Bypassed(torch.autograd.Function):
    """A value ``y`` that comes from ``x``, to which only what is positive comes back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor) -> Tensor:  # noqa: ARG004 - as torch has it
        """``y``."""
        return y.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # noqa: ARG004 - as torch has it
        """What is positive, to ``x``."""
        return gradients[0].clamp(min=0), None


def _guided(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:  # noqa: ARG001 - as hooks are called
    cleared: Tensor = _Cleared.apply(output)  # type: ignore[no-untyped-call]  # torch's
    return cleared


def _deconvnet(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    bypassed: Tensor = _Bypassed.apply(inputs[0], output.detach())  # type: ignore[no-untyped-call]  # torch's
    return bypassed


def exactly(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:  # noqa: ARG001 - as hooks are called
    """Hooked on a hardsigmoid in any method: the derivative that torch has is a sixth in single precision."""
    return ((inputs[0] + 3) / 6).clamp(0, 1)


RULES: dict[Method, Callable[..., Tensor] | None] = {
    "deconvnet": _deconvnet,
    "guided": _guided,
    "gradient": None,
    "gradcam": None,
}
"""Method -> what is hooked on each rectifier, if it has a rule of its own; see the head of this module."""


@contextmanager
def ruled(rectifiers: Iterable[nn.Module], method: Method) -> Iterator[None]:
    """Have ``rectifiers`` follow the rule of ``method`` as long as this lasts."""
    rule = RULES[method]
    hooks = [one.register_forward_hook(rule) for one in rectifiers] if rule else []
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
