"""Analyses: one question per file, each a function from the graph to figures. None of them names an operation."""
