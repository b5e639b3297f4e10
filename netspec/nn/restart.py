"""First values again, for all weights of a module or for chosen ones, drawn in running order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn

from netspec.errors.problem import Problem, SpecError
from netspec.errors.suggestions import did_you_mean
from netspec.graph.graph import Graph, Node
from netspec.nn.start import schemes, started
from netspec.nn.wrappers import unwrapped
from netspec.ops.facts import key, shape_text


def restart(module: nn.Module, graph: Graph, names: Iterable[str] | None = None) -> tuple[str, ...]:
    """Give tensors of ``module``, which was built from ``graph``, their first values again; their names.

    Those that ``names`` name (all if None): tensors, layers and what is in them, or patterns of these. With the same
    state of torch's random numbers as it was built with, all of them get the values that they were built with. A tensor
    on the device meta gets its own memory, on the CPU; parts of distributed ones are given out. Raises
    :class:`SpecError` for a name that nothing has, and for a module of another network; nothing has changed then.
    """
    inner = unwrapped(module)
    own = inner.state_dict(keep_vars=True)
    starts = schemes(graph)
    layers = [node for node in graph.operations if any(key(node.name, one.name) in own for one in node.tensors)]
    known = [key(node.name, tensor.name) for node in layers for tensor in node.tensors]
    chosen = set(known) if names is None else {*_chosen(known, [*names])}
    _refuse_others(graph, layers, own)
    for node in layers:
        asked = [tensor.name for tensor in node.tensors if key(node.name, tensor.name) in chosen]
        if asked:
            fresh = started(node, node.operation.layer(*node.input_shapes), starts)
            values = fresh.state_dict() if isinstance(fresh, nn.Module) else {"": fresh.detach()}
            for name in asked:
                place, _, last = key(node.name, name).rpartition(".")
                _give(inner.get_submodule(place), last, own[key(node.name, name)], values[name])
    return tuple([name for name in known if name in chosen])


def _refuse_others(graph: Graph, layers: list[Node], own: Mapping[str, Tensor]) -> None:
    """Raise :class:`SpecError` where a tensor of the module, its ``own``, has not the shape that ``graph`` says."""
    for node in layers:
        for tensor in node.tensors:
            name = key(node.name, tensor.name)
            shape = tuple(own[name].shape) if name in own else tensor.shape
            if shape != tensor.shape:
                sizes = f"{shape_text(shape)}, not {shape_text(tensor.shape)}"
                message = f"this module is none of {graph.name}: '{name}' is {sizes}"
                raise SpecError([Problem("wrong-value", message, node.span)])


def _chosen(known: list[str], names: list[str]) -> Iterator[str]:
    for name in names:
        found = [one for one in known if _is_named(one, name)]
        if not found:
            hint = did_you_mean(name, known)
            raise SpecError([Problem("unknown-name", f"no layer or tensor with weights is called '{name}'", hint=hint)])
        yield from found


def _is_named(tensor: str, name: str) -> bool:
    return fnmatchcase(tensor, name) or fnmatchcase(tensor, f"{name}.*")


def _give(holder: nn.Module, name: str, target: Tensor, value: Tensor) -> None:
    """Put ``value`` in the place of ``target``, which ``holder`` has as ``name``."""
    if target.is_meta:
        holder.load_state_dict({name: value.to(target.dtype)}, strict=False, assign=True)
        return
    with torch.no_grad():
        mesh = getattr(target, "device_mesh", None)
        if mesh is not None:
            from torch.distributed.tensor import distribute_tensor  # noqa: PLC0415 - it takes long to import

            value = distribute_tensor(value.to(mesh.device_type), mesh, target.placements)  # type: ignore[attr-defined]
        target.copy_(value)
