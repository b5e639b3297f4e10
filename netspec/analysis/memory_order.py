"""In which order maps lie in memory: channel by channel, or with the channels last as some layers leave them.

What torch copies or keeps can depend on it. Such a layer leaves the channels last, as the one that it stands for does,
unless an operation behind it states its memory for the usual order alone, or one that copies maps of the usual order
reads a map whose order a device decides. Then it brings its channels first again. So order decides about copies only
where it is known, and what is stated of memory follows from the graph.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from netspec.graph.graph import Graph, Node
from netspec.ops.facts import FLAT, Family
from netspec.ops.memory import MemoryOrder, Saved, Space, reordered

PAIR = 2


class Order(IntEnum):
    """How a map lies in memory; ``DEVICE``: as a device decides."""

    FIRST = 0
    LAST = 1
    DEVICE = 2


class Demand(IntEnum):
    """What the readers of a map need of its order: nothing, that it is known, or that it is the usual one."""

    NOTHING = 0
    KNOWN = 1
    FIRST = 2


class MemoryOrders(NamedTuple):
    """``last`` are the nodes whose maps are known to have the channels last, ``brought_back`` those that undo that.

    ``on_rows`` are the nodes that read what a layer at each position leaves, and keep its order: rows of channels.
    """

    last: frozenset[Node] = frozenset()
    brought_back: frozenset[Node] = frozenset()
    on_rows: frozenset[Node] = frozenset()

    def saved(self, node: Node) -> Saved:
        """What ``node`` keeps for the gradient: of an input that it copies, the copy."""
        needs = node.operation.saved_for_backward(node.shape, *node.input_shapes)
        copy = self._copy(node)
        if not copy.values:
            return needs
        return needs._replace(inputs=False, beside=needs.beside._replace(values=needs.beside.values + copy.values))

    def workspace(self, node: Node) -> Space:
        """What ``node`` allocates beside inputs and output, the copies for another order among it."""
        own = node.operation.workspace(node.shape, *node.input_shapes)
        values = own.values + self._copy(node).values
        back = reordered(node.shape) if node in self.brought_back else 0
        return own._replace(values=max(values, back))

    def _copy(self, node: Node) -> Space:
        """What ``node`` copies of its inputs to have their channels last."""
        if node.operation.memory_order is not MemoryOrder.LAST or self.last.issuperset(node.inputs):
            return Space()
        return node.operation.reordered(*node.input_shapes)


def memory_orders(graph: Graph) -> MemoryOrders:
    """How the maps of ``graph`` lie in memory, and which layers bring their channels first again for that."""
    leaving = [node for node in graph.nodes if _leaves_last(node)]
    if not leaving:
        return MemoryOrders()
    demands = _demands(graph)
    needed = {node.owner for node in leaving if demands[node] is Demand.FIRST}
    brought_back = frozenset(node for node in leaving if node.owner in needed)
    orders: dict[Node, Order] = {}
    for node in graph.nodes:
        orders[node] = Order.FIRST if node in brought_back else _order(node, orders)
    last = frozenset(node for node, order in orders.items() if order is Order.LAST)
    return MemoryOrders(last, brought_back, _on_rows(graph, last))


def _on_rows(graph: Graph, last: frozenset[Node]) -> frozenset[Node]:
    """What keeps the order of the one map that it reads, behind layers that are linear at each position."""
    found: set[Node] = set()
    for node in graph.nodes:
        if node.operation.memory_order is MemoryOrder.KEPT and len(node.inputs) == 1 and node in last:
            (source,) = node.inputs
            linear = _leaves_last(source) and source.operation.family is Family.LINEAR
            if linear or source in found:
                found.add(node)
    return frozenset(found)


def _leaves_last(node: Node) -> bool:
    return node.operation.memory_order is MemoryOrder.LAST and len(node.shape) > FLAT


def _demands(graph: Graph) -> dict[Node, Demand]:
    """What is needed of the order of each node's map by all that it leads to, if it does not lie in the usual one."""
    found = dict.fromkeys(graph.nodes, Demand.NOTHING)
    for node in reversed(graph.nodes):
        deciding = _deciding(node)
        for source in dict.fromkeys(node.inputs):
            found[source] = max(found[source], _demand(node, source, deciding, found[node]))
    return found


def _demand(node: Node, source: Node, deciding: tuple[Node, ...], behind: Demand) -> Demand:
    """What ``node`` needs of the map of ``source``, where so much is needed of its own."""
    order, differs = node.operation.memory_order, bool(reordered(source.shape))
    if order is MemoryOrder.LAST:
        return Demand.KNOWN if differs and node.operation.reordered(*node.input_shapes).values else Demand.NOTHING
    if order is MemoryOrder.FIRST and differs:
        return Demand.FIRST
    if len(node.shape) == FLAT:
        return Demand.NOTHING
    if len(deciding) == 1:
        return behind if source is deciding[0] else Demand.NOTHING
    return Demand.FIRST if behind else Demand.NOTHING


def _deciding(node: Node) -> tuple[Node, ...]:
    """The inputs that the map of ``node`` lies as; none where that is not known.

    A factor of one channel or one position does not order a product, but two of these make a map of any order.
    """
    if node.operation.memory_order is not MemoryOrder.KEPT:
        return ()
    ordered = tuple([source for source in node.inputs if reordered(source.shape)])
    if len(ordered) == len(node.inputs) or not reordered(node.shape):
        return node.inputs
    return ordered if len(node.inputs) == PAIR else ()


def _order(node: Node, orders: dict[Node, Order]) -> Order:
    """How the map of ``node`` lies behind inputs that lie so."""
    if len(node.shape) == FLAT or not node.inputs:
        return Order.FIRST
    if _leaves_last(node):
        return Order.LAST
    found = {orders[source] for source in _deciding(node)}
    if len(found) == 1:
        return found.pop()
    return Order.DEVICE if any(orders[source] is not Order.FIRST for source in node.inputs) else Order.FIRST
