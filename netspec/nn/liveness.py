"""Who reads which value; see :mod:`netspec.analysis.liveness`."""

from netspec.analysis.liveness import Liveness

__all__ = ["Liveness"]
