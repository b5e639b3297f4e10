"""The tables of figures that others publish are ours, to the last integer."""

from __future__ import annotations

from types import ModuleType

import pytest
import tables
from tables import Macro, Pycls

import netspec

PYCLS = tables.pycls()
MACRO = tables.nas_bench_macro()


@pytest.mark.parametrize("row", PYCLS, ids=[row.entry for row in PYCLS])
def test_figures_of_pycls_are_ours(row: Pycls) -> None:
    """Parameters, multiply-adds with biases, and activations with those of max pooling are the table's."""
    assert row.counted() == row.figures


def test_there_are_39_networks_of_pycls() -> None:
    """No network stands there twice, and parameters are given exactly where a reason is."""
    assert len({row.figures for row in PYCLS}) == len(PYCLS) == 39
    assert [row.entry for row in PYCLS if bool(row.given) != bool(row.why)] == []


@pytest.mark.parametrize("row", [row for row in PYCLS if row.given], ids=lambda row: row.entry)
def test_parameters_for_pycls_are_needed(row: Pycls) -> None:
    """Without them the network differs from the table's."""
    assert row._replace(given={}).counted() != row.figures


@pytest.mark.parametrize("row", MACRO[::160], ids=lambda row: "".join(map(str, row.arch)))
def test_figures_of_nas_bench_macro_are_ours(row: Macro) -> None:
    """Parameters and multiply-adds of a sample of the 6,561, the first and the last among them."""
    totals = netspec.read("nas-bench-macro", arch=list(row.arch)).stats().totals

    assert (totals.params, totals.macs) == (row.params, row.flops)


@pytest.mark.parametrize("name", tables.torchvision())
def test_figures_of_torchvision_are_ours(name: str) -> None:
    """Parameters to the integer, and multiply-adds to the thousandth of 10^9; GoogLeNet's are without its heads."""
    params, ops = tables.torchvision()[name]
    totals = tables.published(name).stats().totals

    assert totals.params - (totals.auxiliary_params if name == "googlenet" else 0) == params
    assert round(totals.macs / 1e9, 3) == ops


def test_the_table_of_torchvision_is_torchvisions(torchvision: ModuleType) -> None:
    """It is what the installed one publishes; weights for larger images (SWAG, end to end) have their own ``_ops``."""
    for name, figures in tables.torchvision().items():
        weights = torchvision.models.get_model_weights(name)
        meta = [entry.meta for entry in weights if "E2E" not in entry.name]
        assert {(one["num_params"], one["_ops"]) for one in meta} == {figures}
