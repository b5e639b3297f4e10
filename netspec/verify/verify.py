"""Figures of ``netspec stats`` held against a compiled module: torch, fvcore and a NaN say what they really are.

Parameters, buffers, shapes, multiply-adds, activations, training FLOPs, receptive fields, and the bytes of weights, of
buffers and of what is saved for the backward pass. Other work (adds, compares), output and moved bytes and the peak of
inference are not among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from netspec.analysis.memory import memory
from netspec.analysis.summary import Summary, summary
from netspec.graph.graph import Graph, Node
from netspec.ops.facts import key
from netspec.ops.operation import Operation
from netspec.verify.fields import ORACLE, field_checks
from netspec.verify.result import Check, Verification
from netspec.verify.running import BATCH, Compiled, compiled, one_thread, quiet, sentence
from netspec.verify.saved_tensors import saved_bytes
from netspec.verify.stand_ins import known
from netspec.verify.work import work_checks

TORCH = "torch"
FIELDS = 1000
"""Operations whose receptive fields are checked: all of most networks."""
PICTURES = 24
"""Operations whose fields are also checked pixel by pixel."""


def verify(graph: Graph) -> Verification:
    """The figures of ``graph`` beside those of its module.

    Builds the module twice, with and without heads for training. Counts run on the meta device but for one forward
    pass on the CPU, which fvcore traces; and on the CPU where a layer does not run without values. A network that torch
    refuses to run has a check that says so, and no more.
    """
    stats = summary(graph)
    try:
        network, checks = _run(stats, "meta")
    except Exception:  # noqa: BLE001 - a layer of the caller's may raise anything where there are no values
        try:
            network, checks = _run(stats, "cpu")
        except Exception as error:  # noqa: BLE001 - as it may in any case
            output = graph.outputs[0]
            refused = Check("output", output.name, output.node.shape, (), TORCH, sentence(error))
            return Verification(graph.name, stats.inputs, (refused,))
    return Verification(graph.name, stats.inputs, (*checks, *_fields(stats, network)))


def _run(stats: Summary, device: str) -> tuple[Compiled, list[Check]]:
    """The compiled network, and all that is held while its layers run on ``device``."""
    network = compiled(stats.graph, device)
    checks = [*_tensors(stats.graph, stats, network.whole), *_shapes(network), *_differentiable(network)]
    return network, [*checks, *work_checks(stats, network), *_bytes(network)]


def _fields(stats: Summary, network: Compiled) -> list[Check]:
    """The receptive fields, that of the network first; a failing check where shapes are such that none can be found."""
    asked, shown = (watched_nodes(stats.graph, stats, most) for most in (FIELDS, PICTURES))
    try:
        with one_thread():
            fields = field_checks(network, asked, shown, stats.fields)
    except (IndexError, RuntimeError, ValueError) as error:
        return [Check("receptive field", "", stats.field.size, (), ORACLE, sentence(error))]
    return [*(check._replace(of="") for check in fields if check.of == stats.field_node), *fields]


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
    stated = {key(node.name, tensor.name): tensor.shape for node in graph.nodes for tensor in node.tensors}
    own = {name: tuple(tensor.shape) for name, tensor in whole.state_dict().items()}
    equal = sum(own.get(name) == shape for name, shape in stated.items())
    yield Check("keys of the state_dict", "", len(stated), equal, TORCH)
    for row in stats.rows:
        layer = layers.get(row.name)
        if not row.node.has_batch:
            yield Check("parameters", row.name, row.params, prod(own.get(row.name, (0,))), TORCH)
        elif layer is not None:
            yield Check("parameters", row.name, row.params, _elements(layer.parameters()), TORCH)
            yield Check("buffer elements", row.name, row.buffers, _elements(layer.buffers()), TORCH)


def _elements(tensors: Iterator[Tensor]) -> int:
    return sum(tensor.numel() for tensor in tensors)


def _shapes(network: Compiled) -> Iterator[Check]:
    """The output of every operation, and of the network."""
    for output in network.graph.outputs:
        yield Check("output", output.name, output.node.shape, network.outputs[output.name], TORCH)
    for node in network.layers:
        yield Check("shape", node.name, node.shape, network.shapes[node], TORCH)


def _differentiable(network: Compiled) -> Iterator[Check]:
    """How many of the inputs have a gradient, where an operation has a rule of its own for that, or is no known one."""
    for node, layer in network.layers.items():
        ours = node.operation.differentiable_inputs(*node.input_shapes)
        plain = type(node.operation).differentiable_inputs is Operation.differentiable_inputs
        if not plain or known(layer.target) is None:
            inputs = network.inputs(node, BATCH)
            yield Check("inputs with a gradient", node.name, ours, _with_gradient(layer.run, inputs), TORCH)


def _with_gradient(run: Callable[..., Tensor], inputs: Sequence[Any]) -> int:
    """How many of ``inputs``, up to the last that has one, get a gradient from what ``run`` makes of them."""
    read = [x.requires_grad_() for x in inputs if isinstance(x, Tensor)]
    with quiet():
        output = run(*inputs)
    if not output.requires_grad:
        return 0
    gradients = torch.autograd.grad(output.sum(), read, allow_unused=True)
    return max((place for place, gradient in enumerate(gradients, 1) if gradient is not None), default=0)


def _bytes(network: Compiled) -> Iterator[Check]:
    """Bytes of weights and buffers, and those that a step keeps of its forward pass, with all heads."""
    whole, held = network.whole, memory(network.graph, batch=BATCH)
    yield Check("bytes of weights", "", held.weights, sum(tensor.nbytes for tensor in whole.parameters()), TORCH)
    yield Check("bytes of buffers", "", held.buffers, sum(tensor.nbytes for tensor in whole.buffers()), TORCH)
    saved = saved_bytes(whole, network.images(BATCH))
    yield Check(f"bytes saved for backward, batch {BATCH}", "", held.saved_for_backward, saved, TORCH)
