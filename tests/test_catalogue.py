"""The shipped networks: every reference figure has one, and torchvision's weights fit those that it has too."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import conftest
import pytest
from click.testing import CliRunner

import netspec
from netspec import catalogue
from netspec.analysis.summary import Summary
from netspec.cli import main
from netspec.commands.list import index, worked_out
from netspec.language.spec import Spec
from netspec.report.network_groups import GROUPS
from netspec.report.network_index import Known

REFERENCE = Path(__file__).parent / "reference"
RECORDS: dict[str, dict[str, Any]] = {
    record["id"]: record for record in json.loads((REFERENCE / "figures.json").read_text(encoding="utf-8"))
}


class Shipped(NamedTuple):
    """The network of a record: the word for it, and where our count and the record's follow different rules.

    ``depth`` is ours where the record counts otherwise, and ``why`` says how.
    """

    word: str
    depth: int | None = None
    why: str = ""


SHIPPED = {
    "lenet5-1998": Shipped("lenet5-1998", 4, "the paper counts subsampling and output units; four layers multiply"),
    "lenet5-modern": Shipped("lenet5"),
    "lenet-caffe": Shipped("lenet-caffe"),
    "alexnet-2012": Shipped("alexnet-2012"),
    "alexnet-ungrouped": Shipped("alexnet-ungrouped"),
    "alexnet-owt": Shipped("alexnet"),
    "zfnet": Shipped("zfnet"),
    "nin-cifar10": Shipped("nin"),
    "nin-imagenet": Shipped("nin-imagenet"),
    "vgg-a": Shipped("vgg11"),
    "vgg-a-lrn": Shipped("vgg11-lrn"),
    "vgg-b": Shipped("vgg13"),
    "vgg-c": Shipped("vgg16-c"),
    "vgg-d": Shipped("vgg16"),
    "vgg-d-gap": Shipped("vgg16-gap"),
    "vgg-e": Shipped("vgg19"),
    "vgg-a-bn": Shipped("vgg11_bn"),
    "vgg-d-bn": Shipped("vgg16_bn"),
    "googlenet": Shipped("googlenet-paper-without-aux"),
    "googlenet-aux": Shipped("googlenet-paper"),
    "googlenet-naive": Shipped("googlenet-naive"),
    "googlenet-tv": Shipped("googlenet-without-aux"),
    "bn-inception": Shipped("bn-inception", 34, "the paper adds nine to GoogLeNet's 22 and forgets the tenth module"),
    "inception-v3": Shipped("inception-v3-without-aux"),
    "inception-v3-aux": Shipped("inception-v3"),
    "inception-v4": Shipped("inception-v4", 76, "the record has none"),
    "plain-18": Shipped("plain18"),
    "resnet-18-a": Shipped("resnet18-a"),
    "resnet-18-b": Shipped("resnet18"),
    "resnet-18-c": Shipped("resnet18-c"),
    "plain-34": Shipped("plain34"),
    "resnet-34-a": Shipped("resnet34-a"),
    "resnet-34-b": Shipped("resnet34"),
    "resnet-34-c": Shipped("resnet34-c"),
    "resnet-50": Shipped("resnet50-v1"),
    "resnet-50-v1.5": Shipped("resnet50"),
    "resnet-50-a": Shipped("resnet50-a"),
    "resnet-50-c": Shipped("resnet50-c"),
    "resnet-101": Shipped("resnet101-v1"),
    "resnet-101-v1.5": Shipped("resnet101"),
    "resnet-101-c": Shipped("resnet101-c"),
    "resnet-152": Shipped("resnet152-v1"),
    "resnet-152-v1.5": Shipped("resnet152"),
    "resnet-152-a": Shipped("resnet152-a"),
    "resnet-cifar-20": Shipped("resnet20"),
    "plain-cifar-20": Shipped("plain20"),
    "resnet-cifar-32": Shipped("resnet32"),
    "plain-cifar-32": Shipped("plain32"),
    "resnet-cifar-44": Shipped("resnet44"),
    "plain-cifar-44": Shipped("plain44"),
    "resnet-cifar-56": Shipped("resnet56"),
    "plain-cifar-56": Shipped("plain56"),
    "resnet-cifar-110": Shipped("resnet110"),
    "plain-cifar-110": Shipped("plain110"),
    "resnet-cifar-1202": Shipped("resnet1202"),
    "resnext-50-32x4d": Shipped("resnext50_32x4d"),
    "densenet-40-k12-cifar": Shipped("densenet40-k12"),
    "densenet-100-k12-cifar": Shipped("densenet100-k12"),
    "densenet-bc-100-k12-cifar": Shipped("densenet-bc100-k12"),
    "densenet-bc-190-k40-cifar": Shipped("densenet-bc190-k40"),
    "densenet-121": Shipped("densenet121"),
    "densenet-169": Shipped("densenet169"),
    "densenet-201": Shipped("densenet201"),
    "densenet-264": Shipped("densenet264", 265, "by the count that gives 121, 169 and 201"),
    "densenet-161": Shipped("densenet161"),
    "fractalnet-20": Shipped("fractalnet", 21, "the paper leaves out the linear layer"),
    "fractalnet-c1-narrow": Shipped("fractalnet-c1", 6, "the paper leaves out the linear layer"),
    "fractalnet-c2-narrow": Shipped("fractalnet-c2", 11, "the paper leaves out the linear layer"),
    "fractalnet-c3-narrow": Shipped("fractalnet-c3", 21, "the paper leaves out the linear layer"),
    "fractalnet-c4-narrow": Shipped("fractalnet-c4", 41, "the paper leaves out the linear layer"),
}
"""Record -> network."""

ALSO = {
    "vgg-d": "vgg@vgg16",
    "resnet-50-v1.5": "resnet@resnet50",
    "resnet-cifar-20": "resnet-cifar@resnet20",
    "plain-cifar-20": "resnet-cifar@plain20",
    "densenet-121": "densenet@densenet121",
}
"""The same networks where they are members of a family too."""

UNSHIPPED = {
    "inception-v2-rethinking": "the paper prints no widths inside its modules, so it has no exact figure",
    "fractalnet-40": "its widths were not published, and none that were tried give its 22.9 million parameters",
    "deconvnet-zf": "a way to look into another network; it has no parameters and no forward of its own",
}

LENGTHS = {
    "vgg16.yaml": 30,
    "densenet121.yaml": 30,
    "resnet.yaml": 60,
    "googlenet.yaml": 80,
    "googlenet-paper.yaml": 80,
    "densenet.yaml": 50,
    "densenet-cifar.yaml": 50,
    "fractalnet.yaml": 40,
    "inception-v3.yaml": 120,
    "inception-v4.yaml": 135,
}


@cache
def figures(word: str) -> Summary:
    """What ``netspec stats`` says of a shipped network."""
    return netspec.read(word).stats()


WORDS = [(record, network.word) for record, network in SHIPPED.items()] + list(ALSO.items())
"""Every record with each word for its network."""


def test_every_record_has_a_network_or_a_reason() -> None:
    """No reference network is left out without a word why, and only those without exact figures are."""
    assert set(SHIPPED) | set(UNSHIPPED) == set(RECORDS)
    assert not set(SHIPPED) & set(UNSHIPPED)
    assert {record for record in RECORDS if not RECORDS[record].get("params_exact")} == set(UNSHIPPED)


@pytest.mark.parametrize(("record", "word"), WORDS)
def test_figures_are_the_records(record: str, word: str) -> None:
    """Parameters, multiply-adds, depth, input, classes and receptive field are exactly those of the record."""
    known, network, found = RECORDS[record], SHIPPED[record], figures(word)
    first = next(row for row in reversed(found.rows) if not row.auxiliary)
    seen = found.field

    assert found.totals.params == known["params_exact"]
    assert found.totals.macs == known["macs_measured"]
    assert found.totals.depth == (network.depth or known["depth"])
    assert list(found.input) == known["input"]
    assert first.output_shape == (known["classes"],)
    if "receptive_field_computed" in known:
        assert list(seen.size) == known["receptive_field_computed"]["hw"]
        assert seen.jump == (known["receptive_field_computed"]["stride"],) * 2


@pytest.mark.parametrize("record", [record for record, network in SHIPPED.items() if network.depth])
def test_exceptions_are_still_needed(record: str) -> None:
    """A depth that stands in the table differs from the record's, for a reason that stands beside it."""
    assert SHIPPED[record].depth != RECORDS[record].get("depth")
    assert SHIPPED[record].why


