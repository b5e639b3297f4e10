"""From a spec to a graph: parameters get values, layers become nodes, every mistake gets its place."""

from __future__ import annotations

from typing import Any

from netspec.compiler.bounds import refuse_unbuildable
from netspec.compiler.context import Body
from netspec.compiler.expansion import Expansion
from netspec.errors.problem import Problem, Problems, SpecError
from netspec.errors.source import Source, Span
from netspec.errors.text import did_you_mean
from netspec.graph.graph import Entry, Graph, Node, Output, Scope
from netspec.language.arguments import Arguments, built, evaluated, shown
from netspec.language.extends import Opener, refuse, whole
from netspec.language.layers import Chain
from netspec.language.parameter import Setting, settled
from netspec.language.reader import read_yaml
from netspec.language.spec import SECTIONS, Spec, parsed
from netspec.language.values import Mapping, Scalar, Value
from netspec.limits import LARGEST_SIDE, LIMITS, Limits
from netspec.ops.facts import MAP, Shape
from netspec.ops.initialisation import SCHEMES, Scheme


def spec_of(source: Source, opener: Opener = refuse, limits: Limits = LIMITS) -> Spec:
    """What ``source`` says; mistakes that leave something to go on with are kept in its ``problems``.

    ``opener`` finds the parent that it extends; ``limits`` hold for the networks that it makes, too. Raises
    :class:`netspec.SpecError` where nothing is left.
    """
    problems = Problems()
    spec = parsed(whole(read_yaml(source, limits), opener, limits), source, problems)
    if spec is None:
        problems.check()
        raise AssertionError  # pragma: no cover - no spec without a problem
    spec.limits = limits
    return spec


def network_of(
    spec: Spec, variant: str | None, given: dict[str, Value], size: Shape | None = None
) -> tuple[Graph, dict[str, Any]]:
    """The network that ``spec`` makes with a variant and given values, for images of ``size`` if given.

    Also the values of all parameters. Raises :class:`netspec.SpecError` with every mistake found.
    """
    problems = Problems(spec.problems)
    values = _settings(spec, variant, given, problems)
    size = size or _size(spec, values, problems)
    if size is None:
        problems.check()
        size = UNKNOWN_SIZE
    expansion = Expansion(spec, values, size, problems)
    entries: list[Entry] = []
    x: Node | None = expansion.builder.input
    for section in SECTIONS:
        if section in spec.sections:
            x = _section(expansion, section, x, entries)
    outputs = _outputs(expansion, x)
    init = _init(spec, values, expansion, problems)
    expansion.wiring.report(problems)
    if not len(problems):
        expansion.patches.report(list(expansion.builder.parts), problems)
    name = variant or spec.header.name
    if len(problems):
        problems.check(built=_unfinished(spec, name, entries, expansion))
    graph = expansion.builder.graph(name, tuple(entries), tuple(outputs), tuple(init))
    _refuse_unneeded(graph, problems)
    refuse_unbuildable(graph, problems)
    problems.check()
    return graph, values


def _unfinished(spec: Spec, name: str, entries: list[Entry], expansion: Expansion) -> Graph | None:
    """What was built before the first mistake, if anything: what nothing reads yet is its output, the last one first.

    What is declared as an output for training alone is one already.
    """
    builder = expansion.builder
    if len(builder.nodes) == 1:
        return None
    read = {source for node in builder.nodes for source in node.inputs}
    training = {str(output.layer.value) for output in spec.outputs if output.training}
    ends = [node for node in reversed(builder.nodes) if node not in read]
    main = [node for node in ends if node.name not in training]
    outputs = [Output(node.name, node) for node in main or ends[:1]]
    outputs += [Output(node.name, node, training=True) for node in ends if main and node not in main]
    return builder.graph(name, tuple(entries), tuple(outputs))


UNKNOWN_SIZE = (1, 1, 1)
"""Never used: a size is missing only after a mistake."""


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
    if variant is None and spec.variants and None not in spec.family(given):
        known = ", ".join(f"{spec.header.name}@{name}" for name in spec.variants)
        message = f"{spec.header.name} is a family of networks"
        raise SpecError(
            [Problem("missing-variant", message, spec.document.entries["variants"][0], f"choose one: {known}")]
        )
    return settled(spec.params, Setting(whose, chosen(spec, variant, given)), {}, span, problems)


