"""What can be wrong with a spec, where it stands, and how it is told."""
