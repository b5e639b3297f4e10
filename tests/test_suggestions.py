"""What was perhaps meant by an unknown name: slips lead to the right word, other words nowhere, at a bounded cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

import netspec
from netspec.compiler import registry
from netspec.errors import other_names
from netspec.errors.other_names import PARAMETERS, SECTIONS, WORDS, OtherNames
from netspec.errors.problem import Problems, SpecError
from netspec.errors.suggestions import EFFORT_OF_A_RUN, Hints, distance
from netspec.language.arguments import fields_of
from netspec.language.budget import FIGURES
from netspec.language.sections import KEYS
from netspec.ops.initialisation import SCHEMES

POOLS: dict[str, Sequence[str]] = {
    "words": registry.known(),
    "parameters": sorted({name for model in registry.words().values() for name in fields_of(model)}),
    "sections": KEYS,
    "initialisations": list(SCHEMES),
    "budgets": FIGURES,
}
SLIPS = {
    "cnov": "conv",
    "ocnv": "conv",
    "reluu": "relu",
    "Relu": "relu",
    "ReLU6": "relu6",
    "inear": "linear",
    "droput": "dropout",
    "dropuot": "dropout",
    "batchnorm": "batch_norm",
    "batch-norm": "batch_norm",
    "batc_hnorm": "batch_norm",
    "batch_nrom": "batch_norm",
    "max_pol": "max_pool",
    "global_avgpool": "global_avg_pool",
    "bottelneck": "bottleneck",
}
OTHER_THINGS = """
min attention softmin min_pool global_max_pool
celu glu rrelu hardshrink softsign
pad x fd
"""
FOREIGN = {
    "Conv2d": "conv",
    "Conv2D": "conv",
    "nn.Conv2d": "conv",
    "Conv1d": "conv",
    "BatchNorm3d": "batch_norm",
    "MaxPool3D": "max_pool",
    "keras.layers.Dense": "linear",
    "Dense": "linear",
    "fc": "linear",
    "BatchNormalization": "batch_norm",
    "MaxPooling2D": "max_pool",
    "swish": "silu",
    "cat": "concat",
    "BasicBlock": "residual",
}


@pytest.mark.parametrize(("written", "meant"), SLIPS.items())
def test_a_slip_leads_to_the_word_that_was_meant(written: str, meant: str) -> None:
    """Letters added, left out, replaced or swapped, other case and a lost underscore are seen through."""
    assert Hints().nearest(written, registry.known()) == (meant,)


@pytest.mark.parametrize("written", OTHER_THINGS.split())
def test_another_thing_is_no_slip(written: str) -> None:
    """A word for something that netspec does not have leads to no word that looks like it."""
    assert Hints().of(written, registry.known(), WORDS).names == ()


def _slips(word: str) -> Iterator[str]:
    """One letter of ``word`` left out, doubled, replaced, or swapped with the next."""
    yield word[1] + word[0] + word[2:]
    for at in range(1, len(word)):
        yield word[:at] + word[at + 1 :]
        yield word[:at] + word[at] + word[at:]
        yield word[:at] + "z" + word[at + 1 :]
        yield word[:at] + word[at : at + 2][::-1] + word[at + 2 :]


@pytest.mark.parametrize("pool", POOLS)
def test_every_single_slip_in_a_word_of_the_language_leads_to_it(pool: str) -> None:
    """Each word of at least four letters is found behind each slip, unless another word is as near or nearer."""
    known = POOLS[pool]
    lost = []
    for word in (word for word in known if len(word) > 3):
        others = [name for name in known if name != word]
        for slip in set(_slips(word)) - set(known):
            found = Hints().nearest(slip, known)
            if word not in found and not Hints().nearest(slip, others):
                lost.append((slip, word))

    assert lost == []


def test_words_of_the_language_are_no_slips_for_each_other() -> None:
    """If one of its words were unknown, another would be suggested only for those that differ in a single sign."""
    pairs = {
        (word, other)
        for known in POOLS.values()
        for word in known
        for other in Hints().nearest(word, [name for name in known if name != word])
    }

    assert {tuple(sorted(pair)) for pair in pairs} == {
        *(("relu", "relu6"), ("selu", "silu"), ("kernel", "kernel5"), ("stride", "stride_on")),
        *(("conv1", "conv3"), ("conv1", "conv5"), ("conv3", "conv5"), ("input", "inputs"), ("layer", "layers")),
    }


@given(st.text("abc", max_size=7), st.text("abc", max_size=7), st.integers(0, 4))
def test_the_distance_is_that_of_its_definition(one: str, other: str, most: int) -> None:
    """The banded count of slips equals the recursive definition of optimal string alignment, up to its bound."""

    @cache
    def defined(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        found = [defined(i - 1, j) + 1, defined(i, j - 1) + 1, defined(i - 1, j - 1) + (one[i - 1] != other[j - 1])]
        if i > 1 and j > 1 and (one[i - 1], one[i - 2]) == (other[j - 2], other[j - 1]):
            found.append(defined(i - 2, j - 2) + 1)
        return min(found)

    assert distance(one, other, most) == min(defined(len(one), len(other)), most + 1)


def test_equally_near_names_are_all_told_and_a_numbered_row_is_not() -> None:
    """Up to three names are offered; where more are as near, none is."""
    row = [f"conv{number}" for number in range(1, 6)]

    assert Hints().did_you_mean("conv9", row[:2]) == "did you mean 'conv1' or 'conv2'?"
    assert Hints().nearest("conv9", row) == ()


def test_few_known_names_are_listed_where_none_is_near() -> None:
    """Without a near name the hint is the list of what is known, if it is short."""
    assert Hints().did_you_mean("nothing", ["b", "a"]) == "known: a, b"
    assert Hints().did_you_mean("nothing", map(str, range(100))) == ""


@pytest.mark.parametrize(("written", "ours"), FOREIGN.items())
def test_names_of_other_frameworks_lead_to_ours(written: str, ours: str) -> None:
    """PyTorch's, Keras' and ONNX's names are answered with the word of the language."""
    assert Hints().of(written, registry.known(), WORDS) == ((ours,), f"netspec calls it '{ours}'")