def chosen(spec: Spec, variant: str | None, given: dict[str, Value]) -> dict[str, tuple[Span, Value]]:
    """The values that a variant and the caller give, the caller's winning, each with its place."""
    entries = spec.variants[variant][1].entries if variant in spec.variants else {}
    return {**entries, **{name: (value.span, value) for name, value in given.items()}}


def _size(spec: Spec, values: dict[str, Any], problems: Problems) -> Shape | None:
    worked = evaluated(spec.size, values, problems)
    if worked is None:
        return None
    size = worked.data
    right = isinstance(size, list) and len(size) == MAP and all(type(side) is int for side in size)
    if not (right and all(0 < side <= LARGEST_SIDE for side in size)):
        hint = "channels, height and width of one image: input: [3, 224, 224]"
        message = f"input must be three positive whole numbers, not {shown(size)}"
        problems.add(Problem("wrong-type" if not right else "wrong-value", message, spec.size.span, hint))
        return None
    return tuple(size)


def _section(expansion: Expansion, section: str, x: Node | None, entries: list[Entry]) -> Node | None:
    """Expand one section after ``x`` and note its entries."""
    span, content = expansion.spec.sections[section]
    body = Body(expansion.values, expansion.builder.input, "")
    if not isinstance(content, Chain):
        return expansion.layer(content, section, body, x)
    before = len(expansion.parts)
    x = (
        expansion.chain(content, body, x)
        if content.named
        else expansion.numbered_section(section, content, body, x, span)
    )
    for name, part in expansion.parts[before:]:
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


def _outputs(expansion: Expansion, last: Node | None) -> list[Output]:
    declared = expansion.spec.outputs
    if not declared:
        return [Output("output", last)] if last and "outputs" not in expansion.spec.document.entries else []
    body = Body(expansion.values, expansion.builder.input, "")
    found = []
    for output in declared:
        if expansion.wiring.is_left_out(str(output.layer.value), "", ""):
            continue
        node = expansion.reading.named(output.layer, body)
        if node:
            found.append(Output(output.name, node, output.training))
    return found


def _init(
    spec: Spec, values: dict[str, Any], expansion: Expansion, problems: Problems
) -> list[tuple[str, str, Scheme]]:
    """The ``init:`` section as operation, tensor, scheme."""
    found = []
    tensors = {(node.operation.word, tensor.name) for node in expansion.builder.nodes for tensor in node.tensors}
    for key, (span, value) in (spec.init.entries if spec.init else {}).items():
        word, _, tensor = key.partition(".")
        if (word, tensor) not in tensors and not len(problems):
            known = sorted(f"{word}.{name}" for word, name in tensors)
            message = f"init names '{key}', but no layer has such a tensor"
            problems.add(Problem("unread-parameter", message, span, did_you_mean(key, known)))
        scheme = _scheme(value, values, problems)
        if scheme:
            found.append((word, tensor, scheme))
    return found


def _scheme(value: Value, values: dict[str, Any], problems: Problems) -> Scheme | None:
    word, span, arguments = (value.value if isinstance(value, Scalar) else None), value.span, None
    if isinstance(value, Mapping) and len(value.entries) == 1:
        ((word, (span, arguments)),) = value.entries.items()
    if not isinstance(word, str):
        message = "an initialisation is a scheme, such as kaiming_normal or {normal: {std: 0.01}}"
        problems.add(Problem("wrong-type", message, value.span))
        return None
    scheme = SCHEMES.get(word)
    if scheme is None:
        hint = did_you_mean(word, SCHEMES)
        problems.add(Problem("unknown-scheme", f"there is no initialisation '{word}'", span, hint))
        return None
    main = next(iter(scheme.model_fields), "")
    instance = built(scheme, word, Arguments.of(arguments, span, main), values, problems)
    return instance if isinstance(instance, Scheme) else None


def _refuse_unneeded(graph: Graph, problems: Problems) -> None:
    """A layer that no output needs is a mistake of wiring; only the last one of each dead end is named."""
    needed = {output.node for output in graph.outputs}
    for node in reversed(graph.operations):
        if node in needed:
            needed.update(node.inputs)
    read = {source for node in graph.nodes for source in node.inputs}
    for node in graph.operations:
        if node not in needed and node not in read:
            message = f"nothing reads the output of '{node.name}'"
            hint = "read it with 'from', or declare it in 'outputs'"
            problems.add(Problem("unread-layer", message, node.span, hint))
