"""Kinds of networks that random specs have to come from: each is known by its graph alone."""

from __future__ import annotations

from collections.abc import Callable

from netspec.analysis.liveness import Liveness, around
from netspec.graph.graph import Graph, Node
from netspec.ops.conv import Conv
from netspec.ops.facts import MAP
from netspec.ops.pad import Pad
from netspec.ops.pool import AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, MaxPool
from netspec.ops.regularise import Dropout

Kind = Callable[[Graph], bool]


def has(is_of: Callable[[Node], bool]) -> Kind:
    """Networks with such a node."""
    return lambda graph: any(is_of(node) for node in graph.nodes)


def conv(is_of: Callable[[Conv, Node], bool]) -> Kind:
    """Networks with such a convolution."""
    return has(lambda node: isinstance(node.operation, Conv) and is_of(node.operation, node))


def overhangs(node: Node) -> bool:
    """Whether ``ceil`` gives a pooling one window more."""
    operation = node.operation
    if not isinstance(operation, MaxPool | AvgPool) or not operation.ceil:
        return False
    return node.shape != type(operation)(**{**dict(operation), "ceil": False}).shape(*node.input_shapes)


def adaptive(is_of: Callable[[int, int], bool]) -> Kind:
    """Networks with adaptive pooling between such sizes of one axis."""

    def found(node: Node) -> bool:
        sizes = zip(node.input_shapes[0][1:], node.shape[1:], strict=True)
        return any(is_of(size, out) for size, out in sizes)

    return has(lambda node: isinstance(node.operation, AdaptiveAvgPool | AdaptiveMaxPool) and found(node))


def activation(*, in_place: bool) -> Kind:
    """Networks with a ReLU that writes over its input, or one that does not."""

    def found(graph: Graph) -> bool:
        live = Liveness(graph, graph.nodes, (output.node for output in graph.outputs))
        return any(live.overwrites(node) == in_place for node in graph.nodes if node.operation.word == "relu")

    return found


def join(word: str) -> Kind:
    """Networks with branches that meet in ``word``."""
    return has(lambda node: node.operation.word == word and len(set(node.inputs)) > 1)


def repeats_along(node: Node, axis: int) -> bool:
    """Whether a product repeats one position of an input along one axis alone."""
    if node.operation.word != "multiply" or len(node.shape) != MAP:
        return False
    sizes = [shape[1:] for shape in node.input_shapes if len(shape) == MAP]
    return any(size[axis] < node.shape[1 + axis] and size[1 - axis] == node.shape[2 - axis] > 1 for size in sizes)


def is_even_same(operation: Conv, node: Node) -> bool:
    """Whether there are more zeros after than before."""
    before, after = operation.margins(node.input_shapes[0])
    return operation.padding == "same" and before != after


def for_draws(graph: Graph) -> set[Node]:
    """The convolutions that draws read and nothing else: no output has anything of their values."""
    readers: dict[Node, set[str]] = {node: set() for node in graph.nodes}
    for node in graph.nodes:
        for source in node.inputs:
            readers[source].add(node.operation.word)
    return {node for node, words in readers.items() if isinstance(node.operation, Conv) and words == {"draw_column"}}


KINDS: dict[str, Kind] = {
    "a convolution for a draw": lambda graph: bool(for_draws(graph)),
    "groups": conv(lambda operation, node: 1 < operation.groups < node.input_shapes[0][0]),
    "depthwise": conv(lambda operation, node: 1 < operation.groups == node.input_shapes[0][0]),
    "dilated": conv(lambda _, node: node.window.dilation != (1, 1) and node.window.kernel != (1, 1)),
    "dilated pooling": has(lambda node: isinstance(node.operation, MaxPool) and node.window.dilation != (1, 1)),
    "1x7": conv(lambda _, node: node.window.kernel == (1, 7)),
    "7x1": conv(lambda _, node: node.window.kernel == (7, 1)),
    "same of an even kernel": conv(is_even_same),
    "same of an even kernel in groups": conv(
        lambda operation, node: is_even_same(operation, node) and operation.groups > 1
    ),
    "same with strides": conv(lambda operation, node: operation.padding == "same" and max(node.window.stride) > 1),
    "pooling with same": has(
        lambda node: (
            getattr(node.operation, "kernel", 0) != 0
            and node.operation.family.value == "pool"
            and node.operation.padding == "same"
        )
    ),
    "kernel larger than its map": conv(
        lambda _, node: any(k > size for k, size in zip(node.window.kernel, node.input_shapes[0][1:], strict=True))
    ),
    "overhanging windows": has(overhangs),
    "odd input": lambda graph: all(size % 2 for size in graph.input.shape[1:]),
    "input that is no square": lambda graph: graph.input.shape[1] != graph.input.shape[2],
    "several outputs": lambda graph: sum(not output.training for output in graph.outputs) > 1,
    "head for training": lambda graph: any(output.training for output in graph.outputs),
    "activation in place": activation(in_place=True),
    "activation not in place": activation(in_place=False),
    "repeated scopes": lambda graph: any(scope.count > 1 for node in graph.nodes for scope in around(node)),
    "dropout": has(lambda node: node.operation.word == "dropout"),
    "adaptive pooling that does not divide": adaptive(lambda size, out: out < size and size % out > 0),
    "adaptive pooling to a larger map": adaptive(lambda size, out: out > size),
    "uneven padding": has(lambda node: isinstance(node.operation, Pad) and node.shape != node.input_shapes[0]),
    "mirrored padding": has(lambda node: node.operation.label(*node.input_shapes).startswith("reflect")),
    "dropout of channels": has(lambda node: isinstance(node.operation, Dropout) and node.operation.channels),
    "recurrent both ways": has(lambda node: node.operation.loses_places and node.shape[0] > node.operation.out),
    "recurrent in layers": has(lambda node: node.operation.loses_places and node.operation.layers > 1),
    "map made of features": has(lambda node: node.operation.word == "unflatten"),
    "gate for each row": has(lambda node: repeats_along(node, 1)),
    "gate for each column": has(lambda node: repeats_along(node, 0)),
    "places of a max pool read": has(lambda node: node.operation.word == "max_unpool"),
    "transposed convolution in groups": has(
        lambda node: node.operation.word == "conv_transpose" and node.operation.channel_groups > 1
    ),
    "positions that no kernel reaches": has(
        lambda node: node.operation.word == "conv_transpose" and any(one.may_be_empty for one in node.uneven)
    ),
    "positions between elements": has(lambda node: node.operation.word == "resize" and bool(node.uneven)),
    "maps grown to the size of others": has(
        lambda node: (
            node.operation.word in {"add", "concat"}
            and any(source.operation.word == "resize" for source in node.inputs)
        )
    ),
    "branches added": join("add"),
    "branches concatenated": join("concat"),
    "mean of branches": join("mean"),
    "product of branches": join("multiply"),
    "difference of branches": join("subtract"),
    "largest of branches": join("max"),
}
"""Name -> whether a graph is of that kind."""
