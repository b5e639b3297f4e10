"""Drawings of any kind: flat lists of shapes with looks by name, and the writers that make files of them."""
