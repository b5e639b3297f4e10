"""How shapes look, by name: in light, dark and in print without colour."""

from __future__ import annotations

from typing import Literal, NamedTuple

Theme = Literal["auto", "light", "dark", "print"]


class Look(NamedTuple):
    """Fill and line of a shape, each a name of the palette or empty for none; width of the line and its dashes."""

    fill: str = ""
    line: str = ""
    width: float = 1.0
    dash: str = ""
    bold: bool = False


CURVES = ("macs", "params", "skip", "rail", "linear-line", "shape-line", "removed", "regularise-line")
"""Colours of curves that lie over each other, in their order."""
FAMILIES = ("conv", "linear", "norm", "activation", "pool", "join", "regularise", "shape", "input", "parameter")
LOOKS: dict[str, Look] = {
    "ground": Look("ground"),
    **{family: Look(f"{family}-fill", f"{family}-line", 1.6 if family == "linear" else 1.0) for family in FAMILIES},
    "regularise": Look("regularise-fill", "regularise-line", 1.0, "1.5 1.5"),
    **{f"{family}-block": Look(f"{family}-fill", f"{family}-line", 1.8) for family in FAMILIES},
    **{f"{family}-aside": Look(f"{family}-fill", f"{family}-line", 1.0, "4 3") for family in FAMILIES},
    "frame": Look("frame-fill", "frame-line", 0.8),
    "panel": Look("", "frame-line", 0.8),
    "rule": Look("", "frame-line", 0.6),
    "edge": Look("", "edge"),
    "head": Look("edge"),
    "skip": Look("", "skip", 1.5),
    "skip-head": Look("skip"),
    "skip-changed": Look("", "skip", 1.5, "4 2"),
    "skip-changed-head": Look("skip"),
    "side": Look("", "edge", 1.0, "4 3"),
    "side-head": Look("edge"),
    "control": Look("", "edge", 0.8, "1.5 2"),
    "control-head": Look("edge"),
    "rail": Look("", "rail", 1.2),
    "rail-head": Look("rail"),
    "text": Look("text"),
    "bold": Look("text", bold=True),
    "muted": Look("muted"),
    "count": Look("count", bold=True),
    "arc": Look("", "skip", 1.0),
    "stripe": Look("conv-fill", "conv-line", 0.8),
    "stripe-first": Look("norm-fill", "norm-line", 0.8),
    "image": Look("image"),
    "image-edge": Look("", "text", 1.2),
    "padding": Look("padding"),
    "heat": Look("muted"),
    "field": Look("", "macs", 2.2),
    "field-inside": Look("field-inside"),
    "holding": Look("", "params", 1.4, "5 3"),
    "params": Look("params"),
    "macs": Look("macs"),
    "memory": Look("shape-line"),
    **{f"curve-{place}": Look("", colour, 1.7) for place, colour in enumerate(CURVES)},
    **{f"curve-{place}-dashed": Look("", colour, 1.2, "4 3") for place, colour in enumerate(CURVES)},
    **{f"curve-{place}-name": Look(colour, bold=True) for place, colour in enumerate(CURVES)},
    "added": Look("", "added", 2.2),
    "removed": Look("", "removed", 2.2, "6 3"),
    "changed": Look("", "changed", 2.2, "2 2"),
}
"""Text has the colour of ``fill``."""

COLOURS = {
    "ground": ("#ffffff", "#12161c", "#ffffff"),
    "text": ("#1a202c", "#edf2f7", "#000000"),
    "muted": ("#4a5568", "#b4bfcc", "#333333"),
    "count": ("#2c5282", "#90cdf4", "#000000"),
    "edge": ("#4a5568", "#a0aec0", "#000000"),
    "skip": ("#2f855a", "#68d391", "#000000"),
    "rail": ("#97266d", "#f687b3", "#000000"),
    "frame-fill": ("#f7fafc", "#1b222c", "#ffffff"),
    "frame-line": ("#718096", "#718096", "#777777"),
    "conv-fill": ("#dce9f7", "#1d3c5c", "#efefef"),
    "conv-line": ("#3b6ea5", "#7fb2e6", "#000000"),
    "linear-fill": ("#eadff5", "#3c2c5c", "#ffffff"),
    "linear-line": ("#6b46c1", "#b794f4", "#000000"),
    "norm-fill": ("#edf2f7", "#2a3442", "#ffffff"),
    "norm-line": ("#64748b", "#94a3b8", "#000000"),
    "activation-fill": ("#fce8d2", "#4f3412", "#d9d9d9"),
    "activation-line": ("#a0630f", "#e0a458", "#000000"),
    "pool-fill": ("#f8dde0", "#4f2029", "#ffffff"),
    "pool-line": ("#b4485b", "#f0909f", "#000000"),
    "join-fill": ("#ffffff", "#12161c", "#ffffff"),
    "join-line": ("#2d3748", "#cbd5e0", "#000000"),
    "regularise-fill": ("#f5f0e6", "#3b3420", "#ffffff"),
    "regularise-line": ("#7a6a45", "#c9b682", "#000000"),
    "shape-fill": ("#dff3f1", "#12403f", "#ffffff"),
    "shape-line": ("#2c7a7b", "#6fd1cb", "#000000"),
    "input-fill": ("#ffffff", "#12161c", "#ffffff"),
    "input-line": ("#4a5568", "#a0aec0", "#000000"),
    "parameter-fill": ("#ffffff", "#12161c", "#ffffff"),
    "parameter-line": ("#4a5568", "#a0aec0", "#000000"),
    "params": ("#c05621", "#ed8936", "#555555"),
    "macs": ("#2b6cb0", "#63b3ed", "#888888"),
    "image": ("#ffffff", "#2d3748", "#ffffff"),
    "padding": ("#e2e8f0", "#171c24", "#e5e5e5"),
    "field-inside": ("#dce9f7", "#1d3c5c", "#cccccc"),
    "added": ("#2f855a", "#68d391", "#000000"),
    "removed": ("#c53030", "#fc8181", "#000000"),
    "changed": ("#b7600b", "#f6ad55", "#000000"),
}
"""Name -> colour in light, in dark, and in print, where form, line and shade tell families apart."""
LIGHT, DARK, PRINT = ({name: colours[place] for name, colours in COLOURS.items()} for place in range(3))
PALETTES = {"light": LIGHT, "dark": DARK, "print": PRINT}
