"""A training as data, without torch: how it is done, what came out of each epoch, and the file that records both."""
