"""Figures of a network held against its compiled module: torch, fvcore and a NaN as oracles."""
