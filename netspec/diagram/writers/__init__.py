"""Diagrams as files: a format each."""
