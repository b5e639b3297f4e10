"""From a spec to a graph: names looked up, patches worked in, every mistake with its place."""
