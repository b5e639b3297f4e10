"""Layers as written into nodes of a graph: chains, branches, repetitions, blocks.

One run goes through the layers in the order written. For each of them the patches that name it are worked in, its
``when`` is looked at, its word and what it reads are looked up, and it is appended as often as it is repeated. A layer
that cannot be built is None from then on: what follows from it says nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from typing import Any, NamedTuple

from netspec.compiler.layer_inputs import inputs_of, is_source, joining, reads_nothing, with_absent
from netspec.compiler.layer_names import is_inline_block, names_in_scope, own_name, repetitions_of
from netspec.compiler.name_lookup import Body, Inputs, seen
from netspec.compiler.operations import RAISED, BlockGraph, Failed, append, instance_of, refuse
from netspec.compiler.patches import changed
from netspec.compiler.run import Run
from netspec.compiler.sharing import reaching, run_again
from netspec.compiler.word_lookup import Target
from netspec.errors.problem import Problem
from netspec.errors.source import Span
from netspec.graph.builder import DuplicateName, Within
from netspec.graph.graph import Node, Scope
from netspec.language import names
from netspec.language.arguments import Arguments, built
from netspec.language.definition import Definition
from netspec.language.layers import Branches, Chain, Layer, Use
from netspec.language.parameter import settled
from netspec.language.patch import Kind, Rule
from netspec.language.values import Scalar, Sequence, weight
from netspec.ops.operation import Operation

IN_PLACE_HINT = "put a chain in its place, or layers before or after it; 'remove' leaves it out"


class Built(NamedTuple):
    """What some layers have become: their output, the next free number behind them, and the name of a single one.

    Where a layer is ``left_out`` the output is what stands before it.
    """

    node: Node | None
    number: int = 0
    name: str | None = None
    left_out: bool = False


class Spot(NamedTuple):
    """Where a layer goes: under ``name``, or without a name of its own among the layers around, from ``number`` on.

    Which repetition it is, counted from 0, and of how many.
    """

    name: str | None
    number: int = 0
    repetition: int = 0
    repetitions: int = 1


class Expansion:
    """Expands the layers of one run."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def section(self, name: str, chain: Chain, x: Node | None, span: Span) -> Node | None:
        """A section: its layers at the top of the network or, where it is a list, in a chain of its name."""
        run = self.run
        if chain.named:
            return self.chain(chain, run.top, x).node
        try:
            with run.builder.within(name, "chain", span=span, reads=_built([x])) as scope:
                x = self.chain(chain, run.top, x).node
        except DuplicateName as error:
            run.twice(error, span)
            return None
        run.names.know(name, x)
        children = [(child.name, child) for child in scope.children]
        run.parts.extend(children if name == "stages" else [(name, scope)])
        return x

    def chain(self, chain: Chain, body: Body, x: Node | None, number: int = 0) -> Built:
        """The layers of ``chain`` one after the other; those without a name get the next number."""
        for key, _, layer in chain.layers:
            found = self.entry(layer, key, body, x, number)
            x, number = found.node, found.number
        return Built(x, number)

    def entry(self, layer: Layer, key: str | None, body: Body, x: Node | None, number: int = 0) -> Built:
        """One layer after ``x``, under its name, its key or the next number."""
        run = self.run
        run.charge(layer.span, values=0 if layer.when is None else weight(layer.when))
        called = names_in_scope(run, layer, key, body, x, number)
        paths = [run.builder.path(name) for name in called]
        rules = run.patches.at(*paths) if run.patches.rules else []
        if rules:
            rules = reaching(run, layer, rules, body)
        if rules and key is None and layer.name is None and self._is_left_out(layer, paths, body, x):
            return Built(x, number, left_out=True)
        layer = joining(run, layer, body)
        if rules:
            layer = changed(layer, [self._joining(rule, body) for rule in rules], run.problems)
        inputs = inputs_of(run, layer, paths, body, x)
        if inputs is None:
            return Built(x, number, left_out=True)
        layer = with_absent(run, layer, body)
        before = len(run.builder.scope.children)
        following = number + (key is None and layer.name is None)
        found = Built(None, following, called[0] if called else None)
        try:
            if inputs:
                build = partial(self._placed, layer, key, body, number=number)
                found = self._patched(
                    rules, paths, inputs, found, build, source=lambda: reads_nothing(run, layer, body)
                )
        except DuplicateName as error:
            run.twice(error, layer.span, several=layer.inline)
        if not found.left_out:
            self._noted(found, key, called, before)
        return found

    def _noted(self, found: Built, key: str | None, called: list[str], before: int) -> None:
        """Let what a layer has become be known by what it is called, and at the top of the network as an entry."""
        run = self.run
        names = [*called, *([found.name] if found.name and found.name not in called else [])]
        for name in names:
            run.names.know(run.builder.path(name), found.node)
        if run.builder.scope is run.builder.root:
            self._note_parts(found.name, key, before)

    def _joining(self, rule: Rule, body: Body) -> Rule:
        """``rule`` with a layer whose inputs are told from its parameters."""
        return rule._replace(layer=joining(self.run, rule.layer, body)) if rule.layer else rule

    def _is_left_out(self, layer: Layer, paths: list[str], body: Body, x: Node | None) -> bool:
        """Whether ``layer`` is left out as it is written; then its number is that of the next one, for patches too."""
        return inputs_of(self.run, joining(self.run, layer, body), paths, body, x) is None

    def _note_parts(self, name: str | None, key: str | None, before: int) -> None:
        """Note what an entry at the top of the network has become: one part, or the parts of an inline layer."""
        builder = self.run.builder
        if name is not None and name in builder.parts:
            self.run.parts.append((name, builder.parts[name]))
        elif name is None:
            for child in builder.root.children[before:]:
                flat = isinstance(child, Scope) and child.flat
                self.run.parts.append((key if key and flat else child.name, child))

    def _placed(self, layer: Layer, key: str | None, body: Body, inputs: Inputs, number: int) -> Built:
        """A layer with all its repetitions: under its name, or joined to those around it where it is inline."""
        opens = is_inline_block(self.run, layer, body, inputs)
        if opens or layer.inline:
            return self._joined(layer, body, inputs, number, opens=opens or layer.opens)
        following = number + (key is None and layer.name is None)
        name = own_name(self.run, layer, body) if layer.name else key or str(number)
        if name is None:
            return Built(None, following, key or str(number))
        if layer.repeat is None:
            return Built(self._once(layer, Spot(name), body, inputs).node, following, name)
        return Built(self._repeated(layer, name, body, inputs), following, name)

    def _repeated(self, layer: Layer, name: str, body: Body, inputs: Inputs) -> Node | None:
        """One layer as often as its ``repeat`` says, in a scope of its own."""
        run, count = self.run, repetitions_of(self.run, layer, body, inputs)
        with run.builder.within(name, "repeat", span=layer.span, reads=_built(inputs)):
            for index in range(count):
                found = self._repetition(layer, Spot(str(index), 0, index, count), body, inputs)
                x = found.node
                if not found.left_out:
                    run.names.know(run.builder.path(str(index)), x)
                inputs = [x, *inputs[1:]]
                if x is None:
                    self._give_up(range(index + 1, count), layer.span)
                    break
        return inputs[0]

    def _give_up(self, rest: range, span: Span) -> None:
        """After a mistake the other repetitions would repeat it; their names are known, with nothing behind them."""
        self.run.charge(span, layers=len(rest))
        for index in rest:
            self.run.names.know(self.run.builder.path(str(index)), None)

    def _joined(self, layer: Layer, body: Body, inputs: Inputs, number: int, *, opens: bool) -> Built:
        """An inline layer: its repetitions or, where that ``opens``, the layers inside each, join those around it."""
        count = repetitions_of(self.run, layer, body, inputs)
        for index in range(count):
            inner = _counted(layer, index, count, body)
            name = None if opens else own_name(self.run, layer, inner) if layer.name else str(number)
            if name is None and not opens:
                return Built(None, number)
            spot = Spot(name, number, index, count)
            found = self._repetition(layer, spot, body, inputs)
            if spot.name is not None and not found.left_out:
                self.run.names.know(self.run.builder.path(spot.name), found.node)
                found = found._replace(number=number + (layer.name is None))
            inputs, number = [found.node, *inputs[1:]], found.number
            if found.node is None:
                self.run.names.give_up(self.run.builder.scope.name)
                break
        return Built(inputs[0], number)

    def _repetition(self, layer: Layer, spot: Spot, body: Body, inputs: Inputs) -> Built:
        """One repetition of a layer, with the patches that name it."""
        run = self.run
        inner = _counted(layer, spot.repetition, spot.repetitions, body)
        if spot.name is None:
            return self._once(layer, spot, inner, inputs)
        run.charge(layer.span)
        if not run.patches.rules:
            return self._once(layer, spot, inner, inputs)
        path = run.builder.path(spot.name)
        rules = run.patches.at(path)
        run.charge(layer.span, layers=0, values=len(rules))
        rules = reaching(run, layer, rules, inner) if rules else rules
        one = changed(layer, rules, run.problems, once=True)
        return self._patched(
            rules,
            [path],
            inputs,
            Built(None, spot.number),
            lambda given: self._once(one, spot, inner, given),
            source=lambda: reads_nothing(run, one, inner),
        )

    # -- patches ------------------------------------------------------------------------------------------------------

    def _patched(
        self,
        rules: list[Rule],
        paths: list[str],
        inputs: Inputs,
        nothing: Built,
        build: Callable[[Inputs], Built],
        *,
        source: Callable[[], bool] = lambda: False,
    ) -> Built:
        """What ``build`` makes of ``inputs``, as the ``rules`` that meet ``paths`` want it; or ``nothing``, if removed.

        The one place where layers are left out and brought in by patches, be they written, repetitions, or operations
        that a built-in block appends. What rules set and replace is in the layer already. A ``source`` reads nothing:
        no layers can stand before it, and where it is removed nothing stands in its place.
        """
        if not rules:
            return build(inputs)
        removed = next((rule for rule in rules if rule.kind == "remove"), None)
        if removed and source():
            hint = "change what joins it, too: replace: {scaled: {identity: , from: x}}"
            self.run.names.leave_out(paths, f"the patch in line {removed.span.line}", hint)
            return nothing._replace(node=inputs[0] if inputs else None, left_out=True)
        if removed:
            return nothing._replace(node=inputs[0])
        if any(rule.kind == "insert_before" for rule in rules) and source():
            message = f"'{paths[0]}' reads nothing, so no layer stands before it"
            self.run.problems.add(Problem("arity", message, rules[0].span, "put it before what joins the two"))
        elif inputs:
            inputs = [self._inserted("insert_before", rules, inputs[0]), *inputs[1:]]
        with self.run.patches.applied(paths):
            found = build(inputs)
        after = self._inserted("insert_after", rules, found.node)
        if after is not found.node:
            for path in paths:
                self.run.names.know_own(path, found.node)
        return found._replace(node=after)

    def _inserted(self, kind: Kind, rules: list[Rule], x: Node | None) -> Node | None:
        """The layers that rules of a kind bring in after ``x``."""
        run = self.run
        for rule in rules:
            if rule.kind == kind and rule.layers:
                run.refuse_depth(run.builder.scope, rule.span)
                with run.patches.bringing(rule):
                    x = self.chain(rule.layers, run.top, x).node
        return x

    def _in_place(self, layer: Layer, rules: list[Rule]) -> Layer:
        """``layer``, which a block or branches bring along, as ``rules`` want it; it stays where it is, and single."""
        found = changed(layer, rules, self.run.problems)
        beside = {
            "repeat": found.repeat,
            "when": found.when,
            "from": found.reads if found.reads != layer.reads else None,
        }
        for key, value in beside.items():
            if value is not None:
                message = f"'{key}' cannot stand here: what makes this layer says what it reads, and makes it once"
                self.run.problems.add(Problem("layer-form", message, value.span, IN_PLACE_HINT))
        return found

    # -- one layer, once ----------------------------------------------------------------------------------------------

    def _once(self, layer: Layer, spot: Spot, body: Body, inputs: Inputs) -> Built:
        """One repetition of a layer."""
        run, what = self.run, layer.what
        if isinstance(what, Use):
            run.charge(layer.span, values=what.weight + sum([len(one.entries.entries) for one in what.over]))
            return self._use(layer, what, spot, body, inputs)
        run.charge(layer.span)
        if what is None:
            return Built(None, spot.number)
        if len(inputs) != 1:
            message = f"a chain or branches read one input, not {len(inputs)}"
            run.problems.add(Problem("arity", message, layer.span, "join them first"))
            return Built(None, spot.number)
        run.refuse_depth(run.builder.scope, layer.span)
        kind = "chain" if isinstance(what, Chain) else "branches"
        with self._scope(spot, kind, layer.span, inputs):
            return self._content(layer, body, inputs[0], spot)

    def _scope(self, spot: Spot, kind: str, span: Span, inputs: Inputs) -> Within:
        """The scope of a layer over ``inputs`` at ``spot``; one without a name adds none."""
        name, index, count = spot.name or "", spot.repetition, spot.repetitions
        flat, reads = spot.name is None, _built(inputs)
        return self.run.builder.within(name, kind, flat=flat, index=index, count=count, span=span, reads=reads)

    def _content(self, content: Chain | Layer, body: Body, x: Node | None, spot: Spot) -> Built:
        """A chain or branches in the current scope; what has no name there continues the numbers of ``spot``."""
        what = content if isinstance(content, Chain) else content.what
        number = spot.number if spot.name is None else 0
        if isinstance(what, Chain):
            return self.chain(what, body, x, number)
        return Built(self.branches(what, body, x) if isinstance(what, Branches) else None, number)

    def branches(self, branches: Branches, body: Body, x: Node | None) -> Node | None:
        """All branches over ``x``, joined; where others are left out, the one that is there."""
        run, join = self.run, branches.join
        ends: dict[Scalar, Node | None] = {}
        for name, span, layer in branches.branches:
            found = self.entry(layer, name, body, x)
            if not found.left_out:
                ends[Scalar(name, span)] = found.node
        if not ends:
            message = "every branch is left out by its 'when'"
            run.problems.add(Problem("arity", message, join.word.span))
            return None
        if len(ends) == 1 < len(branches.branches):
            return next(iter(ends.values()))
        return self._joined_by(join, ends, body, x)

    def _joined_by(self, join: Use, ends: dict[Scalar, Node | None], body: Body, x: Node | None) -> Node | None:
        """The ends of branches, joined; ``x`` is what the branches read."""
        run = self.run
        target = run.words.target(join, seen(body.values, x))
        if target is None:
            return None
        path = run.builder.path(target.written)
        rules = run.patches.at(path)
        written = Layer(join, join.word.span, reads=Sequence(tuple(ends), join.word.span))
        spot, inputs = Spot(target.written), list(ends.values())
        if rules:
            layer = self._in_place(written, rules)
            found = self._patched(
                rules, [path], inputs, Built(None), lambda given: self._once(layer, spot, body, given)
            )
        else:
            found = self._used(target, written, spot, body, inputs)
        run.names.know(path, found.node)
        return found.node

    def _use(self, layer: Layer, use: Use, spot: Spot, body: Body, inputs: Inputs) -> Built:
        """An operation, a built-in block or a block of the spec."""
        values = seen(body.values, inputs[0])
        target = self.run.words.target(use, values, first=spot.repetition == 0)
        if target is None:
            return Built(None, spot.number)
        if target.known is None:
            return Built(inputs[0], spot.number)
        return self._used(target, layer, spot, Body(values, body.input, body.boundary, body.uses), inputs)

    def _used(self, target: Target, layer: Layer, spot: Spot, body: Body, inputs: Inputs) -> Built:
        """What ``target`` means, over ``inputs``."""
        run, known = self.run, target.known
        if isinstance(known, Definition):
            return self._defined(known, target.arguments, layer, spot, body, inputs)
        if layer.absent and len(inputs) == 1 and known is not None and issubclass(known, Operation) and known.joins:
            return Built(inputs[0], spot.number)
        if layer.reads is None and is_source(known):
            inputs = []
        instance = instance_of(run, target, layer, body, inputs)
        nodes = [node for node in inputs if node]
        if instance is None or len(nodes) < len(inputs):
            return Built(None, spot.number)
        if isinstance(instance, Operation):
            name = self._only_named(target, layer, spot)
            return Built(append(run, name, instance, nodes, layer, body) if name else None, spot.number)
        path = run.builder.path(spot.name) if spot.name else run.builder.scope.name
        graph = BlockGraph(run.builder, layer.span, self._appended if run.patches.rules else None)
        try:
            if instance.runs_again:
                name = self._only_named(target, layer, spot)
                return Built(run_again(run, instance, layer, name, body, inputs) if name else None, spot.number)
            with self._scope(spot, instance.word, layer.span, inputs):
                return Built(instance.expand(graph, nodes[0]), spot.number)
        except RAISED as error:  # what is no refusal is raised again
            refuse(run, error, layer, path, body, instance)
        return Built(None, spot.number)

    def _only_named(self, target: Target, layer: Layer, spot: Spot) -> str | None:
        """The name of a layer that needs one; None, with a problem added, where it is inline."""
        if spot.name is None:
            message = f"{target.word} has no layers that could be inline"
            hint = "an operation is one layer; a block, a chain or branches have layers inside"
            self.run.problems.add(Problem("layer-form", message, layer.span, hint))
        return spot.name

    def _appended(self, name: str, operation: Operation, inputs: list[Node], span: Span) -> Node:
        """An operation that a built-in block appends, as the patches that name it want it."""
        run = self.run
        path = run.builder.path(name)
        rules = run.patches.at(path)
        run.charge(span, values=len(rules))
        if not rules:
            return run.builder.add(name, operation, *inputs, span=span)
        written = Layer(Use(Scalar(operation.word, span), None), span)
        layer = self._in_place(written, rules)
        found = self._patched(
            rules,
            [path],
            [*inputs],
            Built(None),
            lambda given: self._changed(written, layer, operation, name, given),
            source=lambda: not inputs,
        )
        if found.left_out:
            message = f"'{path}' is read by others of its block, and reads nothing that could stand in its place"
            run.problems.add(Problem("layer-form", message, rules[0].span, IN_PLACE_HINT))
        if found.node is None:
            raise Failed
        return found.node

    def _changed(self, written: Layer, layer: Layer, operation: Operation, name: str, inputs: Inputs) -> Built:
        """``operation`` with other parameters, or the layer that stands in its place."""
        run, use, top = self.run, layer.what, self.run.top
        if not isinstance(use, Use) or not isinstance(written.what, Use) or use.word is not written.what.word:
            return self._once(layer, Spot(name), top, inputs)
        values = seen(top.values, inputs[0] if inputs else None)
        settings = [Arguments.of(one.entries, one.entries.span, "", values) for one in use.over]
        arguments = reduce(Arguments.over, settings, Arguments({}, layer.span))
        instance = built(type(operation), operation.word, arguments, run.problems, like=operation)
        nodes = [node for node in inputs if node]
        if not isinstance(instance, Operation) or len(nodes) < len(inputs):
            return Built(None)
        return Built(run.builder.add(name, instance, *nodes, span=settings[-1].span if settings else layer.span))

    def _defined(
        self, block: Definition, arguments: Arguments, layer: Layer, spot: Spot, body: Body, inputs: Inputs
    ) -> Built:
        """A block of the spec: its body with its own parameters, in its own scope."""
        run = self.run
        values = self._settled(block, arguments, layer, body, inputs)
        if values is None or block.body is None:
            return Built(None, spot.number)
        with self._scope(spot, block.name, arguments.span, inputs) as scope:
            given = iter(inputs[1:])
            for place, key in enumerate(block.reads, 1):
                if place in layer.absent:
                    run.names.know_nothing(
                        [run.builder.path(key)], f"line {arguments.span.line}, which gives none for it"
                    )
                else:
                    run.names.know(run.builder.path(key), next(given))
            inner = Body(values, inputs[0], scope.name, (*body.uses, (block.name, arguments.span)))
            return self._content(block.body, inner, inputs[0], spot)

    def _settled(
        self, block: Definition, arguments: Arguments, layer: Layer, body: Body, inputs: Inputs
    ) -> dict[str, Any] | None:
        """The values that the layers of ``block`` see when it is used with ``arguments``; None after a mistake."""
        run = self.run
        given = len(inputs) + len(layer.absent)
        if given != 1 + len(block.reads):
            hint = f"'from' names its input, then {', '.join(block.reads)}" if block.reads else "join them first"
            message = f"{block.name} reads {_number(1 + len(block.reads))}, not {given}"
            run.problems.add(Problem("arity", message, arguments.span, hint))
            return None
        run.refuse_depth(run.builder.scope, arguments.span)
        run.charge(arguments.span, values=block.weight)
        known = {key: body.values[key] for key in names.KNOWN_INSIDE if key in body.values}
        return {**known, **settled(block.params, block.name, arguments, known, run.problems)}


def _built(inputs: Inputs) -> tuple[Node, ...]:
    """Those of ``inputs`` that could be built."""
    return tuple([node for node in inputs if node])


def _counted(layer: Layer, index: int, count: int, body: Body) -> Body:
    """What one of the repetitions of ``layer`` sees; without ``repeat``, the numbers of what is repeated around it."""
    if layer.repeat is None:
        return body
    return Body({**body.values, "index": index, "count": count}, body.input, body.boundary, body.uses)


def _number(inputs: int) -> str:
    """``one input``, ``3 inputs``."""
    return "one input" if inputs == 1 else f"{inputs} inputs"
