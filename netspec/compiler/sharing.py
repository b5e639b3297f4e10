"""``shared``: an earlier layer run again, node by node and scope by scope, with the weights of the first time."""

from __future__ import annotations

from netspec.blocks.block import Block
from netspec.compiler.limits import VALUE
from netspec.compiler.name_lookup import Body, Inputs
from netspec.compiler.patches import SETTABLE
from netspec.compiler.run import Run
from netspec.errors.problem import Problem
from netspec.graph.graph import INPUT, Node, Scope
from netspec.language.layers import Layer, Use
from netspec.language.patch import Pattern, Rule
from netspec.language.values import Mapping, Scalar

NAMES_A_STEP = 2
"""So many names are known again in about a microsecond."""


def is_shared(run: Run, layer: Layer, body: Body) -> bool:
    """Whether ``layer`` is an earlier one that runs again."""
    target = run.words.peek(layer.what, body.values) if isinstance(layer.what, Use) else None
    known = target.known if target else None
    return isinstance(known, type) and issubclass(known, Block) and known.runs_again


def reaching(run: Run, layer: Layer, rules: list[Rule], body: Body) -> list[Rule]:
    """Those of ``rules`` that change ``layer``: what has the weights of another is changed through that one alone.

    A pattern for several layers passes it by; a patch of its own path is a mistake.
    """
    if not is_shared(run, layer, body):
        return rules
    kept = [rule for rule in rules if not _changes(rule)]
    for rule in rules:
        if _changes(rule) and Pattern(rule.pattern).is_exact:
            _refuse_patch(run, rule, rule.pattern, str(_named(layer).value))
    return kept


def _changes(rule: Rule) -> bool:
    """Whether ``rule`` changes what a layer is, and not only where it stands."""
    if rule.kind == "set":
        return any(key not in SETTABLE for key in (rule.settings.entries if rule.settings else ()))
    return rule.kind == "replace"


def _named(layer: Layer) -> Scalar:
    """The name of the layer that runs again, as it is written."""
    use = layer.what if isinstance(layer.what, Use) else None
    value = use.arguments if use else None
    if isinstance(value, Mapping):
        value = value.get("layer")
    return value if isinstance(value, Scalar) else Scalar("another layer", layer.span)


def _refuse_patch(run: Run, rule: Rule, path: str, owner: str) -> None:
    message = f"'{path}' has the weights of '{owner}'; patch that"
    run.problems.add(Problem("layer-form", message, rule.span))


def run_again(run: Run, instance: Block, layer: Layer, name: str, body: Body, inputs: Inputs) -> Node | None:
    """The layer that ``instance`` names once more, called ``name`` and over ``inputs``; None after a mistake."""
    named = str(instance.layer)  # type: ignore[attr-defined]  # such a block has that field
    read = Scalar(named, _named(layer).span)
    path = run.names.locate(read, run.builder.scope.name, body) if named != INPUT else INPUT
    if path is None or (path != INPUT and run.names.known(path) is None):
        return None
    part = run.builder.parts.get(path)
    if part is None:
        what = "an input" if path == INPUT or path in run.builder.inputs else "inline, or no layer of its own"
        message = f"'{named}' is {what}, so there is no module that could run again"
        run.problems.add(Problem("layer-form", message, read.span))
        return None
    inputs = [] if isinstance(part, Node) and not part.inputs and layer.reads is None else inputs
    given = _given(run, part, named, read, inputs)
    if given is None:
        return None
    copy = _Again(run, layer, tuple([node for node in inputs if node]), given)
    return copy.node(part, name) if isinstance(part, Node) else copy.scope(part, name)


def _given(run: Run, part: Node | Scope, named: str, read: Scalar, inputs: Inputs) -> dict[Node, Node] | None:
    """For each input that ``part`` was given the first time the one that it is given now."""
    before = part.inputs if isinstance(part, Node) else part.reads
    given = dict(zip(before, inputs, strict=False))
    if len(before) != len(inputs):
        count = "no input" if not before else "one input" if len(before) == 1 else f"{len(before)} inputs"
        message = f"'{named}' reads {count}, not {len(inputs)}"
        hint = "'from' names as many layers" if before else "read it with 'from'"
    elif any(given[first] is not now for first, now in zip(before, inputs, strict=True)):
        message = f"'{named}' reads one layer, '{before[0].name}', several times, and would read different ones here"
        hint = "give it different layers the first time"
    else:
        return {first: now for first, now in given.items() if now} if None not in inputs else None
    run.problems.add(Problem("arity", message, read.span, hint))
    return None


class _Again:
    """Appends nodes and scopes that stand for earlier ones; ``twins`` are these by the earlier ones."""

    def __init__(self, run: Run, layer: Layer, inputs: tuple[Node, ...], given: dict[Node, Node]) -> None:
        self.run = run
        self.layer = layer
        self.reads = inputs
        self.twins = given
        self.scopes: dict[Scope, Scope] = {}

    def node(self, node: Node, name: str) -> Node:
        """``node`` again, as ``name`` in the current scope."""
        inputs = [self.twins.get(source, source) for source in node.inputs]
        return self.run.builder.add(name, node.operation, *inputs, span=self.layer.span, shares=node)

    def scope(self, part: Scope, name: str) -> Node | None:
        """``part`` again, as ``name`` in the current scope, with all names in it; its output."""
        run = self.run
        builder, outside = run.builder, run.builder.scope
        run.refuse_depth(outside, self.layer.span)
        nodes = sorted(part.nodes(), key=lambda node: node.index)
        with builder.within(name, part.block, span=self.layer.span, reads=self.reads, shares=part) as top:
            self.scopes[part] = top
            for node in nodes:
                builder.scope = self._scope(node.scope)
                self.twins[node] = self.node(node, node.name.removeprefix(f"{node.scope.name}."))
                self._refuse_patches(self.twins[node])
                builder.scope = top
        known = run.names.inside(part.name)
        steps = VALUE * (len(nodes) + len(known) // NAMES_A_STEP)
        run.work.charge(steps, len(builder.nodes), self.layer.span, run.problems)
        for path in known:
            copy, output, own = top.name + path.removeprefix(part.name), run.names.known(path), run.names.own(path)
            run.names.know(copy, self._twin(output))
            if own is not output:
                run.names.know_own(copy, self._twin(own))
        return self._twin(run.names.own(part.name))

    def _twin(self, node: Node | None) -> Node | None:
        return self.twins.get(node, node) if node else None

    def _scope(self, scope: Scope) -> Scope:
        """The scope that stands for ``scope``, opened when the first node in it is met."""
        found = self.scopes.get(scope)
        if found is None and scope.parent:
            outer = self._scope(scope.parent)
            top = next(iter(self.scopes))
            path = self.scopes[top].name + scope.name.removeprefix(top.name)
            reads = tuple([self.twins.get(source, source) for source in scope.reads])
            found = self.scopes[scope] = self.run.builder.opened(path, outer, scope, self.layer.span, reads)
            self._refuse_patches(found)
        return found or scope

    def _refuse_patches(self, twin: Node | Scope) -> None:
        """Object to patches of a path inside; of this layer's own they have been looked at."""
        for rule in self.run.patches.exactly(twin.name):
            _refuse_patch(self.run, rule, twin.name, twin.owner.name)
