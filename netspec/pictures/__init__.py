"""Pictures as objects of Python: diagrams, and what a trained network answers to."""
