"""Rows of a summary: the figures of one operation each."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from netspec.analysis.receptive_field import Field
from netspec.analysis.setup import Setup
from netspec.analysis.sizes import tensors_size
from netspec.analysis.traffic import STILL, Traffic, moved
from netspec.analysis.training import training_macs
from netspec.errors.text import shortened
from netspec.graph.folds import STRUCTURAL
from netspec.graph.graph import Entry, Graph, Node, Scope
from netspec.ops.facts import Cost, Family, Shape, Window

WINDOWED = (Family.CONV, Family.POOL)
IDLE = Cost()


class Place(NamedTuple):
    """Where a row stands: its stage, the innermost block around it, the scopes from outside in.

    ``within`` are the scopes that are told of from the stage on.
    """

    stage: str
    block: str
    parts: tuple[Scope, ...]
    within: tuple[Scope, ...]

    def __repr__(self) -> str:
        return f"<Place in {shortened(self.stage)}, {len(self.parts)} scopes>"


class Row(NamedTuple):
    """Figures of one operation, counts for one image and bytes for a batch."""

    node: Node
    place: Place
    field: Field
    work: Cost
    """All primitives of one pass in eval mode; none where it only runs in training."""
    weight_bytes: int
    training_macs: int
    traffic: Traffic
    auxiliary: bool
    """Whether only heads for training need it."""

    @property
    def name(self) -> str:
        """Path name, which is also that of the module."""
        return self.node.name

    @property
    def op(self) -> str:
        """Word of the operation in a spec."""
        return self.node.operation.word

    @property
    def family(self) -> str:
        """Kind of operation: conv, norm, pool, ..."""
        return self.node.operation.family.value

    @property
    def label(self) -> str:
        """The operation in a few words: ``conv 3x3/2, 64``."""
        return self.node.label

    @property
    def stage(self) -> str:
        """Name of the stage around it; its own where there is none."""
        return self.place.stage

    @property
    def block(self) -> str:
        """Word of the innermost block around it, or nothing."""
        return self.place.block

    @property
    def parts(self) -> tuple[Scope, ...]:
        """The scopes around it, from outside in."""
        return self.place.parts

    @property
    def within(self) -> tuple[Scope, ...]:
        """The scopes that are told of from its stage on."""
        return self.place.within

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the operations that it reads."""
        return tuple(source.name for source in self.node.inputs)

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """Shapes of its inputs, one image."""
        return self.node.input_shapes

    @property
    def output_shape(self) -> Shape:
        """Shape of its output, one image."""
        return self.node.shape

    @property
    def window(self) -> Window | None:
        """What it slides over its input, if it does."""
        return self.node.window if self.node.operation.family in WINDOWED else None

    @property
    def groups(self) -> int:
        """Groups that channels are split into; 1 where they are not."""
        return self.node.operation.channel_groups

    @property
    def params(self) -> int:
        """Elements of trainable tensors."""
        return self.node.params

    @property
    def buffers(self) -> int:
        """Elements of other tensors."""
        return self.node.buffers

    @property
    def cost(self) -> Cost:
        """All primitives of one pass in eval mode, as if its output were asked for."""
        return self.node.cost

    @property
    def macs(self) -> int:
        """Multiply-adds of convolutions and linear layers; none where the row only runs in training."""
        return self.work.macs

    @property
    def activations(self) -> int:
        """Output elements of a convolution or linear layer; other operations have none in this sense."""
        return prod(self.node.shape) if self.macs else 0

    def __repr__(self) -> str:
        return f"<Row {shortened(self.name)}: {shortened(self.label)}, {self.params:,} parameters, {self.macs:,} MACs>"

    def comparison_key(self) -> tuple[object, ...]:
        """Everything but the graph's own objects: equal for equal operations of two graphs."""
        node, place, *figures = self
        return (
            node.name,
            node.operation,
            node.input_shapes,
            node.shape,
            self.inputs,
            place.stage,
            place.block,
            *figures,
        )


def rows(graph: Graph, fields: dict[Node, Field], setup: Setup) -> Iterator[Row]:
    """A row for each operation of ``graph``, in running order."""
    auxiliary, training, places = graph.auxiliary(), training_macs(graph), _Places(graph)
    batch, width = setup.batch, setup.width
    for node in graph.operations:
        aside = node in auxiliary
        weights = tensors_size(node.owner, width)
        yield Row(
            node,
            places.of(node),
            fields[node],
            IDLE if aside else node.cost,
            weights if node.owner is node else 0,
            training[node].total,
            STILL if aside else moved(node, weights, batch, width),
            aside,
        )


class _Places:
    """Where the nodes of a graph stand; those that share scope and stage share a place."""

    def __init__(self, graph: Graph) -> None:
        self.paths: dict[Scope, tuple[Scope, ...]] = {graph.root: ()}
        self.stages = _stages(graph)
        self.places: dict[tuple[Scope, str], Place] = {}

    def of(self, node: Node) -> Place:
        """The place of ``node``."""
        stage, part = self.stages.get(node, (node.name, node))
        key = (node.scope, stage)
        known = self.places.get(key)
        if known is None:
            parts = self.path(node.scope)
            inner = parts[parts.index(part) :] if isinstance(part, Scope) else ()
            block = next((scope.block for scope in reversed(parts) if scope.block not in STRUCTURAL), "")
            within = tuple(scope for scope in inner if scope is part or not scope.flat)
            known = self.places[key] = Place(stage, block, parts, within)
        return known

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
    single = sum(map(_is_stage, graph.entries)) == 1
    for entry in graph.entries:
        part = entry.part
        if isinstance(part, Node):
            found[part] = (entry.name, part)
            continue
        alone = single and entry.section == "stages"
        opened = part.children if alone and all(isinstance(child, Scope) for child in part.children) else [part]
        for child in opened:
            if isinstance(child, Scope):
                name = entry.name if child is part else child.name
                found.update(dict.fromkeys(child.nodes(), (name, child)))
    return found
