"""Steps below one: receptive fields through what upsamples, as exact fractions, against what torch's layers read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from types import ModuleType
from typing import TYPE_CHECKING, Any

import conftest
import pytest
from click.testing import CliRunner
from oracle import called

import netspec
from netspec.analysis.full_view import seeing_positions
from netspec.analysis.misalignment import misalignments
from netspec.analysis.position_field import followed
from netspec.analysis.receptive_field import Field, Interval, last_map, receptive_fields
from netspec.cli import main
from netspec.errors.problem import SpecError
from netspec.graph.graph import Graph, Node
from netspec.ops import OPERATIONS
from netspec.ops.facts import Exact, Extent, Shape
from netspec.ops.upsampling import Between, scaled
from netspec.verify.result import Verification
from netspec.verify.verify import verify

if TYPE_CHECKING:
    import torch

GraphOf = Callable[..., Graph]
pytestmark = pytest.mark.usefixtures("one_thread")
NONE = 1e-9
"""A weight below this is a rounding of 0."""


# -- where positions lie ----------------------------------------------------------------------------------------------


def brute(read: dict[int, Interval], jump: Exact) -> Extent:
    """The smallest window at steps of ``jump`` that holds each interval of ``read``."""
    start = min(first - at * jump for at, (first, _) in read.items())
    return Extent(max(last - at * jump for at, (_, last) in read.items()) - start + 1, jump, start)


def reading(table: torch.Tensor) -> dict[int, Interval]:
    """From weights, elements x positions, to the first and the last element that each position reads, if any."""
    found = {}
    for at, column in enumerate(table.T):
        elements = (column.abs() > NONE).nonzero().flatten().tolist()
        if elements:
            found[at] = (elements[0], elements[-1])
    return found


@pytest.mark.parametrize("mode", ["nearest", "linear", "linear, aligned", "cubic", "cubic, aligned"])
def test_positions_between_elements_read_what_torch_weighs(mode: str, torch: ModuleType) -> None:
    """For all small sizes each position reads the elements that have a weight; what lies beyond an end is the end."""
    name, aligned = mode.removesuffix(", aligned"), mode.endswith(", aligned")
    more = {"align_corners": True} if aligned else {}
    for size, out in product(range(1, 8), range(1, 15)):
        operation = OPERATIONS["resize"](size=(1, out), mode=name, **more)
        elements = torch.eye(size, dtype=torch.double).view(size, 1, 1, size)
        table = called(operation.layer((1, 1, size)), [elements]).view(size, out)
        windows = operation.uneven((1, 1, size))[1:]
        between = windows[0] if windows else scaled_as(size, out, name, aligned=aligned)

        stated = {at: between.read((at, at)) for at in range(out)}
        assert reading(table) == {
            at: (min(max(0, ends[0]), size - 1), min(size - 1, max(0, ends[1]))) for at, ends in stated.items() if ends
        }, (size, out)


def scaled_as(size: int, out: int, mode: str, *, aligned: bool) -> Between:
    """Positions that all lie alike, of which the operation says no more than a window."""
    step = (Fraction(size - 1, out - 1) if out > 1 else 0) if aligned else Fraction(size, out)
    return scaled(size, out, step, aligned=aligned, more=int(mode == "cubic"), nearest=mode == "nearest")


def betweens() -> Iterator[Between]:
    """Positions of all modes for small sizes."""
    for size, out in product(range(2, 8), range(1, 13)):
        yield scaled(size, out, Fraction(size, out), nearest=True)
        for more in (0, 1):
            yield scaled(size, out, Fraction(size, out), more=more)
            yield scaled(size, out, Fraction(size - 1, max(1, out - 1)), more=more, aligned=True)


def test_the_even_window_between_elements_is_the_smallest() -> None:
    """It holds what positions of every phase read, and each of its ends is reached by one of them."""
    for between in betweens():
        read = {at: between.read((at, at)) for at in range(-between.parts, 2 * between.parts)}
        known = {at: ends for at, ends in read.items() if ends}

        assert between.even == brute(known, Fraction(between.slope, between.parts)), between
        assert between.is_even == (len({(a - at * between.even.jump) for at, (a, _) in known.items()}) == 1), between


def test_neighbouring_positions_read_what_each_does() -> None:
    """What positions from one to another span is what they do one by one, and readers are those that read."""
    for between in betweens():
        single = {at: between.read((at, at)) or (0, 0) for at in range(-3, between.out + 3)}
        for first, last in product(range(-2, between.out), repeat=2):
            if first <= last:
                ends = [single[at] for at in range(first, last + 1)]
                expected = (min(one for one, _ in ends), max(one for _, one in ends))
                assert between.read((first, last)) == expected, (between, first, last)
        for element in range(6):
            found = between.readers((element, element))
            reads = [at for at in range(between.out) if single[at][0] <= element <= single[at][1]]
            claimed = list(range(found[0], found[1] + 1)) if found else []
            assert set(claimed) <= set(reads)
            lying = any(
                between.slope * at % between.parts == -between.offset % between.parts for at in range(between.parts)
            )
            assert (between.more and lying) or claimed == reads, (between, element)


# -- networks ---------------------------------------------------------------------------------------------------------


def depends(graph: Graph) -> dict[Node, torch.Tensor]:
    """For every node, input positions x positions on its second axis: whether a change there is felt here.

    By numbers too large to be lost in a sum, on images one pixel high; layers have positive weights, and none of them
    is a maximum or takes a mean over the map.
    """
    import torch

    channels, high, wide = graph.input.shape
    assert high == 1
    images = torch.zeros(wide, channels, 1, wide, dtype=torch.double)
    images[range(wide), :, 0, range(wide)] = 1.0
    found = {graph.input: images}
    for node in graph.operations:
        layer = node.operation.layer(*node.input_shapes)
        value = called(layer, [found[source] for source in node.inputs], weights=1.0)
        found[node] = (value.abs() > NONE).double()
    return {node: value.amax(1)[:, 0] > 0 for node, value in found.items()}


UP = {
    "nearest": "[conv: {out: 1, kernel: [1, 3], padding: [0, 1], bias: false}, resize: [1, 3], "
    "conv: {out: 1, kernel: [1, 3], padding: [0, 1], bias: false}]",
    "linear, odd": "[conv: {out: 1, kernel: [1, 2], stride: [1, 2], bias: false}, "
    "resize: {scale: [1, 3], mode: linear}, conv: {out: 1, kernel: [1, 2], bias: false}]",
    "aligned": "[resize: {size: [1, 13], mode: linear, align_corners: true}, "
    "conv: {out: 1, kernel: [1, 3], stride: [1, 2], bias: false}]",
    "cubic": "[resize: {scale: [1, 2], mode: cubic}, conv: {out: 1, kernel: [1, 2], bias: false}]",
    "smaller": "[resize: {scale: [1, 0.5], mode: linear}, resize: {scale: [1, 1.5]}]",
    "twice": "[resize: [1, 2], resize: {scale: [1, 1.5], mode: linear}, "
    "conv: {out: 1, kernel: [1, 5], stride: [1, 3], bias: false}]",
}
WIDE = 24


@pytest.mark.parametrize("name", UP)
def test_each_position_sees_its_own_through_what_upsamples(name: str, graph_of: GraphOf) -> None:
    """Followed back, a position sees the first to the last pixel that it depends on; the field holds these."""
    graph = graph_of(UP[name], size=(1, 1, WIDE))
    tables, fields, compared, roomy = depends(graph), receptive_fields(graph), 0, 0
    for node in graph.operations:
        for at in range(node.shape[2]):
            pixels = tables[node][:, at].nonzero().flatten().tolist()
            region = followed(node, (0, at))
            assert region
            low, high = region[1]
            stated = fields[node].interval(1, at)
            assert stated[0] <= low <= high <= stated[1]
            assert stated[0] <= pixels[0] <= pixels[-1] <= stated[1]
            if low >= 2 and high < WIDE - 2:  # away from where the last element stands for others
                compared += 1
                roomy += (low, high) != stated
                assert (low, high) == (pixels[0], pixels[-1]), (node.name, at)
    assert compared > 10


def test_claims_to_see_everything_are_sure_behind_what_upsamples(graph_of: GraphOf) -> None:
    """A position that is said to see the whole input sees its first and last pixel, and is the first that does."""
    claims = 0
    for layers, wide in product(UP.values(), range(2, 8)):
        try:
            graph = graph_of(layers, size=(1, 1, wide))
        except SpecError:  # a window does not fit
            continue
        tables = depends(graph)
        for node, at in seeing_positions(graph):
            seeing = tables[node][0] & tables[node][-1]
            if at is not None:
                claims += 1
                assert seeing[at[1]]
                assert not seeing[: at[1]].any(), (layers, wide, node.name, at)
    assert claims > 10


DECODER = """
down1: {conv: {out: 2, kernel: 3, padding: 1}}
pool1: {max_pool: 2}
down2: {conv: {out: 2, kernel: 3, padding: 1}}
pool2: {max_pool: 2}
bottom: {conv: {out: 2, kernel: 3, padding: 1}}
up2: {resize: {mode: linear}, from: [bottom, down2]}
sum2: {add: [up2, down2]}
up1: {resize: {mode: linear}, from: [sum2, down1]}
sum1: {add: [up1, down1]}
"""


def field_of(graph: Graph, name: str) -> Field:
    """The field of the node called so."""
    return next(field for node, field in receptive_fields(graph).items() if node.name == name)


def test_upsampling_divides_the_jump(graph_of: GraphOf) -> None:
    """Twice pooled and twice grown, positions lie one pixel apart, in line with the shortcuts; nothing is warned of."""
    graph = graph_of(DECODER, size=(1, 16, 16))
    # 3, 4, 8, 10 and 18 pixels on the way down; linear interpolation reads 5/2 positions, 3/2 more than one
    assert [field_of(graph, name).size[0] for name in ("bottom", "up2", "up1")] == [18, 24, 27]
    field = field_of(graph, "sum1")

    assert (field.jump, field.center) == ((1, 1), (0, 0))
    assert (field.aligned, field.even) == (True, False)
    assert not misalignments(graph)


def test_whole_figures_are_plain_integers(graph_of: GraphOf) -> None:
    """What becomes whole again is an int, so that nothing behind it costs more than it did."""
    fields = receptive_fields(graph_of(DECODER, size=(1, 16, 16)))
    figures = [part for field in fields.values() for part in (*field.size, *field.jump, *field.start)]

    assert {type(part) for part in figures} == {int}


def test_a_single_position_is_repeated(graph_of: GraphOf) -> None:
    """What is pooled to one position and grown again is seen from everywhere, and hides nothing of what it joins."""
    spread = """
    a: {conv: {out: 2, kernel: 3, padding: 1}}
    pooled: {adaptive_avg_pool: 1}
    thin: {conv: {out: 2, kernel: 1}}
    grown: {resize: {mode: linear}, from: [thin, a]}
    c: {concat: [a, grown]}
    d: {conv: {out: 2, kernel: 3, padding: 1}}
    """
    graph = graph_of(spread, size=(1, 9, 8))
    grown, last = field_of(graph, "grown"), field_of(graph, "d")

    assert grown.jump == (0, 0)
    assert (last.size, last.jump, last.start, last.whole) == ((5, 5), (1, 1), (-2, -2), True)
    assert last.aligned
    assert not misalignments(graph)
    assert last_map(graph).name == "d"


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (8, 8), (9, 15)])
def test_the_field_behind_a_scale_does_not_depend_on_the_image(size: Shape, graph_of: GraphOf) -> None:
    """Pooled and scaled by a number, a map has the same field at any size but that of a single position."""
    layers = (
        "[max_pool: {kernel: 2, ceil: true}, resize: {scale: 2, mode: linear}, conv: {out: 1, kernel: 3, padding: 1}]"
    )
    field = field_of(graph_of(layers, size=(1, *size)), "stages.2")

    if min(size) > 2:
        assert (field.size, field.jump, field.start) == ((7, 7), (1, 1), (-3, -3))
    else:
        assert field.jump == (0, 0)


def test_aligned_corners_drift_against_a_shortcut(graph_of: GraphOf) -> None:
    """Between maps of 8 and 16 positions steps are 7/15: the field has room for it, and a warning says so."""
    layers = """
    a: {conv: {out: 1, kernel: 1}}
    b: {max_pool: 2}
    c: {resize: {mode: linear, align_corners: true}, from: [b, a]}
    d: {add: [a, c]}
    """
    graph = graph_of(layers, size=(1, 16, 16))

    assert field_of(graph, "c").jump == (Fraction(14, 15),) * 2
    assert not field_of(graph, "d").aligned
    assert [finding.node.name for finding in misalignments(graph)] == ["d"]


# -- reports ----------------------------------------------------------------------------------------------------------

HALVES = "netspec: 1\nname: halves\ninput: [1, 8, 8]\nstages: [conv: {out: 1, kernel: 3, padding: 1}, resize: 2]\n"


def printed(*arguments: str) -> str:
    """What a command prints."""
    result = CliRunner().invoke(main, list(arguments), input=HALVES)
    assert result.exit_code == 0, result.output
    return result.output


def test_text_writes_fractions() -> None:
    """Tables and positions have 1/2 where a step is half a pixel."""
    table = printed("stats", "-", "--columns", "name,receptive_field,effective_stride,left_padding")
    position = printed("rf", "-", "--at", "3,3")

    assert "7/2 1/2 3/2" in " ".join(table.split())
    assert "stride 1/2 1/2" in " ".join(position.split())
    assert "size 7/2 7/2" in " ".join(position.split())
    assert "sees 0 to 2" in " ".join(position.split())


def test_data_has_decimals() -> None:
    """JSON and CSV write whole numbers where they are whole, and decimals elsewhere."""
    data = json.loads(printed("stats", "-", "--format", "json"))
    first, second = data["layers"]
    record = printed("stats", "-", "--format", "csv").splitlines()[-1]

    assert (first["receptive_field"], first["stride"]) == ([3, 3], [1, 1])
    assert (second["receptive_field"], second["stride"], second["left_padding"]) == ([3.5] * 2, [0.5] * 2, [1.5] * 2)
    assert data["receptive_field"]["size"] == [3.5, 3.5]
    assert "3.5x3.5" in record
    assert json.loads(printed("rf", "-", "--format", "json"))["stride"] == [0.5, 0.5]


def test_ratios_that_grow_without_end_are_refused() -> None:
    """Resizing by 101/100 thousands of times would take fractions of thousands of digits."""
    text = (
        "netspec: 1\nname: fine\ninput: [1, 100, 100]\n"
        "blocks: {step: {body: [resize: {size: 101}, {conv: {out: 1, kernel: 2}}]}}\nstages: [{step: , repeat: N}]\n"
    )

    assert netspec.read(text.replace("N", "20"))
    with pytest.raises(SpecError, match="fractions of more than 257 bits"):
        netspec.read(text.replace("N", "2000"))


# -- the oracles object -----------------------------------------------------------------------------------------------


def differing(found: Verification) -> set[str]:
    """The figures that fail."""
    return {check.figure for check in found.differing}


VERIFIED = """
a: {conv: {out: 2, kernel: 3, stride: 2, padding: 1}}
b: {resize: {scale: 3, mode: linear}}
c: {conv: {out: 2, kernel: 3, padding: 1}}
d: {resize: {mode: cubic}, from: [a, c]}
e: {add: [c, d]}
f: {resize: {size: [31, 20]}}
"""


def test_fields_behind_what_upsamples_are_verified(graph_of: GraphOf) -> None:
    """``--verify`` has every figure equal, or explains it by the room for phases."""
    found = verify(graph_of(VERIFIED, size=(1, 14, 12)))

    assert not found.failed
    assert not found.unchecked
    assert {check.of for check in found.checks if check.figure == "effective stride" and check.of} == {*"abcdef"}


@pytest.mark.parametrize(
    ("change", "figure"),
    [
        (lambda even: even._replace(size=even.size + Fraction(1, 3)), "receptive field"),
        (lambda even: even._replace(size=even.size - Fraction(1, 3)), "receptive field"),
        (lambda even: even._replace(jump=even.jump * 2), "effective stride"),
        (lambda even: even._replace(start=even.start + Fraction(1, 3)), "left padding"),
    ],
    ids=["larger", "smaller", "twice the step", "shifted"],
)
def test_a_wrong_window_between_elements_fails(
    change: Callable[[Extent], Extent], figure: str, graph_of: GraphOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A window with too much or too little room, another step or another place differs from what torch reads."""
    right: Any = Between.even
    monkeypatch.setattr(Between, "even", property(lambda windows: change(right.fget(windows))))

    assert figure in differing(verify(graph_of(VERIFIED, size=(1, 14, 12))))


