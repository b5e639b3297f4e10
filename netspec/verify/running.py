"""How the oracles run networks and layers: quietly, on one thread, prepared for what layers of others may raise."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import reduce
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from netspec.analysis.liveness import Liveness
from netspec.graph.graph import Graph, Node
from netspec.nn.build import module
from netspec.nn.start import named
from netspec.ops.facts import Layer, Shape

BATCH = 2
"""Images of a training step: batch norm needs more than one value for each channel."""


Images = tuple[Tensor, ...]
"""A batch for each input of a network."""


class Runnable(NamedTuple):
    """A layer: the module, function or parameter that it is, and what it makes of its inputs."""

    target: nn.Module | nn.Parameter | Callable[..., Any]
    run: Callable[..., Tensor]

    @property
    def is_module(self) -> bool:
        """Whether it is a module, which can have weights and be replaced."""
        return isinstance(self.target, nn.Module)


class Compiled(NamedTuple):
    """A network on ``device`` in eval mode: ``whole`` runs its heads for training, ``plain`` has them and does not.

    ``layers`` are those of its operations, modules out of ``whole``; ``shapes`` are what torch makes of one image at
    each node, and ``outputs`` at each output. A shape is empty where that is no tensor.
    """

    graph: Graph
    device: str
    whole: nn.Module
    plain: nn.Module
    layers: dict[Node, Runnable]
    shapes: dict[Node, Shape]
    outputs: dict[str, Shape]

    def images(self, count: int = 1) -> Images:
        """So many images for each input; on the meta device they have no values."""
        return blank(self.graph, count, device=self.device)

    def inputs(self, node: Node, count: int = 1) -> list[Any]:
        """As much as ``node`` reads of so many images; of a max pool whose places it reads, the first of all places."""
        values: list[Any] = [torch.zeros(count, *self.shapes[source], device=self.device) for source in node.inputs]
        if node.operation.reads_places:
            (before,) = node.inputs[-1].inputs
            values[-1] = values[-1].long(), self.shapes[before][1:]
        return values


def compiled(graph: Graph, device: str) -> Compiled:
    """``graph`` built twice; on the meta device that takes no memory."""
    whole = module(graph, device=device, outputs="all").eval()
    modules, layers = dict(whole.named_modules()), dict[Node, Runnable]()
    for node in graph.operations:
        layer = node.operation.layer(*node.input_shapes)
        if layer.call == "parameter":
            layers[node] = _repeated(whole.get_parameter(node.owner.name))
        else:
            layers[node] = runnable(layer, modules[node.owner.name] if layer.call == "module" else None)
    network = Compiled(graph, device, whole, module(graph, device=device).eval(), layers, {}, {})
    _measure(network)
    return network


def _measure(network: Compiled) -> None:
    """Fill in the shapes by a pass over one image."""
    modules = [layer.target for layer in network.layers.values() if isinstance(layer.target, nn.Module)]
    images = network.images()
    result, called = outputs_of(network.whole, modules, images)
    outputs = result if isinstance(result, dict) else {network.graph.outputs[0].name: result}
    network.outputs.update({name: _shape(value) for name, value in outputs.items()})
    values: dict[Node, Any] = dict(zip(network.graph.inputs, images, strict=True))
    live = Liveness(network.graph, network.graph.nodes, ())
    with quiet(), torch.no_grad():
        for node, layer in network.layers.items():
            made = called.get(layer.target) if isinstance(layer.target, nn.Module) else None
            own = next(made) if made else layer.run(*[values[source] for source in node.inputs])
            values[node] = own[0] if isinstance(own, tuple) and len(live.makes(node)) > 1 else own
    network.shapes.update({node: _shape(value) for node, value in values.items()})


def _shape(value: Any) -> Shape:
    return tuple(value.shape[1:]) if isinstance(value, Tensor) else ()


def _repeated(parameter: nn.Parameter) -> Runnable:
    """A parameter as what makes it of nothing, for one image."""
    return Runnable(parameter, lambda *_: parameter.unsqueeze(0))


def runnable(layer: Layer, built: nn.Module | None = None) -> Runnable:
    """``layer`` as it runs; ``built`` is its module, if it is one."""
    if built is not None:
        return Runnable(built, built)
    function = named(layer.target)
    return Runnable(function, lambda *inputs: _called(layer, function, inputs))


def _called(layer: Layer, function: Callable[..., Any], inputs: tuple[Tensor, ...]) -> Any:
    if layer.axes:
        inputs = tuple([x[(..., *[None] * more)] for x, more in zip(inputs, layer.axes, strict=True)])
    if layer.call == "list":
        return function(inputs, **layer.arguments)
    if layer.call == "function":
        return function(*inputs, **layer.arguments)
    return reduce(lambda result, value: function(result, value, **layer.arguments), inputs)


def outputs_of(
    network: nn.Module, layers: Iterable[nn.Module], images: Images
) -> tuple[Any, dict[nn.Module, Iterator[Any]]]:
    """What ``network`` makes of ``images``, and what each of ``layers`` that is called does, call by call."""
    called: dict[nn.Module, list[Any]] = {}

    def note(layer: nn.Module, _: Any, output: Any) -> None:
        called.setdefault(layer, []).append(output)

    hooks = [layer.register_forward_hook(note) for layer in dict.fromkeys(layers)]
    with quiet(), torch.no_grad():
        result = network(*images)
    for hook in hooks:
        hook.remove()
    return result, {layer: iter(outputs) for layer, outputs in called.items()}


def blank(graph: Graph, count: int = 1, **options: Any) -> Images:
    """So many images of zeros for each input of ``graph``; ``options`` are those of a tensor."""
    return tuple([torch.zeros(count, *node.shape, **options) for node in graph.inputs])


def sentence(error: Exception) -> str:
    """The first line of what ``error`` says, and its class."""
    return f"{type(error).__name__}: {error}".partition("\n")[0]


@contextmanager
def quiet() -> Iterator[None]:
    """No warnings: of uneven padding, which is counted, and of what a trace cannot see, which is not asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread: thousands of small steps spend their time on waking others."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
