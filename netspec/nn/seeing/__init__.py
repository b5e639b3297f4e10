"""Looking into a trained network by running it backwards: what in an image an operation answers to."""
