"""The formats that reports are printed in and pictures are written in: one table, from which commands take theirs."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple


class Format(NamedTuple):
    """A format: its name, which is also the ending of its files, and what a user is told of it.

    It is offered for every report that has ``content``: a method of :mod:`netspec.report.report`, or what a picture
    is drawn from. ``function`` is ``module:name`` and is imported when the format is used. It takes the report and a
    :class:`~netspec.report.page.Screen` and yields pieces of text; that of a ``picture`` takes the report alone and
    returns the bytes of a file. What is ``read`` by people fits the lines of a terminal, and shows of a network with
    a mistake what comes before that.
    """

    name: str
    content: str
    function: str
    says: str
    read: bool = False
    picture: bool = False

    def load(self) -> Callable[..., Any]:
        """The function."""
        module, _, name = self.function.partition(":")
        found: Callable[..., Any] = getattr(import_module(module), name)
        return found


WRITERS = "netspec.diagram.writers."
FORMATS: tuple[Format, ...] = (
    Format("text", "pages", "netspec.report.text:text", "to be read", read=True),
    Format("json", "data", "netspec.report.json_text:json_text", "every figure, raw and with its meaning"),
    Format("csv", "records", "netspec.report.csv_table:csv_table", "raw numbers, a line for each row"),
    Format("markdown", "tables", "netspec.report.markdown:markdown", "tables for a review or a note"),
    Format("latex", "tables", "netspec.report.latex:latex", "tables for a paper, with booktabs"),
    Format("svg", "position", "netspec.report.receptive_field_svg:svg", "a receptive field", picture=True),
    Format("svg", "tiles", "netspec.report.seen_picture:svg", "what units answer to", picture=True),
    Format("png", "tiles", "netspec.report.seen_picture:png", "the same in pixels", picture=True),
    Format("svg", "curves", "netspec.report.signal_chart:svg", "a signal and its gradient by depth", picture=True),
    Format("svg", "summaries", "netspec.report.stats_chart:svg", "figures as charts", picture=True),
    Format("svg", "scenes", WRITERS + "svg:svg", "a diagram, for pages and browsers", picture=True),
    Format("txt", "scenes", WRITERS + "outline_text:txt", "a diagram as an indented outline", picture=True),
    Format(
        "tex",
        "scenes",
        WRITERS + "tikz:tex",
        "a diagram in TikZ, with the fonts of a paper",
        picture=True,
    ),
    Format("dot", "scenes", WRITERS + "dot:dot", "a diagram as text for Graphviz", picture=True),
    Format("png", "scenes", WRITERS + "png:png", "as .svg, in pixels", picture=True),
    Format("pdf", "scenes", WRITERS + "pdf:pdf", "as .svg, for print", picture=True),
)
"""In the order in which help texts and messages name them."""


def formats_of(report: type, *, picture: bool = False) -> dict[str, Format]:
    """Name -> format of everything that prints reports of a type, or draws them."""
    return {form.name: form for form in FORMATS if form.picture == picture and hasattr(report, form.content)}
