"""Conventions in which frameworks differ: of each setting, what torch's own function gives, and not the other one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from conftest import spec_of

import netspec
from netspec.ops.facts import Shape

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.usefixtures("one_thread")
Function = Callable[[Any, "Tensor", Any], "Tensor"]
"""From torch, images, and the weight of the layer if it has one, to what the layer gives."""


class Convention(NamedTuple):
    """A layer in two settings, each with torch's function for it, and the shapes on which both are tried."""

    one: tuple[str, Function]
    other: tuple[str, Function]
    shapes: tuple[Shape, ...]
    alike: tuple[Shape, ...] = ()
    """Those of the shapes on which the settings make no difference."""


def resized(*, align: bool, **given: Any) -> Function:
    """Interpolation between elements."""
    return lambda torch, x, _: torch.nn.functional.interpolate(
        x, **given, mode={3: "linear", 4: "bilinear", 5: "trilinear"}[x.dim()], align_corners=align
    )


def grown(more: int) -> Function:
    """Transposed convolution with steps of two."""
    return lambda torch, x, weight: getattr(torch.nn.functional, f"conv_transpose{x.dim() - 2}d")(
        x, weight, stride=2, padding=1, output_padding=more
    )


def pooled(word: str, **given: Any) -> Function:
    """Windows of three at steps of two."""
    return lambda torch, x, _: getattr(torch.nn.functional, f"{word}_pool{x.dim() - 2}d")(x, 3, 2, **given)


def around(x: Tensor, kernel: int, stride: int) -> list[int]:
    """What TensorFlow pads, last axis first as torch has it: a window at each step, one more zero after than before."""
    found = []
    for size in reversed(x.shape[2:]):
        missing = max(0, (-(-size // stride) - 1) * stride + kernel - size)
        found += [missing // 2, missing - missing // 2]
    return found


def convolved(kernel: int, *, same: bool) -> Function:
    """A convolution with steps of two over what TensorFlow pads, or over as many zeros on either side."""

    def run(torch: Any, x: Tensor, weight: Tensor) -> Tensor:
        functional = torch.nn.functional
        conv = getattr(functional, f"conv{x.dim() - 2}d")
        if same:
            return conv(functional.pad(x, around(x, kernel, 2)), weight, stride=2)
        return conv(x, weight, stride=2, padding=kernel // 2)

    return run


def averaged(torch: Any, x: Tensor, _: Tensor) -> Tensor:
    """The mean over the elements that a window of three at steps of two has of a map, padded as TensorFlow pads it."""
    functional = torch.nn.functional
    pool = getattr(functional, f"avg_pool{x.dim() - 2}d")
    values, ones = (functional.pad(one, around(x, 3, 2)) for one in (x, torch.ones_like(x)))
    return pool(values, 3, 2) / pool(ones, 3, 2)


EVEN, ODD, LINE, VOLUME = (2, 6, 8), (2, 7, 5), (2, 8), (2, 4, 5, 6)
ANY = (EVEN, ODD, LINE, VOLUME)
CONVENTIONS = {
    "align_corners, to a size": Convention(
        ("resize: {size: 9, mode: linear, align_corners: true}", resized(size=9, align=True)),
        ("resize: {size: 9, mode: linear}", resized(size=9, align=False)),
        ANY,
    ),
    "align_corners, by a scale": Convention(
        ("resize: {scale: 1.5, mode: linear, align_corners: true}", resized(scale_factor=1.5, align=True)),
        ("resize: {scale: 1.5, mode: linear}", resized(scale_factor=1.5, align=False)),
        ANY,
    ),
    "output_padding": Convention(
        (
            "conv_transpose: {out: 3, kernel: 3, stride: 2, padding: 1, output_padding: 1, bias: false}",
            grown(1),
        ),
        ("conv_transpose: {out: 3, kernel: 3, stride: 2, padding: 1, bias: false}", grown(0)),
        ANY,
    ),
    "ceil of a maximum": Convention(
        ("max_pool: {kernel: 3, stride: 2, ceil: true}", pooled("max", ceil_mode=True)),
        ("max_pool: {kernel: 3, stride: 2}", pooled("max")),
        ANY,
        alike=(ODD,),
    ),
    "ceil of a mean": Convention(
        ("avg_pool: {kernel: 3, stride: 2, padding: 1, ceil: true}", pooled("avg", padding=1, ceil_mode=True)),
        ("avg_pool: {kernel: 3, stride: 2, padding: 1}", pooled("avg", padding=1)),
        ANY,
        alike=(ODD,),
    ),
    "same with a stride, an odd kernel": Convention(
        ("conv: {out: 3, kernel: 3, stride: 2, padding: same, bias: false}", convolved(3, same=True)),
        ("conv: {out: 3, kernel: 3, stride: 2, padding: 1, bias: false}", convolved(3, same=False)),
        ANY,
        alike=(ODD,),
    ),
    "same with a stride, an even kernel": Convention(
        ("conv: {out: 3, kernel: 4, stride: 2, padding: same, bias: false}", convolved(4, same=True)),
        ("conv: {out: 3, kernel: 4, stride: 2, padding: 2, bias: false}", convolved(4, same=False)),
        ANY,
    ),
    "padding of a mean": Convention(
        (
            "avg_pool: {kernel: 3, stride: 2, padding: 1, count_include_pad: false}",
            pooled("avg", padding=1, count_include_pad=False),
        ),
        ("avg_pool: {kernel: 3, stride: 2, padding: 1}", pooled("avg", padding=1)),
        ANY,
    ),
    "padding of a mean over what overhangs": Convention(
        (
            "avg_pool: {kernel: 3, stride: 2, padding: 1, ceil: true, count_include_pad: false}",
            pooled("avg", padding=1, ceil_mode=True, count_include_pad=False),
        ),
        ("avg_pool: {kernel: 3, stride: 2, padding: 1, ceil: true}", pooled("avg", padding=1, ceil_mode=True)),
        ANY,
    ),
    "padding of a mean with same": Convention(
        ("avg_pool: {kernel: 3, stride: 2, padding: same, count_include_pad: false}", averaged),
        ("avg_pool: {kernel: 3, stride: 2, padding: 1}", pooled("avg", padding=1)),
        ANY,
    ),
}


@pytest.mark.parametrize(("name", "at"), [*product(CONVENTIONS, (0, 1))])
def test_a_setting_is_what_torch_gives(name: str, at: int, torch: ModuleType) -> None:
    """On even and odd sizes, on one to three axes: the value and the shape of this setting, and not of the other."""
    convention = CONVENTIONS[name]
    (layer, theirs), (_, another) = (convention[:2], convention[1::-1])[at]
    generator = torch.Generator().manual_seed(8)
    for shape in convention.shapes:
        network = netspec.read(spec_of(f"layer: {{{layer}}}", size=shape))
        module = network.compile().eval()
        x = torch.randn(2, *shape, generator=generator)
        weight = next(module.parameters(), None)
        with torch.inference_mode():
            found, expected, wrong = module(x), theirs(torch, x, weight), another(torch, x, weight)

        assert tuple(found.shape[1:]) == network.graph.outputs[0].node.shape
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
        same = found.shape == wrong.shape and torch.allclose(found, wrong, rtol=1e-4, atol=1e-4)
        assert same == (shape in convention.alike), shape
