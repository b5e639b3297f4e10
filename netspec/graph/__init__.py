"""The graph of a network, and what builds it."""
