"""The units of an operation that answer most strongly to images, and what in these they answer to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from netspec.analysis.receptive_field import Field, Region
from netspec.analysis.seen import Filter, Method, Panel, Patch
from netspec.analysis.units import field_of, judged_by, seen_at
from netspec.errors.problem import Problem, SpecError
from netspec.graph.graph import Graph, Node
from netspec.nn.images import MODES
from netspec.nn.seeing.looking_back import Cut
from netspec.nn.seeing.pixels import heat, of_image, of_signal
from netspec.ops.facts import FLAT, MAP, PerAxis
from netspec.weights.wanted import some

BATCH = 8
"""Images that run at once."""


class Images(NamedTuple):
    """What is looked at: names, and pixels, N x C x H x W, of 8 bits where they are ``normalised`` to be read.

    ``like`` has the precision and the place of what the network reads. Without a normalisation ``pixels`` are what it
    reads, and are shown from their smallest to their largest number.
    """

    names: Sequence[str]
    pixels: Tensor
    like: Tensor
    normalised: Callable[[Tensor], Tensor] | None = None

    def given(self, rows: Sequence[int] | slice) -> Tensor:
        """Some of them, as the network reads them."""
        chosen = self.pixels[rows]
        read = chosen if self.normalised is None else self.normalised(chosen.float().div(255))
        return read.to(self.like.device, self.like.dtype)

    def batches(self) -> Iterator[Tensor]:
        """All, a few at once."""
        for begin in range(0, len(self.pixels), BATCH):
            yield self.given(slice(begin, begin + BATCH))

    def shown(self, row: int) -> Tensor:
        """One of them, from 0 to 1, C x H x W."""
        pixels = self.pixels[row].detach().cpu()
        if self.normalised is not None:
            return pixels.float().div(255)
        low, high = pixels.min(), pixels.max()
        return ((pixels - low) / (high - low)).float() if high > low else torch.zeros_like(pixels)


class Unit(NamedTuple):
    """A channel at a position in one of several images, and its value there."""

    image: int
    channel: int
    at: PerAxis
    value: float


class Looking(NamedTuple):
    """A trained network, ``state`` its weights by name, and how and at what it is looked."""

    graph: Graph
    state: Mapping[str, Tensor]
    images: Images
    method: Method = "deconvnet"

    def panels(
        self, node: Node, *, channels: Sequence[int] | int, top: int, at: PerAxis | None = None
    ) -> tuple[Panel, ...]:
        """A panel for each of ``channels`` of ``node``, or for so many that are the strongest in any image.

        Each has the ``top`` images in which that channel is strongest, at its strongest position, or at ``at``.
        """
        cut = Cut(self.graph, node, self.state)
        values, places = self._peaks(cut, at)
        self._refuse_odd(node.name, values if isinstance(channels, int) else values[:, [*channels]])
        asked = _strongest(values, channels) if isinstance(channels, int) else channels
        units = [
            [
                Unit(image, channel, _place(node, int(places[image, channel])), float(values[image, channel]))
                for image in values[:, channel].argsort(descending=True, stable=True)[:top].tolist()
            ]
            for channel in asked
        ]
        patches = iter(self._patches(cut, [unit for row in units for unit in row]))
        return tuple(
            [
                Panel(node.name, channel, tuple([next(patches) for _ in row]))
                for channel, row in zip(asked, units, strict=True)
            ]
        )

    def sheet(self, nodes: Sequence[Node], top: int) -> tuple[Panel, ...]:
        """For each of ``nodes`` the ``top`` channels that are strongest in any image, each where it is so."""
        found = []
        for node in nodes:
            panels = self.panels(node, channels=top, top=1)
            found.append(Panel(node.name, None, tuple([panel.patches[0] for panel in panels])))
        return tuple(found)

    def explained(self, node: Node, *, channel: int | None, top: int) -> tuple[Panel, ...]:
        """Grad-CAM of the maps of ``node``: a panel of the ``top`` images in which the output's channel is strongest.

        Without a ``channel`` it is of each image the strongest.
        """
        cut = Cut(self.graph, node, self.state, judged_by(self.graph, node))
        scores = torch.cat([cut.scores(batch).cpu() for batch in self.images.batches()])
        self._refuse_odd(judged_by(self.graph, node).name, scores if channel is None else scores[:, [channel]])
        if channel is None:
            values, chosen = scores.max(1)
        else:
            values, chosen = scores[:, channel], torch.full((len(scores),), channel)
        order = values.argsort(descending=True, stable=True)[:top]
        patches: list[Patch] = []
        for begin in range(0, len(order), BATCH):
            batch = order[begin : begin + BATCH]
            maps, found = cut.weighed(self.images.given(batch.tolist()), chosen[batch].to(self.images.like.device))
            size = self.images.pixels.shape[2:]
            fine = functional.interpolate(maps.unsqueeze(1), size, mode="bilinear", align_corners=False).squeeze(1)
            patches += [
                self._whole(image, int(chosen[image]), float(value), one)
                for image, value, one in zip(batch.tolist(), found.tolist(), fine, strict=True)
            ]
        return (Panel(node.name, channel, tuple(patches)),)

    def _whole(self, image: int, channel: int, value: float, found: Tensor) -> Patch:
        pixels, found = self.images.shown(image), found.cpu()
        region: Region = tuple([(0, size - 1) for size in pixels.shape[1:]])
        name = self.images.names[image]
        shown = heat(pixels, found)
        return Patch(name, channel, (), value, region, region, of_image(pixels), shown, found)

    def _refuse_odd(self, name: str, values: Tensor) -> None:
        """Raise :class:`SpecError` where any of ``values``, a row for each image, is no finite number."""
        odd = int((~values.isfinite()).any(1).sum())
        if not odd:
            return
        wrong = [name for name, one in self.state.items() if not bool(one.isfinite().all())]
        why = f"weights that are none: {some(wrong)}" if wrong else "the weights are finite"
        message = f"'{name}' is no finite number in {odd:,} of {len(values):,} images; {why}"
        raise SpecError(
            [
                Problem(
                    "not-finite",
                    message,
                    hint="" if wrong else "weights in half precision lead to this, and images that are none",
                )
            ]
        )

    def _peaks(self, cut: Cut, at: PerAxis | None) -> tuple[Tensor, Tensor]:
        """Of each image and channel the largest value, or that at ``at``, and the number of its position; N x C."""
        values, places = [], []
        for batch in self.images.batches():
            found = cut.values(batch).flatten(2) if len(cut.node.shape) > FLAT else cut.values(batch).unsqueeze(2)
            if at is None:
                most, where = found.max(2)
            else:
                where = torch.full(found.shape[:2], _number(cut.node, at), device=found.device)
                most = found.gather(2, where.unsqueeze(2)).squeeze(2)
            values.append(most.cpu())
            places.append(where.cpu())
        return torch.cat(values), torch.cat(places)

    def _patches(self, cut: Cut, units: Sequence[Unit]) -> Iterator[Patch]:
        node = cut.node
        original = next(one for one in self.graph.nodes if one.name == node.name)
        field = field_of(original, self.graph)
        for begin in range(0, len(units), BATCH):
            batch = units[begin : begin + BATCH]
            given = self.images.given([unit.image for unit in batch])
            seeds = given.new_zeros(len(batch), *node.shape)
            for row, unit in enumerate(batch):
                seeds[(row, unit.channel, *unit.at)] = 1
            for unit, found in zip(batch, cut.looked_back(given, seeds, self.method).cpu(), strict=True):
                yield self._patch(original, field, unit, found)

    def _patch(self, node: Node, field: Field, unit: Unit, found: Tensor) -> Patch:
        region, seen = seen_at(node, field, unit.at)
        rows, columns = (slice(first, last + 1) for first, last in region)
        original = of_image(self.images.shown(unit.image)[:, rows, columns])
        signal = of_signal(found[:, rows, columns])
        return Patch(self.images.names[unit.image], *unit[1:], region, seen, original, signal, found)


def _strongest(values: Tensor, count: int) -> list[int]:
    """The channels with the largest value in any image."""
    found: list[int] = values.max(0).values.argsort(descending=True, stable=True)[:count].tolist()
    return found


def _place(node: Node, number: int) -> PerAxis:
    """The position of ``node`` that has that number, row by row."""
    found: list[int] = []
    for size in reversed(node.shape[1:]):
        number, place = divmod(number, size)
        found.insert(0, place)
    return tuple(found)


def _number(node: Node, at: PerAxis) -> int:
    number = 0
    for size, place in zip(node.shape[1:], at, strict=True):
        number = number * size + place
    return number


def filters(graph: Graph, state: Mapping[str, Tensor], most: int) -> tuple[str, tuple[Filter, ...]]:
    """The first convolution over two axes, and up to ``most`` of its filters: in colours where it reads three channels.

    Otherwise each is one of the weights that it has for one channel. Empty where there is none.
    """
    for node in graph.operations:
        weight = state.get(f"{node.owner.name}.weight")
        if weight is not None and weight.dim() == MAP + 1 and len(node.shape) == MAP:
            return node.name, tuple(_filters(weight, most))
    return "", ()


def _filters(weight: Tensor, most: int) -> Iterator[Filter]:
    if weight.shape[1] in MODES:
        yield from (Filter(channel, None, of_signal(one)) for channel, one in enumerate(weight[:most]))
        return
    every = ((channel, read) for channel in range(weight.shape[0]) for read in range(weight.shape[1]))
    for (channel, read), _ in zip(every, range(most), strict=False):
        yield Filter(channel, read, of_signal(weight[channel, read : read + 1]))
