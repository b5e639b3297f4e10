"""Where in a file the weights of a network are: which of its dictionaries, and under which prefix of their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from netspec.errors.problem import Problem, SpecError
from netspec.ops.facts import Shape
from netspec.weights.wanted import Wanted, some

WRAPPERS = ("_orig_mod", "_checkpoint_wrapped_module", "_fsdp_wrapped_module")
"""Parts of a name that torch's wrappers around modules add to it."""


class Dictionary(NamedTuple):
    """A mapping of names to tensors in a file: the keys on the way to it, joined by dots, and the shapes in it."""

    key: str
    shapes: Mapping[str, Shape]


class Choice(NamedTuple):
    """The dictionary that was chosen, the prefix that its names have, and the names that fit: ours to theirs."""

    dictionary: Dictionary
    prefix: str
    names: Mapping[str, str]

    @property
    def key(self) -> str:
        """What chooses it: keys and prefix, joined by dots."""
        return ".".join([part for part in (self.dictionary.key, self.prefix.removesuffix(".")) if part])

    @property
    def place(self) -> str:
        """Where the weights lie, for people: ``under 'model', prefix 'module.'``."""
        under = [f"under '{self.dictionary.key}'"] if self.dictionary.key else []
        return ", ".join([*under, *([f"prefix '{self.prefix}'"] if self.prefix else [])])


def plain(name: str) -> str:
    """``name`` without what wrappers around modules add to it."""
    if not any(wrapper in name for wrapper in WRAPPERS):
        return name
    return ".".join(part for part in name.split(".") if part not in WRAPPERS)


def choose(
    file: str, dictionaries: Sequence[Dictionary], wanted: Mapping[str, Wanted], key: str | None = None
) -> Choice:
    """The dictionary and the prefix that fit the parameters that are ``wanted``, by name and shape.

    Where none fits them all, what fits most of them; where no shape fits, what has most of the names; where no name
    fits, the largest dictionary. Raises :class:`SpecError` where a second one fits as well, or half as well by the same
    names if none fits all, unless ``key`` says which is meant, and where there is nothing under that key.
    """
    choices = [choice for one in dictionaries for choice in _choices(one, wanted)]
    if key is not None:
        choices = _under(file, choices, key)
    trainable = sum(one.trainable for one in wanted.values())
    for score, complete in ((_fitting, trainable), (_named, len(wanted)), (_size, 0)):
        good = _best([(score(choice, wanted), choice) for choice in choices], complete)
        if len(good) == 1:
            return good[0]
        if good and score is _size and key is None:
            raise _nowhere(file, good)
        if good:
            exact = [choice for choice in good if choice.key == key]
            if len(exact) != 1:
                raise _ambiguous(file, good)
            return exact[0]
    raise SpecError([Problem("bad-artefact", f"{file}: this file holds no state_dict, a mapping of names to tensors")])


def _best(scores: Sequence[tuple[int, Choice]], complete: int) -> list[Choice]:
    """The choices that score ``complete``; where there are none, the best and those that score half as much.

    Of the latter only those that have some of the names of the best: others are another part of the network.
    """
    best = max((score for score, _ in scores), default=0)
    if 0 < complete <= best:
        return [choice for score, choice in scores if score >= complete]
    names = next((choice.names for score, choice in scores if score == best), {})
    least = max(-(-best // 2), 1)
    good = [(score, choice) for score, choice in scores if score >= least]
    return [choice for score, choice in good if score == best or not names.keys().isdisjoint(choice.names)]


def _choices(dictionary: Dictionary, wanted: Mapping[str, Wanted]) -> Iterator[Choice]:
    """What each prefix makes of the names in ``dictionary``; the empty one always."""
    found: dict[str, dict[str, str]] = {"": {}}
    longest = max((name.count(".") + 1 for name in wanted), default=0)
    for name in dictionary.shapes:
        parts = name.split(".")
        own = [at for at, part in enumerate(parts) if part not in WRAPPERS]
        for first in range(max(0, len(own) - longest), len(own)):
            ours = ".".join([parts[at] for at in own[first:]])
            if ours in wanted:
                prefix = "".join([f"{before}." for before in parts[: own[first]]])
                found.setdefault(prefix, {}).setdefault(ours, name)
    for prefix, names in found.items():
        yield Choice(dictionary, prefix, names)


def _fitting(choice: Choice, wanted: Mapping[str, Wanted]) -> int:
    """How many parameters fit by name and shape."""
    shapes = choice.dictionary.shapes
    return sum(wanted[ours].trainable and wanted[ours].shape == shapes[theirs] for ours, theirs in choice.names.items())


def _named(choice: Choice, wanted: Mapping[str, Wanted]) -> int:  # noqa: ARG001 - as the other scores
    return len(choice.names)


def _size(choice: Choice, wanted: Mapping[str, Wanted]) -> int:  # noqa: ARG001 - as the other scores
    return len(choice.dictionary.shapes) if not choice.prefix else 0


def _under(file: str, choices: list[Choice], key: str) -> list[Choice]:
    """The choices that lie under ``key``."""
    found = [choice for choice in choices if key in (choice.key, choice.dictionary.key)]
    found = found or [choice for choice in choices if choice.key.startswith(f"{key}.")]
    if not found:
        known = some([f"'{name}'" for name in dict.fromkeys(choice.key for choice in choices)], 8)
        message = f"{file}: there are no weights under the key '{key}'"
        raise SpecError([Problem("bad-artefact", message, hint=f"known: {known}" if known else "")])
    return found


def _nowhere(file: str, good: Sequence[Choice]) -> SpecError:
    """Several dictionaries are as large, and none has a name of the network: nothing says which is meant."""
    named = some([f"'{choice.key}'" for choice in good], 3)
    message = f"{file}: no dictionary in this file has names of this network: it holds {named}"
    hint = "key= or --key chooses one; what is spread over several is made one first: {'layer.weight': tensor, ...}"
    return SpecError([Problem("bad-artefact", message, hint=hint)])


def _ambiguous(file: str, good: Sequence[Choice]) -> SpecError:
    named = " and ".join(f"'{choice.key}'" for choice in good[:4])
    message = f"{file}: the weights of this network are there more than once: {named}"
    return SpecError([Problem("bad-artefact", message, hint=f"choose with key= or --key, such as '{good[0].key}'")])
