"""Rows of a summary: the figures of one operation each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as attribute
from math import prod

from netspec.analysis.memory import Optimizer, tensor_size
from netspec.analysis.receptive_field import Field
from netspec.analysis.traffic import Traffic, traffic
from netspec.analysis.training import training_macs
from netspec.facts import Cost, Family, Shape, Window
from netspec.graph import Entry, Graph, Node, Scope

DTYPES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}
"""Type of weights and values -> bytes of one."""
STRUCTURAL = ("chain", "repeat", "path", "branch", "branches", "network")
"""Kinds of scopes that are no blocks."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What figures in bytes are for: images at once, the type of weights and values, the optimiser of training."""

    batch: int = 1
    dtype: str = "float32"
    optimizer: Optimizer = "sgd"

    @property
    def width(self) -> int:
        """Bytes of one value."""
        return DTYPES[self.dtype]


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one operation, counts for one image and bytes for a batch.

    ``block`` is the innermost block around it, ``parts`` the scopes from outside in, ``within`` those that are told
    of from its ``stage`` on. ``window`` is None where the operation slides none.
    """

    name: str
    op: str
    family: str
    label: str
    block: str
    stage: str
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    window: Window | None
    groups: int
    params: int
    buffers: int
    weight_bytes: int
    cost: Cost
    training_macs: int
    traffic: Traffic
    field: Field
    auxiliary: bool
    parts: tuple[Scope, ...] = attribute(repr=False, compare=False)
    within: tuple[Scope, ...] = attribute(repr=False, compare=False)

    @property
    def macs(self) -> int:
        """Multiply-adds of convolutions and linear layers; none where the row only runs in training."""
        return self.work.macs

    @property
    def work(self) -> Cost:
        """All primitives of one pass in eval mode; none where the row only runs in training."""
        return Cost() if self.auxiliary else self.cost

    @property
    def activations(self) -> int:
        """Output elements of a convolution or linear layer; other operations have none in this sense."""
        return prod(self.output_shape) if self.macs else 0


def rows(graph: Graph, fields: dict[Node, Field], setup: Setup) -> Iterator[Row]:
    """A row for each operation of ``graph``, in running order."""
    maker = _Maker(graph, fields, setup)
    return (maker.row(node) for node in graph.nodes[1:])


class _Maker:
    """What rows are made of: one pass over the graph for each question."""

    def __init__(self, graph: Graph, fields: dict[Node, Field], setup: Setup) -> None:
        self.setup = setup
        self.fields = fields
        self.auxiliary = graph.auxiliary()
        self.training = training_macs(graph)
        self.traffic = traffic(graph, batch=setup.batch, bytes_per_element=setup.width)
        self.paths: dict[Scope, tuple[Scope, ...]] = {graph.root: ()}
        self.stages = _stages(graph)

    def row(self, node: Node) -> Row:
        """The figures of ``node``."""
        operation, shapes, parts = node.operation, node.input_shapes, self.path(node.scope)
        tensors = operation.tensors(*shapes)
        stage, part = self.stages.get(node, (node.name, node))
        inner = parts[parts.index(part) :] if isinstance(part, Scope) else ()
        return Row(
            name=node.name,
            op=operation.word,
            family=operation.family.value,
            label=operation.label(),
            block=next((scope.block for scope in reversed(parts) if scope.block not in STRUCTURAL), ""),
            stage=stage,
            inputs=tuple(source.name for source in node.inputs),
            input_shapes=shapes,
            output_shape=node.shape,
            window=operation.window(*shapes) if operation.family in (Family.CONV, Family.POOL) else None,
            groups=int(getattr(operation, "groups", 1)),
            params=sum(tensor.size for tensor in tensors if tensor.trainable),
            buffers=sum(tensor.size for tensor in tensors if not tensor.trainable),
            weight_bytes=sum(tensor_size(tensor, self.setup.width) for tensor in tensors),
            cost=operation.cost(node.shape, *shapes),
            training_macs=self.training[node].total,
            traffic=self.traffic.get(node, Traffic(0, 0, 0, 0)),
            field=self.fields[node],
            auxiliary=node in self.auxiliary,
            parts=parts,
            within=tuple(scope for scope in inner if scope is part or not scope.flat),
        )

    def path(self, scope: Scope) -> tuple[Scope, ...]:
        """The scopes from below the root down to ``scope``."""
        known = self.paths.get(scope)
        if known is None:
            outer = self.path(scope.parent) if scope.parent else ()
            known = self.paths[scope] = (*outer, scope)
        return known


def _is_stage(entry: Entry) -> bool:
    return entry.section == "stages" and isinstance(entry.part, Scope)


def _stages(graph: Graph) -> dict[Node, tuple[str, Node | Scope]]:
    """Node -> the stage it is in; where there is one stack of scopes in ``stages``, each of those is a stage."""
    found: dict[Node, tuple[str, Node | Scope]] = {}
    for entry in graph.entries:
        part = entry.part
        if isinstance(part, Node):
            found[part] = (entry.name, part)
            continue
        alone = entry.section == "stages" and sum(_is_stage(other) for other in graph.entries) == 1
        opened = part.children if alone and all(isinstance(child, Scope) for child in part.children) else [part]
        for child in opened:
            if isinstance(child, Scope):
                name = entry.name if child is part else child.name
                found.update(dict.fromkeys(child.nodes(), (name, child)))
    return found
