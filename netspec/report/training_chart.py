"""Losses and errors of trainings over their epochs: one colour for each network, dashed for what is learnt from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netspec.drawing.curves import Area, Axis, Series, curves, names_width
from netspec.drawing.picture import Picture, Shape, Text
from netspec.drawing.svg import svg as written
from netspec.drawing.theme import Theme
from netspec.report.training import loss_text, percent
from netspec.training.history import Epoch, History

LARGE, SMALL = 15, 9
LEFT, TOP, WIDTH, HEIGHT = 44, 62, 340, 230
"""Of the first of two charts: room on its left and above it, its width and its height."""
BELOW = 40
KEY = "dashed: images learnt from, as the network met them while it changed; solid: images held out"
NOTHING = 5e-4
"""An error of zero, on a logarithmic axis: below that of a single image of 1,000."""


def chart(histories: Sequence[History], title: str) -> Picture:
    """The picture of all epochs so far."""
    colours = {name: place for place, name in enumerate(dict.fromkeys(one.network for one in histories))}
    shown = [one for one in histories if one.epochs]
    losses = _series(shown, colours, lambda epoch: epoch.train_loss, lambda epoch: epoch.loss)
    errors = _series(shown, colours, lambda epoch: _error(epoch.train_accuracy), lambda epoch: _error(epoch.accuracy))
    names = names_width(losses)
    second = LEFT + WIDTH + names + LEFT
    across = Axis("epoch")
    shapes: list[Shape] = [
        Text(LEFT, 17, title, LARGE, "bold", "start"),
        Text(LEFT, 31, KEY, SMALL, "muted", "start"),
        *curves(losses, across, Axis("cross entropy", logarithmic=True), Area(LEFT, TOP, WIDTH, HEIGHT)),
        *curves(errors, across, Axis("error, %", logarithmic=True), Area(second, TOP, WIDTH, HEIGHT)),
    ]
    says = "\n".join([_says(one) for one in shown])
    return Picture(second + WIDTH + names, TOP + HEIGHT + BELOW, title, says, tuple(shapes))


def svg(histories: Sequence[History], title: str, theme: Theme = "auto") -> bytes:
    """The picture as a file."""
    return written(chart(histories, title), theme)


def _series(
    histories: Sequence[History],
    colours: dict[str, int],
    learnt: Callable[[Epoch], float],
    held: Callable[[Epoch], float],
) -> list[Series]:
    """Two curves for each history; the network's name stands at the end of the first that is held out."""
    found: list[Series] = []
    named: set[str] = set()
    for one in histories:
        for dashed, value in ((True, learnt), (False, held)):
            points = tuple([(float(epoch.number), value(epoch)) for epoch in one.epochs])
            what = "learnt from" if dashed else "held out"
            label = not dashed and one.network not in named
            found.append(Series(one.network, points, colours[one.network], dashed, label, f"{one.name}, {what}"))
        named.add(one.network)
    return found


def _error(accuracy: float) -> float:
    return 100 * max(1 - accuracy, NOTHING)


def _says(history: History) -> str:
    last = history.epochs[-1]
    learnt = f"training loss {loss_text(last.train_loss)}"
    return f"{history.name}: epoch {last.number}, {learnt}, held out {loss_text(last.loss)}, {percent(last.accuracy)}"
