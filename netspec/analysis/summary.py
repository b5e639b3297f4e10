"""The summary of a network: a row for each operation, totals that are sums of the rows, and the receptive field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from netspec.analysis.receptive_field import Field, last_map, receptive_fields
from netspec.facts import Cost, Shape
from netspec.graph import Graph, Node, Scope


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one operation; ``block`` is the innermost block around it, ``parts`` the scopes from outside in."""

    name: str
    op: str
    label: str
    block: str
    inputs: tuple[str, ...]
    output_shape: Shape
    params: int
    buffers: int
    cost: Cost
    field: Field
    auxiliary: bool
    parts: tuple[Scope, ...]

    @property
    def macs(self) -> int:
        """Multiply-adds of convolutions and linear layers; none where the row only runs in training."""
        return 0 if self.auxiliary else self.cost.macs

    def to_dict(self) -> dict[str, Any]:
        """The row as plain data."""
        return {
            "name": self.name,
            "op": self.op,
            "block": self.block or None,
            "inputs": list(self.inputs),
            "output_shape": list(self.output_shape),
            "params": self.params,
            "macs": self.macs,
            "receptive_field": list(self.field.size),
            "stride": list(self.field.jump),
        }


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over all rows.

    ``params`` and ``buffers`` are elements, of which ``auxiliary_params`` belong to heads that only training needs;
    ``macs`` are of one image in eval mode; ``depth`` counts layers with weights on the longest path.
    """

    params: int
    buffers: int
    macs: int
    depth: int
    auxiliary_params: int

    @property
    def flops(self) -> int:
        """Two for each multiply-add."""
        return 2 * self.macs

    def to_dict(self) -> dict[str, int]:
        """The totals as plain data."""
        return {
            "params": self.params,
            "buffers": self.buffers,
            "macs": self.macs,
            "flops": self.flops,
            "depth": self.depth,
            "auxiliary_params": self.auxiliary_params,
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """What ``netspec stats`` shows."""

    name: str
    input: Shape
    rows: tuple[Row, ...]
    totals: Totals
    field: Field
    field_node: str

    def to_dict(self) -> dict[str, Any]:
        """All figures as plain data: raw integers, stable keys."""
        return {
            "name": self.name,
            "input": list(self.input),
            "totals": self.totals.to_dict(),
            "receptive_field": {
                "size": list(self.field.size),
                "stride": list(self.field.jump),
                "node": self.field_node,
            },
            "layers": [row.to_dict() for row in self.rows],
        }


def summary(graph: Graph) -> Summary:
    """The figures of ``graph``."""
    fields = receptive_fields(graph)
    auxiliary = graph.auxiliary()
    paths: dict[Scope, tuple[Scope, ...]] = {graph.root: ()}
    rows = tuple(
        _row(node, fields[node], _path(node.scope, paths), auxiliary=node in auxiliary) for node in graph.nodes[1:]
    )
    totals = Totals(
        params=sum(row.params for row in rows),
        buffers=sum(row.buffers for row in rows),
        macs=sum(row.macs for row in rows),
        depth=depth(graph),
        auxiliary_params=sum(row.params for row in rows if row.auxiliary),
    )
    seen = last_map(graph)
    return Summary(graph.name, graph.input.shape, rows, totals, fields[seen], seen.name)


def depth(graph: Graph) -> int:
    """Layers with weights that multiply (convolutions, linear layers) on the longest path to the first output."""
    longest: dict[Node, int] = {}
    for node in graph.nodes:
        before = max((longest[source] for source in node.inputs), default=0)
        longest[node] = before + (node.operation.cost(node.shape, *node.input_shapes).macs > 0)
    return longest[graph.outputs[0].node]


def _path(scope: Scope, paths: dict[Scope, tuple[Scope, ...]]) -> tuple[Scope, ...]:
    """The scopes from below the root down to ``scope``."""
    known = paths.get(scope)
    if known is None:
        outer = _path(scope.parent, paths) if scope.parent else ()
        known = paths[scope] = (*outer, scope)
    return known


STRUCTURAL = ("chain", "repeat", "path", "branch", "branches", "network")
"""Kinds of scopes that are no blocks."""


def _row(node: Node, field: Field, parts: tuple[Scope, ...], *, auxiliary: bool) -> Row:
    shapes = node.input_shapes
    tensors = node.operation.tensors(*shapes)
    return Row(
        name=node.name,
        op=node.operation.word,
        label=node.operation.label(),
        block=next((scope.block for scope in reversed(parts) if scope.block not in STRUCTURAL), ""),
        inputs=tuple(source.name for source in node.inputs),
        output_shape=node.shape,
        params=sum(tensor.size for tensor in tensors if tensor.trainable),
        buffers=sum(tensor.size for tensor in tensors if not tensor.trainable),
        cost=node.operation.cost(node.shape, *shapes),
        field=field,
        auxiliary=auxiliary,
        parts=parts,
    )
