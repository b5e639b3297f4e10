"""Training a classifier: images, batches, the loop, its state on disk, and several trainings side by side."""
