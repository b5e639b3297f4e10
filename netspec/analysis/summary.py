"""The summary of a network: a row for each operation, totals that are sums of the rows, and the receptive field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from netspec.analysis.inputs import Inputs, inputs_of, the_input
from netspec.analysis.memory import Memory, memory
from netspec.analysis.receptive_field import Field, last_map, receptive_fields
from netspec.analysis.rows import Row, rows
from netspec.analysis.setup import Setup
from netspec.graph.graph import Graph, Node
from netspec.ops.facts import Shape


class Totals(NamedTuple):
    """Sums over all rows.

    ``params`` and ``buffers`` are elements, of which ``auxiliary_params`` belong to heads that only training needs;
    ``macs`` and ``activations`` (outputs of convolutions and linear layers) are of one image in eval mode,
    ``training_flops`` of one image in a training step; ``depth`` counts layers with weights on the longest path.
    """

    params: int
    buffers: int
    macs: int
    depth: int
    auxiliary_params: int
    training_flops: int
    activations: int

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
            "training_flops": self.training_flops,
            "activations": self.activations,
        }


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Summary:
    """What ``netspec stats`` shows. Two are equal where all their figures are, also if they are of two graphs."""

    name: str
    inputs: Inputs
    rows: tuple[Row, ...]
    totals: Totals
    field: Field
    field_node: str
    setup: Setup
    graph: Graph

    def __repr__(self) -> str:
        totals = self.totals
        return f"<Summary of {self.name}: {len(self.rows)} rows, {totals.params:,} parameters, {totals.macs:,} MACs>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Summary) and self._comparison_key() == other._comparison_key()

    def __hash__(self) -> int:
        return hash(self._comparison_key())

    def _comparison_key(self) -> tuple[object, ...]:
        figures = (self.name, self.inputs, self.totals, self.field, self.field_node, self.setup)
        return (*figures, *[row.comparison_key() for row in self.rows])

    @property
    def input(self) -> Shape | None:
        """The shape of the one input; None where there are several."""
        return the_input(self.inputs)

    @property
    def fields(self) -> dict[Node, Field]:
        """The receptive field of every node, the input included."""
        inputs = {node: Field.of_input(len(node.grid)) for node in self.graph.inputs}
        return {**inputs, **{row.node: row.field for row in self.rows}}

    @property
    def memory(self) -> Memory:
        """Memory of inference and training under :attr:`setup`; worked out at each call."""
        setup = self.setup
        return memory(self.graph, batch=setup.batch, bytes_per_element=setup.width, optimizer=setup.optimizer)


def summary(graph: Graph, setup: Setup | None = None) -> Summary:
    """The figures of ``graph``; those in bytes for one image and float32 unless ``setup`` says otherwise."""
    setup = setup or Setup()
    fields = receptive_fields(graph)
    found = tuple(rows(graph, fields, setup))
    used = {row.node.owner for row in found if not row.auxiliary}
    totals = Totals(
        params=sum(row.params for row in found),
        buffers=sum(row.buffers for row in found),
        macs=sum(row.macs for row in found),
        depth=depth(graph),
        auxiliary_params=sum(row.params for row in found if row.node not in used),
        training_flops=2 * sum(row.training_macs for row in found),
        activations=sum(row.activations for row in found),
    )
    seen = last_map(graph)
    return Summary(graph.name, inputs_of(graph), found, totals, fields[seen], seen.name, setup, graph)


def depth(graph: Graph) -> int:
    """Layers with weights that multiply (convolutions, linear layers) on the longest path to the first output."""
    longest: dict[Node, int] = {}
    for node in graph.nodes:
        before = max((longest[source] for source in node.inputs), default=0)
        longest[node] = before + (node.cost.macs > 0)
    return longest[graph.outputs[0].node]
