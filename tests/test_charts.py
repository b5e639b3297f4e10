"""Charts of figures: a bar for every operation, a point for every network, and text that can be read."""

from __future__ import annotations

from math import prod

import pytest
import shipped
from picture_checks import flat, problems

from netspec.analysis.setup import Setup
from netspec.analysis.summary import summary
from netspec.drawing.picture import Part, Rect, texts
from netspec.report.stats_chart import _against, _along_depth


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
