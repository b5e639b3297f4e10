"""Which weights of one network load into another: those of equal key and shape; and why the others do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from netspec.graph.graph import Graph, Node
from netspec.ops.facts import Shape, key

Reason = Literal["gone", "shape", "renamed"]


@dataclass(frozen=True, slots=True)
class Weight:
    """A tensor of the state_dict: its key, its shape, and the operation that owns it."""

    key: str
    shape: Shape
    size: int
    node: Node


@dataclass(frozen=True, slots=True)
class Lost:
    """A weight that does not load: its operation is ``gone``, its ``shape`` differs, or its key was ``renamed``.

    ``new`` is the weight it became, if there is one.
    """

    weight: Weight
    reason: Reason
    new: Weight | None

    def to_dict(self) -> dict[str, Any]:
        """The loss as plain data."""
        return {
            "key": self.weight.key,
            "shape": list(self.weight.shape),
            "reason": self.reason,
            "new_key": self.new.key if self.new else None,
            "new_shape": list(self.new.shape) if self.new else None,
        }


@dataclass(frozen=True, slots=True)
class WeightTransfer:
    """What becomes of all weights (``total``) of a network that are loaded into another.

    ``kept`` have an equal key and an equal shape; of these ``misplaced`` belong to another operation in the new
    network, which a loader cannot see. ``lost`` do not load. ``fresh`` are the new network's weights that get no value.
    """

    total: tuple[Weight, ...]
    kept: tuple[Weight, ...]
    misplaced: tuple[Weight, ...]
    lost: tuple[Lost, ...]
    fresh: tuple[Weight, ...]

    def to_dict(self) -> dict[str, Any]:
        """Counts of tensors and elements, and the tensors that do not load."""
        return {
            "total": _counts(self.total),
            "kept": _counts(self.kept),
            "misplaced": [weight.key for weight in self.misplaced],
            "lost": {
                **_counts(one.weight for one in self.lost),
                "tensors_by_key": [one.to_dict() for one in self.lost],
            },
            "fresh": {**_counts(self.fresh), "keys": [weight.key for weight in self.fresh]},
        }


def weights(graph: Graph) -> dict[str, Weight]:
    """The state_dict of ``graph`` by key, in order: parameters and buffers."""
    found = {}
    for node in graph.operations:
        for tensor in node.tensors:
            name = key(node.name, tensor.name)
            found[name] = Weight(name, tensor.shape, tensor.size, node)
    return found


def weight_transfer(old: Graph, new: Graph, pairs: dict[Node, Node]) -> WeightTransfer:
    """What becomes of the weights of ``old`` in ``new``; ``pairs`` says which operation is which."""
    before, after = weights(old), weights(new)
    kept, misplaced, lost = [], [], []
    for name, weight in before.items():
        other = after.get(name)
        if other and other.shape == weight.shape:
            kept.append(weight)
            if pairs.get(weight.node) is not other.node:
                misplaced.append(weight)
        else:
            lost.append(_lost(weight, other, after, pairs))
    found = {weight.key for weight in kept}
    fresh = tuple(weight for name, weight in after.items() if name not in found)
    return WeightTransfer(tuple(before.values()), tuple(kept), tuple(misplaced), tuple(lost), fresh)


def _lost(weight: Weight, other: Weight | None, after: dict[str, Weight], pairs: dict[Node, Node]) -> Lost:
    """Why ``weight`` does not load; ``other`` is what has its key."""
    node = pairs.get(weight.node)
    became = after.get(f"{node.name}{weight.key.removeprefix(weight.node.name)}") if node else None
    if became and became.key != weight.key and became.shape == weight.shape:
        return Lost(weight, "renamed", became)
    if became or other:
        return Lost(weight, "shape", became or other)
    return Lost(weight, "gone", None)


def _counts(found: Any) -> dict[str, int]:
    sizes = [weight.size for weight in found]
    return {"tensors": len(sizes), "elements": sum(sizes)}
