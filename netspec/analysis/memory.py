"""Memory that a network takes, in bytes: its weights, its live values in inference, and what a training step holds."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from netspec.analysis.kept import kept, kept_places
from netspec.analysis.liveness import inference_order, lasts, owners, training_order
from netspec.analysis.memory_order import MemoryOrders, memory_orders
from netspec.analysis.setup import STATES, Optimizer
from netspec.analysis.sizes import tensors_size, value_size
from netspec.analysis.training import trained
from netspec.errors.text import shortened
from netspec.graph.graph import Graph, Node
from netspec.ops.memory import INDEX


class Peak(NamedTuple):
    """The moment when most values are alive: how many bytes, the node that runs, and whose values those are.

    ``alive`` are names in running order, the running node's own among them; of values that share memory, the latest.
    """

    bytes: int
    node: str
    alive: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Peak of {self.bytes:,} bytes at {shortened(self.node)}, {len(self.alive)} values alive>"

    def to_dict(self) -> dict[str, Any]:
        """The moment as plain data."""
        return {"bytes": self.bytes, "node": self.node, "alive": list(self.alive)}


class Memory(NamedTuple):
    """Bytes, as torch allocates them for tensors; what libraries and allocators take beside is not counted.

    ``weights`` and ``buffers`` are those of all layers, heads for training among them; ``input`` is one batch.

    ``inference_peak`` is the most that input, values and what an operation allocates while it runs
    (:meth:`~netspec.ops.operation.Operation.workspace`) take at once in eval mode and without gradients, in the order
    and with the lifetimes of the generated forward: an activation that writes over its input takes nothing, and what
    is passed to a module lasts until that module returns. Heads for training do not run.

    ``saved_for_backward`` is what autograd keeps of a forward pass in train mode with every output, heads for training
    among them (``outputs="all"``), each piece of memory once: inputs and outputs of operations as their gradients need
    them (:meth:`~netspec.ops.operation.Operation.saved_for_backward`), an input of the network where its first layer
    has weights. Weights and buffers are not among it. A dropout mask counts as on CPU. ``unsaved_input`` are the bytes
    of inputs that are not among it.

    ``gradients`` are those of the weights; ``optimizer_state`` is one more number for each weight with momentum, two
    with Adam.
    """

    weights: int
    buffers: int
    input: int
    inference_peak: Peak
    saved_for_backward: int
    unsaved_input: int
    gradients: int
    optimizer_state: int

    @property
    def inference_total(self) -> int:
        """Weights, buffers and the peak of inference."""
        return self.weights + self.buffers + self.inference_peak.bytes

    @property
    def training_total(self) -> int:
        """Weights, buffers, gradients, optimiser state, the input and what is saved for the backward pass.

        Or what inference takes, and the state, where that is more: a small network with large values saves few of them.
        A model of the peak of a step that begins without gradients, as ``zero_grad`` leaves it: what is saved goes
        while the gradients of weights come, so they never all exist at once, while gradients of values, which are not
        counted, come and go. Measured, the peak is 0.88 to 1.01 of this for AlexNet, VGG-16, ResNet-18 and -50,
        GoogLeNet and DenseNet-121, with 1 to 32 images. Where gradients stay, to be added to, each new one lies beside
        the old for a moment: up to the largest weight more. What an optimiser needs while it steps is not counted.
        """
        held = self.weights + self.buffers + self.gradients + self.optimizer_state + self.saved_for_backward
        return max(held + self.unsaved_input, self.inference_total + self.optimizer_state)

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data, in bytes."""
        return {
            "weights": self.weights,
            "buffers": self.buffers,
            "input": self.input,
            "inference_peak": self.inference_peak.to_dict(),
            "inference_total": self.inference_total,
            "saved_for_backward": self.saved_for_backward,
            "gradients": self.gradients,
            "optimizer_state": self.optimizer_state,
            "training_total": self.training_total,
        }


def memory(graph: Graph, *, batch: int = 1, bytes_per_element: int = 4, optimizer: Optimizer = "sgd") -> Memory:
    """Memory of ``graph`` with ``batch`` images at once, weights and values of ``bytes_per_element`` each.

    4 is float32; 2 is float16 or bfloat16, for weights and values alike.
    """
    weights = bytes_per_element * sum(node.params for node in graph.nodes)
    tensors = sum(tensors_size(node, bytes_per_element) for node in graph.nodes)
    orders = memory_orders(graph)
    values, beside = _saved(graph, orders, batch, bytes_per_element)
    return Memory(
        weights=weights,
        buffers=tensors - weights,
        input=sum(value_size(node, batch, bytes_per_element) for node in graph.inputs),
        inference_peak=_peak(graph, orders, batch, bytes_per_element),
        saved_for_backward=sum(value_size(node, batch, bytes_per_element) for node in values) + beside,
        unsaved_input=sum(value_size(node, batch, bytes_per_element) for node in graph.inputs if node not in values),
        gradients=weights,
        optimizer_state=STATES[optimizer] * weights,
    )


def _peak(graph: Graph, orders: MemoryOrders, batch: int, bytes_per_element: int) -> Peak:
    run, live = inference_order(graph)
    owner, last = owners(run, live, training=False), lasts(run, live)
    until: dict[Node, int] = {}
    for node in run:
        until[owner[node]] = max(until.get(owner[node], 0), last[node])
    leaving: dict[int, int] = {}
    held = most = 0
    at = graph.inputs[0]
    for node in run:
        if owner[node] is node:
            amount = value_size(node, batch, bytes_per_element)
            held += amount
            leaving[until[node]] = leaving.get(until[node], 0) + amount
        workspace = orders.workspace(node).size(batch, bytes_per_element)
        if held + workspace > most:
            most, at = held + workspace, node
        for places in live.makes(node)[1:]:  # those were workspace so far
            amount = batch * INDEX * prod(node.shape)
            held += amount
            leaving[last[places]] = leaving.get(last[places], 0) + amount
        held -= leaving.get(node.index, 0)
    latest = {owner[node]: node for node in run if node.index <= at.index <= until[owner[node]] and node.has_batch}
    return Peak(most, at.name, tuple(node.name for node in sorted(latest.values(), key=lambda node: node.index)))


def _saved(graph: Graph, orders: MemoryOrders, batch: int, bytes_per_element: int) -> tuple[set[Node], int]:
    """The nodes that own memory which is kept for the backward pass, and the bytes kept beside."""
    run, live = training_order(graph)
    owner, learned = owners(run, live, training=True), trained(graph)
    values: set[Node] = set()
    noted: set[Node] = set()
    beside = 0
    for node in run:
        found = kept(node, orders.saved(node), learned, batch, bytes_per_element)
        values.update([owner[one] for one in found.values])
        noted.update(kept_places(node, learned))
        beside += found.beside
    return values, beside + sum(batch * INDEX * prod(pool.shape) for pool in noted)
