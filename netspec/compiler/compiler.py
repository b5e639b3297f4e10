"""From a spec to a graph: parameters get values, layers become nodes, every mistake gets its place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from netspec.compiler.expansion import Expansion
from netspec.compiler.limits import NETWORK, VALUE, Work, refuse_unbuildable
from netspec.compiler.run import Run
from netspec.compiler.schemes import started
from netspec.errors.problem import Problem, Problems, SpecError
from netspec.errors.source import Span
from netspec.errors.suggestions import did_you_mean
from netspec.graph.graph import Entry, Graph, Node, Output, Scope
from netspec.language.arguments import Arguments, Given
from netspec.language.inputs import Sizes, sizes
from netspec.language.layers import Chain, named
from netspec.language.parameter import settled
from netspec.language.sections import LAYER_SECTIONS
from netspec.language.spec import Spec
from netspec.language.values import Value, weight
from netspec.ops.facts import key
from netspec.ops.initialisation import Scheme


class NetworkError(SpecError):
    """Everything that is wrong with a network, and what could be built of it all the same.

    ``partial`` is the graph up to the first mistake, with what nothing reads yet as its outputs; None where nothing
    was built.
    """

    def __init__(self, problems: Iterable[Problem], partial: Graph | None = None) -> None:
        super().__init__(problems)
        self.partial = partial


def network_of(
    spec: Spec, variant: str | None, given: dict[str, Value], given_sizes: Sizes | None = None, work: Work | None = None
) -> tuple[Graph, dict[str, Any]]:
    """The network that ``spec`` makes with a variant and given values, for inputs of the sizes that are given.

    Also the values of all parameters. Several networks of one run share ``work``, which limits them together. Raises
    :class:`NetworkError` with every mistake found.
    """
    problems = Problems(spec.problems)
    work = work or Work(spec.limits)
    if work.over:
        raise NetworkError([work.over])
    work.charge(NETWORK + VALUE * _written(spec, given), 0, spec.document.span, problems)
    values = _settings(spec, variant, given, problems)
    inputs = sizes(spec.inputs, values, given_sizes or {}, variant or spec.header.name, problems)
    if inputs is None:
        problems.check()
        raise AssertionError  # pragma: no cover - no spec without sizes and without a problem
    run = Run(spec, values, inputs, problems, work)
    try:
        graph = _graph(run, variant or spec.header.name)
    finally:
        run.work.operations += run.builder.operations
    _refuse_unneeded(graph, problems)
    refuse_unbuildable(graph, problems)
    problems.check()
    return graph, values


def _written(spec: Spec, given: dict[str, Value]) -> int:
    """How much there is to work out beside layers: parameters, what is given for them, rules, outputs and starts."""
    values = [*(one.default for one in spec.params.values()), *given.values(), spec.init]
    return sum(map(weight, values)) + len(spec.params) + len(spec.rules) + len(spec.outputs)


def _graph(run: Run, name: str) -> Graph:
    """The graph of what ``run`` expands. Raises :class:`NetworkError` with every mistake found."""
    problems = run.problems
    expansion = Expansion(run)
    entries: list[Entry] = []
    x: Node | None = run.builder.input if len(run.builder.inputs) == 1 else None
    for section in LAYER_SECTIONS:
        if section in run.spec.sections:
            x = _section(expansion, section, x, entries)
    outputs = _outputs(run, x)
    init = _init(run)
    run.names.report(problems)
    if not len(problems):
        run.patches.report(run.builder.parts, problems, run.spec.inherits)
    if len(problems):
        raise NetworkError(problems.in_order(), _partial(run, name, entries))
    return run.builder.graph(name, tuple(entries), tuple(outputs), tuple(init))


def _partial(run: Run, name: str, entries: list[Entry]) -> Graph | None:
    """What was built before the first mistake, if anything: what nothing reads yet is its output, the last one first.

    What is declared as an output for training alone is one already.
    """
    builder = run.builder
    if not builder.operations:
        return None
    read = {source for node in builder.nodes for source in node.inputs}
    training = {str(output.layer.value) for output in run.spec.outputs if output.training}
    ends = [node for node in reversed(builder.nodes) if node not in read and node.inputs]
    main = [node for node in ends if node.name not in training]
    outputs = [Output(node.name, node) for node in main or ends[:1]]
    outputs += [Output(node.name, node, training=True) for node in ends if main and node not in main]
    return builder.graph(name, tuple(entries), tuple(outputs))


def _settings(spec: Spec, variant: str | None, given: dict[str, Value], problems: Problems) -> dict[str, Any]:
    """Name -> value of all parameters: the defaults, the variant's, the caller's, the later ones winning."""
    span = next(iter(spec.document.entries.values()))[0]
    whose = spec.header.name
    if variant is not None:
        if variant not in spec.variants:
            span = spec.document.entries["variants"][0] if "variants" in spec.document.entries else span
            message = f"{spec.header.name} has no variant '{variant}'"
            hint = did_you_mean(variant, spec.variants)
            raise SpecError([Problem("unknown-variant", message, span, hint)])
        span, _ = spec.variants[variant]
        whose = variant
    if variant is None and spec.variants and not spec.is_network(given):
        known = ", ".join(f"{spec.header.name}@{name}" for name in spec.variants)
        message = f"{spec.header.name} is a family of networks"
        raise SpecError(
            [Problem("missing-variant", message, spec.document.entries["variants"][0], f"choose one: {known}")]
        )
    settings = spec.settable(chosen(spec, variant, given), problems)
    arguments: dict[str, tuple[Given, ...]] = {
        name: (Given(place, value, {}),) for name, (place, value) in settings.items()
    }
    return settled(spec.params, whose, Arguments(arguments, span), {}, problems)


def chosen(spec: Spec, variant: str | None, given: dict[str, Value]) -> dict[str, tuple[Span, Value]]:
    """The values that a variant and the caller give, the caller's winning, each with its place."""
    entries = spec.variants[variant][1].entries if variant in spec.variants else {}
    return {**entries, **{name: (value.span, value) for name, value in given.items()}}


