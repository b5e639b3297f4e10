"""What a diagram shows, as plain data: boxes, frames around them, and the arrows between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from netspec.analysis.inputs import Inputs
from netspec.graph.graph import Node
from netspec.ops.facts import Family, Shape


@dataclass(frozen=True, slots=True)
class Figures:
    """Trainable parameters, and multiply-adds of one image in eval mode."""

    params: int = 0
    macs: int = 0

    def __add__(self, other: Figures) -> Figures:
        return Figures(self.params + other.params, self.macs + other.macs)


class Role(Enum):
    """What an arrow is part of: the spine, one of several branches, a skip, or a shorter path to the same sum."""

    MAIN = "main"
    BRANCH = "branch"
    SKIP = "skip"
    SIDE = "side"


@dataclass(frozen=True, slots=True)
class Box:
    """One box: an operation with what follows it, or a folded block.

    ``mark`` is the sign of a join, drawn as a circle. ``word`` is what a stage is made of and ``count`` how many copies
    of that; ``block`` says that it stands for a block; ``figures`` are those of all copies; ``path`` is where it is in
    the network.
    """

    key: str
    title: str
    lines: tuple[str, ...]
    family: Family
    figures: Figures
    path: str
    mark: str = ""
    word: str = ""
    count: int = 1
    block: bool = False
    auxiliary: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame around boxes and frames: a stage, or one copy of a block that stands for ``count``.

    ``figures`` are those of all that it stands for; ``each`` says that they are those of a single copy.
    """

    key: str
    title: str
    word: str
    figures: Figures
    parts: tuple[Box | Frame, ...]
    count: int = 1
    nested: bool = False
    each: bool = False
    auxiliary: bool = False


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one key to another, with the shapes that go along it."""

    source: str
    target: str
    shapes: tuple[Shape, ...]
    role: Role = Role.MAIN
    auxiliary: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """Keys that stand side by side, from the left: ends of branches, or a projection beside what it goes around.

    ``lane`` says where branches part and where they join: one right under the other, in the middle of them.
    """

    keys: tuple[str, ...]
    lane: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class End:
    """An output of the network."""

    key: str
    name: str
    auxiliary: bool


@dataclass(frozen=True, slots=True)
class Start:
    """An input of the network."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class View:
    """A whole diagram.

    ``forks`` are points inside frames that spread one input: key of the frame -> their keys.
    """

    name: str
    inputs: Inputs
    starts: tuple[Start, ...]
    figures: Figures
    parts: tuple[Box | Frame, ...]
    arrows: tuple[Arrow, ...]
    ends: tuple[End, ...]
    forks: dict[str, tuple[str, ...]]
    levels: tuple[Level, ...]


IMAGE = "image"
"""Key and label of an input that is called ``input``."""


def boxes(parts: Iterable[Box | Frame]) -> list[Box]:
    """All boxes, those in frames included, in running order."""
    return [box for part in parts for box in ([part] if isinstance(part, Box) else boxes(part.parts))]


def frames(parts: Iterable[Box | Frame]) -> list[Frame]:
    """All frames, inner ones before the frame around them."""
    return [frame for part in parts if isinstance(part, Frame) for frame in (*frames(part.parts), part)]


def figures_of(nodes: Iterable[Node], auxiliary: frozenset[Node]) -> Figures:
    """The sum over ``nodes``; what only training needs has no multiply-adds in eval mode."""
    total = Figures()
    for node in nodes:
        shapes = node.input_shapes
        params = sum(tensor.size for tensor in node.operation.tensors(*shapes) if tensor.trainable)
        macs = 0 if node in auxiliary else node.operation.cost(node.shape, *shapes).macs
        total += Figures(params, macs)
    return total
