"""A trained network is looked into: its weights and images are made ready, and what is odd about them is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from netspec.analysis.receptive_field import receptive_fields
from netspec.analysis.seen import CHANNELS, Filter, Panel
from netspec.analysis.units import Asked, judged_by, sheet_nodes
from netspec.errors.problem import Problem, Problems, SpecError
from netspec.graph.graph import Graph, Node
from netspec.language.python_arguments import paths
from netspec.nn.images import Normalisation, Picture, folder, readable, refuse_other_inputs, refuse_too_many
from netspec.nn.seeing.strongest import Images, Looking, filters
from netspec.nn.wrappers import state as state_of
from netspec.ops.facts import Shape, shape_text
from netspec.weights.wanted import foreign, some

NAMED = 3
"""Files that a remark names."""
NAMED_UNREAD = 10
"""Files that are named for being left out."""


class Reading(NamedTuple):
    """How files of images become numbers: less ``mean`` and over ``std`` for each channel, the usual ones if None.

    One number is that of all channels.

    Files that hold no image are left out, and that is said, if they are to be skipped; else they are refused.
    """

    mean: Sequence[float] | None = None
    std: Sequence[float] | None = None
    skip_unreadable: bool = False

    def normalisation(self, channels: int) -> Normalisation:
        """For a network that reads so many channels. Raises :class:`SpecError` for another number of values."""
        usual = Normalisation.usual(channels)
        mean, std = (
            tuple(usual[at] if own is None else own if len(own) > 1 else (*own,) * channels)
            for at, own in enumerate((self.mean, self.std))
        )
        for word, values in (("mean", mean), ("std", std)):
            if len(values) != channels or (word == "std" and min(values) <= 0):
                message = f"--{word} has one number for each of {channels} channels"
                message += ", each above 0" if word == "std" else ""
                raise SpecError([Problem("wrong-value", f"{message}, not {', '.join(f'{one:g}' for one in values)}")])
        return Normalisation(mean, std)


def look(
    graph: Graph, weights: nn.Module | Mapping[str, Tensor], given: object, asked: Asked, how: Reading
) -> tuple[tuple[Panel, ...], tuple[str, ...]]:
    """Panels of what units answer to in ``given``, files of images or a tensor of them, and remarks.

    Raises :class:`SpecError` where the weights are not those of the network, or images cannot be read.
    """
    state = _state(graph, weights)
    like = next((one for one in state.values() if one.is_floating_point()), torch.zeros(()))
    images, remarks = _images(asked.node.origin, graph, given, how, like)
    looking = Looking(graph, state, images, asked.method)
    if asked.method == "gradcam":
        panels = looking.explained(asked.node, channel=(asked.channels or (None,))[0], top=asked.top)
    elif asked.show == "layers":
        panels = looking.sheet(sheet_nodes(graph, asked.node), asked.top)
    else:
        panels = looking.panels(asked.node, channels=asked.channels or CHANNELS, top=asked.top, at=asked.at)
    return panels, (*remarks, *_remarks(graph, asked, panels))


def first_filters(
    graph: Graph, weights: nn.Module | Mapping[str, Tensor], most: int
) -> tuple[str, Shape, tuple[Filter, ...]]:
    """The name of the first convolution of maps of two axes, the shape of its weight, and up to ``most`` filters.

    Raises :class:`SpecError` where there is none.
    """
    state = _state(graph, weights)
    name, found = filters(graph, state, most)
    if not found:
        raise SpecError([Problem("wrong-value", f"{graph.name} has no convolution over two axes, and so no filters")])
    return name, tuple(state[f"{name}.weight"].shape), found


def _state(graph: Graph, weights: nn.Module | Mapping[str, Tensor]) -> dict[str, Tensor]:
    state = state_of(weights)
    wrong = foreign(graph, {name: tuple(tensor.shape) for name, tensor in state.items()})
    if wrong:
        message = f"these are not the weights of {graph.name}: {len(wrong)} tensors differ ({some(wrong)})"
        raise SpecError([Problem("bad-artefact", message)])
    return state


def _images(origin: Node, graph: Graph, given: object, how: Reading, like: Tensor) -> tuple[Images, list[str]]:
    """What is looked at, and remarks on it."""
    refuse_other_inputs(graph.name, origin.shape)
    if isinstance(given, Tensor):
        if given.dim() != 1 + len(origin.shape) or tuple(given.shape[1:]) != origin.shape:
            message = f"{graph.name} reads N x {shape_text(origin.shape)}, not {shape_text(tuple(given.shape))}"
            raise SpecError([Problem("wrong-value", message)])
        if not given.is_floating_point():
            message = f"{graph.name} reads fractions, and the images are {str(given.dtype).removeprefix('torch.')}"
            mend = "(images / 255 - mean) / std, as in the training"
            raise SpecError([Problem("wrong-value", message, hint=mend)])
        _refuse_none(len(given))
        return Images([str(number) for number in range(len(given))], given, like), []
    normalised = how.normalisation(origin.shape[0])
    files = _files(given)
    refuse_too_many(len(files), origin.shape)
    found, problems = readable(files, origin.shape)
    if not how.skip_unreadable or not found:
        Problems(problems).check()
    remarks = [f"left out: {problem.message}" for problem in problems[:NAMED_UNREAD]]
    if len(problems) > NAMED_UNREAD:
        remarks.append(f"left out: {len(problems) - NAMED_UNREAD:,} more that cannot be read")
    remarks += _changed(found)
    remarks.append(_normalised(normalised))
    names, pixels = [str(one.path) for one in found], torch.stack([one.pixels for one in found])
    return Images(names, pixels, like, normalised.__call__), remarks


def _normalised(how: Normalisation) -> str:
    mean, std = (", ".join(f"{one:g}" for one in values) for values in how)
    as_they_are = not any(how.mean) and {*how.std} == {1}
    return "pixels are read from 0 to 1" + ("" if as_they_are else f", less {mean}, divided by {std}")


def _refuse_none(count: int) -> None:
    if not count:
        raise SpecError([Problem("wrong-value", "there is no image to look at", hint="--image names files of images")])


def _files(given: object) -> list[Path]:
    """The files that are ``given``; of a folder the images in it. Raises :class:`SpecError` for one without any."""
    named = paths("images", given)
    _refuse_none(len(named))
    found: list[Path] = []
    for path in named:
        inside = folder(path) if path.is_dir() else [path]
        if not inside:
            raise SpecError([Problem("missing-file", f"the folder '{path}' holds no images")])
        found += inside
    return found


def _changed(pictures: Sequence[Picture]) -> Iterator[str]:
    changed = [one for one in pictures if one.changed]
    if changed:
        named = ", ".join(f"{one.path.name} {one.changed}" for one in changed[:NAMED])
        more = ", ..." if len(changed) > NAMED else ""
        yield f"{len(changed)} of {len(pictures)} images are of another shape, and were made to fit: {named}{more}"


def _remarks(graph: Graph, asked: Asked, panels: Sequence[Panel]) -> Iterator[str]:
    """What figures and pixels alone do not tell."""
    patches = [patch for panel in panels for patch in panel.patches]
    if asked.method == "gradcam":
        yield f"what '{judged_by(graph, asked.node).name}' comes from, by the maps of '{asked.node.name}'"
    elif any(receptive_fields(graph)[asked.node].shared) and asked.node.has_places:
        yield "gates see the whole image; patches are cropped to what the paths beside them see"
    dark = sum(not bool(patch.gradient.any()) for patch in patches)
    if dark:
        yield f"nothing comes back from {dark} of {len(patches)} units"
    if any(not bool(patch.gradient.isfinite().all()) for patch in patches):
        yield "some of what comes back is no finite number"
