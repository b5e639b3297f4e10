"""What few channels and many layers do to a signal and its gradient: against draws, and the compiled module."""

from __future__ import annotations

from math import log, sqrt
from random import Random
from statistics import fmean

import pytest
from conftest import sample

import netspec
from netspec.report.signal import NetworkSignal
from netspec.signal import fluctuation, masses, where
from netspec.signal.fluctuation import Fluctuation
from netspec.signal.predict import predict
from netspec.signal.slope import Slope, together

DRAWS = 40_000


def test_where_a_gradient_lies_is_that_of_draws() -> None:
    """Of x = max(u, 0) under a sum with v that must be above 0: the share above 0, and the mean of x."""
    random = Random(5)  # noqa: S311 - to be repeated
    draws = [(max(random.gauss(0, 1), 0), random.gauss(0, 1)) for _ in range(DRAWS)]
    passed = [x for x, v in draws if x + v > 0]
    own = masses.normal(1.0, 0.2).rectified()
    whole = own.plus(masses.normal(1.0, 0.2))
    found = where.above_zero(whole, None).around(own, 1.0)

    assert found.above(own) == pytest.approx(sum(x > 0 for x in passed) / len(passed), abs=0.01)
    mean = sum(part * one * own.step * at for at, (part, one) in enumerate(zip(own.parts, found.parts, strict=True)))
    assert mean == pytest.approx(fmean(passed), rel=0.03)
    assert sum(part * one for part, one in zip(own.parts, found.parts, strict=True)) == pytest.approx(1)


def test_a_rectified_distribution_keeps_its_mean() -> None:
    """Steps share out the half of the middle one that is above 0, so that means do not shrink from sum to sum."""
    coarse, fine = (masses.normal(1.0, step).rectified() for step in (0.5, 0.05))

    assert coarse.mean == pytest.approx(0.39894, rel=0.015)
    assert fine.mean == pytest.approx(0.39894, rel=0.001)
    assert coarse.positive == pytest.approx(0.5, rel=1e-4)


def test_fluctuations_of_few_channels_are_those_of_draws() -> None:
    """The mean over n channels of rectified squares less their mean varies by 4.41 / n of its square."""
    random = Random(6)  # noqa: S311 - to be repeated
    centre = 0.39894
    squares = [(max(random.gauss(0, 1), 0) - centre) ** 2 for _ in range(DRAWS)]
    mean = fmean(squares)
    varied = fmean([(one - mean) ** 2 for one in squares]) / mean**2
    one = Fluctuation().summed(channels=16, positions=64, window=1, fresh=fluctuation.RECTIFIED)

    assert varied == pytest.approx(fluctuation.RECTIFIED, rel=0.07)
    assert one.rough == pytest.approx(fluctuation.RECTIFIED / 16)
    assert one.summed(16, 64, 9, fluctuation.RECTIFIED).all < one.all


def test_normal_logarithms_have_the_mean_root_that_is_said() -> None:
    """The square of the mean root of values whose logarithm is normal, over their mean: 1 / (1 + variance)^(1/4)."""
    random = Random(7)  # noqa: S311 - to be repeated
    values = [random.lognormvariate(0, 0.6) for _ in range(DRAWS)]
    mean = fmean(values)
    varied = fmean([(one - mean) ** 2 for one in values]) / mean**2

    assert Fluctuation(varied).root == pytest.approx(fmean(map(sqrt, values)) ** 2 / mean, rel=0.01)


def test_images_draw_apart_under_normalisation_but_not_beyond_the_batch() -> None:
    """What is taken away as a mean makes large images larger; hardly where they are few."""
    swings = Fluctuation(images=0.3)

    assert swings.centred(0.3, 64).images > swings.centred(0.3, 8).images > 0.3
    assert swings.centred(0.0, 64).images == pytest.approx(0.3)


