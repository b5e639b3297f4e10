"""The language: text to values with places, expressions, and what a spec says."""
