"""Summaries as text: one output format per file."""
