"""Write the generated pages of ``docs/``; with ``--check`` only say which of them are out of date.

Diagrams are drawn anew where one has changed; its hash stands beside the picture.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from docs_experiments import experiments, pictures
from docs_published import published

from netspec import api, catalogue
from netspec.analysis.inputs import inputs_of, inputs_text
from netspec.blocks import BLOCKS
from netspec.commands.list import worked_out
from netspec.diagram.drawing import Drawing
from netspec.diagram.writers.svg import svg
from netspec.errors.explanations import EXPLANATIONS
from netspec.errors.other_names import PARAMETERS
from netspec.ops import OPERATIONS
from netspec.reference.entry import Word, entry
from netspec.reference.lookup import Found
from netspec.report import network_index
from netspec.report.markdown import markdown
from netspec.report.network_groups import GROUPS
from netspec.report.network_index import Known
from netspec.report.page import Screen
from netspec.report.picture_file import draw as draw_to
from netspec.report.word_reference import WordReport

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"

ERRORS = """\
# Errors

Every message has a place (file, line, column), a stable code, a sentence, and where possible what would mend it. All
mistakes are told at once; what only follows from another mistake is not. `netspec check` ends with exit code 2 if there
are any, and with 0 where there are only warnings. `--format json` prints the same as data, `--format github` as
annotations of a workflow. `netspec explain CODE` prints one of the entries below.
"""

CATALOGUE = """\
# Catalogue

The networks that come with netspec, in the order of what they brought, each as a file that reads like the paper's
table. Parameters count auxiliary heads where there are any; MACs are multiply-adds of convolutions and linear layers
for one image; the receptive field is that of the last feature map before global pooling or flattening, in input pixels.
"""


BROUGHT = {
    "Convolution and pooling": "Weights that are the same at every position, and maps that become smaller on the way.",
    "Depth by small windows": "Two or three windows of 3x3 see as much as one of 5x5 or 7x7, with fewer weights.",
    "Convolutions of one position": "Windows of 1x1, which mix channels and make them fewer at little cost.",
    "Branches": "Windows of several sizes beside each other, and large ones made of small ones.",
    "Shortcuts": "Blocks that add to what they read, so that a hundred layers and more can be trained.",
    "Dense connections": "Layers that read many of those before them.",
    "Deep aggregation": "Trees of blocks, in which results of all depths are joined step by step.",
    "Space and channels apart": "A window over each channel alone, then a mix of channels, for a ninth of the work.",
    "Channels that are weighted": "Channels, or windows, that count for more or less by what the whole map shows.",
    "Search and scaling": "Blocks and sizes that were searched for, and rules by which networks grow.",
    "Plainer again": "Branches for the training alone, which one convolution can stand for afterwards.",
    "Convolutions as transformers are built": "Large windows over single channels, few norms and activations.",
    "Outputs for every position": "Maps that grow again, or keep their size with windows that have holes.",
    "Video and sound": "Windows over time: on three axes, on space and time apart, or on one axis.",
    "Images from noise": "Convolutions the other way round, and a network that tells what is real.",
}
"""Group -> what its networks brought, in a sentence."""


def errors() -> str:
    """``errors.md``: every code with its meaning, an example and its mend."""
    parts = [ERRORS]
    for code, said in EXPLANATIONS.items():
        parts.append(f"## {code}\n\n{said.meaning}\n\n```{said.language}\n{said.example}\n```\n\n{said.mend}\n")
    return "\n".join(parts)


def networks() -> str:
    """``catalogue.md``: every shipped spec with its paper, notes, figures, diagram, and the line that builds it."""
    paths = catalogue.shipped()
    contents = [f"- {group}: {', '.join(f'[{file}](#{file})' for file in files)}" for group, files in GROUPS.items()]
    sections = [
        "\n".join([f"## {group}", "", BROUGHT[group], "", *[_entry(file, paths[file]) for file in files]])
        for group, files in GROUPS.items()
    ]
    return "\n".join([CATALOGUE, *contents, "", *sections])


def catalogue_index() -> Path:
    """Where the figures of the networks that ship lie."""
    return ROOT / "specs" / network_index.NAME


def index() -> str:
    """``specs/figures.json``: what ``netspec list`` says of each network."""
    paths = catalogue.shipped()
    return network_index.text({file: Known(catalogue.digest(paths[file]), tuple(worked_out(file))) for file in paths})


def _entry(name: str, path: Path) -> str:
    spec, _ = catalogue.spec(path)
    family = [api.network(spec, variant, {}) for variant in spec.family()]
    notes = spec.header.notes if isinstance(spec.header.notes, list) else [spec.header.notes]
    lines = [f"### {name}", "", f"{spec.header.paper}. [`specs/{path.name}`](../specs/{path.name})", ""]
    lines += [f"- {note}" for note in notes if note] + ([""] if any(notes) else [])
    lines += ["| network | input | parameters | MACs | receptive field | build |", "|---|---|---:|---:|---:|---|"]
    for network in family:
        totals, field = network.stats().totals, network.stats().field
        word = name if network.variant is None else f"{name}@{network.variant}"
        size = inputs_text(inputs_of(network.graph))
        figures = f"{totals.params:,} | {totals.macs:,} | {field.size[0]}"
        lines.append(f"| {network.name} | {size} | {figures} | `netspec build {word}` |")
    drawn = hashlib.sha256(svg(Drawing(family[0].graph))).hexdigest()[:16]
    return "\n".join([*lines, "", f"![{family[0].name}](diagrams/{name}.svg) <!-- {drawn} -->", ""])


OPERATIONS_PAGE = """\
# Operations

