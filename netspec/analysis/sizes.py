"""Bytes of the tensors of one operation."""

from __future__ import annotations

from math import prod

from netspec.graph.graph import Node

COUNTER = 8
"""Bytes of a buffer without axes: the number of batches that a norm has seen, an int64 in every network."""


def value_size(node: Node, batch: int, bytes_per_element: int) -> int:
    """Bytes of the value of ``node`` for a batch of images; none of a parameter, which is a weight."""
    return batch * bytes_per_element * prod(node.shape) if node.has_batch else 0


def tensors_size(node: Node, bytes_per_element: int) -> int:
    """Bytes of the parameters and buffers of ``node``."""
    counters = node.buffers and sum([not tensor.shape and not tensor.trainable for tensor in node.tensors])
    return (node.params + node.buffers - counters) * bytes_per_element + counters * COUNTER
