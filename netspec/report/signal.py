"""What ``netspec signal`` says: second moments of a signal and of its gradient, predicted and, if asked, measured."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from netspec.analysis.inputs import inputs_of, inputs_text
from netspec.drawing.theme import Theme
from netspec.graph.graph import Graph, Node, Scope
from netspec.language.python_arguments import one_of
from netspec.language.python_arguments import whole as at_least
from netspec.report.drawable import Drawable
from netspec.report.page import Note, Page
from netspec.report.table import Cells, Table, numbers, words
from netspec.signal.advice import advice, changes
from netspec.signal.depth import depths
from netspec.signal.predict import BATCH, predict
from netspec.signal.result import Measured, Prediction, Signal, Spread

if TYPE_CHECKING:
    import torch  # noqa: TID251 - for type checkers only

FIGURES = ("square", "mean_square", "gradient", "factor")
CONVENTIONS = {
    "depth": "convolutions and linear layers on the longest path to it, itself among them",
    "square": "mean of the squares of the output over images, channels and positions",
    "mean_square": "mean over channels of the square of a channel's mean over images and positions",
    "gradient": "mean of the squares of the output's gradient; that of the network's outputs is noise of variance 1",
    "factor": "the second moment of the gradient that the operation passes back, over that of its output's gradient",
    "log_variance": "predicted variance, over initialisations, of the natural logarithm of the square",
    "gradient_log_variance": "the same of the gradient",
    "typical_square": "exponential of the predicted mean, over initialisations, of the logarithm of the square",
    "typical_gradient": "the same of the gradient",
    "reason": "why a figure is null: no rule would be right",
    "mean": "mean over initialisations",
    "typical": "exponential of the mean of the logarithm over initialisations",
    "deviation": "deviation of the natural logarithm over initialisations",
}
"""Key of the data -> what it is."""

SEEDS = 5
"""Initialisations to measure, unless told."""
FEWEST = 2
"""Images that a batch has at least: normalisation takes statistics of it."""
NOISE, IMAGES = "netspec.nn.signal", "netspec.nn.signal_images"
"""What measures with noise and with images, imported where that is asked for: it needs torch."""


class NetworkSignal(NamedTuple):
    """A network, what is predicted of it, and what was measured, if it was."""

    graph: Graph
    prediction: Prediction
    measured: Measured | None = None

    @property
    def signals(self) -> Mapping[str, Signal]:
        """What is predicted, by the names of operations."""
        return self.prediction.signals

    @property
    def advice(self) -> list[str]:
        """What follows: a sentence for signal and gradient each."""
        return advice(self.graph, self.prediction)

    @property
    def nodes(self) -> list[Node]:
        """The operations, in running order."""
        return [node for node in self.graph.operations if node.has_batch]

    @property
    def normalised(self) -> bool:
        """Whether the scale of the signal is set anew on the way, so that it hardly varies with initialisation."""
        return any(node.operation.normalises_batch for node in self.graph.operations)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class SignalReport(Drawable):
    """The signals of several networks; ``whole`` has a row for every operation, ``theme`` is that of a picture."""

    networks: tuple[NetworkSignal, ...]
    whole: bool = False
    theme: Theme = "auto"

    @classmethod
    def of(  # noqa: PLR0913 - one argument for each thing that can be asked
        cls,
        graphs: Sequence[Graph],
        *,
        batch: int = BATCH,
        measure: bool = False,
        seeds: int = SEEDS,
        images: torch.Tensor | Sequence[str | os.PathLike[str]] | str | os.PathLike[str] | None = None,
        whole: bool = False,
        theme: Theme = "auto",
    ) -> SignalReport:
        """What :meth:`netspec.Network.signal` returns of several ``graphs``. Raises as that does."""
        batch, seeds = at_least("batch", batch, FEWEST), at_least("seeds", seeds)
        one_of("theme", theme, get_args(Theme))
        if images is not None and not measure:
            message = "images are what is measured with, and measure=True says that it is"
            raise ValueError(message)
        found = [NetworkSignal(graph, predict(graph, batch=batch)) for graph in graphs]
        if measure:
            module, how = NOISE, {}
            if images is not None:
                module, how = IMAGES, {"images": [images] if isinstance(images, (str, os.PathLike)) else images}
            measured: Callable[..., Measured] = import_module(module).measured
            found = [one._replace(measured=measured(one.graph, seeds=seeds, batch=batch, **how)) for one in found]
        return cls(tuple(found), whole, theme)

    def __repr__(self) -> str:
        return f"<SignalReport of {', '.join([one.graph.name for one in self.networks])}>"

    @property
    def curves(self) -> tuple[NetworkSignal, ...]:
        """What a picture is drawn from."""
        return self.networks

    def pages(self, width: int | None) -> list[Page]:  # noqa: ARG002 - the columns are few
        """A table of one network, a row for each of several, and what follows; all of it where it is the ``whole``."""
        if len(self.networks) > 1 and not self.whole:
            return [_comparison(self.networks)]
        return [_page(one, whole=self.whole) for one in self.networks]

    def tables(self) -> list[Page]:
        """The same."""
        return self.pages(None)

    def records(self) -> list[dict[str, object]]:
        """Every operation of every network."""
        return [{"network": one.graph.name, **row} for one in self.networks for row in _rows(one)]

    def data(self) -> Any:
        """Everything as plain data."""
        return {"schema_version": 1, "conventions": CONVENTIONS, "networks": [_data(one) for one in self.networks]}


def _data(one: NetworkSignal) -> dict[str, Any]:
    measured = one.measured
    return {
        "name": one.graph.name,
        "batch": one.prediction.batch,
        "input": {name: list(shape) for name, shape in inputs_of(one.graph)},
        "changes": [_rounded(change._asdict()) for change in changes(one.graph, one.prediction)],
        "advice": one.advice,
        "measured": {"images": measured.said, "seeds": len(measured.draws)} if measured else None,
        "operations": [
            {**row, "measured": _measured(measured, node) if measured else None}
            for node, row in zip(one.nodes, _rows(one), strict=True)
        ],
    }


def _rows(one: NetworkSignal) -> list[dict[str, object]]:
    depth, signals = depths(one.graph), one.signals
    return [
        {
            "name": node.name,
            "op": node.operation.word,
            "depth": depth[node],
            **_rounded(signals[node.name]._asdict()),
            **_rounded({key: getattr(signals[node.name], key) for key in TYPICAL}),
        }
        for node in one.nodes
    ]


TYPICAL = ("typical_square", "typical_gradient")


DIGITS = 8
"""Digits of a figure: versions of Python differ in how they round sums."""


def _rounded(figures: Mapping[str, Any]) -> dict[str, Any]:
    """``figures`` with so many digits."""
    return {key: float(f"{one:.{DIGITS}g}") if isinstance(one, float) else one for key, one in figures.items()}


def _measured(measured: Measured, node: Node) -> dict[str, Any]:
    found = {key: measured.spread(node.name, key) for key in FIGURES}
    return {key: _rounded(spread._asdict()) if spread else None for key, spread in found.items()}


def _page(one: NetworkSignal, *, whole: bool) -> Page:
    graph, prediction = one.graph, one.prediction
    heading = (
        f"{graph.name}   input {inputs_text(inputs_of(graph))}   as initialised, {prediction.batch} images of noise"
    )
    depth = depths(graph)
    titles = ("depth", "second moment", "mean square", "gradient", "back")
    more = ("measured", "gradient", "varies by") if one.measured else ()
    typical = one.measured is not None and not one.normalised
    rows = [
        (name, *_cells(depth[node], one.signals[node.name], back, typical=typical), *_more(one, node))
        for name, node, back in stretches(one, whole=whole)
    ]
    table = Table((*words("operation" if whole else "part"), *numbers(*titles, *more)), tuple(rows))
    return Page(heading, (table,), tuple(_notes(one)))


def _comparison(networks: Sequence[NetworkSignal]) -> Page:
    """How signal and gradient change over the depth of each network."""
    rows = []
    for one in networks:
        found = {change.figure: change for change in changes(one.graph, one.prediction)}
        layers = max([change.layers for change in found.values()], default=0)
        cells = [_short(found[key].times if key in found else None) for key in ("signal", "gradient")]
        rows.append((one.graph.name, str(layers) if found else "?", *cells, str(_silent(one))))
    table = Table((*words("network"), *numbers("layers", "signal x", "gradient x", "cannot say")), tuple(rows))
    batches = {one.prediction.batch for one in networks}
    heading = f"second moments over the depth, as initialised, {' or '.join(map(str, sorted(batches)))} images of noise"
    return Page(heading, (table,), tuple([note for one in networks for note in _notes(one)]))


def _silent(one: NetworkSignal) -> int:
    """Of how many operations nothing is said."""
    return sum([one.signals[node.name].square is None for node in one.nodes])


class Stretch(NamedTuple):
    """A part of a network, or one operation: its name, its last operation, and how the gradient changes through it."""

    name: str
    node: Node
    back: float | None


def stretches(one: NetworkSignal, *, whole: bool = False) -> list[Stretch]:
    """The parts of a network one after the other, or with ``whole`` every operation."""
    signals = one.signals
    if whole:
        return [Stretch(node.name, node, signals[node.name].factor) for node in one.nodes]
    found = []
    depth = depths(one.graph)
    for part in [opened for entry in one.graph.entries for opened in _opened(entry.part, depth)]:
        nodes = _with_inputs(part)
        if nodes:
            first, last = signals[nodes[0].inputs[0].name].gradient, signals[nodes[-1].name].gradient
            back = first / last if first is not None and last else None
            flat = isinstance(part, Scope) and part.flat
            found.append(Stretch(nodes[-1].name if flat else part.name, nodes[-1], back))
    return found


def _with_inputs(part: Node | Scope) -> list[Node]:
    nodes = [part] if isinstance(part, Node) else sorted(part.nodes(), key=lambda node: node.index)
    return [node for node in nodes if node.has_batch and node.inputs]


def _opened(part: Node | Scope, depth: Mapping[Node, int]) -> list[Node | Scope]:
    """``part``, or if it is deeper than a block, what it is made of."""
    nodes = _with_inputs(part)
    if isinstance(part, Node) or not nodes:
        return [part]
    if depth[nodes[-1]] - depth[nodes[0].inputs[0]] <= DEEPEST or len(part.children) == 1 == len(nodes):
        return [part]
    return [opened for child in part.children for opened in _opened(child, depth)]


DEEPEST = 3
"""Layers with weights, one after the other, that a block has at most."""


def _cells(depth: int, signal: Signal, back: float | None, *, typical: bool) -> Cells:
    square, gradient = signal.square, signal.gradient
    if typical:
        square, gradient = signal.typical_square, signal.typical_gradient
    return (str(depth), *[_short(value) for value in (square, signal.mean_square, gradient, back)])


def _more(one: NetworkSignal, node: Node) -> Cells:
    if not one.measured:
        return ()
    square, gradient = (one.measured.spread(node.name, key) for key in ("square", "gradient"))
    varies = f"{2.718281828**square.deviation:.2f}" if square else "?"
    return (_usual(square, one), _usual(gradient, one), varies)


def _usual(spread: Spread | None, one: NetworkSignal) -> str:
    """The mean, or where the scale of the signal varies with initialisation, that of the logarithm."""
    return _short(spread and (spread.mean if one.normalised else spread.typical))


def _short(value: float | None) -> str:
    if value is None:
        return "?"
    return f"{value:.3g}"


def _notes(one: NetworkSignal) -> list[Note]:
    notes: list[Note] = [("", f"{one.graph.name}: {line}") for line in one.advice]
    reasons = Counter(signal.reason for signal in one.signals.values() if signal.reason)
    for reason, count in reasons.most_common(MOST_REASONS):
        notes.append(("cannot say", f"of {count} operation{'s' * (count > 1)}: {reason}"))
    if one.measured:
        how = "mean" if one.normalised else "geometric mean"
        said = f"{how} over {len(one.measured.draws)} initialisations, {one.measured.said}"
        also = "" if one.normalised else " (what is predicted too)"
        notes.append(("measured", f"{said}{also}; by what factor the second moment varies"))
    return notes


MOST_REASONS = 3
"""Reasons that are told, the most common ones first."""
