"""Where the prediction ends: numbers beyond float32, norms over few values, factors of 0, terms that are most of it."""

from __future__ import annotations

import json
from math import inf

import pytest
from conftest import sample

import netspec
from netspec.report.signal import SignalReport
from netspec.signal.context import CannotSay, inverted
from netspec.signal.predict import predict
from netspec.signal.result import Spread

HEAD = "netspec: 1\nname: x\ninput: [3, 10, 10]\n"
POINT = "{conv: {out: 200, kernel: 1, bias: false}}"


@pytest.mark.parametrize("word", ["relu", "gelu", "silu", "elu"])
def test_what_float32_cannot_hold_is_not_said(word: str) -> None:
    """Values and gradients that grow beyond float32 have a reason in place of figures, and data holds no infinity."""
    spec = f"{HEAD}init: {{conv.weight: {{normal: 1.0e+30}}}}\nstages:\n  a: {{chain: [{POINT}, {word}], repeat: 12}}\n"
    report = SignalReport.of([netspec.read(spec).graph], batch=4)
    reasons = " ".join(one.reason for one in report.networks[0].signals.values())

    assert "larger than float32 can hold" in reasons
    assert "Infinity" not in json.dumps(report.data(), allow_nan=False)


def test_what_is_measured_beyond_float32_is_none() -> None:
    """A mean over initialisations of which one overflows is no number."""
    assert Spread.of([1.0, inf]) is None
    assert Spread.of([1.0, 1.0]) == (1.0, 1.0, 0.0)


def test_inverses_of_sums_of_few_squares_are_those_of_chi_squared() -> None:
    """Of k normal squares the mean inverse is k / (k - 2) of that of the mean; of two it has no mean."""
    assert [inverted(2 / k) for k in (3, 4, 10)] == pytest.approx([3, 2, 1.25])
    with pytest.raises(CannotSay, match="few values"):
        inverted(2 / 2)


def test_a_norm_behind_three_channels_of_one_position_is_measured(torch: object) -> None:  # noqa: ARG001 - it is needed
    """Each variance is a sum of three squares: the gradient is multiplied by three times the inverse of their mean."""
    from netspec.nn.signal import measured

    spec = f"{HEAD}init: {{conv.weight: kaiming_normal}}\nstages:\n  a: {POINT}\n  b: batch_norm\n"
    graph = netspec.read(spec).graph
    found = measured(graph, seeds=20, batch=4).spread("b", "factor")

    assert found
    assert predict(graph, batch=4).signals["b"].factor == pytest.approx(found.mean, rel=0.1)


def test_a_norm_over_two_values_passes_no_gradient_that_can_be_said() -> None:
    """What is left of two values less their mean over their deviation is 1 and -1: no rule says what ``eps`` leaves."""
    spec = f"{HEAD}stages:\n  a: {{conv: {{out: 8, kernel: 10}}}}\n  b: batch_norm\n"
    two, many = (predict(netspec.read(spec).graph, batch=batch).signals for batch in (2, 16))

    assert two["b"].square == pytest.approx(1, rel=1e-3)
    assert two["b"].factor is None
    assert two["a"].gradient is None
    assert "few values" in two["b"].reason
    assert many["a"].gradient


def test_a_gradient_of_zero_has_no_factor() -> None:
    """Behind a factor of zero nothing arrives: what an operation changes of it is no number, as in what is measured."""
    spec = f"{HEAD}init: {{batch_norm.weight: zeros}}\nstages:\n  a: {POINT}\n  b: batch_norm\n  c: {POINT}\n"
    signals = predict(netspec.read(spec).graph).signals

    assert (signals["c"].square, signals["a"].gradient) == (0, 0)
    assert (signals["a"].factor, signals["a"].reason) == (None, "its gradient is 0, and has no factor")
    assert signals["b"].factor == 0


@pytest.mark.parametrize("name", sample(["googlenet", "googlenet-paper", "inception-v3"]))
def test_every_figure_that_is_missing_has_a_reason(name: str) -> None:
    """Classifiers of training are no outputs of inference: that is why their values have no gradient."""
    signals = predict(netspec.read(name).graph).signals
    silent = [one for one in signals.values() if one.square is None or one.gradient is None]

    assert silent
    assert {one.reason for one in silent} == {"no output of inference is made of it"}


def test_biases_make_images_alike_in_their_size_too(torch: object) -> None:  # noqa: ARG001 - it is needed
    """Where biases are most of the signal, a norm divides by the small rest, in which sizes hardly differ."""
    from netspec.nn.signal import measured

    layers = "  a: {chain: [linear: 50, relu], repeat: 6}\n  b: {linear: 50}\n  c: batch_norm\n"
    graph = netspec.read(f"netspec: 1\nname: x\ninput: [30]\nstages:\n{layers}").graph
    found = measured(graph, seeds=20, batch=16).spread("c", "factor")

    assert found
    assert predict(graph).signals["c"].factor == pytest.approx(found.mean, rel=0.15)


def test_a_mean_square_is_no_more_than_the_second_moment() -> None:
    """Maxima of what biases have made alike for all images have hardly another part, and none below 0."""
    signals = predict(netspec.read("alexnet-2012", input=(3, 320, 320)).graph, batch=2).signals.values()

    assert all((one.mean_square or 0) <= (one.square or 0) * (1 + 1e-9) for one in signals)


ZEROED = """netspec: 1
name: x
input: [3, 16, 16]
init: {conv.weight: {kaiming_normal: fan_out}, batch_norm.weight: zeros}
blocks:
  unit:
    body:
      conv: {conv: {out: 24, kernel: 3, padding: 1, bias: false}}
      bn:   batch_norm
      add:  {add: [bn, input]}
      relu: relu
stem: {first: {conv: {out: 24, kernel: 3, padding: 1, bias: false}}, relu: relu}
stages: {layer: {unit: {}, repeat: 5}}
head: {avgpool: global_avg_pool, fc: {linear: 10}}
"""


def test_blocks_whose_branches_start_at_zero_pass_gradients_whole(torch: object) -> None:  # noqa: ARG001 - it is needed
    """Rectifiers of what is rectified cut nothing more: the product over the blocks is that of one, not of each."""
    from netspec.nn.signal import measured

    graph = netspec.read(ZEROED).graph
    signals, found = predict(graph, batch=8).signals, measured(graph, seeds=20, batch=8)
    first = found.spread("first", "gradient")

    assert [signals[f"layer.{at}.relu"].factor for at in range(4)] == pytest.approx([1.0] * 4, rel=0.02)
    assert first
    assert signals["first"].gradient == pytest.approx(first.mean, rel=0.25)


def test_a_norm_with_terms_gives_what_is_normal_around_them(torch: object) -> None:  # noqa: ARG001 - it is needed
    """Behind a factor of 0.5 and a term of 0.3 a rectifier passes more than half, both ways."""
    from netspec.nn.signal import measured

    start = "{batch_norm.weight: {constant: 0.5}, batch_norm.bias: {constant: 0.3}}"
    graph = netspec.read(f"{HEAD}init: {start}\nstages:\n  a: {POINT}\n  b: batch_norm\n  c: relu\n").graph
    signal, found = predict(graph, batch=8).signals["c"], measured(graph, seeds=3, batch=8)
    square, factor = found.spread("c", "square"), found.spread("c", "factor")

    assert square
    assert factor
    assert signal.square == pytest.approx(square.mean, rel=0.03)
    assert signal.factor == pytest.approx(factor.mean, rel=0.03)
    assert (signal.factor or 0) > 0.7
