"""Everything that needs torch: building modules, their weights, and the artefacts that hold both."""
