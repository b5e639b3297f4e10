"""What a trained network answers to in images, as an object that draws itself."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from netspec import files
from netspec.analysis.seen import Method, Show
from netspec.analysis.units import asked, judged_by
from netspec.drawing.theme import Theme
from netspec.errors.problem import Problem, SpecError
from netspec.graph.graph import Graph, Node
from netspec.language.python_arguments import one_of, texts
from netspec.nn.seeing.look import Reading, first_filters, look
from netspec.ops.facts import PerAxis, Shape
from netspec.report.seen import FiltersReport, SeenReport
from netspec.training.record import MOST_BYTES, RECORD, classes, normalisation

if TYPE_CHECKING:
    import torch  # noqa: TID251 - for type checkers only

MOST_FILTERS = 256
"""Filters that a picture has, at most."""


def see(  # noqa: PLR0913 - one argument for each thing that can be asked
    graph: Graph,
    weights: torch.nn.Module | Mapping[str, torch.Tensor],
    images: torch.Tensor | Sequence[Any] | str | os.PathLike[str],
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
    class_names: Sequence[str] | str | os.PathLike[str] | None,
) -> SeenReport | FiltersReport:
    """What :meth:`netspec.Network.see` returns; ``beside`` is a file in the folder of a training.

    Raises :class:`ValueError` where there is no such method, or view.
    """
    for word, value, known in (("method", method, get_args(Method)), ("show", show, get_args(Show))):
        one_of(word, value, known)
    if class_names is not None and method != "gradcam":
        message = "class names are of the outputs that Grad-CAM explains: method is gradcam"
        raise ValueError(message)
    if show == "filters":
        name, shape, found = first_filters(graph, weights, MOST_FILTERS)
        return FiltersReport(graph.name, name, shape, found, theme)
    wanted = asked(graph, node, channels, at, top=top, method=method, show=show)
    mean, std, skip = reading
    trained = normalisation(beside, wanted.node.origin.shape) if beside and mean is None and std is None else None
    if beside and trained:
        mean, std = trained
    panels, remarks = look(graph, weights, images, wanted, Reading(mean, std, skip))
    if beside and trained:
        remarks = (*remarks, f"mean and std are those of the training, in {beside.parent / RECORD}")
    shown = wanted.node
    named: tuple[str, ...] = ()
    if method == "gradcam":
        named = _classes(class_names, judged_by(graph, shown).node, beside, shown.origin.shape)
        if beside and named and class_names is None:
            remarks = (*remarks, f"classes have the names that they had in the training, in {beside.parent / RECORD}")
    size = shown.origin.shape[1:]
    return SeenReport(graph.name, shown.name, shown.shape, size, method, panels, remarks, theme, named)


def _classes(
    given: Sequence[str] | str | os.PathLike[str] | None, output: Node, beside: Path | None, read: Shape
) -> tuple[str, ...]:
    """The names of the classes of ``output``: texts, lines of a file, or those of the training if none are given.

    Raises :class:`SpecError` where there are more or fewer than it has classes, :class:`TypeError` for what is no text.
    """
    count = output.shape[0]
    if given is None:
        trained = classes(beside, read) if beside else ()
        return trained if len(trained) <= count else ()
    if isinstance(given, (str, os.PathLike)):
        path = Path(given)
        names = tuple(files.text(path, files.read(path, MOST_BYTES)).rstrip().splitlines())
    else:
        names = texts("a class name", given)
    if len(names) != count:
        message = f"there are {len(names):,} class names, and '{output.name}' has {count:,} outputs"
        raise SpecError([Problem("wrong-value", message, hint="--class-names is a file with one name a line")])
    return tuple([name.strip() for name in names])
