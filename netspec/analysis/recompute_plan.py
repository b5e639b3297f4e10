"""Which blocks to recompute in training so that a step fits into so much memory, what that saves and what it costs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from netspec.analysis.liveness import training_order
from netspec.analysis.memory import memory
from netspec.analysis.setup import Setup
from netspec.analysis.step_memory import StepMemory, StepModel
from netspec.analysis.training import training_macs
from netspec.graph.graph import Graph, Scope
from netspec.graph.runs import BETWEEN, chains, halves, is_outermost, with_runs
from netspec.graph.selection import within

SHARE = 4
"""Of groups that save at least one such part of the most that one does, the cheapest is taken: few steps suffice."""
MOST_TRIALS = 1_000
"""How many plans are tried for one: what remains to be saved then is little."""


class CheckpointPlan(NamedTuple):
    """Blocks to recompute, and bytes of a training step without and with that.

    ``budget`` is what a step may take as a whole, ``held`` what it has in any case: weights, buffers, optimiser state
    and input. ``before`` and ``after`` come beside. ``extra_macs`` are the multiply-adds of all the passes that run
    again for one image, ``macs`` those of a step without them.
    """

    blocks: tuple[str, ...]
    budget: int
    held: int
    before: StepMemory
    after: StepMemory
    extra_macs: int
    macs: int

    @property
    def fits(self) -> bool:
        """Whether a step stays within the budget."""
        return self.held + self.after.peak <= self.budget

    @property
    def saved(self) -> int:
        """Bytes that the peak of a step is lower."""
        return self.before.peak - self.after.peak

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data: bytes of a batch, multiply-adds of one image."""
        return {
            "blocks": list(self.blocks),
            "budget": self.budget,
            "fits": self.fits,
            "held": self.held,
            "peak_before": self.before.peak,
            "peak_after": self.after.peak,
            "saved": self.saved,
            "extra_macs": self.extra_macs,
            "training_macs": self.macs,
        }


def checkpoint_plan(graph: Graph, budget: int, setup: Setup | None = None) -> CheckpointPlan:
    """The plan for ``budget`` bytes, or the one that takes least where none fits.

    Blocks, or all blocks of one, are added one after the other, each time those that lower the peak most for the
    multiply-adds of their second pass; once it fits, what is not needed for that is taken out again. So a plan is good,
    and not sure to be the cheapest. An outermost block that is nothing but a chain of layers is cut in halves, these
    too, and so on: they count as blocks.
    """
    chosen = setup or Setup()
    fixed = memory(graph, batch=chosen.batch, bytes_per_element=chosen.width, optimizer=chosen.optimizer)
    held = fixed.weights + fixed.buffers + fixed.optimizer_state + fixed.input
    search = _Search(graph, budget - held, chosen)
    blocks = search.run()
    return CheckpointPlan(
        blocks=tuple([scope.name for scope in blocks]),
        budget=budget,
        held=held,
        before=search.taken(()),
        after=search.taken(blocks),
        extra_macs=search.cost(blocks),
        macs=sum(one.total for one in training_macs(graph).values()),
    )


class _Search:
    """Plans for one graph, and what each of them takes.

    What is no block but can be recomputed as one, halves of a chain of layers, are flat scopes of the graph.
    """

    def __init__(self, graph: Graph, room: int, setup: Setup) -> None:
        kept = StepModel(graph, batch=setup.batch, bytes_per_element=setup.width).kept_by_node()
        runs = [run for chain in chains(graph) if is_outermost(chain) for run in halves(chain, lambda node: kept[node])]
        self.graph = with_runs(graph, runs) if runs else graph
        self.room = room
        self.setup = setup
        self.models: dict[frozenset[Scope], StepModel] = {}
        self.known: dict[frozenset[Scope], StepMemory] = {}
        flat = frozenset(scope for scope in within(self.graph.root) if scope.flat and BETWEEN in scope.name)
        _, self.life = training_order(self.graph, flat)
        self.scopes = [scope for scope in within(self.graph.root) if not scope.shares and not self.life.is_open(scope)]
        self.macs = {scope: sum(node.cost.macs for node in scope.nodes()) for scope in self.scopes}
        self.trials = 0

    def run(self) -> list[Scope]:
        """Scopes to recompute, in running order."""
        groups = [*self._groups()]
        blocks: list[Scope] = []
        now = self.taken(blocks)
        while now.peak > self.room and self.trials < MOST_TRIALS:
            group = self._best(now, blocks, groups)
            if not group:
                break
            blocks = self._sorted({*blocks, *group})
            now = self.taken(blocks)
        return self._without_needless(blocks, max(self.room, now.peak))

    def _groups(self) -> Iterator[list[Scope]]:
        """Each of the outermost blocks, each block that holds others, and all blocks that lie directly in one."""
        inside: dict[Scope | None, list[Scope]] = {}
        for scope in self.scopes:
            outer = scope.parent
            while outer and self.life.is_open(outer):
                outer = outer.parent
            inside.setdefault(outer, []).append(scope)
        for scope in self.scopes:
            if scope in inside or scope in inside.get(self.graph.root, ()):
                yield [scope]
        yield from (group for group in inside.values() if len(group) > 1)

    def _best(self, now: StepMemory, blocks: list[Scope], groups: list[list[Scope]]) -> list[Scope]:
        """The group that saves most for what it costs, of those that save a share of it; none if nothing saves."""
        found = []
        for group in groups:
            more = self._sorted({*blocks, *group})
            then = self.taken(more)
            peak, kept = max(0, now.peak - then.peak), max(0, now.kept - then.kept)
            found.append((peak, kept, 1 + self.cost(more) - self.cost(blocks), group))
        for savings in ([one[0] for one in found], [one[1] for one in found]):
            most = max(savings, default=0)
            worth = [
                (saved / one[2], one[3]) for saved, one in zip(savings, found, strict=True) if saved * SHARE >= most
            ]
            if most:
                return max(worth, key=lambda one: one[0])[1]
        return []

    def _without_needless(self, blocks: list[Scope], room: int) -> list[Scope]:
        """``blocks`` without those that it fits into ``room`` without, the dearest first."""
        for scope in sorted(blocks, key=lambda scope: -self.macs[scope]):
            fewer = [one for one in blocks if one is not scope]
            if self.trials < MOST_TRIALS and self.taken(fewer).peak <= room:
                blocks = fewer
        return blocks

    def taken(self, blocks: Collection[Scope]) -> StepMemory:
        """What a step takes that recomputes ``blocks``."""
        key = frozenset(blocks)
        if key not in self.known:
            self.trials += 1
            self.known[key] = self._model(frozenset(scope for scope in key if scope.flat)).taken(key)
        return self.known[key]

    def _model(self, called: frozenset[Scope]) -> StepModel:
        """The step in which these runs of layers are called as a whole."""
        if called not in self.models:
            setup = self.setup
            model = StepModel(self.graph, batch=setup.batch, bytes_per_element=setup.width, called=called)
            self.models[called] = model
        return self.models[called]

    def cost(self, blocks: Collection[Scope]) -> int:
        """Multiply-adds that run again: of blocks in blocks once more for each that they lie in."""
        return sum(self.macs[scope] for scope in blocks)

    def _sorted(self, blocks: Collection[Scope]) -> list[Scope]:
        return [scope for scope in self.scopes if scope in blocks]