ENDPOINTS = {"alexnet_v2": "alexnet", "vgg_a": "vgg11", "vgg_16": "vgg16", "inception_v2": "bn-inception"}


@pytest.mark.parametrize("model", ENDPOINTS)
def test_receptive_fields_grow_as_published(model: str) -> None:
    """Every published endpoint, in its order, is a layer with that receptive field and stride."""
    published = json.loads((REFERENCE / "receptive_fields.json").read_text(encoding="utf-8"))
    rows = iter(figures(ENDPOINTS[model]).rows)
    for endpoint, size, stride in next(one["rows"] for one in published if one.get("model") == model):
        assert any((row.field.size, row.field.jump) == ((size, size), (stride, stride)) for row in rows), endpoint


def test_list_names_them_all() -> None:
    """``netspec list`` shows every network of the table, and a name that stands there twice means the same network."""
    result = CliRunner().invoke(main, ["list", "--format", "json"])
    listed = json.loads(result.output)

    assert result.exit_code == 0
    assert {network.word for network in SHIPPED.values()} <= {row["name"] for row in listed}
    for row in conftest.sample(listed):
        assert (figures(row["name"]).totals.params, figures(row["name"]).totals.macs) == (row["params"], row["macs"])


def spec(path: Path) -> Spec:
    """The spec at ``path``."""
    found, _ = catalogue.spec(path)
    return found


