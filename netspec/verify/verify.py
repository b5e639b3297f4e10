"""Figures of ``netspec stats`` held against a compiled module: torch, fvcore and a NaN say what they really are.

Parameters, buffers, shapes, multiply-adds, activations, training FLOPs, receptive fields, and the bytes of weights, of
buffers and of what is saved for the backward pass. Other work (adds, compares), output and moved bytes and the peak of
inference are not among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn

from netspec.analysis.memory import memory
from netspec.analysis.summary import Summary, summary
from netspec.graph.graph import Graph, Node
from netspec.nn.build import module, named
from netspec.ops.facts import Layer, Shape
from netspec.verify.fields import field_checks
from netspec.verify.flop_counters import BATCH, one_thread, quiet
from netspec.verify.result import Check, Verification
from netspec.verify.saved_tensors import saved_bytes
from netspec.verify.work import work_checks

TORCH = "torch"
FIELDS = 1000
"""Operations whose receptive fields are checked: all of most networks."""
PICTURES = 24
"""Operations whose fields are also checked pixel by pixel."""


def verify(graph: Graph) -> Verification:
    """The figures of ``graph`` beside those of its module.

    Builds the module twice, with and without heads for training. Counts run on the meta device but for one forward
    pass on the CPU, which fvcore traces. A network that torch refuses to run has a check that says so, and no more.
    """
    stats = summary(graph)
    whole = module(graph, device="meta", outputs="all").eval()
    plain = module(graph, device="meta").eval()
    checks = list(_tensors(graph, stats, whole))
    try:
        checks += _shapes(graph, whole)
        checks += _inference(stats, plain)
        checks += work_checks(stats, plain, whole)
        checks += _bytes(graph, whole)
        asked, shown = (watched_nodes(graph, stats, most) for most in (FIELDS, PICTURES))
        with one_thread():
            fields = field_checks(graph, whole, asked, shown, stats.fields)
        checks += [check._replace(of="") for check in fields if check.of == stats.field_node]
        checks += fields
    except (RuntimeError, ValueError) as error:
        shape = graph.outputs[0].node.shape
        checks.append(Check("output", graph.outputs[0].name, shape, (), TORCH, str(error).partition("\n")[0]))
    return Verification(graph.name, graph.input.shape, tuple(checks))


def watched_nodes(graph: Graph, stats: Summary, most: int) -> list[Node]:
    """About ``most`` operations, spread over the network; the one that the network's field is of is always one.

    All, where they are no more; otherwise the last ones of stages before any others.
    """
    chosen = [row.name for row in stats.rows]
    if len(chosen) > most:
        ends = list({row.stage: row.name for row in stats.rows}.values())
        ends = ends[::-1][:: -(-len(ends) // most)]
        room = most - len(ends)
        chosen = ends + (chosen[:: -(-len(chosen) // room)] if room else [])
    names = {*chosen, stats.field_node}
    return [node for node in graph.nodes if node.name in names]


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


def _inference(stats: Summary, plain: nn.Module) -> Iterator[Check]:
    """What inference has no use for: parameters of layers that it does not call; and the activations of those it does.

    These are the outputs of convolutions and linear layers, in all and one by one.
    """
    modules = dict(plain.named_modules())
    layers = {row.name: modules[row.name] for row in stats.rows if row.name in modules}
    _, called = _run(plain, list(layers.values()), stats.input)
    unused = sum(_elements(layer.parameters()) for layer in layers.values() if layer not in called)
    yield Check("parameters for training only", "", stats.totals.auxiliary_params, unused, TORCH)
    made = {
        name: called[layer].numel() if layer in called and isinstance(layer, nn.Conv2d | nn.Linear) else 0
        for name, layer in layers.items()
    }
    yield Check("activations", "", sum(row.activations for row in stats.rows), sum(made.values()), TORCH)
    for row in stats.rows:
        yield Check("activations", row.name, row.activations, made.get(row.name, 0), TORCH)


def _shapes(graph: Graph, whole: nn.Module) -> Iterator[Check]:
    """The output of every operation, and of the network."""
    modules = dict(whole.named_modules())
    layers = {node: node.operation.layer(*node.input_shapes) for node in graph.operations}
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


def _bytes(graph: Graph, whole: nn.Module) -> Iterator[Check]:
    """Bytes of weights and buffers, and those that a step keeps of its forward pass, with all heads."""
    held = memory(graph, batch=BATCH)
    yield Check("bytes of weights", "", held.weights, sum(tensor.nbytes for tensor in whole.parameters()), TORCH)
    yield Check("bytes of buffers", "", held.buffers, sum(tensor.nbytes for tensor in whole.buffers()), TORCH)
    saved = saved_bytes(whole, graph.input.shape, BATCH)
    yield Check(f"bytes saved for backward, batch {BATCH}", "", held.saved_for_backward, saved, TORCH)
