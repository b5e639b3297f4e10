"""Charts of figures: a bar for every operation, a point for every network, and text that can be read."""

from __future__ import annotations

from math import nan, prod

import pytest
import shipped
from picture_checks import flat, problems

from netspec.analysis.setup import Setup
from netspec.analysis.summary import summary
from netspec.drawing.curves import Area, Axis, Series, curves, number_text
from netspec.drawing.picture import Line, Part, Rect, texts
from netspec.report.stats_chart import _against, _along_depth
from netspec.report.training_chart import chart
from netspec.training.history import Epoch, History


@pytest.mark.parametrize("word", ["lenet5.yaml", "resnet50.yaml", "googlenet.yaml"])
def test_bars_are_as_high_as_the_figures_are_large(word: str) -> None:
    """Each operation with a figure has a bar; the heights of all bars of a chart are in proportion to the figures."""
    found = summary(shipped.graph(word))
    chart = _along_depth(found)
    bars = [(shape.path, shape.shapes[0]) for shape in chart.shapes if isinstance(shape, Part)]
    heights = {name: bar.height for name, bar in bars if isinstance(bar, Rect) and bar.look == "params"}
    figures = {row.name: row.node.params for row in found.rows if row.node.params}
    unit = max(heights.values()) / max(figures.values())

    assert heights == pytest.approx({name: params * unit for name, params in figures.items()})
    assert [problem for problem in problems(chart) if "box" not in problem] == []


def test_every_network_is_a_point_in_its_place() -> None:
    """More to the right is more multiply-adds, further up more parameters; names do not lie over each other."""
    summaries = [summary(shipped.graph(words[0])) for words in shipped.FILES.values()]
    chart = _against(summaries)
    dots = [
        next(one for one in shape.shapes if isinstance(one, Rect)) for shape in chart.shapes if isinstance(shape, Part)
    ]
    by_macs = sorted(zip(summaries, dots, strict=True), key=lambda pair: pair[0].totals.macs)
    by_params = sorted(zip(summaries, dots, strict=True), key=lambda pair: pair[0].totals.params)

    assert len(dots) == len(summaries)
    assert [dot.x for _, dot in by_macs] == sorted(dot.x for dot in dots)
    assert [dot.y for _, dot in by_params] == sorted((dot.y for dot in dots), reverse=True)
    assert [problem for problem in problems(chart) if problem.startswith("text over text")] == []
    assert len(list(flat(chart.shapes))) > len(texts(chart.shapes)) > len(summaries) / 2


def test_memory_is_told_in_binary_units() -> None:
    """Bytes of outputs are MiB and KiB: ResNet-50's are 4 for each element and image, LeNet's largest is 18 KiB."""
    large = [text.words for text in texts(_along_depth(summary(shipped.graph("resnet50.yaml"), Setup(2))).shapes)]
    small = [text.words for text in texts(_along_depth(summary(shipped.graph("lenet5.yaml"))).shapes)]
    elements = sum(prod(row.node.shape) for row in summary(shipped.graph("resnet50.yaml")).rows)

    assert f"memory of outputs, 2 images of float32: {8 * elements / 2**20:,.1f} MiB in all" in large
    assert {"0 MiB", "2 MiB", "4 MiB", "6 MiB"} <= set(large)
    assert any(words.endswith(" KiB") for words in small)


def history(network: str, seed: int, factor: float) -> History:
    """A training whose losses fall by ``factor`` an epoch."""
    epochs = [
        Epoch(
            number, 0.1, 2 * factor**number, 1 - 0.9 * factor**number, 3 * factor**number, 1 - factor**number, 1.0, 1.0
        )
        for number in range(1, 9)
    ]
    return History(network, seed, tuple(epochs))


def test_trainings_are_curves_over_each_other() -> None:
    """Each has two in the colour of its network, dashed for what is learnt from; names do not lie over each other."""
    factors = (0.5, 0.501, 0.502, 0.9, 0.99)
    histories = [history(f"net{place}", seed, factor) for place, factor in enumerate(factors) for seed in (0, 1)]
    picture = chart(histories, "five networks")
    lines = [shape for shape in flat(picture.shapes) if isinstance(shape, Line) and shape.look.startswith("curve")]

    assert len(lines) == 2 * 2 * len(histories)
    assert len([line for line in lines if line.look.endswith("dashed")]) == len(lines) / 2
    assert len({line.look.removesuffix("-dashed") for line in lines}) == len(factors)
    assert [one for one in problems(picture) if "over text" in one or "outside" in one] == []
    for line in lines:
        heights = [height for _, height in line.points]
        assert heights == sorted(heights)
    assert {f"net{place}" for place in range(5)} <= {text.words for text in texts(picture.shapes)}


def test_equal_factors_are_equal_lengths_on_a_logarithmic_axis() -> None:
    """Points at 1, 10 and 100 are equally far apart, and one point is a dot."""
    axes = (Axis("step"), Axis("loss", logarithmic=True))
    area = Area(0, 0, 100, 100)
    points = ((1.0, 100.0), (3.0, 10.0), (5.0, 1.0))
    shapes = curves([Series("a", points), Series("b", ((3.0, 10.0),), 1)], *axes, area)
    drawn = [shape for part in shapes if isinstance(part, Part) for shape in part.shapes]
    line, dot = drawn

    assert isinstance(line, Line)
    assert isinstance(dot, Rect)
    (left, top), (middle, half), (right, bottom) = line.points
    assert middle - left == pytest.approx(right - middle)
    assert half - top == pytest.approx(bottom - half)
    assert {"1", "10", "100"} <= {text.words for text in texts(shapes)}
    assert [number_text(value) for value in (0.001, 0.0002, 20000, 1e6, 0)] == ["0.001", "2e-4", "2e4", "1e6", "0"]


def test_what_is_no_number_is_a_gap() -> None:
    """A curve is drawn in pieces around it, and so is one that a logarithmic axis does not have; dots stand alone."""
    values = (4.0, 8.0, nan, 2.0, 0.0, 1.0, 2.0)
    points = tuple((float(at), value) for at, value in enumerate(values))
    series = Series("a", points, dots=((0.0, 3.0), (1.0, nan), (2.0, 5.0)))
    shapes = curves([series], Axis("step"), Axis("loss", logarithmic=True), Area(0, 0, 100, 100))
    (drawn,) = [part.shapes for part in shapes if isinstance(part, Part)]

    assert [len(shape.points) for shape in drawn if isinstance(shape, Line)] == [2, 2]
    assert [shape.look for shape in drawn if isinstance(shape, Rect)] == ["curve-0", "curve-0-name", "curve-0-name"]
