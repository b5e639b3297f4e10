"""Budgets: what is said of a network that exceeds one."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from netspec.analysis.budget import WORDS
from netspec.cli import main
from netspec.errors.problem import Problems
from netspec.errors.source import Source
from netspec.language.budget import FIGURES, limits
from netspec.language.reader import read_yaml
from netspec.language.values import Mapping

SAID = {
    "params": "net has 44 params, the budget is 1",
    "macs": "net has 2,560 MACs, the budget is 1",
    "flops": "net has 5,120 FLOPs, the budget is 1",
    "depth": "net has a depth of 2, the budget is 1",
    "buffers": "net has 5 elements in buffers, the budget is 1",
}


@pytest.mark.parametrize("figure", WORDS)
def test_a_figure_over_its_budget_is_told_in_its_own_words(figure: str, tmp_path: Path) -> None:
    """Every figure that may have a budget reads as a sentence, with the network's own number."""
    path = tmp_path / "net.yaml"
    layers = "  a: {conv: {out: 2, kernel: 3, padding: 1, bias: false}}\n  b: batch_norm\n"
    layers += "  c: {conv: {out: 2, kernel: 1, bias: false}}\n"
    path.write_text(f"netspec: 1\nname: net\ninput: [2, 8, 8]\nbudget: {{{figure}: 1}}\nstages:\n{layers}")
    result = CliRunner().invoke(main, ["check", str(path)])

    assert result.exit_code == 2
    assert f"error[over-budget]: {SAID[figure]}\n" in result.output


def amount(written: str) -> int | None:
    """What the bound ``written`` comes to, the same for every figure; None if it is refused with one problem."""
    found = set()
    for figure in FIGURES:
        document, problems = read_yaml(Source("x", f"{figure}: {written}\n")), Problems()
        assert isinstance(document, Mapping)
        limit = limits(document, problems).get(figure)
        assert (limit is None) == (len(problems) == 1)
        found.add(limit and limit.amount)
    (one,) = found
    return one


AMOUNTS = [
    ("0", 0),
    ("8M", 8_000_000),
    ("'8M'", 8_000_000),
    ("2.5k", 2500),
    ("0.29T", 290_000_000_000),
    ("9007199254740993", 9007199254740993),
    ("9007199254.740993G", 9007199254740993000),
    ("1e16", 10**16),
    ("1.9", 1),
    ("-1", None),
    ("8Mi", None),
    ("8 M", None),
    ("true", None),
    (".inf", None),
    ("[8M]", None),
    ("", None),
    ("9" * 400 + "M", None),
    ("\u0663M", None),
]


@pytest.mark.parametrize(("written", "expected"), AMOUNTS)
def test_bounds_are_whole_numbers_with_powers_of_ten(written: str, expected: int | None) -> None:
    """k, M, G and T are powers of ten, exactly; what is no amount is refused, however long it is."""
    assert amount(written) == expected
