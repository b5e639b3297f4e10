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


FAMILIES = ("conv", "linear", "norm", "activation", "pool", "join", "regularise", "shape", "input")
LOOKS: dict[str, Look] = {
    "ground": Look("ground"),
    **{family: Look(f"{family}-fill", f"{family}-line", 1.6 if family == "linear" else 1.0) for family in FAMILIES},
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
    "elements": Look("shape-line"),
}
"""Text has the colour of ``fill``."""

LIGHT = {
    "ground": "#ffffff", "text": "#1a202c", "muted": "#4a5568", "count": "#2c5282", "edge": "#4a5568",
    "skip": "#2f855a", "rail": "#97266d", "frame-fill": "#f7fafc", "frame-line": "#718096",
    "conv-fill": "#dce9f7", "conv-line": "#3b6ea5", "linear-fill": "#eadff5", "linear-line": "#6b46c1",
    "norm-fill": "#edf2f7", "norm-line": "#64748b", "activation-fill": "#fce8d2", "activation-line": "#a0630f",
    "pool-fill": "#f8dde0", "pool-line": "#b4485b", "join-fill": "#ffffff", "join-line": "#2d3748",
    "regularise-fill": "#f5f0e6", "regularise-line": "#7a6a45", "shape-fill": "#dff3f1", "shape-line": "#2c7a7b",
    "input-fill": "#ffffff", "input-line": "#4a5568", "params": "#c05621", "macs": "#2b6cb0",
    "image": "#ffffff", "padding": "#e2e8f0", "field-inside": "#dce9f7",
}  # fmt: skip
DARK = {
    "ground": "#12161c", "text": "#edf2f7", "muted": "#b4bfcc", "count": "#90cdf4", "edge": "#a0aec0",
    "skip": "#68d391", "rail": "#f687b3", "frame-fill": "#1b222c", "frame-line": "#718096",
    "conv-fill": "#1d3c5c", "conv-line": "#7fb2e6", "linear-fill": "#3c2c5c", "linear-line": "#b794f4",
    "norm-fill": "#2a3442", "norm-line": "#94a3b8", "activation-fill": "#4f3412", "activation-line": "#e0a458",
    "pool-fill": "#4f2029", "pool-line": "#f0909f", "join-fill": "#12161c", "join-line": "#cbd5e0",
    "regularise-fill": "#3b3420", "regularise-line": "#c9b682", "shape-fill": "#12403f", "shape-line": "#6fd1cb",
    "input-fill": "#12161c", "input-line": "#a0aec0", "params": "#ed8936", "macs": "#63b3ed",
    "image": "#2d3748", "padding": "#171c24", "field-inside": "#1d3c5c",
}  # fmt: skip
PRINT = {
    **dict.fromkeys(LIGHT, "#000000"),
    **{name: "#ffffff" for name in LIGHT if name.endswith("fill")},
    "ground": "#ffffff", "muted": "#333333", "frame-line": "#777777", "frame-fill": "#ffffff",
    "conv-fill": "#efefef", "params": "#555555", "macs": "#888888",
    "image": "#ffffff", "padding": "#e5e5e5", "field-inside": "#cccccc",
}  # fmt: skip
"""Name -> colour. Light and dark follow each other name by name; in print, form alone tells families apart."""
PALETTES = {"light": LIGHT, "dark": DARK, "print": PRINT}
