"""A layer with its first values: those that the spec says, or torch's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from netspec.graph.graph import Graph, Node
from netspec.ops.facts import Layer
from netspec.ops.initialisation import Scheme

Schemes = Mapping[tuple[str, str], Scheme]
"""Operation and tensor -> how that tensor starts; what is not named starts as torch has it."""


def schemes(graph: Graph) -> Schemes:
    """How the tensors of ``graph`` start."""
    return {(word, tensor): scheme for word, tensor, scheme in graph.init}


def named(target: str) -> Callable[..., Any]:
    """What a dotted name of a :class:`~netspec.ops.facts.Layer` means; its module is imported.

    Such names come from operations, that is from Python code, never from a spec.
    """
    place, _, name = target.rpartition(".")
    function: Callable[..., Any] = getattr(import_module(place), name)
    return function


def started(node: Node, layer: Layer, starts: Schemes) -> nn.Module | nn.Parameter:
    """What ``node`` is built as, with its first values; those that a scheme gives to all tensors are drawn once."""
    word, own = node.operation.word, node.operation.own_scheme
    schemes_of = {tensor.name: own or starts.get((word, tensor.name)) for tensor in node.tensors}
    if layer.call == "parameter":
        parameter = nn.Parameter(named(layer.target)(**layer.arguments))
        scheme = own or starts.get((word, ""))
        if scheme:
            _draw(parameter, scheme)
        return parameter
    device = torch.get_default_device()
    if schemes_of and all(schemes_of.values()) and layer.target.startswith("torch.nn.") and device.type != "meta":
        with torch.device("meta"):
            built = named(layer.target)(**layer.arguments)
        built.to_empty(device=device)
    else:
        built = named(layer.target)(**layer.arguments)
    if not isinstance(built, nn.Module):
        message = f"{layer.target} of '{node.name}' is no torch.nn.Module"
        raise TypeError(message)
    for name, scheme in schemes_of.items():
        if scheme:
            _draw(getattr(built, name), scheme)
    return built


def _draw(tensor: Tensor, scheme: Scheme) -> None:
    """Give ``tensor`` the values of ``scheme``. On the device meta it has none, and torch would import its compiler."""
    if tensor.is_meta:
        return
    named(scheme.function)(tensor, **scheme.arguments())