Each is one layer. The first parameter can be given without its name: `dropout: 0.5`. Kernels, strides, paddings and
output sizes are one number for all axes, or a list with one for each. *Output* is the shape that follows from the
input's; *Tensors* are parameters and buffers; *Counted* is the work for one image; *Window* is what one output position
sees; *Kept for the gradient* is what torch holds until the backward pass; *Built as* is the module. `netspec explain
WORD` prints an entry, and finds it by what other frameworks call it.
"""

BLOCKS_PAGE = """\
# Blocks

Each is a recipe of operations, whose names are those of torchvision; patches reach every one of them by its path.
Blocks of your own stand in the spec ([language.md](language.md#blocks)), or are written in Python and registered.
"""

PARAMETERS_ELSEWHERE = """\
## Parameters elsewhere

What other frameworks call the parameters of operations and blocks.

| parameter | elsewhere |
| --- | --- |
"""


def operations() -> str:
    """``operations.md``: every operation with its parameters and rules."""
    rows = [f"| `{name}` | {', '.join(elsewhere)} |\n" for name, elsewhere in PARAMETERS.ours.items()]
    return "\n".join([_words(OPERATIONS_PAGE, OPERATIONS), PARAMETERS_ELSEWHERE + "".join(rows)])


def blocks() -> str:
    """``blocks.md``: every built-in block with its parameters."""
    return _words(BLOCKS_PAGE, BLOCKS)


def _words(head: str, table: Mapping[str, Word]) -> str:
    index = ", ".join(f"[{word}](#{word})" for word in table)
    reports = [WordReport(Found(word, None, (entry(known),), ())) for word, known in table.items()]
    return "\n".join([f"{head}\n{index}\n", *["".join(markdown(report, Screen())) for report in reports]])


PAGES: dict[str, Callable[[], str]] = {
    "errors.md": errors,
    "operations.md": operations,
    "blocks.md": blocks,
    "catalogue.md": networks,
    "published.md": published,
    "experiments.md": experiments,
}
"""File -> function that gives its text."""


def draw(stale: bool) -> None:  # noqa: FBT001 - whether the page says that diagrams have changed
    """Draw what is missing in ``docs/diagrams``, or everything after a change."""
    (DOCS / "diagrams").mkdir(exist_ok=True)
    for name, path in catalogue.shipped().items():
        picture = DOCS / "diagrams" / f"{name}.svg"
        if stale or not picture.is_file():
            spec, _ = catalogue.spec(path)
            draw_to(Drawing(api.network(spec, spec.family()[0], {}).graph), picture)


def figures() -> dict[Path, bytes]:
    """The pictures of ``pictures.md``: each is drawn by the line above it, which is run as it stands there."""
    found = {}
    lines = (DOCS / "pictures.md").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line.startswith("    netspec diagram "):
            *words, _, place = line.split()[2:]
            graphs = [api.read(word).graph for word in words]
            found[ROOT / place] = svg(Drawing(graphs[0], others=tuple(graphs[1:])))
    return found


def main() -> int:
    """Write the pages, or check them; the exit code is 1 if a checked page is out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    stale = []
    for name, page in PAGES.items():
        path, text = DOCS / name, page()
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                path.write_text(text, encoding="utf-8")
    for path, content in {**figures(), **pictures(), catalogue_index(): index().encode()}.items():
        if not path.is_file() or path.read_bytes() != content:
            stale.append(path.name)
            if not check:
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
    if not check:
        draw("catalogue.md" in stale)
    print(f"{'out of date' if check else 'written'}: {', '.join(stale) or 'none'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
