"""Random networks of every word, over several inputs on any number of axes, with layers that run again and gates.

Operations, blocks and their parameters are the rows of ``test_operations.py`` and ``test_blocks.py``, so a new word is
among them once it has one; one of them is in a network for sure, another one for each seed. Where nothing has the shape
that a row needs it is made. ``random_specs.py`` does the same for the language.
"""

from __future__ import annotations

from math import prod
from random import Random
from typing import Any, NamedTuple

import yaml
from test_blocks import ROWS as BLOCK_ROWS
from test_blocks import graph_of
from test_operations import ROWS, Row

from netspec.blocks import BLOCKS
from netspec.errors.codes import Refusal
from netspec.graph.builder import NodeRefused
from netspec.ops import OPERATIONS
from netspec.ops.facts import Shape
from netspec.ops.pool import MaxPool

Data = Any
"""A layer as YAML holds it."""
MOST, LARGEST, WIDEST = 9, 700, 24
"""Steps of a network, elements of a value, and channels."""
LINE = 2
"""Numbers in the shape of a value on one axis."""
MIXED = ("concat", "multiply", "resize")
"""Joins of values of different shapes."""
ALONE = ("max_unpool", "drop_path_mean", "draw_column", "parameter")
"""Words whose inputs are not just any values, or none."""
JOINS = ("add", "subtract", "mean", "max", "multiply", "concat")
"""What joins a parameter of the whole map."""


def is_small(shape: Shape) -> bool:
    """Whether a value of ``shape`` is one that these networks can have."""
    return prod(shape) <= LARGEST and shape[0] <= WIDEST


def block_shape(word: str, given: dict[str, Any], shape: Shape) -> Shape | None:
    """What a built-in block makes of a value of ``shape``; None where it refuses that, or where a value is large."""
    try:
        made = graph_of(word, given, shape)
    except NodeRefused:
        return None
    return made.outputs[0].node.shape if all(is_small(node.shape) for node in made.nodes) else None


BY_WORD: dict[str, list[Row]] = {}
for _row in ROWS:
    if all(map(is_small, (*_row.inputs, _row.output))):
        BY_WORD.setdefault(_row.word, []).append(_row)
"""Rows of operations with small values."""
WORDS = sorted(BY_WORD)
"""The words that seeds have in turn."""


class Known(NamedTuple):
    """A layer: its name, its word, what it reads, its own shape, and its parameters."""

    name: str
    word: str
    reads: tuple[Known, ...]
    shape: Shape
    given: dict[str, Any]


