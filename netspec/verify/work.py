"""Multiply-adds, activations and training FLOPs held against fvcore's trace and torch's ``FlopCounterMode``."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import NamedTuple

import torch
from torch import nn

from netspec.analysis.rows import Row
from netspec.analysis.summary import Summary
from netspec.graph.graph import Graph
from netspec.nn.start import named
from netspec.verify.chosen import draws
from netspec.verify.flop_counters import counted_flops, flops_of, foreign_operators, traced_macs, trained_flops
from netspec.verify.result import Check
from netspec.verify.running import BATCH, Compiled, blank, outputs_of, sentence
from netspec.verify.stand_ins import known

TORCH, FVCORE, COUNTER = "torch", "fvcore", "FlopCounterMode"
UNTRACED = "fvcore leaves out what no output takes a value of"


class Counted(NamedTuple):
    """What an oracle counts: multiply-adds of each operation by name, and of the whole network under an empty one.

    ``blind`` says in which operations it cannot count all of them, and why.
    """

    oracle: str
    macs: Mapping[str, int]
    blind: Mapping[str, str]

    def reason(self, name: str) -> str:
        """Why it cannot count all of an operation, or of the network."""
        return self.blind[name] if name else "; ".join(dict.fromkeys(self.blind.values()))


def work_checks(stats: Summary, network: Compiled) -> Iterator[Check]:
    """Those of inference; then those of heads and of training."""
    counted = _by_counter(stats, network)
    yield from _activations(stats, network, counted)
    try:
        traced = _by_fvcore(stats, network)
    except Exception as error:  # noqa: BLE001 - it is the caller's code
        reason = f"fvcore cannot trace the network: {sentence(error)}"
        yield Check("MACs", "", stats.totals.macs, None, FVCORE, reason)
    else:
        yield from _macs(stats, network, traced, _lost(stats.graph, traced, counted))
    yield from _macs(stats, network, counted, {})
    yield from _auxiliary_macs(stats, network)
    yield _training(stats, network, counted)


# -- counts -----------------------------------------------------------------------------------------------------------


def _by_counter(stats: Summary, network: Compiled) -> Counted:
    """By the operators that torch runs. It knows all that convolve or multiply matrices, but those of no library."""
    flops = dict(counted_flops(network.plain, network.images()))
    for row in stats.rows:
        layer = network.layers[row.node]
        if not layer.is_module and not row.auxiliary:
            flops[row.name] = flops_of(layer.run, network.inputs(row.node))
    macs = {name: count // 2 for name, count in flops.items()}
    blind = {}
    for row in _understated(stats, network, macs):
        libraries = foreign_operators(network.layers[row.node].run, network.inputs(row.node))
        if libraries:
            blind[row.name] = f"{COUNTER} does not know the operators of {', '.join(libraries)}"
    return Counted(COUNTER, macs, blind)


def _by_fvcore(stats: Summary, network: Compiled) -> Counted:
    """By a trace of the network, which has to have values for that."""
    traced = traced_macs(_with_values(network), blank(stats.graph))
    blind = {}
    for row in _understated(stats, network, traced.macs):
        unknown = traced.unknown(row.name) if network.layers[row.node].is_module else []
        if unknown:
            blind[row.name] = f"{FVCORE} does not count {', '.join(unknown)}"
    return Counted(FVCORE, traced.macs, blind)


def _counted_as(row: Row, network: Compiled) -> str:
    """The name under which an oracle counts ``row``: that of its module, with all that run with that."""
    return row.node.owner.name if network.layers[row.node].is_module else row.name


def _stated(rows: Iterable[Row], network: Compiled, of: Callable[[Row], int]) -> dict[str, int]:
    """What ``rows`` state, by the names under which oracles count them."""
    found: dict[str, int] = {}
    for row in rows:
        name = _counted_as(row, network)
        found[name] = found.get(name, 0) + of(row)
    return found


def _understated(stats: Summary, network: Compiled, macs: Mapping[str, int]) -> list[Row]:
    """Operations of others of which an oracle counts fewer multiply-adds than they state."""
    stated, own = _stated(stats.rows, network, attrgetter("macs")), [row for row in stats.rows if not row.node.shares]
    foreign = [row for row in own if known(network.layers[row.node].target) is None]
    return [row for row in foreign if stated[row.name] > macs.get(row.name, 0)]


def _with_values(network: Compiled) -> nn.Module:
    """The network without heads on the CPU: layers of others as they start, since they may look at values; else 0."""
    if network.device != "meta":
        return network.plain
    found = network.plain.to_empty(device="cpu")
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        for tensor in (*found.parameters(), *found.buffers()):
            tensor.zero_()
        for node, layer in network.layers.items():
            if layer.is_module and known(layer.target) is None and node.owner is node:
                parent, _, child = node.name.rpartition(".")
                data = node.operation.layer(*node.input_shapes)
                setattr(found.get_submodule(parent), child, named(data.target)(**data.arguments).eval())
    return found


# -- figures ----------------------------------------------------------------------------------------------------------


def _macs(stats: Summary, network: Compiled, counted: Counted, lost: Mapping[str, int]) -> Iterator[Check]:
    """Multiply-adds of inference: of the whole, and of each layer; those that are ``lost`` are none to the oracle."""
    rows = [row for row in stats.rows if network.layers[row.node].is_module or counted.macs.get(row.name)]
    stated = _stated(rows, network, attrgetter("macs"))
    hidden = {name: macs - counted.macs.get(name, 0) for name, macs in stated.items() if name in counted.blind}
    yield _mac_check(counted, "", stats.totals.macs, sum(lost.values()), sum(hidden.values()))
    for name, macs in stated.items():
        yield _mac_check(counted, name, macs, lost.get(name, 0), hidden.get(name, 0))


def _mac_check(counted: Counted, name: str, ours: int, lost: int, hidden: int) -> Check:
    """Multiply-adds, of which an oracle leaves out those that are ``lost`` and cannot see those that are ``hidden``."""
    theirs = counted.macs.get(name, 0)
    if hidden and theirs == ours - lost - hidden:
        return Check("MACs", name, ours, None, counted.oracle, counted.reason(name))
    note = f"{UNTRACED}: {lost:,} less" if lost else ""
    return Check("MACs", name, ours, theirs, counted.oracle, note, theirs == ours - lost)


def _lost(graph: Graph, traced: Counted, counted: Counted) -> dict[str, int]:
    """Multiply-adds that a trace leaves out: of operations of which no output takes a value, but draws do."""
    waiting = [output.node for output in graph.outputs if not output.training]
    read = set(waiting)
    while waiting:
        node = waiting.pop()
        if node.inputs and not draws(node):
            waiting += [source for source in node.inputs if source not in read]
            read.update(node.inputs)
    unread = [node.name for node in graph.nodes if node not in read and not traced.macs.get(node.name)]
    return {name: counted.macs[name] for name in unread if counted.macs.get(name)}


def _activations(stats: Summary, network: Compiled, counted: Counted) -> Iterator[Check]:
    """Outputs of what convolves or multiplies matrices in inference, as the counter sees: all, and one by one."""
    modules = dict(network.plain.named_modules())
    _, called = outputs_of(
        network.plain, [modules[row.name] for row in stats.rows if row.name in modules], network.images()
    )
    yield _unused(stats, modules, called)
    made = {row.name: 0 for row in stats.rows}
    for row in stats.rows:
        if counted.macs.get(_counted_as(row, network)) and not row.auxiliary:
            layer = network.layers[row.node]
            own = called.get(modules[row.node.owner.name]) if layer.is_module else None
            made[row.name] = (next(own) if own else layer.run(*network.inputs(row.node))).numel()
    yield _activation_check(counted, "", sum(row.activations for row in stats.rows), sum(made.values()))
    for row in stats.rows:
        yield _activation_check(counted, row.name, row.activations, made[row.name])


def _activation_check(counted: Counted, name: str, ours: int, theirs: int) -> Check:
    """What is made in operations whose multiply-adds the counter cannot see is less to it."""
    unseen = theirs < ours and (name in counted.blind or (not name and counted.blind))
    if unseen:
        return Check("activations", name, ours, None, TORCH, counted.reason(name))
    return Check("activations", name, ours, theirs, TORCH)


def _unused(stats: Summary, modules: Mapping[str, nn.Module], called: Container[nn.Module]) -> Check:
    """Parameters that inference has no use for: those of layers that it does not call."""
    layers = [modules[row.name] for row in stats.rows if row.name in modules]
    unused = sum(parameter.numel() for layer in layers if layer not in called for parameter in layer.parameters())
    return Check("parameters for training only", "", stats.totals.auxiliary_params, unused, TORCH)


def _auxiliary_macs(stats: Summary, network: Compiled) -> Iterator[Check]:
    """Multiply-adds of the layers that inference leaves out."""
    rows = [row for row in stats.rows if network.layers[row.node].is_module]
    aside = {_counted_as(row, network) for row in rows if row.auxiliary}
    flops = counted_flops(network.whole, network.images()) if aside else {}
    stated = _stated(rows, network, lambda row: row.cost.macs)
    for name in (name for name in stated if name in aside):
        yield Check("MACs in training", name, stated[name], flops.get(name, 0) // 2, COUNTER)


def _training(stats: Summary, network: Compiled, counted: Counted) -> Check:
    """FLOPs of a training step; torch counts those of a weight gradient as if there were no groups."""
    ours, (theirs, more) = stats.totals.training_flops, trained_flops(network.whole, network.images(BATCH))
    if counted.blind and theirs < ours + more:
        return Check("training FLOPs", "", ours, None, COUNTER, counted.reason(""))
    note = f"{COUNTER} counts weight gradients as if there were no groups: {more:,} more" if more else ""
    return Check("training FLOPs", "", ours, theirs, COUNTER, note, theirs == ours + more)