def test_a_wrong_rule_for_positions_fails(graph_of: GraphOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """A position that is followed back one element too far is seen to be wrong."""
    right = Between.read
    monkeypatch.setattr(Between, "read", lambda self, at: (right(self, at)[0] - 1, right(self, at)[1]))

    with pytest.raises(AssertionError):
        test_each_position_sees_its_own_through_what_upsamples("linear, odd", graph_of)


# -- single positions -------------------------------------------------------------------------------------------------

ONE = ("adaptive_avg_pool: 1", "conv: {out: 9, kernel: [6, 5]}")
RESIZED = (
    "identity: ", "resize: {size: [1, 2]}", "resize: {size: 1}", "resize: {scale: 1.5, mode: linear}",
    "resize: {size: [3, 1], mode: linear, align_corners: true}",
)  # fmt: skip
BEHIND = ("pixel_shuffle: 3", "pad: 2", "conv_transpose: {out: 2, kernel: 3, stride: 2}", "adaptive_avg_pool: 3")


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize(("one", "resized", "behind"), conftest.sample([*product(ONE, RESIZED, BEHIND)], 7))
def test_a_single_position_is_verified(one: str, resized: str, behind: str, gated: bool, graph_of: GraphOf) -> None:  # noqa: FBT001 - a case
    """However it came about, is scaled by features, is resized and becomes several: every figure is that of torch."""
    text = f"one: {{{one}}}\n"
    if gated:
        text += "seen: {global_avg_pool: , from: input}\nscaled: {multiply: [one, seen]}\n"
    graph = graph_of(f"{text}resized: {{{resized}}}\nbehind: {{{behind}}}", size=(9, 6, 5))
    found = verify(graph)

    assert not found.differing
    assert not found.unchecked


NO_PLACES = {
    "made of features": "[global_avg_pool, linear: 24, unflatten: {size: [4, 6]}]",
    "recurrent": "[gru: {out: 2, bidirectional: true}]",
}


@pytest.mark.parametrize("kind", NO_PLACES)
def test_a_single_position_over_what_has_no_places_is_seen_from_everywhere(kind: str) -> None:
    """Repeated over a line whose positions have no place in the image, it does not move along."""
    layers = f"wide: {NO_PLACES[kind]}\n  one: {{adaptive_avg_pool: 1, from: x}}\n  m: {{multiply: [wide, one]}}"
    graph = netspec.read(
        f"netspec: 1\nname: net\ninputs: {{x: [4, 6]}}\nstages:\n  {layers}\n  p: global_avg_pool"
    ).graph
    scaled = field_of(graph, "m")

    assert (scaled.size, scaled.jump, scaled.whole) == ((6,), (0,), True)
    assert not verify(graph).differing


@pytest.mark.parametrize(("size", "out", "jump"), [(1, 1, 1), (5, 1, 5), (1, 4, 0), (5, 3, 2)])
def test_steps_between_corners(size: int, out: int, jump: int, graph_of: GraphOf) -> None:
    """A single position on a corner is a whole map from the next; one that is repeated is everywhere."""
    graph = graph_of(f"a: {{resize: {{size: {out}, mode: linear, align_corners: true}}}}", size=(1, size, size))

    assert field_of(graph, "a").jump == (jump, jump)
    assert not verify(graph).differing
