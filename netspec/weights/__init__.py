"""Weights of a file and those that a network needs: which is which, by name or by structure. Names and shapes alone."""
