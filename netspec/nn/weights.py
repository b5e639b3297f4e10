"""Weights of a file given to a module: what fits by name and shape, or nothing is changed and said why."""

from __future__ import annotations

import os
from collections.abc import Mapping
from math import prod
from pathlib import Path

import torch
from torch import Tensor, nn

from netspec.diff.matching import matched
from netspec.errors.problem import Problem
from netspec.graph.graph import Graph
from netspec.nn.adapt import adapted
from netspec.nn.checkpoint import INDEX, SAFE, dictionaries, is_safetensors
from netspec.nn.part import graph_of
from netspec.nn.torch_file import Room, bad_weights
from netspec.nn.wrappers import SPREAD, device_of, refuse_parts, unwrapped
from netspec.weights import mapping
from netspec.weights.choice import Choice, Dictionary, choose, plain
from netspec.weights.transfer import ADAPTATIONS, COUNTER, Adapt, LoadedWeights, Terms, refuse, transfer
from netspec.weights.wanted import Wanted, some, wanted

BYTES = 4
"""Of a number, where there is only a graph to tell how much a network needs."""


class Weights:
    """The dictionaries of one file, and the ``choice`` of the one in which the weights of a network are."""

    def __init__(self, path: Path, needed: Mapping[str, Wanted], key: str | None = None) -> None:
        self.path = path
        self.needed = needed
        room = Room(BYTES * sum(prod(one.shape) for one in needed.values()), len(needed))
        self.found = dictionaries(path, room)
        shapes = [Dictionary(name, {at: shape(one) for at, one in held.items()}) for name, held in self.found.items()]
        self.choice = choose(str(path), shapes, needed, key)

    @property
    def ordered(self) -> bool:
        """Whether the file lists tensors in the order in which they were saved: safetensors are sorted by name."""
        return not (self.path.name.endswith(f"{SAFE}{INDEX}") or is_safetensors(self.path))

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The dictionary that was chosen."""
        return self.found[self.choice.dictionary.key]

    def renamed(self, pairs: Mapping[str, str]) -> Choice:
        """The choice with names by ``pairs`` of layers or tensors, ours to theirs."""
        given = self.choice.dictionary.shapes
        strange = mapping.unknown(pairs, self.needed, given)
        if strange:
            raise bad_weights(f"{self.path}: there is no layer with weights called {some(strange)}")
        return self.choice._replace(prefix="", names=mapping.names(pairs, self.needed, given))

    def of(self, old: Graph, new: Graph) -> Choice:
        """The choice with names by which operation of ``old``, whose weights these are, is which of ``new``."""
        before = {node.name: other.name for node, other in matched(old, new).items() if node.tensors and other.tensors}
        known = {plain(theirs.removeprefix(self.choice.prefix)): theirs for theirs in self.choice.dictionary.shapes}
        names = {}
        for theirs, name in known.items():
            layer, _, last = theirs.rpartition(".")
            if theirs in before:
                names[before[theirs]] = name
            elif layer in before:
                names[f"{before[layer]}.{last}"] = name
        return self.choice._replace(names=names)


def shape(tensor: Tensor) -> tuple[int, ...]:
    """The shape of a tensor; a nested one has none."""
    return () if tensor.is_nested else tuple(tensor.shape)


def terms(adapt: tuple[str, ...], *, partial: bool, allow_fresh: tuple[str, ...]) -> Terms:
    """What a caller allows. Raises :class:`ValueError` for an adaptation that there is not."""
    for one in adapt:
        if one not in ADAPTATIONS:
            message = f"adapt is one of {', '.join(ADAPTATIONS)}, not {one!r}"
            raise ValueError(message)
    return Terms(partial, allow_fresh, frozenset(adapt))


def pairs_of(given: str | os.PathLike[str] | Mapping[str, str] | None) -> Mapping[str, str] | None:
    """Pairs of layers, as they are or from the file that has them."""
    return mapping.read(Path(given)) if isinstance(given, (str, os.PathLike)) else given


def load_weights(
    module: nn.Module,
    path: Path,
    terms: Terms = Terms(),  # noqa: B008 - it cannot change
    *,
    key: str | None = None,
    pairs: Mapping[str, str] | None = None,
    old: Graph | None = None,
) -> tuple[LoadedWeights, tuple[Problem, ...]]:
    """Give ``module`` the weights in the file at ``path``, in its own precision; what was loaded, and what is odd.

    ``key`` chooses among several dictionaries. ``pairs`` are names of layers, ours to the file's; ``old`` is the
    network whose weights they are, where its operations tell which is which. Tensors on the device meta get theirs as
    their own, on the CPU. Raises :class:`SpecError` naming what is wrong; the module has all of its old weights then.
    """
    inner = unwrapped(module)
    targets = inner.state_dict(keep_vars=True)
    own = {plain(name): name for name in targets}
    refuse_parts(path, targets, "cannot be loaded into this module", SPREAD)
    graph = graph_of(inner)
    known = wanted(graph) if graph else {}
    needed = {
        ours: known.get(ours, Wanted(()))._replace(
            shape=tuple(targets[name].shape), trainable=isinstance(targets[name], nn.Parameter)
        )
        for ours, name in own.items()
    }
    file = Weights(path, {**known, **needed}, key)
    choice = file.choice
    if pairs is not None:
        choice = file.renamed(pairs)
    elif old is not None and graph is not None:
        choice = file.of(old, graph)
    choice = _without_broken_counters(choice, file.tensors)
    for ours in own:
        if ours in choice.names:
            _refuse_unreal(path, ours, choice.names[ours], file.tensors[choice.names[ours]], targets[own[ours]])
    found = transfer(str(path), choice, needed, terms)
    refuse(found, needed, terms, choice)
    taken = {**found.loaded, **{ours: one.theirs for ours, one in found.adapted.items()}}
    values = {}
    for ours, theirs in taken.items():
        kind = found.adapted[ours].kind if ours in found.adapted else "shape"  # a counter may be a row of one
        values[own[ours]] = _value(file.tensors[theirs], targets[own[ours]], kind)
    _give(inner, values, targets)
    return found, _remarks(path, values)


def _give(module: nn.Module, values: dict[str, Tensor], targets: Mapping[str, Tensor]) -> None:
    """Put ``values`` in place; on the device meta they become the module's own, and counters begin at 0."""
    counters = {
        name: torch.zeros((), dtype=tensor.dtype)
        for name, tensor in targets.items()
        if tensor.is_meta and name.endswith(f".{COUNTER}") and f"{name.removesuffix(COUNTER)}running_mean" in values
    }
    fresh = _with_memory_of_their_own({name: value for name, value in values.items() if targets[name].is_meta})
    assigned = {**counters, **fresh}
    copied = {name: value for name, value in values.items() if name not in fresh}
    module.load_state_dict(assigned, strict=False, assign=True)
    module.load_state_dict(copied, strict=False)


