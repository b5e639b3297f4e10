"""What ``netspec see`` says: which units answer most strongly to which images, as a table and as pictures."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isfinite, sqrt
from typing import Any, NamedTuple

from netspec.analysis.receptive_field import Region
from netspec.analysis.seen import Filter, Method, Panel, Patch, Pixels
from netspec.analysis.units import framed
from netspec.drawing.theme import Theme
from netspec.ops.facts import FLAT, PerAxis, Shape, shape_text
from netspec.report.drawable import Drawable
from netspec.report.page import Note, Page
from netspec.report.receptive_field import interval
from netspec.report.table import Table, numbers, words

SCHEMA_VERSION = 1
METHODS: dict[Method, str] = {
    "deconvnet": "deconvnet (Zeiler and Fergus 2014)",
    "guided": "guided backpropagation (Springenberg et al. 2015)",
    "gradient": "gradient (Simonyan et al. 2014)",
    "gradcam": "Grad-CAM (Selvaraju et al. 2017)",
}
"""Method -> what a reader is told of it."""
ROW = 16
"""Filters in a row of their picture."""
Box = tuple[float, float, float, float]
"""Left, top, width and height as shares of a cell."""
WHOLE: Box = (0, 0, 1, 1)


class OfOperation(Drawable):
    """A report on an operation of a network; ``shape`` is that of its output or of its weight."""

    __slots__ = ()

    network: str
    node: str
    shape: Shape

    @property
    def title(self) -> str:
        """What is looked at."""
        return f"{self.network}, {self.node} {shape_text(self.shape)}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.title}>"


class Tile(NamedTuple):
    """An image in a cell: where in it, and what stands below, behind a name that is shortened where it has no room."""

    pixels: Pixels
    box: Box = WHOLE
    caption: str = ""
    name: str = ""


class Block(NamedTuple):
    """Tiles in rows of so many columns."""

    columns: int
    tiles: tuple[Tile, ...]


class Group(NamedTuple):
    """Blocks under a title: beside each other, or below each other where they are ``stacked``."""

    title: str
    blocks: tuple[Block, ...]
    stacked: bool = False


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class SeenReport(OfOperation):
    """Panels of patches, and remarks on images and units. ``size`` is that of the images that the network reads.

    ``node`` and ``shape`` are those of the operation that is looked at; of several the panels have their names alone.
    ``method`` is how, and ``theme`` that of a picture. ``classes`` name the outputs that Grad-CAM explains, if they do.
    """

    network: str
    node: str
    shape: Shape
    size: PerAxis
    method: Method
    panels: tuple[Panel, ...]
    remarks: tuple[str, ...] = ()
    theme: Theme = "auto"
    classes: tuple[str, ...] = ()

    @property
    def subtitle(self) -> str:
        """How it is looked at."""
        return METHODS[self.method]

    @property
    def is_sheet(self) -> bool:
        """Whether it is a contact sheet: a row for each of several operations."""
        return any(panel.channel is None for panel in self.panels) and self.method != "gradcam"

    def pages(self, width: int | None) -> list[Page]:  # noqa: ARG002 - no row is longer than a line
        """A row for each patch."""
        return self.tables()

    def tables(self) -> list[Page]:
        """The same."""
        of_map = len(self.shape) > FLAT
        place = words("at") if of_map and self.method != "gradcam" else ()
        seen = words("sees rows", "columns") if self.method != "gradcam" else ()
        named = words("class") if self.classes else ()
        columns = (*(words("node") if self.is_sheet else ()), *numbers(self._what), *named, *numbers("value"))
        rows = [self._row(panel, patch, (bool(place), bool(seen))) for panel in self.panels for patch in panel.patches]
        table = Table((*columns, *place, *seen, *words("image")), tuple(rows))
        notes: list[Note] = [("", remark) for remark in self.remarks]
        return [Page(f"{self.title}: {self.subtitle}", (table,), tuple(notes))]

    @property
    def _what(self) -> str:
        if self.method == "gradcam":
            return "output"
        return "channel" if len(self.shape) > FLAT or self.is_sheet else "feature"

    def _class(self, output: int) -> str | None:
        """The name of an output; None where it has none."""
        return self.classes[output] if output < len(self.classes) else None

    def _row(self, panel: Panel, patch: Patch, shown: tuple[bool, bool]) -> tuple[str, ...]:
        place, seen = shown
        return (
            *([panel.node] if self.is_sheet else []),
            str(patch.channel),
            *([self._class(patch.channel) or ""] if self.classes else []),
            f"{patch.value:.4g}",
            *([",".join(map(str, patch.at))] if place else []),
            *([interval(patch.region, 0), interval(patch.region, 1)] if seen else []),
            patch.image,
        )

    def data(self) -> Any:
        """The figures as plain data, without pixels."""
        return {
            "schema_version": SCHEMA_VERSION,
            "name": self.network,
            "node": self.node,
            "output_shape": list(self.shape),
            "method": self.method,
            "panels": [
                {
                    "node": panel.node,
                    "channel": panel.channel,
                    "patches": [self._patch(patch) for patch in panel.patches],
                }
                for panel in self.panels
            ],
            "remarks": list(self.remarks),
        }

    def _patch(self, patch: Patch) -> dict[str, Any]:
        found = {key: value if _is_number(value) else None for key, value in patch.to_dict().items()}
        return {**found, "class": self._class(patch.channel)} if self.method == "gradcam" else found

    def tiles(self) -> list[Group]:
        """What a picture is drawn from: each patch beside what comes back to it."""
        if self.is_sheet:
            return [self._line(panel) for panel in self.panels]
        return [self._panel(panel) for panel in self.panels]

    def _panel(self, panel: Panel) -> Group:
        patches = panel.patches
        columns = ceil(sqrt(len(patches)))
        told = self.method == "gradcam"
        found = tuple([Tile(patch.reconstruction, self._box(patch)) for patch in patches])
        given = [Tile(patch.original, self._box(patch), *(self._told(patch) if told else ())) for patch in patches]
        title = f"the strongest {self._what} of each"
        if panel.channel is not None:
            name = self._class(panel.channel)
            title = f"{self._what} {panel.channel}{f': {name}' if name else ''}"
        return Group(title, (Block(columns, found), Block(columns, tuple(given))))

    def _told(self, patch: Patch) -> tuple[str, str]:
        """What stands below an image: how strong the output is, and its name or number."""
        return f"{patch.value:.3g}", self._class(patch.channel) or str(patch.channel)

    def _line(self, panel: Panel) -> Group:
        columns = max(len(panel.patches), 1)
        found = [Tile(patch.reconstruction, self._box(patch)) for patch in panel.patches]
        given = [Tile(patch.original, self._box(patch), str(patch.channel)) for patch in panel.patches]
        return Group(panel.node, (Block(columns, tuple(found)), Block(columns, tuple(given))), stacked=True)

    def _box(self, patch: Patch) -> Box:
        return boxed(patch.region, framed(patch.region, patch.field, self.size))


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class FiltersReport(OfOperation):
    """Filters of the first convolution of a network, ``shape`` its weight; ``theme`` is that of a picture."""

    network: str
    node: str
    shape: Shape
    filters: tuple[Filter, ...]
    theme: Theme = "auto"

    @property
    def subtitle(self) -> str:
        """How much of it."""
        count, all_ = len(self.filters), self.shape[0] * (1 if self.filters[0].read is None else self.shape[1])
        shown = f"{count} filters" if count == all_ else f"the first {count} of {all_} filters"
        return f"{shown}, each scaled by its largest weight; middle grey is 0"

    def pages(self, width: int | None) -> list[Page]:  # noqa: ARG002 - there is no table
        """The headings alone: filters are looked at."""
        return self.tables()

    def tables(self) -> list[Page]:
        """The same."""
        return [Page(self.title, (), (("", self.subtitle),))]

    def data(self) -> Any:
        """What is looked at, without pixels."""
        return {
            "schema_version": SCHEMA_VERSION,
            "name": self.network,
            "node": self.node,
            "weight_shape": list(self.shape),
            "filters": len(self.filters),
        }

    def tiles(self) -> list[Group]:
        """A tile for each filter."""
        return [Group("", (Block(min(ROW, len(self.filters)), tuple([Tile(one.pixels) for one in self.filters])),))]


def boxed(region: Region, frame: Region) -> Box:
    """Where ``region`` lies in a square cell that holds ``frame``."""
    (top, bottom), (left, right) = region
    (high, _), (wide, _) = frame
    side = max(last - first + 1 for first, last in frame)
    rest = [(side - (last - first + 1)) / 2 for first, last in frame]
    return (
        (left - wide + rest[1]) / side,
        (top - high + rest[0]) / side,
        (right - left + 1) / side,
        (bottom - top + 1) / side,
    )


def _is_number(value: object) -> bool:
    """Whether JSON has it: not of infinity or what is no number."""
    return not isinstance(value, float) or isfinite(value)
