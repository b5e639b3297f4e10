"""What mistakes are called, and how an operation says that it cannot take its inputs."""

from __future__ import annotations

from typing import Literal

Code = Literal[
    "alias",
    "arity",
    "bad-artefact",
    "bad-data",
    "bad-image",
    "bad-name",
    "bias-before-norm",
    "cycle",
    "division-by-zero",
    "duplicate-key",
    "duplicate-name",
    "ended",
    "equal-variants",
    "expression",
    "idle-stage",
    "layer-form",
    "layout",
    "limit",
    "missing-dot",
    "missing-font",
    "missing-file",
    "missing-package",
    "missing-parameter",
    "missing-plugin",
    "missing-section",
    "missing-variant",
    "momentum",
    "not-a-mapping",
    "not-finite",
    "other-run",
    "outside",
    "over-budget",
    "plugin",
    "shape",
    "single-position",
    "tag",
    "unknown-format",
    "unknown-name",
    "unknown-operation",
    "unknown-parameter",
    "unknown-scheme",
    "unknown-section",
    "unknown-variant",
    "unmatched-patch",
    "unread-layer",
    "unread-parameter",
    "untrained-output",
    "unused-block",
    "unwritable",
    "window",
    "wrong-type",
    "wrong-value",
    "yaml-syntax",
]
"""What a problem is called, for tools and for the docs; codes do not change."""


class Refusal(Exception):
    """An operation cannot take these inputs; raised by shape rules, which know no place."""

    def __init__(self, code: Code, message: str, hint: str = "") -> None:
        self.code = code
        self.message = message
        self.hint = hint
        super().__init__(message)