def _section(expansion: Expansion, section: str, x: Node | None, entries: list[Entry]) -> Node | None:
    """Expand one section after ``x`` and note its entries."""
    run = expansion.run
    span, content = run.spec.sections[section]
    if not isinstance(content, Chain):
        return expansion.entry(content, section, run.top, x).node
    before = len(run.parts)
    x = expansion.section(section, content, x, span)
    for name, part in run.parts[before:]:
        whole = Entry(section, name, part)
        entries.extend(_pieces(whole) if isinstance(part, Scope) else [whole])
    return x


def _pieces(entry: Entry) -> list[Entry]:
    """A list of inline blocks is read as its blocks: VGG's flat ``features`` has five stages."""
    scope = entry.part
    if not isinstance(scope, Scope) or not all(isinstance(child, Scope) and child.flat for child in scope.children):
        return [entry]
    pieces = []
    for child in scope.children:
        names = [node.name for node in child.nodes()] if isinstance(child, Scope) else []
        last = names[-1].removeprefix(f"{scope.name}.") if names else ""
        pieces.append(Entry(entry.section, f"{names[0]}-{last}" if names else entry.name, child))
    return pieces


def _outputs(run: Run, last: Node | None) -> list[Output]:
    declared = run.spec.outputs
    if not declared:
        return [Output("output", last)] if last and "outputs" not in run.spec.document.entries else []
    found = []
    for output in declared:
        for read in named(output.layer, run.values, run.problems) or ():
            if not run.names.is_left_out(str(read.value), "", ""):
                node = run.names.find(read, "", run.top)
                found += [Output(output.name, node, output.training)] if node else []
    return found


def _init(run: Run) -> list[tuple[str, str, Scheme]]:
    """The ``init:`` section as operation, tensor, scheme."""
    found = []
    tensors = {(node.operation.word, tensor.name) for node in run.builder.nodes for tensor in node.tensors}
    for name, (span, value) in (run.spec.init.entries if run.spec.init else {}).items():
        word, _, tensor = name.partition(".")
        if (word, tensor) not in tensors and run.spec.inherits(span):
            continue
        if (word, tensor) not in tensors and not len(run.problems):
            known = sorted(key(word, own) for word, own in tensors)
            message = f"init names '{name}', but no layer has such a tensor"
            hint = run.problems.hints.did_you_mean(name, known)
            run.problems.add(Problem("unread-parameter", message, span, hint))
        scheme = started(value, run.problems, run.values)
        if scheme:
            found.append((word, tensor, scheme))
    return found


def _refuse_unneeded(graph: Graph, problems: Problems) -> None:
    """A layer or an input that no output needs is a mistake of wiring; only the last one of each dead end is named."""
    needed = {output.node for output in graph.outputs}
    alike = [output for output in graph.outputs if not output.node.has_batch]
    for output in alike:
        message = f"the output '{output.name}' is the parameter '{output.node.name}', the same for all images"
        hint = "let a join read it; 'outputs' says what the network returns, if that is not the last layer"
        problems.add(Problem("wrong-value", message, output.node.span, hint))
    if alike:
        return
    for node in reversed(graph.operations):
        if node in needed:
            needed.update(node.inputs)
    read = {source for node in graph.nodes for source in node.inputs}
    for node in graph.nodes:
        if node not in needed and node not in read:
            what = "the output of " if node.inputs else "the input " if node.has_batch else "the parameter "
            hint = "read it with 'from'" + (", or declare it in 'outputs'" if node.inputs else "")
            problems.add(Problem("unread-layer", f"nothing reads {what}'{node.name}'", node.span, hint))
