"""A graph as a scene: what is folded, what stands in series and in parallel, what is defined beside it."""
