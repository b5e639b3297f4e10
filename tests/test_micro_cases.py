"""Tiny networks of the kinds that other tools count wrongly, worked by hand and held against modules written by hand.

The remarks name the tools that differ: calflops 0.3.2, DeepSpeed 0.19.8, fvcore 0.1.5, ptflops 0.7.5, thop 0.1.1,
torchinfo 1.8.0, torchscan 0.2.0, torchstat 0.0.7.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from measured import by_flop_counter, by_fvcore, dependence

from netspec.analysis.summary import summary
from netspec.graph.graph import Graph
from netspec.ops.facts import PerAxis, Shape

if TYPE_CHECKING:
    import torch

pytestmark = [
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.usefixtures("one_thread"),
]
Builder = Callable[[Any], Any]
"""From ``torch.nn`` to a module."""


class Case(NamedTuple):
    """A network, its figures worked by hand, and the same network written in torch.

    ``field`` is that of the last feature map: size, jump and start.
    """

    layers: str
    size: Shape
    params: int
    macs: int
    field: tuple[PerAxis, PerAxis, PerAxis]
    built: Builder
    outputs: str = ""
    head: int = 0
    """How many of the last modules come after the last map."""


def branched(*branches: Builder, join: str, after: Builder | None = None) -> Builder:
    """A module of branches that are summed, or stacked with ``concat``."""

    def built(nn: Any) -> Any:
        import torch

        class Branched(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.branches = nn.ModuleList([branch(nn) for branch in branches])
                self.after = after(nn) if after else nn.Identity()

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                first, *others = (branch(x) for branch in self.branches)
                if join == "concat":
                    return self.after(torch.cat([first, *others], dim=1))
                return self.after(sum(others, first))

        return Branched()

    return built


def with_head(body: Builder, head: Builder, after: Builder) -> Builder:
    """A module with a head that its forward does not call."""

    def built(nn: Any) -> Any:
        class Headed(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.body, self.aux, self.after = body(nn), head(nn), after(nn)

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return self.after(self.body(x))

        return Headed()

    return built


# fmt: off
CASES = {
    # One zero before, two after. fvcore counts 0: it knows no padding given as a word. calflops and DeepSpeed count
    # 86,400, the places of an unpadded 15x15.
    "same padding of an even kernel": Case(
        "conv: {conv: {out: 8, kernel: 4, padding: same}}",
        (3, 16, 16), params=384 + 8, macs=384 * 256, field=((4, 4), (1, 1), (-1, -1)),
        built=lambda nn: nn.Conv2d(3, 8, 4, padding="same"),
    ),
    # It reaches over 4 rows and 5 columns. fvcore counts 0.
    "same padding of a dilated even kernel": Case(
        "conv: {conv: {out: 2, kernel: [2, 3], dilation: [3, 2], padding: same, bias: false}}",
        (1, 9, 11), params=12, macs=12 * 99, field=((4, 5), (1, 1), (-1, -2)),
        built=lambda nn: nn.Conv2d(1, 2, (2, 3), dilation=(3, 2), padding="same", bias=False),
    ),
    # fvcore counts 0.
    "same padding of an even kernel in groups": Case(
        "conv: {conv: {out: 6, kernel: 2, groups: 3, padding: same}}",
        (3, 5, 4), params=24 + 6, macs=24 * 20, field=((2, 2), (1, 1), (0, 0)),
        built=lambda nn: nn.Conv2d(3, 6, 2, groups=3, padding="same"),
    ),
    # Counted right by all; FlopCounterMode takes the weight gradient for that of one group.
    "groups": Case(
        "conv: {conv: {out: 12, kernel: 3, groups: 4, padding: 1}}",
        (8, 7, 9), params=216 + 12, macs=216 * 63, field=((3, 3), (1, 1), (-1, -1)),
        built=lambda nn: nn.Conv2d(8, 12, 3, groups=4, padding=1),
    ),
    # One filter for each channel, then a mix of all. As with groups.
    "depthwise": Case(
        """
        depthwise: {conv: {out: 6, kernel: 3, stride: 2, padding: 1, groups: 6, bias: false}}
        pointwise: {conv: {out: 10, kernel: 1, bias: false}}
        """,
        (6, 11, 8), params=54 + 60, macs=(54 + 60) * 24, field=((3, 3), (2, 2), (-1, -1)),
        built=lambda nn: nn.Sequential(
            nn.Conv2d(6, 6, 3, stride=2, padding=1, groups=6, bias=False), nn.Conv2d(6, 10, 1, bias=False)
        ),
    ),
    # Counted right by all. A field that forgets the dilation is 3 + 2.
    "dilation": Case(
        """
        conv1: {conv: {out: 2, kernel: 3, dilation: 2, padding: 2}}
        conv2: {conv: {out: 3, kernel: 3, dilation: [1, 3]}}
        """,
        (1, 10, 13), params=18 + 2 + 54 + 3, macs=18 * 130 + 54 * 8 * 7, field=((7, 11), (1, 1), (-2, -2)),
        built=lambda nn: nn.Sequential(nn.Conv2d(1, 2, 3, dilation=2, padding=2), nn.Conv2d(2, 3, 3, dilation=(1, 3))),
    ),
    # Counted right by all; what takes the kernel for a square has 49 taps and one side.
    "1x7 and 7x1": Case(
        """
        wide: {conv: {out: 2, kernel: [1, 7], padding: [0, 3]}}
        high: {conv: {out: 3, kernel: [7, 1], stride: [2, 1]}}
        """,
        (1, 13, 9), params=14 + 2 + 42 + 3, macs=14 * 117 + 42 * 4 * 9, field=((7, 7), (2, 1), (0, -3)),
        built=lambda nn: nn.Sequential(nn.Conv2d(1, 2, (1, 7), padding=(0, 3)), nn.Conv2d(2, 3, (7, 1), stride=(2, 1))),
    ),
    # 13 and 10 give 7 and 5 with the window that overhangs, 6 and 5 without. torchscan counts k for k x k compares;
    # ptflops counts each pooling twice, among its MACs; fvcore passes over it.
    "ceil pooling": Case(
        """
        pool: {max_pool: {kernel: 2, stride: 2, ceil: true}}
        conv: {conv: {out: 4, kernel: 3, padding: 1}}
        """,
        (2, 13, 10), params=72 + 4, macs=72 * 35, field=((6, 6), (2, 2), (-2, -2)),
        built=lambda nn: nn.Sequential(nn.MaxPool2d(2, 2, ceil_mode=True), nn.Conv2d(2, 4, 3, padding=1)),
    ),
    # The third window would begin behind the input, on the padding: it is dropped.
    "ceil pooling that ends on the padding": Case(
        """
        pool: {avg_pool: {kernel: 2, padding: 1, ceil: true}}
        conv: {conv: {out: 1, kernel: 2}}
        """,
        (1, 3, 3), params=4 + 1, macs=4, field=((4, 4), (2, 2), (-1, -1)),
        built=lambda nn: nn.Sequential(nn.AvgPool2d(2, padding=1, ceil_mode=True), nn.Conv2d(1, 1, 2)),
    ),
    # torchstat counts a module that is called twice once; here each repetition has its own conv and relu.
    "one name in several scopes": Case(
        """
        first: {chain: {conv: {conv: {out: 4, kernel: 3}}, relu: relu}, repeat: 2}
        second: {chain: {conv: {conv: {out: 4, kernel: 1}}, relu: relu}}
        """,
        (4, 9, 8), params=148 + 148 + 20, macs=144 * 42 + 144 * 20 + 16 * 20, field=((5, 5), (1, 1), (0, 0)),
        built=lambda nn: nn.Sequential(
            nn.Conv2d(4, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 1), nn.ReLU()
        ),
    ),
    # thop and torchstat lose the parameters of a head that did not run; torchinfo has them in one of two lines.
    "auxiliary head": Case(
        """
        body: {conv: {out: 4, kernel: 3, padding: 1}}
        aux: {chain: [global_avg_pool, linear: 2], from: body}
        last: {conv: {out: 2, kernel: 3, from: body}}
        """,
        (3, 9, 7), params=112 + 10 + 74, macs=108 * 63 + 72 * 35, field=((5, 5), (1, 1), (-1, -1)),
        built=with_head(
            lambda nn: nn.Conv2d(3, 4, 3, padding=1), lambda nn: nn.Linear(4, 2), lambda nn: nn.Conv2d(4, 2, 3)
        ),
        outputs="{main: last, aux: {from: aux, when: training}}",
    ),
    # The last row and column of windows end inside the input: 15 to 7 to 3, 18 to 8 to 4.
    "odd input": Case(
        """
        conv1: {conv: {out: 2, kernel: 3, stride: 2}}
        conv2: {conv: {out: 2, kernel: 3, stride: 2, padding: [0, 1]}}
        """,
        (1, 15, 18), params=18 + 2 + 36 + 2, macs=18 * 56 + 36 * 12, field=((7, 7), (4, 4), (0, -2)),
        built=lambda nn: nn.Sequential(nn.Conv2d(1, 2, 3, stride=2), nn.Conv2d(2, 2, 3, stride=2, padding=(0, 1))),
    ),
    # No MACs but the convolution's. fvcore and thop add norms, torchinfo twice the channels of norms and all biases,
    # ptflops norms, biases, and activations and poolings twice.
    "norm, activation and pooling": Case(
        """
        conv: {conv: {out: 4, kernel: 3, padding: 1}}
        bn: batch_norm
        relu: relu
        pool: {avg_pool: {kernel: 3, stride: 2, padding: 1}}
        """,
        (2, 7, 8), params=72 + 4 + 8, macs=72 * 56, field=((5, 5), (2, 2), (-2, -2)),
        built=lambda nn: nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.AvgPool2d(3, 2, padding=1)
        ),
    ),
    # calflops and DeepSpeed leave out a sum that is written over its input. A field along one path is too small, one
    # along all paths in turn too large: pytorch-receptive-field gives ResNet-50 1963 pixels for its 427.
    "branches of several sizes": Case(
        """
        sum:
          branches:
            a: [conv: {out: 2, kernel: 5, padding: 2}]
            b: [conv: {out: 2, kernel: 3, padding: 1}]
            c: identity
          join: add
        conv: {conv: {out: 1, kernel: 3, stride: 2}}
        """,
        (2, 9, 11), params=102 + 38 + 19, macs=(100 + 36) * 99 + 18 * 20, field=((7, 7), (2, 2), (-2, -2)),
        built=branched(
            lambda nn: nn.Conv2d(2, 2, 5, padding=2),
            lambda nn: nn.Conv2d(2, 2, 3, padding=1),
            lambda nn: nn.Identity(),
            join="add", after=lambda nn: nn.Conv2d(2, 1, 3, stride=2),
        ),
    ),
    "branches stacked": Case(
        """
        all:
          branches: {a: [conv: {out: 3, kernel: 1}], b: [max_pool: {kernel: 3, stride: 1, padding: 1}]}
          join: concat
        conv: {conv: {out: 2, kernel: 2, bias: false}}
        """,
        (2, 6, 5), params=9 + 40, macs=6 * 30 + 40 * 20, field=((4, 4), (1, 1), (-1, -1)),
        built=branched(
            lambda nn: nn.Conv2d(2, 3, 1), lambda nn: nn.MaxPool2d(3, 1, padding=1),
            join="concat", after=lambda nn: nn.Conv2d(5, 2, 2, bias=False),
        ),
    ),
    # Nothing but the last layer is linear; fvcore and thop add the elements of the pooling.
    "classifier": Case(
        """
        conv: {conv: {out: 3, kernel: 3, bias: false}}
        pool: global_avg_pool
        fc: {linear: 7}
        """,
        (1, 6, 7), params=27 + 28, macs=27 * 20 + 21, field=((3, 3), (1, 1), (0, 0)),
        built=lambda nn: nn.Sequential(
            nn.Conv2d(1, 3, 3, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 7)
        ),
        head=3,
    ),
}
# fmt: on


def sees(case: Case, table: torch.Tensor) -> None:
    """Assert that each position of ``table`` sees the field of ``case``: both ends that the image has, no more."""
    for axis, (size, jump, start) in enumerate(zip(*case.field, strict=True)):
        lines = table.any(dim=(1 - axis, 3 - axis))
        for at in range(lines.shape[1]):
            first, last = start + at * jump, start + at * jump + size - 1
            pixels = lines[:, at].nonzero().flatten().tolist()
            assert first in pixels or first < 0, (axis, at)
            assert last in pixels or last >= len(lines), (axis, at)
            assert all(first <= pixel <= last for pixel in pixels), (axis, at)


def torch_agrees(case: Case, nn: ModuleType) -> None:
    """Assert that the module written by hand has the figures of ``case``, by torch's and by fvcore's count."""
    import torch

    module = case.built(nn)
    assert case.params == sum(parameter.numel() for parameter in module.parameters())
    assert case.macs == by_fvcore(module, case.size).total
    sees(case, dependence(module[: -case.head] if case.head else module, case.size))
    with torch.device("meta"):
        assert case.macs == by_flop_counter(case.built(nn), case.size).total


@pytest.mark.parametrize("name", CASES)
def test_netspec_states_what_was_worked_by_hand(name: str, graph_of: Callable[..., Graph]) -> None:
    """Parameters, multiply-adds, and the receptive field of the last map."""
    case = CASES[name]
    sections = {"outputs": case.outputs} if case.outputs else {}
    found = summary(graph_of(case.layers, size=case.size, **sections))

    assert (found.totals.params, found.totals.macs) == (case.params, case.macs)
    assert (found.field.size, found.field.jump, found.field.start) == case.field


@pytest.mark.parametrize("name", CASES)
def test_torch_has_what_was_worked_by_hand(name: str, torch: ModuleType) -> None:
    """The module that torch's users would write has those parameters, multiply-adds and dependences."""
    torch_agrees(CASES[name], torch.nn)


@pytest.mark.parametrize("name", ["same padding of an even kernel", "ceil pooling", "auxiliary head"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"params": 1}, {"macs": -1}, {"field": ((1, 0), (0, 0), (0, 0))}, {"field": ((0, 0), (0, 1), (0, 0))},
        {"field": ((0, 0), (0, 0), (-1, 0))},
    ],
    ids=str,
)  # fmt: skip
def test_torch_objects_to_a_wrong_figure(name: str, wrong: dict[str, Any], torch: ModuleType) -> None:
    """A figure that is off by one passes no count."""
    case = CASES[name]
    field = wrong.get("field", ((0, 0), (0, 0), (0, 0)))
    high, wide = (
        tuple(pair[axis] + more[axis] for pair, more in zip(case.field, field, strict=True)) for axis in (0, 1)
    )
    off = case._replace(
        params=case.params + wrong.get("params", 0),
        macs=case.macs + wrong.get("macs", 0),
        field=tuple(zip(high, wide, strict=True)),
    )

    with pytest.raises(AssertionError):
        torch_agrees(off, torch.nn)