@pytest.mark.parametrize("path", list(catalogue.shipped().values()), ids=list(catalogue.shipped()))
def test_specs_are_told_apart(path: Path) -> None:
    """A shipped spec is called as its file is, names its paper with the year, and keeps to its length and width."""
    lines = path.read_text(encoding="utf-8").splitlines()

    assert spec(path).header.name == path.stem
    assert re.search(r"\b(19|20)\d\d\b", spec(path).header.paper)
    assert len(lines) <= LENGTHS.get(path.name, 110)
    assert max(map(len, lines)) <= 120


def test_every_file_is_in_one_group() -> None:
    """What the shipped specs brought is said of each, once."""
    grouped = [file for files in GROUPS.values() for file in files]

    assert sorted(grouped) == sorted(catalogue.shipped())


def test_variants_are_named_without_reading() -> None:
    """A look at the lines of a shipped spec finds the names of its variants as reading all of it does."""
    for path in catalogue.shipped().values():
        assert catalogue.variants(path) == list(spec(path).variants), path.name


WORDS_ALIKE = {
    "inception_v3": "inception-v3.yaml",
    "inception_v3.yaml": "inception-v3.yaml",
    "inception_v3@inception_v3_without_aux": "inception-v3.yaml@inception-v3-without-aux",
    "vgg16-bn": "vgg.yaml@vgg16_bn",
    "vgg16_c": "vgg.yaml@vgg16-c",
    "resnet18_a": "resnet.yaml@resnet18-a",
}


@pytest.mark.parametrize("word", WORDS_ALIKE)
def test_dashes_and_underscores_are_the_same_in_shipped_names(word: str) -> None:
    """A shipped network is found by either, as a file and as a variant."""
    file, _, variant = WORDS_ALIKE[word].partition("@")

    assert catalogue.reference(word) == (catalogue.shipped()[file.removesuffix(".yaml")], variant or None)


def test_parents_are_found_by_either_too(tmp_path: Path) -> None:
    """A spec extends a shipped one with ``-`` for ``_``."""
    child = tmp_path / "child.yaml"
    child.write_text("netspec: 1\nname: child\nextends: inception_v3@inception_v3_without_aux\n", encoding="utf-8")

    assert netspec.read(child).params["aux"] is False


@pytest.mark.parametrize("path", list(catalogue.shipped().values()), ids=list(catalogue.shipped()))
def test_every_file_alone_is_a_network(path: Path) -> None:
    """No variant needs to be chosen: a family without one is its first or best known member."""
    assert spec(path).is_network()
    assert netspec.read(path).stats().totals.params


@pytest.mark.parametrize("file", conftest.sample(list(catalogue.shipped())))
def test_known_figures_are_those_worked_out(file: str) -> None:
    """What ``netspec list`` reads of a file beside the specs is what it would work out."""
    assert index()[file] == Known(catalogue.digest(catalogue.shipped()[file]), tuple(worked_out(file)))


def test_every_file_has_known_figures() -> None:
    """None of the shipped files has been changed since its figures were worked out; ``tools/docs.py`` renews them."""
    assert {file: catalogue.digest(path) for file, path in catalogue.shipped().items()} == {
        file: known.digest for file, known in index().items()
    }


def test_figures_of_a_changed_file_are_worked_out_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known figures are told of a file that is as it was, and where no word of the caller's own could mean another."""
    found = index()["lenet5"]
    wrong = found._replace(networks=tuple([one._replace(params=1) for one in found.networks]))

    def params(known: Known) -> int:
        monkeypatch.setattr("netspec.commands.list.index", lambda: {"lenet5": known})
        (told,) = json.loads(CliRunner().invoke(main, ["list", "lenet5", "--format", "json"]).output)
        return int(told["params"])

    assert params(wrong) == 1
    assert params(wrong._replace(digest=wrong.digest + 1)) == 61706
    monkeypatch.setattr("netspec.compiler.registry.has_registered", lambda: True)
    assert params(wrong) == 61706


def test_a_parent_is_part_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spec counts as changed when one that it extends is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "parent.yaml").write_text("netspec: 1\n", encoding="utf-8")
    (tmp_path / "child.yaml").write_text("netspec: 1\nextends: parent.yaml@a\n", encoding="utf-8")
    before = catalogue.digest(tmp_path / "child.yaml")
    (tmp_path / "parent.yaml").write_text("netspec: 1 \n", encoding="utf-8")

    assert catalogue.digest(tmp_path / "child.yaml") != before