class RandomNetwork:
    """The network of a seed: ``text`` is its spec, ``kinds`` are the kinds of things that are in it."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self.layers: dict[str, Data] = {}
        self.values: list[Known] = []
        self.unread: dict[str, Known] = {}
        self.parameters: list[Known] = []
        self.kinds: set[str] = set()
        count = self.random.randint(1, 3)
        self.inputs = {f"in{at}": self._size() for at in range(count)}
        for name, size in self.inputs.items():
            self._know(Known(name, "input", (), tuple(size), {}))
            self.kinds.add(f"{len(size) - 1} axes")
        self.kinds |= {"several inputs"} if count > 1 else set()
        self.values[0] = self._add("scale", {"factor": 0.5}, self.values[0])
        steps = (
            *[self._word] * 6,
            *[self._again] * 3,
            *(self._gate, self._gate, self._feature_gate, self._parameter, self._recurrent, self._block, self._block),
        )
        turn, at = divmod(seed, len(WORDS))
        self._word(WORDS[at])
        if turn % 2 and WORDS[at] not in ALONE:
            self._run_again(next(one for one in reversed(self.values) if one.word == WORDS[at]))
        for _ in range(MOST):
            self.random.choice(steps)()
        self._end()
        document = {"netspec": 1, "name": "random", "inputs": self.inputs, "stages": self.layers}
        self.text = yaml.safe_dump(document, sort_keys=False, width=100)

    def _size(self) -> list[int]:
        axes = self.random.choice((0, 1, 1, 2, 2, 3))
        return [self.random.choice((2, 4, 6)), *(self.random.randint(3, 8 - axes) for _ in range(axes))]

    # -- layers -------------------------------------------------------------------------------------------------------

    def _know(self, value: Known) -> Known:
        self.values.append(value)
        self.unread[value.name] = value
        return value

    def _add(self, word: str, given: dict[str, Any], *reads: Known) -> Known:
        """A layer of an operation; raises ``Refusal``."""
        operation = OPERATIONS[word](**given)
        if word == "max_unpool":
            operation = operation.undoing(MaxPool(**reads[1].given), reads[1].reads[0].shape)
        shape = operation.shape(*[one.shape for one in reads])
        return self._written({word: given}, Known(f"n{len(self.layers)}", word, reads, shape, given))

    def _written(self, layer: Data, value: Known) -> Known:
        names = [one.name for one in value.reads]
        self.layers[value.name] = layer | ({"from": names[0] if len(names) == 1 else names} if names else {})
        for one in value.reads:
            self.unread.pop(one.name, None)
        self.kinds.add(value.word)
        if not value.reads:
            self.parameters.append(value)
            return value
        return self._know(value)

    def _one(self) -> Known:
        """A value, more often one that nothing reads yet."""
        fresh = [*self.unread.values()]
        chosen = self.random.choice(fresh if fresh and self.random.random() < 0.7 else self.values)
        return self.values[0] if chosen.word == "draw_column" else chosen  # only one kind of layer reads draws

    def _word(self, word: str = "") -> None:
        """An operation, any unless it is said which, over what is there, or over what is made for it."""
        row = self.random.choice(BY_WORD[word or self.random.choice(WORDS)])
        if not row.inputs:
            self._parameter()
            return
        for _ in range(4):
            first = self._one()
            reads = self._reads(row, first)
            if reads is not None and self._fits(row, reads):
                self._add(row.word, row.parameters, *reads)
                return
        made = [self._made(shape) for shape in row.inputs if row.word != "draw_column"]
        if row.word == "max_unpool":
            pool, read = row.pool or ({}, ())
            made[1] = self._add("max_pool", pool, self._made(read))
        if row.word == "drop_path_mean" and len(made) > 2:
            made[2] = self._add("draw_column", {"columns": made[2].shape[0]}, made[0])
        if made:
            self._add(row.word, row.parameters, *made)
        if row.word == "draw_column":
            x = self._made(row.inputs[0])
            self._add("drop_path_mean", {}, x, x, self._add("draw_column", {"columns": 2}, x))

    def _reads(self, row: Row, first: Known) -> list[Known] | None:
        """Values for the inputs of ``row``; None where what it needs is not just any value."""
        if row.word in ALONE:
            return None
        others = [one for one in self.values if len(one.shape) == len(first.shape) and one.word != "draw_column"]
        if row.word not in MIXED:
            others = [one for one in others if one.shape == first.shape]
        return [first, *self.random.choices(others, k=len(row.inputs) - 1)]

    def _fits(self, row: Row, reads: list[Known]) -> bool:
        try:
            shape = OPERATIONS[row.word](**row.parameters).shape(*[one.shape for one in reads])
        except Refusal:
            return False
        return is_small(shape)

    def _made(self, shape: Shape) -> Known:
        """A value of ``shape``: made of one on as many axes, or of features."""
        x = self._one()
        if x.shape == shape:
            return x
        if len(x.shape) == len(shape) > 1:
            x = self._add("pointwise", {"out": shape[0]}, x)
            return self._add("resize", {"size": list(shape[1:])}, x)
        x = self._flat(x)
        if len(shape) == 1:
            return self._add("linear", {"out": shape[0]}, x)
        return self._add("unflatten", {"size": list(shape)}, self._add("linear", {"out": prod(shape)}, x))

    def _flat(self, x: Known) -> Known:
        return x if len(x.shape) == 1 else self._add("global_avg_pool", {}, x)

    # -- what is made of layers ---------------------------------------------------------------------------------------

    def _again(self) -> None:
        """An earlier layer over other values of the shapes that it reads, perhaps several times."""
        known = [one for one in self.values if one.word not in ("shared", "input", *ALONE) and one.reads]
        weighted = [one for one in known if self._has_weights(one)]
        word = self.random.choice(sorted({one.word for one in weighted or known}))
        self._run_again(self.random.choice([one for one in weighted or known if one.word == word]))

    def _has_weights(self, one: Known) -> bool:
        if one.word in BLOCKS:
            return True
        return bool(OPERATIONS[one.word](**one.given).tensors(*[x.shape for x in one.reads]))

    def _run_again(self, module: Known) -> None:
        reads: list[Known] = []
        for before in module.reads:
            alike = [one for one in self.values if one.shape == before.shape and one not in reads]
            reads.append(self.random.choice([one for one in alike if one.word != "draw_column"] or [before]))
        if any(len({one.name for one in some}) < len(some) for some in (reads, module.reads)):
            return
        layer: Data = {"shared": module.name}
        if [one.shape for one in module.reads] == [module.shape] and self.random.random() < 0.4:
            layer["repeat"] = self.random.randint(1, 3)
        self.kinds |= {f"{module.word} again"}
        self._written(layer, Known(f"n{len(self.layers)}", "shared", tuple(reads), module.shape, {}))

    def _block(self) -> None:
        """A built-in block, over what is there, or over what is made for it."""
        word = self.random.choice([word for word, block in BLOCKS.items() if not block.runs_again])
        rows = [row for row in BLOCK_ROWS if row.word == word]
        for _ in range(4):
            row, x = self.random.choice(rows), self._one()
            shape = block_shape(word, row.parameters, x.shape)
            if shape:
                break
        else:
            row = self.random.choice([row for row in rows if block_shape(word, row.parameters, row.input)])
            x, shape = self._made(row.input), row.output
        self.kinds.add("block")
        self._written({word: row.parameters}, Known(f"n{len(self.layers)}", word, (x,), shape, row.parameters))

    def _recurrent(self) -> None:
        """A recurrent layer; it may run again over what another input comes to."""
        lines = [one for one in self.values if len(one.shape) == LINE]
        x = self.random.choice(lines) if lines else self._made((self.random.choice((2, 3)), 5))
        word = self.random.choice(("lstm", "gru"))
        layer = self._add(word, self.random.choice(BY_WORD[word]).parameters, x)
        if self.random.random() < 0.6:
            other = self._made(x.shape)
            shared = Known(f"n{len(self.layers)}", "shared", (other,), layer.shape, {})
            self.kinds.add(f"{word} again")
            self._written({"shared": layer.name}, shared)

    def _parameter(self) -> None:
        """A value joined with a tensor of the network's own: for each channel, for each place, or for all of it."""
        x = self._one()
        channels, *sizes = x.shape
        shape = self.random.choice((x.shape, (channels,), (channels, *[1] * len(sizes)), (1, *sizes)))
        word = self.random.choice(JOINS) if shape == x.shape else "multiply"
        known = [one for one in self.parameters if one.shape == shape]
        if known and self.random.random() < 0.5:
            own = self.random.choice(known)
            if self.random.random() < 0.5:
                own = self._written({"shared": own.name}, Known(f"n{len(self.layers)}", "shared", (), shape, {}))
                self.kinds.add("parameter again")
        else:
            own = self._add("parameter", {"shape": list(shape), "init": {"normal": 0.5}})
        reads = [x, own, own] if self.random.random() < 0.2 and word != "subtract" else [x, own]
        self.random.shuffle(reads)
        if word == "concat" and not self._fits(BY_WORD["concat"][0], reads):
            word = "add"
        self._add(word, {}, *reads)

    def _feature_gate(self) -> None:
        """A map scaled by features without axes, made of itself or of any other value."""
        maps = [one for one in self.values if len(one.shape) > 1]
        if maps:
            x = self.random.choice(maps)
            features = self._flat(self._one())
            gate = self._add("sigmoid", {}, self._add("linear", {"out": x.shape[0]}, features))
            reads = [x, gate]
            self.random.shuffle(reads)
            self._add("multiply", {}, *reads)
            self.kinds |= {"gate", "features over a map"}

    def _gate(self) -> None:
        """A map scaled by what is seen of the whole of it, or of that of another."""
        maps = [one for one in self.values if len(one.shape) > 1]
        if not maps:
            return
        x = self.random.choice(maps)
        pooled = self._add("adaptive_avg_pool", {"out": 1}, x)
        gate = self._add("sigmoid", {}, self._add("conv", {"out": x.shape[0], "kernel": 1}, pooled))
        others = [one for one in maps if one.shape[0] == x.shape[0] and len(one.shape) == len(x.shape)]
        self._add("multiply", {}, self.random.choice(others), gate)
        self.kinds.add("gate")

    def _end(self) -> None:
        """All that nothing reads yet, joined, and one layer with weights."""
        ends = [self._flat(one) for one in [*self.unread.values()]]
        joined = self._add("concat", {}, *ends) if len(ends) > 1 else ends[0]
        self._add("linear", {"out": 3}, joined)
