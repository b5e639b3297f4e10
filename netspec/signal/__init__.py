"""What initialisation does to a signal and to its gradient, from the graph and the declared first values alone."""
