"""Figures of a network held against its compiled module: torch, fvcore and a NaN as oracles.

Importing it where torch or fvcore is missing raises :class:`netspec.errors.missing_package.MissingPackage`.
"""

from netspec.errors.missing_package import require

require("verify")
