"""Diagrams: a graph as a folded view, the view as DOT text, and DOT text as a picture."""
