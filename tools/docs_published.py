"""The page of figures that papers and other projects publish, beside what netspec counts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import tables  # noqa: E402 - found by the path above

from netspec import api  # noqa: E402 - as above

FIGURES = ROOT / "tests" / "reference" / "published.json"

HEAD = """\
# Published figures

What others print beside what netspec counts. Where the two differ the last column says why. In the papers' table a
figure agrees when netspec's exact number rounds to the printed one; in those below it every figure is equal to the last
digit that is printed.
"""

WITHOUT = """\
## Networks without exact figures

These belong to the story but are not shipped, since no source gives what it takes to build them:

- **FractalNet with 40 layers** (22.9 M parameters printed): four columns with the widths of the 20-layer network have
  76.2 M, and the widths that give 22.9 M are not published.
- **Inception-v2 of "Rethinking the Inception Architecture"** (3.8 G printed): the widths inside its modules were in a
  supplementary file that is not available; Inception-v3 is shipped as released.
- **The deconvnet of Zeiler and Fergus** has no weights of its own: it runs a ZFNet backwards with transposed filters.
"""

PYCLS = """\
## pycls

The 39 networks of `model_complexity.json` of [pycls](https://github.com/facebookresearch/pycls) that differ. Its
`flops` are multiply-adds and the additions of biases, `acts` outputs of convolutions, linear layers and max pooling.
"""

TORCHVISION = """\
## torchvision

The `num_params` and `_ops` that torchvision publishes with its weights; `_ops` are 10^9 multiply-adds of convolutions
and linear layers, rounded to three digits. The parameters of GoogLeNet are without its auxiliary heads, those of
Inception-v3, FCN and DeepLabV3 with; the latter two run theirs in eval mode too.
"""

MACRO = """\
## NAS-Bench-Macro

Parameters and multiply-adds (its `flops`) of all {count:,} networks of
[NAS-Bench-Macro](https://github.com/xiusu/NAS-Bench-Macro) are those of `netspec stats nas-bench-macro --set arch=...`:
from {first.params:,} and {first.flops:,} of 00000000 to {last.params:,} and {last.flops:,} of 22222222.
`tools/nas_bench_macro.py` compares them all, the tests a sample.
"""


def published() -> str:
    """``published.md``."""
    macro = tables.nas_bench_macro()
    parts = [
        HEAD + "\n" + "\n".join(_papers()) + "\n",
        PYCLS + "\n" + "\n".join(_pycls()) + "\n",
        TORCHVISION + "\n" + "\n".join(_torchvision()) + "\n",
        MACRO.format(count=len(macro), first=macro[0], last=macro[-1]),
        WITHOUT,
    ]
    return "\n".join(parts)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _papers() -> Iterator[str]:
    yield "| network | figure | printed | netspec | agrees | source | why it differs |"
    yield "|---|---|---|---:|---|---|---|"
    for row in json.loads(FIGURES.read_text(encoding="utf-8")):
        ours = api.read(row["network"]).stats().totals.to_dict()[row["figure"]]
        agrees = "no" if row["why"] else "yes"
        yield _line(
            [f"`{row['network']}`", row["figure"], row["printed"], f"{ours:,}", agrees, row["where"], row["why"]]
        )


def _pycls() -> Iterator[str]:
    yield "| entry | network | params | flops | acts | parameters, and why |"
    yield "|---|---|---:|---:|---:|---|"
    for row in tables.pycls():
        given = ", ".join(f"{name}: {value}".lower() for name, value in row.given.items())
        why = f"`{given}`: {row.why}" if given else ""
        yield _line([row.entry, f"`{row.network}`", *[f"{figure:,}" for figure in row.counted()], why])


def _torchvision() -> Iterator[str]:
    yield "| network | num_params | _ops | multiply-adds |"
    yield "|---|---:|---:|---:|"
    for name, (params, ops) in tables.torchvision().items():
        yield _line([f"`{name}`", f"{params:,}", f"{ops}", f"{tables.published(name).stats().totals.macs:,}"])
