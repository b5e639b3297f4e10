"""How near a prediction of signals is to the compiled module."""

from __future__ import annotations

from math import log, sqrt

from netspec.graph.graph import Graph
from netspec.signal.predict import predict


def share_near(graph: Graph, seeds: int) -> float:
    """Of second moments and factors, how many are near what so many draws give.

    Second moments within 10 % or 3 errors, factors of the gradient within 15 % or 3 errors. All must be said.
    """
    from netspec.nn.signal import measured

    predicted = predict(graph, batch=8).signals
    found = measured(graph, seeds=seeds, batch=8)
    near = []
    for node in graph.operations:
        for key, room in (("square", 0.1), ("factor", 0.15)):
            spread, said = found.spread(node.name, key), getattr(predicted[node.name], key)
            assert spread
            assert said
            near.append(abs(log(said / spread.mean)) <= max(room, 3 * spread.deviation / sqrt(seeds)))
    return sum(near) / len(near)
