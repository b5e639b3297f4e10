"""The words of the language that are neither operations nor blocks: what stands beside a word, or holds layers."""

from __future__ import annotations

KEYWORDS = {
    "from": "Beside a word: the layers that it reads, instead of the one before; a name, or a list of names.",
    "repeat": "Beside a word: a stage of so many of these layers; `$index` and `$count` stand in them.",
    "when": "Beside a word: the layer is there only where this condition holds; `$in` is what it would read.",
    "name": "Beside a word: what is built is called so.",
    "inline": "Beside a word, or in a block: no name of its own; `inline: layers`: none of its repetitions, either.",
    "chain": "In the place of a word: layers, each of which reads the one before.",
    "branches": "In the place of a word: named branches over one input, brought together by `join`.",
    "join": "Beside `branches`: the operation over the outputs of the branches, such as `add` or `concat`.",
    "none": "In the place of a word: a layer that is not there. Among what a join reads: left out.",
    "like": "In a block: the word that it is, with other defaults.",
    "body": "In a block: its layers.",
    "reads": "In a block: the names of the inputs beside the first; `none` can be given for one.",
}
"""Keyword -> what it is."""
