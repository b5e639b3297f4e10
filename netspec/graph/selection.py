"""Parts of a graph by name: the value that a layer, a block or an output has, and what only those values need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from netspec.errors.problem import Problem, SpecError
from netspec.errors.suggestions import did_you_mean
from netspec.graph.graph import INPUT, Entry, Graph, Node, Output, Scope, upstream
from netspec.ops.input import Input


def value_of(graph: Graph, name: str) -> Node:
    """The node whose value the output, the layer or the block called ``name`` has. Raises :class:`SpecError`."""
    outputs = {output.name: output.node for output in graph.outputs}
    if name in outputs:
        return outputs[name]
    nodes = {node.name: node for node in graph.nodes}
    if name in nodes:
        return _with_batch(nodes[name])
    scopes = {scope.name: scope for scope in within(graph.root) if not scope.flat}
    if name not in scopes:
        hint = did_you_mean(name, [*outputs, *nodes, *scopes])
        raise SpecError([Problem("unknown-name", f"no layer, block or output is called '{name}'", hint=hint)])
    found = results(graph, scopes[name])
    if len(found) > 1:
        message = f"the block '{name}' has {len(found)} values that others read"
        hint = f"name one: {', '.join(node.name for node in found[:4])}"
        raise SpecError([Problem("unknown-name", message, hint=hint)])
    return _with_batch(found[0])


def _with_batch(node: Node) -> Node:
    """``node``, unless it is a parameter. Raises :class:`SpecError`."""
    if not node.has_batch:
        message = f"'{node.name}' is a parameter, the same for all images, and no value of each"
        raise SpecError([Problem("wrong-value", message, hint="name what joins it with other layers")])
    return node


def results(graph: Graph, scope: Scope) -> list[Node]:
    """The nodes of ``scope`` that are read outside of it or are outputs; the last one where there are none."""
    inside = sorted(scope.nodes(), key=lambda node: node.index)
    members = set(inside)
    read = {source for node in graph.nodes if node not in members for source in node.inputs}
    read.update(output.node for output in graph.outputs)
    return [node for node in inside if node in read and node.has_batch] or inside[-1:]


def stages(graph: Graph) -> list[str]:
    """The names of the entries of the section ``stages``.

    Of an inline one, or one that others read at several places, that of the last layer that they read.
    """
    parts = [entry.part for entry in graph.entries if entry.section == "stages"]
    return [_named(graph, part) for part in parts if part not in graph.parameters]


def _named(graph: Graph, part: Scope | Node) -> str:
    if isinstance(part, Node):
        return part.name
    found = results(graph, part)
    return found[-1].name if part.flat or len(found) > 1 else part.name


def within(scope: Scope) -> Iterator[Scope]:
    """All scopes below ``scope``, from the outside in."""
    waiting = [scope]
    while waiting:
        children = [child for child in waiting.pop().children if isinstance(child, Scope)]
        yield from children
        waiting.extend(reversed(children))


def matching(scopes: Iterable[Scope], patterns: Iterable[str], what: str) -> list[Scope]:
    """Those of ``scopes`` that ``patterns`` name, in order. Raises :class:`SpecError` for a pattern that none has."""
    known = [*scopes]
    found: dict[Scope, None] = {}
    for pattern in patterns:
        named = [scope for scope in known if fnmatchcase(scope.name, pattern)]
        if not named:
            hint = did_you_mean(pattern, [scope.name for scope in known])
            raise SpecError([Problem("unknown-name", f"no {what} is called '{pattern}'", hint=hint)])
        found.update(dict.fromkeys(named))
    return [scope for scope in known if scope in found]


def selected(graph: Graph, outputs: Mapping[str, Node]) -> Graph:
    """``graph`` with ``outputs``, by the names given, and without all that these do not need.

    Names, scopes and places stay; nodes are numbered anew. Inputs that nothing needs are gone too.
    """
    needed = set().union(*(upstream(node) for node in outputs.values()))
    while owners := {node.owner for node in needed} - needed:  # whose modules what is needed runs with
        needed = needed.union(*map(upstream, owners))
    scopes: dict[Scope, Scope] = {graph.root: replace(graph.root, children=[])}
    nodes: dict[Node, Node] = {}
    for node in graph.nodes:
        if node in needed:
            inputs = tuple([nodes[source] for source in node.inputs])
            shares = nodes[node.owner] if node.shares else None
            scope = copied(node.scope, scopes)
            nodes[node] = replace(node, index=len(nodes), inputs=inputs, scope=scope, twin=node, shares=shares)
    for scope, copy in scopes.items():
        parts = [nodes.get(child) if isinstance(child, Node) else scopes.get(child) for child in scope.children]
        copy.children.extend(part for part in parts if part)
    entries = [Entry(*one[:2], part) for one in graph.entries if (part := _kept(one.part, nodes, scopes))]
    found = tuple([Output(name, nodes[node]) for name, node in outputs.items()])
    return Graph(graph.name, tuple(nodes.values()), scopes[graph.root], tuple(entries), found, graph.init)


def section(graph: Graph, first: int, last: int) -> Graph:
    """The operations of ``graph`` from the one numbered ``first`` to before ``last``, which read one value from before.

    That is its input, unless it begins with the inputs of ``graph``; its output is its last operation, or the outputs
    of ``graph`` where it ends with that. What shares a module lies in it with the one that it shares.
    """
    chosen = graph.nodes[first:last]
    members = set(chosen)
    scopes: dict[Scope, Scope] = {graph.root: replace(graph.root, children=[])}
    root = scopes[graph.root]
    before = dict.fromkeys(source for node in chosen for source in node.inputs if source not in members)
    nodes: dict[Node, Node] = {}
    for source in before:
        kind = source.operation if not source.inputs else Input(size=source.shape)
        name = source.name if not source.inputs else INPUT
        nodes[source] = Node(len(nodes), name, kind, (), source.shape, root, None, (), None)
    for node in chosen:
        inputs = tuple([nodes[source] for source in node.inputs])
        scope = copied(node.scope, scopes)
        shares = nodes[node.owner] if node.shares else None
        nodes[node] = replace(node, index=len(nodes), inputs=inputs, scope=scope, twin=node, shares=shares)
    for scope, copy in scopes.items():
        kept = [child for child in scope.children if child in members or child in scopes]
        copy.children.extend(nodes[child] if isinstance(child, Node) else scopes[child] for child in kept)
    outputs = [Output(one.name, nodes[one.node], one.training) for one in graph.outputs if one.node in members]
    outputs = outputs or [Output(chosen[-1].name, nodes[chosen[-1]])]
    entries = [Entry(*one[:2], part) for one in graph.entries if (part := _kept(one.part, nodes, scopes))]
    return Graph(graph.name, tuple(nodes.values()), root, tuple(entries), tuple(outputs), graph.init)


def copied(scope: Scope, scopes: dict[Scope, Scope]) -> Scope:
    """The copy of ``scope``, made with those around it if it is not there yet; its children come later."""
    if scope not in scopes:
        parent = copied(scope.parent, scopes) if scope.parent else None
        shares = copied(scope.owner, scopes) if scope.shares else None
        scopes[scope] = replace(scope, parent=parent, children=[], shares=shares)
    return scopes[scope]


def _kept(part: Node | Scope, nodes: Mapping[Node, Node], scopes: Mapping[Scope, Scope]) -> Node | Scope | None:
    return nodes.get(part) if isinstance(part, Node) else scopes.get(part)
