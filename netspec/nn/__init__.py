"""Everything that needs torch: building modules, their weights, and the artefacts that hold both.

Importing it where torch is missing raises :class:`netspec.errors.missing_package.MissingPackage`.
"""

from netspec.errors.missing_package import require

require("torch")
