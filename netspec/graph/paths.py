"""How windows compose along the paths of a graph: what one position of a node sees of the nodes before, axis by axis.

Receptive fields and the limit on strides both follow these rules, and nothing else does the arithmetic again. Of
several inputs of a network a node is told in the first that it comes from; paths from others are not followed there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netspec.graph.graph import Node
from netspec.ops.facts import Extent, Window, lowest

EACH = Extent(size=1, jump=1, start=0)
"""What elements see of themselves."""


def around(extents: Sequence[Extent], count: int) -> Extent:
    """The smallest extent that holds what each of ``count`` positions sees by any of several ways.

    It has the largest jump; where jumps differ, that takes room for how far the ways drift apart up to the last one.
    """
    jump = max([extent.jump for extent in extents])
    drift = [(extent, at * (extent.jump - jump)) for extent in extents for at in (0, count - 1)]
    start = min([extent.start + moved for extent, moved in drift])
    end = max([extent.start + extent.size + moved for extent, moved in drift])
    return Extent(lowest(end - start), jump, lowest(start))


def has_place(node: Node, source: Node, axis: int) -> bool:
    """Whether positions of ``source``, one of those that are followed, are those of ``node`` on ``axis``.

    One that has a single position there, which a product repeats over all of them, has no place; nor have flat
    features, which may scale a single position, too.
    """
    if len(node.followed) == 1:
        return True
    if node.moves[axis]:
        return source.grid[axis] > 1
    return source.has_places or not node.reads_places


def placed(node: Node, axis: int) -> tuple[Node, ...]:
    """The inputs of ``node`` whose positions on ``axis`` are those of its output, of those that are followed."""
    return tuple([source for source in node.followed if has_place(node, source, axis)])


def window_over(node: Node, source: Node) -> Window | None:
    """What a position of ``node`` sees of its input ``source``; None where that is the same position.

    Where the axes of the network's input end, as in flat features, that is all of ``source``; behind it nothing moves.
    Where windows are uneven, :attr:`~netspec.graph.graph.Node.uneven` says more of them.
    """
    if not source.has_places:
        return None
    if not node.has_places:
        read = node.operation.differentiable_inputs(*node.input_shapes)
        return Window.whole(source.shape) if read else None
    return None if node.window.is_point else node.window


def over(node: Node, source: Node, axis: int, extent: Extent) -> Extent:
    """What positions of ``node`` see on one axis through its input ``source``, of which each sees ``extent``."""
    if node.uneven and source.has_places:
        return node.uneven[axis].even.behind(extent)
    window = window_over(node, source)
    return extent.through(window, axis) if window else extent


def is_repeated(node: Node, source: Node, axis: int) -> bool:
    """Whether every position of ``node`` on ``axis`` reads the single one that ``source`` has there."""
    if not has_place(node, source, axis):
        return True
    return source.grid[axis] == 1 < node.grid[axis] and window_over(node, source) is None


def _repeated(node: Node, source: Node, known: Sequence[Extent]) -> tuple[Extent, ...]:
    """``known`` of ``source``, of which ``node`` repeats single positions: all of its positions see the same there."""
    counts = zip(known, source.grid, node.grid, strict=True)
    return tuple([extent._replace(jump=0) if before < count else extent for extent, before, count in counts])


def extents(node: Node, before: Callable[[Node], Sequence[Extent]]) -> tuple[Extent, ...]:
    """What positions of ``node`` see on each axis, if those of its inputs see what ``before`` says.

    A way on which every position sees the same does not move along, and gives way to those that do.
    """
    if len(node.followed) == 1:
        (source,) = node.followed
        known = before(source)
        if node.uneven:
            return tuple([over(node, source, axis, extent) for axis, extent in enumerate(known)])
        window = window_over(node, source)
        if window:
            return tuple([extent.through(window, axis) for axis, extent in enumerate(known)])
        return tuple(known) if node.grid == source.grid else _repeated(node, source, known)
    found = []
    for axis, count in enumerate(node.grid):
        sources = dict.fromkeys(placed(node, axis))
        ways = [over(node, one, axis, before(one)[axis]) for one in sources]
        if count > 1:
            repeated = [is_repeated(node, one, axis) for one in sources]
            ways = [way._replace(jump=0) if same else way for way, same in zip(ways, repeated, strict=True)]
        ways = [way for way in ways if way.jump] or ways
        found.append(ways[0] if len(ways) == 1 else around(ways, count))
    return tuple(found)
