"""Multiply-adds and training FLOPs held against fvcore's trace and torch's ``FlopCounterMode``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import nn

from netspec.analysis.summary import Summary
from netspec.graph.graph import Graph
from netspec.nn.layers import DrawColumn
from netspec.verify.flop_counters import counted_flops, traced_macs, trained_flops
from netspec.verify.result import Check

FVCORE, COUNTER = "fvcore", "FlopCounterMode"
UNTRACED = "fvcore leaves out what no output takes a value of"


def work_checks(stats: Summary, plain: nn.Module, whole: nn.Module) -> Iterator[Check]:
    """Those of inference with ``plain``, the compiled network; those of heads and of training with ``whole``.

    Gives ``plain`` memory on the CPU: fvcore needs values.
    """
    yield from _macs(stats, plain)
    yield from _auxiliary_macs(stats, whole)
    yield _training(stats, whole)


def _macs(stats: Summary, plain: nn.Module) -> Iterator[Check]:
    """Multiply-adds of inference: of the whole, and of each layer."""
    flops = counted_flops(plain, stats.input)
    traced = traced_macs(plain.to_empty(device="cpu"), stats.input)
    layers = dict(plain.named_modules())
    lost = {name: flops.get(name, 0) // 2 for name in _unread(stats.graph, layers)}
    counts: dict[str, Mapping[str, int]] = {FVCORE: traced, COUNTER: {name: n // 2 for name, n in flops.items()}}
    for oracle, by_name in counts.items():
        missing = {**lost, "": sum(lost.values())} if oracle == FVCORE else {}
        figures = {"": stats.totals.macs, **{row.name: row.macs for row in stats.rows if row.name in layers}}
        for name, ours in figures.items():
            theirs, less = by_name.get(name, 0), missing.get(name, 0)
            note = f"{UNTRACED}: {less:,} less" if less else ""
            yield Check("MACs", name, ours, theirs, oracle, note, theirs == ours - less)


def _unread(graph: Graph, layers: Mapping[str, nn.Module]) -> set[str]:
    """Layers of which no output takes a value: what draws alone read."""
    waiting = [output.node for output in graph.outputs if not output.training]
    read = set(waiting)
    while waiting:
        node = waiting.pop()
        if not isinstance(layers.get(node.name), DrawColumn):
            waiting += [source for source in node.inputs if source not in read]
            read.update(node.inputs)
    return {node.name for node in graph.nodes if node not in read}


def _auxiliary_macs(stats: Summary, whole: nn.Module) -> Iterator[Check]:
    """Multiply-adds of the layers that inference leaves out."""
    rows = [row for row in stats.rows if row.auxiliary]
    flops = counted_flops(whole, stats.input) if rows else {}
    layers = dict(whole.named_modules())
    for row in rows:
        if row.name in layers:
            yield Check("MACs in training", row.name, row.cost.macs, flops.get(row.name, 0) // 2, COUNTER)


def _training(stats: Summary, whole: nn.Module) -> Check:
    """FLOPs of a training step; torch counts those of a weight gradient as if there were no groups."""
    ours, theirs = stats.totals.training_flops, trained_flops(whole, stats.input)
    groups = {name: layer.groups for name, layer in whole.named_modules() if isinstance(layer, nn.Conv2d)}
    forward = counted_flops(whole, stats.input) if any(count > 1 for count in groups.values()) else {}
    more = sum((count - 1) * forward.get(name, 0) for name, count in groups.items())
    note = f"FlopCounterMode counts weight gradients as if there were no groups: {more:,} more" if more else ""
    return Check("training FLOPs", "", ours, theirs, COUNTER, note, theirs == ours + more)
