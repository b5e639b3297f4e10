"""Every figure of ``netspec stats`` held against a compiled module: torch, fvcore and a NaN say what it really is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn

from netspec.analysis.receptive_field import receptive_fields
from netspec.analysis.summary import Summary, summary
from netspec.analysis.training import training_flops
from netspec.analysis.verification import Check, Verification
from netspec.facts import Layer, Shape
from netspec.graph import Graph, Node
from netspec.nn.build import module, named
from netspec.nn.counting import counted_flops, quiet, traced_macs, trained_flops
from netspec.nn.field_checks import field_checks

TORCH, FVCORE, COUNTER = "torch", "fvcore", "FlopCounterMode"
MOST = 24
"""Operations whose receptive fields are checked."""


def verify(graph: Graph) -> Verification:
    """The figures of ``graph`` beside those of its module: parameters, shapes, multiply-adds, receptive fields.

    Builds the module twice, with and without heads for training. Counts run on the meta device but for one forward
    pass on the CPU, which fvcore traces. A network that torch refuses to run has a check that says so, and no more.
    """
    stats = summary(graph)
    whole = module(graph, device="meta", outputs="all").eval()
    plain = module(graph, device="meta").eval()
    checks = list(_tensors(graph, stats, whole))
    try:
        checks += _shapes(graph, whole)
        checks += _unused(stats, plain, graph.input.shape)
        checks += _macs(stats, plain, graph.input.shape)
        checks += _auxiliary_macs(stats, whole, graph.input.shape)
        checks.append(_training(graph, whole))
        fields = field_checks(graph, whole, watched_nodes(graph, stats), receptive_fields(graph))
        checks += [check._replace(of="") for check in fields if check.of == stats.field_node]
        checks += fields
    except (RuntimeError, ValueError) as error:
        shape = graph.outputs[0].node.shape
        checks.append(Check("output", graph.outputs[0].name, shape, (), TORCH, str(error).partition("\n")[0]))
    return Verification(graph.name, graph.input.shape, tuple(checks))


def watched_nodes(graph: Graph, stats: Summary) -> list[Node]:
    """The last operation of each stage, or at most two dozen of those; and the one that the network's field is of."""
    last = list({row.stage: row.name for row in stats.rows}.values())
    apart = -(-len(last) // MOST)
    chosen = {*last[::-1][::apart], stats.field_node}
    return [node for node in graph.nodes if node.name in chosen]


def _tensors(graph: Graph, stats: Summary, whole: nn.Module) -> Iterator[Check]:
    """Parameters and buffers: all of them, and those of each layer."""
    layers = dict(whole.named_modules())
    yield Check("parameters", "", stats.totals.params, _elements(whole.parameters()), TORCH)
    yield Check("buffer elements", "", stats.totals.buffers, _elements(whole.buffers()), TORCH)
    stated = {f"{node.name}.{tensor.name}": tensor.shape for node in graph.nodes for tensor in node.tensors}
    own = {name: tuple(tensor.shape) for name, tensor in whole.state_dict().items()}
    equal = sum(own.get(name) == shape for name, shape in stated.items())
    yield Check("keys of the state_dict", "", len(stated), equal, TORCH)
    for row in stats.rows:
        layer = layers.get(row.name)
        if layer is not None:
            yield Check("parameters", row.name, row.params, _elements(layer.parameters()), TORCH)
            yield Check("buffer elements", row.name, row.buffers, _elements(layer.buffers()), TORCH)


def _elements(tensors: Iterator[Tensor]) -> int:
    return sum(tensor.numel() for tensor in tensors)


def _unused(stats: Summary, plain: nn.Module, size: Shape) -> Iterator[Check]:
    """Parameters that inference has no use for: those of layers that it does not call."""
    modules = dict(plain.named_modules())
    layers = [modules[row.name] for row in stats.rows if row.name in modules]
    _, called = _run(plain, layers, size)
    unused = sum(_elements(layer.parameters()) for layer in layers if layer not in called)
    yield Check("parameters for training only", "", stats.totals.auxiliary_params, unused, TORCH)


def _shapes(graph: Graph, whole: nn.Module) -> Iterator[Check]:
    """The output of every operation, and of the network."""
    modules = dict(whole.named_modules())
    layers = {node: node.operation.layer(*node.input_shapes) for node in graph.nodes[1:]}
    own = {node: modules[node.name] for node, layer in layers.items() if layer.call == "module"}
    result, called = _run(whole, list(own.values()), graph.input.shape)
    outputs = result if isinstance(result, dict) else {graph.outputs[0].name: result}
    for output in graph.outputs:
        yield Check("output", output.name, output.node.shape, _shape(outputs[output.name]), TORCH)
    values: dict[Node, Tensor] = {graph.input: torch.empty(1, *graph.input.shape, device="meta")}
    for node, layer in layers.items():
        values[node] = called[own[node]] if node in own else _joined(layer, [values[source] for source in node.inputs])
        yield Check("shape", node.name, node.shape, _shape(values[node]), TORCH)


def _run(network: nn.Module, layers: list[nn.Module], size: Shape) -> tuple[Any, dict[nn.Module, Tensor]]:
    """What ``network`` makes of one image without values, and what each of ``layers`` does; those that are called."""
    called: dict[nn.Module, Tensor] = {}

    def note(layer: nn.Module, _: Any, output: Tensor) -> None:
        called[layer] = output

    hooks = [layer.register_forward_hook(note) for layer in layers]
    with quiet(), torch.no_grad():
        result = network(torch.empty(1, *size, device="meta"))
    for hook in hooks:
        hook.remove()
    return result, called


def _joined(layer: Layer, inputs: list[Tensor]) -> Tensor:
    """What a function makes of the values of its inputs."""
    function: Callable[..., Tensor] = named(layer.target)
    if layer.call == "list":
        return function(inputs, **layer.arguments)
    if layer.call == "function":
        return function(*inputs, **layer.arguments)
    return reduce(lambda result, value: function(result, value, **layer.arguments), inputs)


def _shape(value: Tensor) -> Shape:
    return tuple(value.shape[1:])


def _macs(stats: Summary, plain: nn.Module, size: Shape) -> Iterator[Check]:
    """Multiply-adds of inference: of the whole, and of each layer."""
    flops = counted_flops(plain, size)
    traced = traced_macs(plain.to_empty(device="cpu"), size)
    counts: dict[str, Mapping[str, int]] = {FVCORE: traced, COUNTER: {name: n // 2 for name, n in flops.items()}}
    layers = dict(plain.named_modules())
    for oracle, by_name in counts.items():
        yield Check("MACs", "", stats.totals.macs, by_name[""], oracle)
        for row in stats.rows:
            if row.name in layers:
                yield Check("MACs", row.name, row.macs, by_name.get(row.name, 0), oracle)


def _auxiliary_macs(stats: Summary, whole: nn.Module, size: Shape) -> Iterator[Check]:
    """Multiply-adds of the layers that inference leaves out."""
    rows = [row for row in stats.rows if row.auxiliary]
    flops = counted_flops(whole, size) if rows else {}
    layers = dict(whole.named_modules())
    for row in rows:
        if row.name in layers:
            yield Check("MACs in training", row.name, row.cost.macs, flops.get(row.name, 0) // 2, COUNTER)


def _training(graph: Graph, whole: nn.Module) -> Check:
    """FLOPs of a training step; torch counts those of a weight gradient as if there were no groups."""
    ours, theirs = training_flops(graph), trained_flops(whole, graph.input.shape)
    groups = {name: layer.groups for name, layer in whole.named_modules() if isinstance(layer, nn.Conv2d)}
    forward = counted_flops(whole, graph.input.shape) if any(count > 1 for count in groups.values()) else {}
    more = sum((count - 1) * forward.get(name, 0) for name, count in groups.items())
    note = f"FlopCounterMode counts weight gradients as if there were no groups: {more:,} more" if more else ""
    return Check("training FLOPs", "", ours, theirs, COUNTER, note, theirs == ours + more)