def test_linear_layers_pass_what_their_weights_say() -> None:
    """In a chain of linear layers nothing lies along the values beyond chance: half passes each rectifier, exactly.

    Hanin and Nica 2019: the mean over initialisations is the product over the layers.
    """
    layers = "".join(f"  fc{at}: {{linear: {{out: 16, bias: false}}}}\n  relu{at}: relu\n" for at in range(8))
    spec = f"netspec: 1\nname: net\ninput: [16]\ninit: {{linear.weight: kaiming_normal}}\nstages:\n{layers}"
    signals = predict(netspec.read(spec).graph).signals

    assert [signals[f"relu{at}"].factor for at in range(8)] == pytest.approx([0.5] * 8)
    assert [signals[f"fc{at}"].factor for at in range(8)] == pytest.approx([2.0] * 8)


def test_what_lies_along_a_value_adds_up_itself() -> None:
    """Two gradients of one value add their squares, but for the part along it: amplitudes of 1 each give 4, not 2."""
    from netspec.signal.law import noise

    law = noise((4, 2, 2))
    one = Slope(4, 1.0, law.squares)
    apart = together((law,), ((one,), (one,)))[0]
    along = together((law,), ((one._replace(pull=2.0),), (one._replace(pull=2.0),)))[0]

    assert apart.square == pytest.approx(2)
    assert along.square - apart.square == pytest.approx(2 * 2.0 * 2.0 / law.power / 16)


