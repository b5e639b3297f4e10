"""Packages that a light install leaves out, and the extra of netspec that brings each."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

TORCH = ("torch", "numpy", "safetensors")
EXTRAS = {
    "torch": TORCH,
    "verify": (*TORCH, "fvcore"),
    "png": ("resvg_py",),
    "see": (*TORCH, "pillow"),
    "train": (*TORCH, "pillow", "scikit-learn"),
}
"""Extra -> the packages that it brings; pyproject.toml says the same to pip."""
MODULES = {"pillow": "PIL", "scikit-learn": "sklearn"}
"""What is imported of packages that have another name than their module."""


class MissingPackage(ImportError):
    """A package of an extra is not installed, or is there and fails when it is imported.

    ``reason`` says which, and ``hint`` what to do about it.
    """

    def __init__(self, reason: str, hint: str) -> None:
        self.reason = reason
        self.hint = hint
        super().__init__(f"{reason}: {hint}")


def require(extra: str) -> None:
    """Import the packages of ``extra``. Raises :class:`MissingPackage` for the first that cannot be imported."""
    for package in EXTRAS[extra]:
        try:
            import_module(MODULES.get(package, package))
        except (ImportError, OSError) as error:  # OSError: a shared library that the package loads is missing
            raise _missing(package, extra, error) from error


def _missing(package: str, extra: str, error: Exception) -> MissingPackage:
    module = MODULES.get(package, package)
    if isinstance(error, ModuleNotFoundError) and error.name == module:
        return MissingPackage(f"this needs the package '{package}', which is not installed", install(extra))
    reason = f"the package '{package}' is installed, but importing it fails ({type(error).__name__}: {error})"
    return MissingPackage(reason, f'python -c "import {module}" shows where; netspec cannot mend it')


def folder_of(package: str, hint: str) -> Path:
    """The folder in which a package lies, which is not imported. Raises :class:`MissingPackage` if there is none."""
    try:
        found = find_spec(MODULES.get(package, package))
    except (ImportError, ValueError):
        found = None
    if found is None or found.origin is None:
        raise MissingPackage(f"this needs the package '{package}', which is not installed", hint)
    return Path(found.origin).parent


def install(extra: str) -> str:
    """The command that installs ``extra``."""
    return f"pip install 'netspec[{extra}]'"
