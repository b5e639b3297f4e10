"""Budgets: what is said of a network that exceeds one."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from netspec.analysis.budget import WORDS
from netspec.cli import main

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
