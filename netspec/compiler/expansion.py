"""Layers as written into nodes of a graph: chains, branches, repetitions, blocks, and the names they read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError

from netspec.blocks import Block
from netspec.compiler import registry
from netspec.compiler.context import Body, seen
from netspec.compiler.effort import Effort
from netspec.compiler.patches import Patches, changed
from netspec.compiler.reading import Reading
from netspec.compiler.shape_errors import refused
from netspec.compiler.wiring import Wiring
from netspec.errors.other_names import WORDS
from netspec.errors.problem import Problem, Problems
from netspec.errors.source import Span
from netspec.graph.builder import DuplicateName, GraphBuilder, GraphFull, NodeRefused
from netspec.graph.graph import Node, Scope
from netspec.language.arguments import Arguments, built
from netspec.language.definition import Definition
from netspec.language.layer_options import is_wanted, repetitions, word_of
from netspec.language.layers import Branches, Chain, Layer, Use
from netspec.language.parameter import Setting, settled
from netspec.language.patch import Kind, Rule
from netspec.language.spec import Spec
from netspec.language.values import Scalar, weight
from netspec.limits import RAISE
from netspec.ops import Operation
from netspec.ops.facts import Shape

UNKNOWN_HINT = "define it under 'blocks', or have it registered by a --plugin"


class PatchFailed(Exception):
    """A patch could not be worked in; its problem is recorded already."""


class Expansion:
    """One run over a spec. A node that cannot be built is None from then on: what follows from it says nothing."""

    def __init__(self, spec: Spec, values: dict[str, Any], size: Shape, problems: Problems) -> None:
        self.spec = spec
        self.values = values
        self.problems = problems
        self.builder = GraphBuilder(size, spec.limits.nodes)
        self.parts: list[tuple[str, Node | Scope]] = []
        self.wiring = Wiring(self.builder.input)
        self.patches = Patches(spec.rules)
        if spec.rules:
            self.builder.rewrite = self._rewritten
        self.effort = Effort(spec.limits.steps, problems)
        self.reading = Reading(spec, self.builder, self.wiring, problems)

    def chain(self, chain: Chain, body: Body, x: Node | None) -> Node | None:
        """The layers of ``chain`` one after the other; those without a name get the next number."""
        return self._chained(chain, body, x, 0)[0]

    def numbered_section(self, section: str, chain: Chain, body: Body, x: Node | None, span: Span) -> Node | None:
        """A section given as a list: a chain of that name."""
        self.builder.span = span
        try:
            with self.builder.within(section, "chain") as scope:
                x = self.chain(chain, body, x)
        except DuplicateName as error:
            self.problems.add(Problem("duplicate-name", f"two layers are called '{error.name}'", span))
            return None
        self.wiring.know(section, x)
        if section == "stages":
            self.parts.extend((child.name, child) for child in scope.children)
        else:
            self.parts.append((section, scope))
        return x

    def layer(self, layer: Layer, name: str, body: Body, x: Node | None) -> Node | None:
        """One layer called ``name``, with its ``from`` and ``repeat``; its output."""
        rules = self.patches.at(self.builder.path(name))
        layer = self.reading.joining(changed(layer, rules), body)
        inputs = self.reading.of(layer, body, x)
        if any(rule.kind == "remove" for rule in rules):
            return inputs[0]
        inputs[0] = self._inserted("insert_before", rules, inputs[0])
        with self.patches.applied(self.builder.path(name)):
            x = self._repeated(layer, name, body, inputs)
        return self._inserted("insert_after", rules, x)

    def _repeated(self, layer: Layer, name: str, body: Body, inputs: list[Node | None]) -> Node | None:
        """One layer as often as its ``repeat`` says."""
        self.builder.span = layer.span
        try:
            if layer.repeat is None:
                return self._once(layer, name, body, inputs, first=True)
            count = repetitions(layer, seen(body.values, inputs[0]), self.problems, self.spec.limits.repeat)
            with self.builder.within(name, "repeat"):
                for index in range(count):
                    inner = body._replace(values={**body.values, "index": index, "count": count})
                    inputs = [self._repetition(layer, str(index), inner, inputs, first=index == 0), *inputs[1:]]
                    self.wiring.know(self.builder.path(str(index)), inputs[0])
                    if inputs[0] is None:
                        self._give_up(range(index + 1, count), layer.span)
                        break
        except DuplicateName as error:
            self.problems.add(Problem("duplicate-name", f"two layers are called '{error.name}'", layer.span))
            return None
        return inputs[0]

    def _give_up(self, rest: range, span: Span) -> None:
        """After a mistake the other repetitions would repeat it; their names are known, with nothing behind them."""
        self.effort.charge(span, len(rest))
        for index in rest:
            self.wiring.know(self.builder.path(str(index)), None)

    def _repetition(
        self, layer: Layer, name: str, body: Body, inputs: list[Node | None], *, first: bool
    ) -> Node | None:
        """One repetition of a layer, with the patches that name it."""
        rules = self.patches.at(self.builder.path(name))
        if any(rule.kind == "remove" for rule in rules):
            return inputs[0]
        inputs = [self._inserted("insert_before", rules, inputs[0]), *inputs[1:]]
        with self.patches.applied(self.builder.path(name)):
            x = self._once(changed(layer, rules), name, body, inputs, first=first)
        return self._inserted("insert_after", rules, x)

    def _inserted(self, kind: Kind, rules: list[Rule], x: Node | None) -> Node | None:
        """The layers that rules of a kind bring in after ``x``."""
        for rule in rules:
            if rule.kind == kind and rule.layers:
                with self.patches.bringing(rule):
                    x = self.chain(rule.layers, Body(self.values, self.builder.input, ""), x)
        return x

    def _rewritten(self, name: str, operation: Operation, inputs: tuple[Node, ...]) -> Node:
        """An operation that a block appends, as the patches that name it want it."""
        path = self.builder.path(name)
        rules = self.patches.at(path)
        if not rules:
            return self.builder.append(name, operation, *inputs)
        if any(rule.kind == "remove" for rule in rules):
            return inputs[0]
        span = self.builder.span
        first = self._inserted("insert_before", rules, inputs[0])
        with self.patches.applied(path):
            x = self._patched(name, operation, [first, *inputs[1:]], rules)
        x = self._inserted("insert_after", rules, x)
        self.builder.span = span
        if x is None:
            raise PatchFailed
        return x

    def _patched(self, name: str, operation: Operation, inputs: list[Node | None], rules: list[Rule]) -> Node | None:
        """What the rules put in the place of ``operation``, or set in it."""
        instance: BaseModel | None = operation
        for rule in rules:
            if rule.kind == "replace" and rule.layer:
                with self.patches.bringing(rule):
                    return self._once(rule.layer, name, Body(self.values, None, ""), inputs, first=True)
            if rule.kind == "set" and rule.settings and instance:
                arguments = Arguments(rule.settings.entries, rule.span)
                values = seen(self.values, inputs[0])
                instance = built(type(operation), operation.word, arguments, values, self.problems, like=instance)
        nodes = [node for node in inputs if node]
        if not isinstance(instance, Operation) or len(nodes) < len(inputs):
            return None
        self.builder.span = rules[-1].span
        return self.builder.append(name, instance, *nodes)

    # -- one layer ----------------------------------------------------------------------------------------------

    def _chained(self, chain: Chain, body: Body, x: Node | None, number: int) -> tuple[Node | None, int]:
        """The output of ``chain``, whose numbers begin with ``number``, and the next free number."""
        top = self.builder.scope is self.builder.root
        for name, _, layer in chain.layers:
            self.effort.charge(layer.span, weight(layer.when) + len(self.patches.rules))
            if not self._wanted(layer, body, x, name):
                continue
            block = self._inline(layer, body)
            before = len(self.builder.scope.children)
            if block:
                x, number = self._spliced(layer, block, name or str(number), body, x, number)
            else:
                x = self._placed(layer, name or str(number), body, x)
                number += name is None
            if top and name and block:
                self.parts.extend((name, scope) for scope in self.builder.scope.children[before:])
            elif top and name in self.builder.parts:
                self.parts.append((name, self.builder.parts[name]))
        return x, number

    def _placed(self, layer: Layer, part: str, body: Body, x: Node | None) -> Node | None:
        """A layer at its place: its output is known by name from then on."""
        x = self.layer(layer, part, body, x)
        self.wiring.know(self.builder.path(part), x)
        return x

    def _spliced(
        self, layer: Layer, block: Definition, name: str, body: Body, x: Node | None, number: int
    ) -> tuple[Node | None, int]:
        """An inline block, as often as it is repeated: its layers join the names and numbers around it."""
        inputs = self.reading.of(layer, body, x)
        use = layer.what
        count = repetitions(layer, seen(body.values, inputs[0]), self.problems, self.spec.limits.repeat)
        for index in range(count):
            if not isinstance(use, Use):
                break
            self.effort.charge(layer.span, weight(use.arguments))
            self.builder.span = layer.span
            inner = body._replace(values={**seen(body.values, inputs[0]), "index": index, "count": count})
            arguments = self._arguments(use, block.params, first=index == 0)
            opened = self._opened(block, arguments, inner, inputs)
            if opened is None:
                inputs = [None]
                break
            with self.builder.within(name, block.name, flat=True, index=index, count=count):
                x, number = self._content(
                    block.body, opened._replace(boundary=self.builder.scope.name), inputs[0], number
                )
            inputs = [x]
        self.wiring.know(self.builder.path(name), inputs[0])
        return inputs[0], number

    def _once(self, layer: Layer, name: str, body: Body, inputs: list[Node | None], *, first: bool) -> Node | None:
        """One repetition of a layer."""
        self.effort.charge(layer.span, weight(layer.what.arguments) if isinstance(layer.what, Use) else 0)
        if layer.what is None:
            return None
        self.builder.span = layer.span
        if isinstance(layer.what, Use):
            return self._use(layer, layer.what, name, body, inputs, first=first)
        if len(inputs) != 1:
            message = f"a chain or branches read one input, not {len(inputs)}"
            self.problems.add(Problem("arity", message, layer.span, "join them first"))
            return None
        self.effort.refuse_depth(self.builder.scope, layer.span)
        kind = "chain" if isinstance(layer.what, Chain) else "branches"
        with self.builder.within(name, kind):
            if isinstance(layer.what, Chain):
                return self.chain(layer.what, body, inputs[0])
            return self.branches(layer.what, body, inputs[0])

    def branches(self, branches: Branches, body: Body, x: Node | None) -> Node | None:
        """All branches over ``x``, joined; where ``when`` leaves one of them, that one."""
        ends: dict[Scalar, Node | None] = {}
        for name, span, layer in branches.branches:
            if self._wanted(layer, body, x, name):
                ends[Scalar(name, span)] = self._placed(layer, name, body, x)
        join = branches.join
        word = word_of(join, seen(body.values, x), self.problems)
        if not ends:
            message = "every branch is left out by its 'when'"
            self.problems.add(Problem("arity", message, join.word.span))
        if not ends or word is None:
            return None
        if len(ends) == 1 < len(branches.branches):
            return next(iter(ends.values()))
        layer = Layer(join, join.word.span, reads=tuple(ends))
        return self._once(layer, word, body, list(ends.values()), first=True)

    def _use(
        self, layer: Layer, use: Use, name: str, body: Body, inputs: list[Node | None], *, first: bool
    ) -> Node | None:
        """An operation, a built-in block or a block of the spec."""
        word = word_of(use, seen(body.values, inputs[0]), self.problems)
        if word is None:
            return None
        known = self.spec.blocks.get(word) or registry.find(word)
        if known is None:
            hint = self.problems.hints.of(word, [*self.spec.blocks, *registry.known()], WORDS).text or UNKNOWN_HINT
            message = f"there is no operation or block '{word}'"
            self.problems.add(Problem("unknown-operation", message, use.word.span, hint))
            return None
        arguments = self._arguments(
            use, known.params if isinstance(known, Definition) else known.model_fields, first=first
        )
        values = seen(body.values, inputs[0])
        if isinstance(known, Definition):
            return self._defined(known, arguments, name, body._replace(values=values), inputs)
        instance = built(known, word, arguments, values, self.problems)
        lists = [held for held in vars(instance).values() if isinstance(held, list)] if instance else []
        self.effort.charge(layer.span, sum(map(len, lists)))
        joins = isinstance(instance, Operation) and instance.joins
        if not self.reading.fits(word, layer, inputs, joins=joins) or instance is None or None in inputs:
            return None
        return self._appended(instance, name, layer, body, [node for node in inputs if node])

    def _appended(self, instance: Any, name: str, layer: Layer, body: Body, inputs: list[Node]) -> Node | None:
        try:
            if isinstance(instance, Block):
                with self.builder.within(name, instance.word):
                    return instance.expand(self.builder, inputs[0])
            return self.builder.add(name, instance, *inputs)
        except NodeRefused as error:
            path = self.builder.path(name)
            near = [node.name for node in self.builder.nodes if node.name.startswith(f"{path}.")]
            patched = self.patches.touching([path, *near])
            self.problems.add(refused(error, layer, path, body.uses, patched))
        except PatchFailed:
            return None
        except GraphFull as full:
            self.problems.stop(Problem("limit", str(full), layer.span, RAISE))
        except ValidationError as error:
            fields = " and ".join(f"'{part}'" for part in dict.fromkeys(item["loc"][0] for item in error.errors()))
            message = f"{instance.word} comes to a {error.title} whose {fields} is out of range"
            self.problems.add(Problem("wrong-value", message, layer.span))
        return None

    def _defined(
        self, block: Definition, arguments: Arguments, name: str, body: Body, inputs: list[Node | None]
    ) -> Node | None:
        """A block of the spec: its body with its own parameters, in its own scope."""
        opened = self._opened(block, arguments, body, inputs)
        if opened is None:
            return None
        with self.builder.within(name, block.name) as scope:
            for key, node in zip(block.reads, inputs[1:], strict=True):
                self.wiring.know(self.builder.path(key), node)
            return self._content(block.body, opened._replace(boundary=scope.name), inputs[0], 0)[0]

    def _opened(self, block: Definition, arguments: Arguments, body: Body, inputs: list[Node | None]) -> Body | None:
        """What the layers of ``block`` see when it is used with ``arguments``; None after a mistake."""
        if len(inputs) != 1 + len(block.reads):
            hint = f"'from' names its input, then {', '.join(block.reads)}" if block.reads else "join them first"
            message = f"{block.name} reads {_number(1 + len(block.reads))}, not {len(inputs)}"
            self.problems.add(Problem("arity", message, arguments.span, hint))
            return None
        self.effort.refuse_depth(self.builder.scope, arguments.span)
        self.effort.charge(arguments.span, sum(1 + weight(parameter.default) for parameter in block.params.values()))
        values = settled(block.params, Setting(block.name, arguments.given), body.values, arguments.span, self.problems)
        known: dict[str, Any] = {key: body.values[key] for key in ("in", "index", "count") if key in body.values}
        uses = (*body.uses, (block.name, arguments.span))
        return Body({**known, **values}, inputs[0], "", uses)

    def _content(self, content: Chain | Layer, body: Body, x: Node | None, number: int) -> tuple[Node | None, int]:
        """The body of a block, in the current scope."""
        if isinstance(content, Chain):
            return self._chained(content, body, x, number)
        return (self.branches(content.what, body, x) if isinstance(content.what, Branches) else None), number

    # -- parts of the above ---------------------------------------------------------------------------------------

    def _inline(self, layer: Layer, body: Body) -> Definition | None:
        """The inline block that ``layer`` uses, if it does."""
        if not isinstance(layer.what, Use):
            return None
        word = word_of(layer.what, body.values, Problems())
        block = self.spec.blocks.get(word) if word else None
        return block if block and block.inline else None

    def _wanted(self, layer: Layer, body: Body, x: Node | None, name: str | None) -> bool:
        """Whether the ``when`` of ``layer`` holds; notes the layer as left out if not."""
        wanted = layer.when is None or is_wanted(layer, seen(body.values, x), self.problems)
        if layer.when and not wanted and name is not None:
            self.wiring.leave_out(self.builder.path(name), layer.when.span)
        return wanted

    def _arguments(self, use: Use, fields: Iterable[str], *, first: bool) -> Arguments:
        """What is written after the word; a stride is for the first repetition alone."""
        arguments = Arguments.of(use.arguments, use.word.span, next(iter(fields), "")).over(use.over)
        return arguments if first else arguments.with_stride_one()


def _number(inputs: int) -> str:
    """``one input``, ``3 inputs``."""
    return "one input" if inputs == 1 else f"{inputs} inputs"