def _value(given: Tensor, target: Tensor, kind: Adapt) -> Tensor:
    """``given`` in the shape, the precision and the place of ``target``."""
    value = given if given.shape == target.shape else adapted(given, kind, tuple(target.shape))
    return value.to(device_of(target), target.dtype)


def _with_memory_of_their_own(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``values`` to be kept: those that lie in memory with others, or not one number after the other, are copied."""
    kept: dict[str, Tensor] = {}
    taken: set[int] = set()
    for name, value in values.items():
        memory = value.untyped_storage()
        alone = memory.nbytes() == value.numel() * value.element_size() and memory.data_ptr() not in taken
        kept[name] = value if alone and value.is_contiguous() else value.clone(memory_format=torch.contiguous_format)
        taken.add(memory.data_ptr())
    return kept


def _without_broken_counters(choice: Choice, tensors: Mapping[str, Tensor]) -> Choice:
    """``choice`` without batch counters that are no numbers any more, as in weights that were made half precision."""
    names = dict(choice.names)
    for ours, theirs in choice.names.items():
        if ours.endswith(COUNTER) and not _counts(tensors[theirs]):
            del names[ours]
    return choice._replace(names=names)


def _counts(tensor: Tensor) -> bool:
    """Whether ``tensor`` is one finite number."""
    return not _strange(tensor) and tensor.numel() == 1 and bool(torch.isfinite(tensor).all())


def _refuse_unreal(path: Path, ours: str, theirs: str, given: Tensor, target: Tensor) -> None:
    """Refuse what is no plain array of real numbers, and whole numbers for real ones or the other way."""
    fault = _strange(given) or ("" if ours.endswith(COUNTER) else _other_kind(given, target))
    if fault:
        raise bad_weights(f"{path}: '{theirs}' {fault}", "weights are plain tensors of real numbers")


def _strange(given: Tensor) -> str:
    if given.is_meta:
        return "has no values: it is on the device meta"
    if given.is_quantized:
        return "is quantised"
    if given.is_nested:
        return "is nested"
    if given.layout != torch.strided:
        return "is sparse"
    if given.is_complex():
        return "is complex"
    if type(given) is not Tensor:
        return f"is no plain tensor but a {type(given).__name__}"
    return ""


def _other_kind(given: Tensor, wanted: Tensor) -> str:
    if given.dtype == torch.bool or given.is_floating_point() != wanted.is_floating_point():
        return f"is of {_dtype(given)}, and the network's of {_dtype(wanted)}"
    return ""


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _remarks(path: Path, state: Mapping[str, Tensor]) -> tuple[Problem, ...]:
    """A warning where weights are not finite: they load, and what the network computes with them is worth nothing."""
    odd = [name for name, tensor in state.items() if tensor.numel() and not _is_finite(tensor)]
    if not odd:
        return ()
    message = f"{path}: NaN or infinite values in {len(odd)} of {len(state)} weights ({', '.join(odd[:3])})"
    return (Problem("not-finite", message, severity="warning"),)


def _is_finite(tensor: Tensor) -> bool:
    """Whether all numbers are; found without a tensor of answers as large as the weights."""
    ends = torch.stack(torch.aminmax(tensor))
    return bool(torch.isfinite(ends).all())