def chain(layers: int, norm: str, *, shortcuts: bool) -> str:
    """A spec of so many 3x3 convolutions of 16 channels, two to a block with a shortcut or none."""
    line = "netspec: 1\nname: narrow\ninput: [3, 8, 8]\ninit: {conv.weight: kaiming_normal}\nstages:\n"
    line += "  stem: {conv: {out: 16, kernel: 3, padding: 1, bias: false}}\n  act: relu\n"
    before = "act"
    for at in range(layers // 2):
        for part in "ab":
            line += f"  conv{at}{part}: {{conv: {{out: 16, kernel: 3, padding: 1, bias: false}}}}\n"
            line += f"  norm{at}{part}: batch_norm\n" if norm else ""
            line += f"  relu{at}a: relu\n" if part == "a" else ""
        last = f"norm{at}b" if norm else f"conv{at}b"
        line += f"  sum{at}: {{add: [{before}, {last}]}}\n" if shortcuts else ""
        line += f"  relu{at}: relu\n"
        before = f"relu{at}"
    return line + "  pool: global_avg_pool\n  fc: {linear: 10}\n"


CASES = {
    "normalised, plain": ("batch_norm", False, 16),
    "normalised, shortcuts": ("batch_norm", True, 16),
    "plain": ("", False, 12),
    "shortcuts": ("", True, 12),
}


@pytest.mark.parametrize("case", sample([*CASES], 2))
def test_the_gradient_over_the_depth_of_narrow_networks(case: str, torch: object) -> None:  # noqa: ARG001 - it is needed
    """Of 16 channels, within a factor of 1.5 of the mean of 16 initialisations, without norm of their logarithms'."""
    from netspec.nn.signal import measured

    norm, shortcuts, layers = CASES[case]
    graph = netspec.read(chain(layers, norm, shortcuts=shortcuts)).graph
    one = NetworkSignal(graph, predict(graph, batch=8), measured(graph, seeds=16, batch=8))
    assert one.measured
    found = one.measured.spread("stem", "gradient")
    said = one.signals["stem"]
    assert found
    assert said.typical_gradient
    assert said.gradient
    predicted, middle = (said.gradient, found.mean) if norm else (said.typical_gradient, found.typical)

    assert abs(log(predicted / middle)) < log(1.5)


def test_the_spread_of_gradients_is_foreseen(torch: object) -> None:  # noqa: ARG001 - it is needed
    """Without norm the logarithm of the gradient varies over initialisations as much as is said, within two fifths."""
    from netspec.nn.signal import measured

    graph = netspec.read(chain(12, "", shortcuts=True)).graph
    said = predict(graph, batch=8).signals["stem"].gradient_log_variance
    found = measured(graph, seeds=24, batch=8).spread("stem", "gradient")

    assert said
    assert found
    assert sqrt(said) == pytest.approx(found.deviation, rel=0.4)


FEW_POSITIONS = """\
netspec: 1
name: few
input: [3, 5, 5]
init: {conv.weight: kaiming_normal}
stages:
  conv: {conv: {out: 16, kernel: 3, padding: 1, bias: false}}
  norm: batch_norm
  act: relu
  conv1: {conv: {from: act, out: 32, kernel: 3, stride: 2, padding: 1, bias: false}}
  norm1: batch_norm
  pad: {pad_shortcut: {from: act, stride: 2, out: 32}}
  sum: {add: [pad, norm1]}
  relu: relu
  pool: {max_pool: {kernel: 2}}
"""


def test_maps_of_few_positions(torch: object) -> None:  # noqa: ARG001 - it is needed
    """Near borders everywhere: shortcuts that leave positions out and windows that read some of them are foreseen."""
    from netspec.nn.signal import measured

    graph = netspec.read(FEW_POSITIONS).graph
    said = predict(graph, batch=16).signals
    found = measured(graph, seeds=24, batch=16)

    for name in ("pad", "sum", "relu", "pool"):
        spread = found.spread(name, "square")
        assert spread
        assert said[name].square == pytest.approx(spread.mean, rel=0.1), name


DEPTHWISE = """\
netspec: 1
name: depthwise
input: [32, 4, 4]
init: {conv.weight: kaiming_normal}
stages:
  mix: {conv: {out: 64, kernel: 1, bias: false}}
  norm: batch_norm
  act: relu
  each: {conv: {out: 64, kernel: 5, padding: 2, groups: 64, bias: false}}
  norm2: batch_norm
  act2: hardswish
  pool: global_avg_pool
"""


def test_means_of_images_behind_depthwise_convolutions(
    torch: object,  # noqa: ARG001 - it is needed
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Positions whose windows read the same few values are large together: without that means are 7 % too small."""
    from netspec.nn.signal import measured

    graph = netspec.read(DEPTHWISE).graph
    spread = measured(graph, seeds=16, batch=16).spread("pool", "square")
    said = predict(graph, batch=16).signals["pool"].square
    monkeypatch.setattr(Fluctuation, "alike_within", 0.0)
    less = predict(graph, batch=16).signals["pool"].square

    assert spread
    assert said
    assert less
    assert said == pytest.approx(spread.mean, rel=0.07)
    assert less < 0.95 * spread.mean


MEANS = {
    "a window beyond the map": "  pool: {avg_pool: {kernel: 3, stride: 2, ceil: true}}\n",
    "dropped elements": "  drop: {dropout: 0.5}\n  pool: {avg_pool: {kernel: 2}}\n",
    "dropped channels": "  drop: {dropout: {p: 0.5, channels: true}}\n  pool: global_avg_pool\n",
}


@pytest.mark.parametrize("name", MEANS)
def test_means_over_windows(name: str, torch: object) -> None:  # noqa: ARG001 - it is needed
    """A window that goes beyond the map divides by less; what is dropped together stays alike."""
    from netspec.nn.signal import measured

    before = (
        "  conv: {conv: {out: 64, kernel: 1, bias: false}}\n  act: relu\n  wide: {max_pool: {kernel: 3, stride: 1}}\n"
    )
    head = "netspec: 1\nname: net\ninput: [3, 6, 6]\ninit: {conv.weight: kaiming_normal}\nstages:\n"
    graph = netspec.read(head + before + MEANS[name]).graph
    spread = measured(graph, seeds=24, batch=32).spread("pool", "square")
    said = predict(graph, batch=32).signals["pool"].square

    assert spread
    assert said == pytest.approx(spread.mean, rel=0.07)
