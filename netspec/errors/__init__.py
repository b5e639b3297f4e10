"""What can be wrong with a spec, where it stands, and how it is told."""

from netspec.errors.problem import Problem, SpecError

__all__ = ["Problem", "SpecError"]