@pytest.mark.parametrize(
    ("names", "known"),
    [(WORDS, POOLS["words"]), (PARAMETERS, POOLS["parameters"]), (SECTIONS, KEYS)],
    ids=["words", "parameters", "sections"],
)
def test_the_tables_of_other_names_speak_of_what_there_is(names: OtherNames, known: Sequence[str]) -> None:
    """Each table leads to names that exist, and each entry is found under its own spelling."""
    assert [ours for ours in names.ours if ours not in known] == []
    for ours, elsewhere in names.ours.items():
        assert [name for name in elsewhere if ours not in other_names.ours(name, names)] == []
    for remark, elsewhere in names.remarks.items():
        assert [name for name in elsewhere if other_names.remark(name, names) != remark] == []


def test_other_names_of_parameters_depend_on_the_word() -> None:
    """``filters`` is ``out`` of a convolution and ``width`` of a residual block; ``in_channels`` is of neither."""
    text = "netspec: 1\nname: net\ninput: [3, 8, 8]\nstem:\n  a: {conv: {filters: 8, kernel: 1, in_channels: 3}}\n"
    text += "  b: {residual: {filters: 8}}\n"
    with pytest.raises(SpecError) as caught:
        netspec.read(text)

    assert [problem.hint for problem in caught.value.problems] == [
        "netspec calls it 'out'",
        "what a layer reads is inferred: leave it out",
        "netspec calls it 'width'",
    ]


def test_hints_of_one_run_have_one_budget() -> None:
    """However many unknown names there are beside however many known ones, the names looked at are bounded."""
    looked_at = 0

    def known() -> Iterator[str]:
        nonlocal looked_at
        for number in range(3_000):
            looked_at += 1
            yield f"{'layer' * 15}{number:05}"

    hints = Hints()
    for number in range(1_000):
        hints.of(f"{'layer' * 15}{number:05}x", known())

    assert looked_at <= 2 * EFFORT_OF_A_RUN
    assert hints.of("relux", ["relu"]) == ((), "")


def test_problems_that_begin_with_others_share_their_budget() -> None:
    """The variants of one file are one run."""
    first = Problems()

    assert Problems(first).hints is first.hints
