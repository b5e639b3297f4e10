"""What a trained network answers to in images, as an object that draws itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from netspec.analysis.seen import Method, Show
from netspec.analysis.units import asked
from netspec.drawing.theme import Theme
from netspec.errors.problem import Problem, SpecError
from netspec.graph.graph import Graph
from netspec.language.python_arguments import one_of
from netspec.nn.seeing.look import Reading, first_filters, look
from netspec.ops.facts import PerAxis
from netspec.report.seen import FiltersReport, SeenReport
from netspec.training.record import RECORD, normalisation

if TYPE_CHECKING:
    import torch  # noqa: TID251 - for type checkers only

MOST_FILTERS = 256
"""Filters that a picture has, at most."""


def see(  # noqa: PLR0913 - one argument for each thing that can be asked
    graph: Graph,
    weights: torch.nn.Module | Mapping[str, torch.Tensor],
    images: torch.Tensor | Sequence[Any],
    *,
    node: str | None,
    channels: tuple[int, ...],
    at: PerAxis | None,
    top: int,
    method: Method,
    show: Show,
    reading: tuple[Sequence[float] | None, Sequence[float] | None, bool],
    theme: Theme,
    beside: Path | None,
) -> SeenReport | FiltersReport:
    """What :meth:`netspec.Network.see` returns; ``beside`` is a file in the folder of a training.

    Raises :class:`ValueError` where there is no such method, or view.
    """
    for word, value, known in (("method", method, get_args(Method)), ("show", show, get_args(Show))):
        one_of(word, value, known)
    if show == "filters":
        name, shape, found = first_filters(graph, weights, MOST_FILTERS)
        return FiltersReport(graph.name, name, shape, found, theme)
    wanted = asked(graph, node, channels, at, top=top, method=method, show=show)
    if not len(images):
        raise SpecError([Problem("wrong-value", "there is no image to look at", hint="--image names files of images")])
    mean, std, skip = reading
    trained = normalisation(beside, wanted.node.origin.shape) if beside and mean is None and std is None else None
    if beside and trained:
        mean, std = trained
    panels, remarks = look(graph, weights, images, wanted, Reading(mean, std, skip))
    if beside and trained:
        remarks = (*remarks, f"mean and std are those of the training, in {beside.parent / RECORD}")
    shown = wanted.node
    return SeenReport(graph.name, shown.name, shown.shape, shown.origin.shape[1:], method, panels, remarks, theme)
