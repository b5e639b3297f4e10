"""A graph as a tree of modules: one for each scope, its children under the names that the spec gave them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Any, Literal, NamedTuple

import torch
from torch import nn

from netspec.analysis.liveness import Liveness, Value, maker, training_order
from netspec.analysis.memory_order import memory_orders
from netspec.graph.graph import Graph, Node, Scope
from netspec.graph.runs import BETWEEN, runs_named, with_runs
from netspec.graph.selection import matching, selected, value_of, within
from netspec.nn.forward import Step, Writer, is_sequence, pieces, step
from netspec.nn.part import part_class, remember
from netspec.nn.start import schemes, started
from netspec.ops.facts import Layer
from netspec.ops.pool import MaxPool

Outputs = Literal["inference", "all"]


class Form(NamedTuple):
    """How a graph becomes a module, where there is a choice.

    ``outputs`` are those of inference, or all, heads for training among them; they are a tensor where there is one,
    unless they are ``named``: a dict then in any case. Nothing is written over its input unless ``inplace``. Blocks
    that are ``recomputed`` keep only their inputs in training, and run a second time for their gradients.
    ``whole`` is what the graph was cut out of, if it was: what is left out of that is known, and not there.
    """

    outputs: Outputs = "inference"
    named: bool = False
    inplace: bool = True
    recomputed: frozenset[Scope] = frozenset()
    whole: Graph | None = None


def module(
    graph: Graph, *, device: torch.device | str | None = None, outputs: Outputs = "inference", form: Form | None = None
) -> nn.Module:
    """``graph`` as a module with freshly initialised weights on ``device``.

    The forward takes N x C x H x W and returns the one output as a tensor, or a dict of several. With
    ``outputs="all"`` those for training are among them, in both modes; their layers are there in any case. ``form``
    says more, and ``outputs`` too.
    """
    chosen = form or Form(outputs)
    with torch.device(device) if device is not None else nullcontext():
        built = _Builder(graph, chosen).root()
    remember(built, chosen.whole or graph)
    return built


def layer_of(node: Node, live: Liveness) -> Layer:
    """What to build for ``node``: of a max pool whose places are read, one that returns them."""
    if len(live.makes(node)) > 1 and isinstance(node.operation, MaxPool):
        return node.operation.noting_layer(*node.input_shapes)
    return node.operation.layer(*node.input_shapes)


def compiled(
    graph: Graph,
    whole: Graph | None = None,
    *,
    device: torch.device | str | None = None,
    outputs: str | Sequence[str] = "inference",
    inplace: bool = True,
    checkpoint: Iterable[str] = (),
) -> nn.Module:
    """``graph``, cut out of ``whole`` if that is given, as a module, as :func:`netspec.compile` has it.

    ``outputs`` may be names of values: what they do not need is not built. ``checkpoint`` names blocks to recompute.
    Raises :class:`SpecError` for names that are none.
    """
    known = whole or graph
    form = Form("all" if outputs == "all" else "inference", inplace=inplace, whole=known)
    if not isinstance(outputs, str):
        graph = selected(graph, {name: value_of(graph, name) for name in outputs})
        form = form._replace(outputs="all", named=True)
    graph, recomputed = _recomputed(graph, [*checkpoint])
    return module(graph, device=device, form=form._replace(recomputed=recomputed))


def _recomputed(graph: Graph, names: list[str]) -> tuple[Graph, frozenset[Scope]]:
    """The blocks and runs of layers that ``names`` name, and the graph in which they are."""
    runs = [name for name in names if BETWEEN in name]
    if runs:
        graph = with_runs(graph, runs_named(graph, runs))
    _, life = training_order(graph, frozenset(scope for scope in within(graph.root) if scope.name in runs))
    blocks = [scope for scope in within(graph.root) if not scope.shares and not life.is_open(scope)]
    return graph, frozenset(matching(blocks, names, "block"))


class _Builder:
    def __init__(self, graph: Graph, form: Form) -> None:
        self.graph = graph
        self.form = form
        self.starts = schemes(graph)
        every = form.outputs == "all"
        aside = frozenset[Node]() if every else graph.auxiliary()
        self.shown = {out.name: out.node for out in graph.outputs if every or not out.training}
        run = (node for node in graph.nodes if node not in aside)
        how: dict[str, Any] = {"inplace": form.inplace, "called": form.recomputed}
        self.live = Liveness(graph, run, self.shown.values(), **how)
        self.whole = Liveness(graph, graph.nodes, (out.node for out in graph.outputs), **how)
        self.layers = {node: layer_of(node, self.whole) for node in graph.operations}
        orders = memory_orders(graph)
        self.layers.update((node, node.operation.layer_on_rows(*node.input_shapes)) for node in orders.on_rows)
        for node in orders.brought_back:
            layer = self.layers[node]
            self.layers[node] = layer._replace(arguments={**layer.arguments, "channels_first": True})

    def root(self) -> nn.Module:
        steps = self._steps(self.graph.root, self.live)
        nodes = list(self.shown.values())
        result: Any = tuple(nodes) if len(nodes) == 1 and not self.form.named else self.shown
        name = "".join(part.capitalize() for part in _words(self.graph.name)) or "Network"
        return self._with_forward(self.graph.root, name, self.graph.inputs, steps, result)

    def _steps(self, scope: Scope, live: Liveness) -> list[Step]:
        return [step(piece, live) for piece in pieces(scope, live)]

    def _life(self, scope: Scope) -> Liveness:
        """Who reads what in ``scope``; one that is not run at all is built as if it were, and can be called."""
        return self.live if any(node in self.live.run for node in scope.nodes()) else self.whole

    def _module(self, scope: Scope) -> nn.Module:
        """The module of a scope that is called as one."""
        live = self._life(scope)
        own = step(scope, live)
        steps = self._steps(scope, live)
        recomputes = any(one.piece in self.form.recomputed for one in steps)
        if not recomputes and is_sequence(steps, own.inputs, own.outputs, self.layers):
            sequence = nn.Sequential()
            self._fill(sequence, scope, steps)
            return sequence
        name = "".join(part.capitalize() for part in _words(scope.block))
        return self._with_forward(scope, name, own.inputs, steps, own.outputs)

    def _with_forward(
        self, scope: Scope, name: str, inputs: tuple[Value, ...], steps: list[Step], result: Any
    ) -> nn.Module:
        live = self._life(scope)
        run = [one for one in steps if one.outputs and all(maker(value) in live.run for value in one.outputs)]
        source = Writer(scope, live, self.layers, self.form.recomputed).source(inputs, run, result)
        built = part_class(name, source)()
        self._fill(built, scope, steps)
        return built

    def _fill(self, built: nn.Module, scope: Scope, steps: list[Step]) -> None:
        """Add the children of ``scope`` under their names; those that are not run too."""
        prefix = f"{scope.name}." if scope.name else ""
        for one in steps:
            if isinstance(one.piece, Scope) and one.piece.flat:  # a run of layers, which are its own
                self._fill(built, scope, self._steps(one.piece, self._life(scope)))
                continue
            child = self._child(one.piece)
            if child is None:
                continue
            *path, last = one.piece.name.removeprefix(prefix).split(".")
            holder = built
            for part in path:
                if part not in holder._modules:  # noqa: SLF001 - get_submodule would raise
                    holder.add_module(part, nn.Module())
                holder = holder.get_submodule(part)
            if isinstance(child, nn.Parameter):
                holder.register_parameter(last, child)
            else:
                holder.add_module(last, child)

    def _child(self, piece: Node | Scope) -> nn.Module | nn.Parameter | None:
        if piece.shares:
            return None
        if isinstance(piece, Scope):
            return self._module(piece)
        layer = self.layers[piece]
        if layer.call == "parameter":
            return started(piece, layer, self.starts)
        return self._layer(piece, layer) if layer.call == "module" else None

    def _layer(self, node: Node, layer: Layer) -> nn.Module | nn.Parameter:
        lives = [life for life in (self.live, self.whole) if not life.run.isdisjoint(life.uses(node))]
        lives = lives if self.whole.is_shared(node) else lives[:1]
        if all(life.overwrites(node) for life in lives):
            layer = layer._replace(arguments={**layer.arguments, "inplace": True})
        return started(node, layer, self.starts)


def _words(name: str) -> list[str]:
    """The parts of ``name`` that make a class name; a class name begins with a letter."""
    text = "".join(char if char.isascii() and char.isalnum() else " " for char in name)
    words = text.split()
    return ["net", *words] if words and words[0][0].isdigit() else words
