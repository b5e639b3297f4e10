"""What becomes of each tensor when a file's are loaded: equal ones are, others by what the caller allows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from math import prod
from typing import Any, Literal, NamedTuple, get_args

from netspec.errors.problem import Problem, SpecError
from netspec.ops.facts import Shape, shape_text
from netspec.weights.choice import Choice
from netspec.weights.wanted import INPUT, OUTPUT, Wanted, layer_of, some

Adapt = Literal["classes", "input", "shape"]
ADAPTATIONS: tuple[Adapt, ...] = get_args(Adapt)
"""What may be made to fit: a classifier of another size begins anew, the first convolution takes another number of
channels, and equal numbers of equal rows take another shape."""
COUNTER = "num_batches_tracked"
"""What batch norm has counted; torch before 0.4.1 did not, and nothing but an average over all batches reads it."""
ANEW = "a classifier of another size"
"""Why a tensor begins anew that another number of classes was asked for."""
LISTED = 20
"""How many names a text has before it is cut off."""


class Terms(NamedTuple):
    """What a caller allows: tensors without a value (all, or those that patterns name), and what may be made to fit."""

    partial: bool = False
    allow_fresh: tuple[str, ...] = ()
    adapt: frozenset[str] = frozenset()

    def allows(self, name: str) -> bool:
        """Whether the tensor ``name`` may be left as it starts."""
        if self.allow_fresh:
            names = (name, layer_of(name))
            return any(fnmatchcase(one, pattern) for pattern in self.allow_fresh for one in names)
        return self.partial

    @property
    def strict(self) -> bool:
        """Whether every tensor must have its value, and each value its tensor."""
        return not (self.partial or self.allow_fresh)


class Adapted(NamedTuple):
    """A tensor that was made to fit: the file's name of it, which adaptation that is, and what was done."""

    theirs: str
    kind: Adapt
    how: str


class Fresh(NamedTuple):
    """A tensor without a value from the file: why, and where the spec names its layer; empty if nobody knows."""

    why: str
    place: str = ""

    def __str__(self) -> str:
        return f"{self.why} ({self.place})" if self.place else self.why


class LoadedWeights(NamedTuple):
    """What was loaded from the file ``path``, and what was not, by the names of the network.

    ``loaded`` says which of the file's tensors each one is. ``unused`` are the file's tensors that no tensor took, by
    the file's names. ``source`` is where in the file the weights were found.
    """

    path: str
    source: str
    loaded: dict[str, str]
    adapted: dict[str, Adapted]
    fresh: dict[str, Fresh]
    unused: tuple[str, ...]
    surplus: tuple[str, ...] = ()
    """Those of ``unused`` that a strict caller objects to: all but what belongs to other things than the network."""

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "path": self.path,
            "source": self.source,
            "loaded": dict(self.loaded),
            "adapted": {name: one._asdict() for name, one in self.adapted.items()},
            "fresh": {name: {"why": one.why, "place": one.place or None} for name, one in self.fresh.items()},
            "unused": list(self.unused),
        }

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def counts(self) -> str:
        """How many there are of each."""
        kinds: dict[str, Collection[str]] = {"loaded": self.loaded, "adapted": self.adapted}
        kinds |= {"fresh": self.fresh, "unused": self.unused}
        return ", ".join(f"{len(names):,} {word}" for word, names in kinds.items())

    def lines(self) -> Iterator[str]:
        """The counts, where the weights were found, and every name that is not simply loaded."""
        found = f" ({self.source})" if self.source else ""
        yield f"{self.path}{found}: {self.counts()}"
        told = [f"adapted  {name}: {one.how}" for name, one in self.adapted.items()]
        told += [f"fresh    {name}: {one}" for name, one in self.fresh.items()]
        told += [f"unused   {name}" for name in self.unused]
        yield from (f"  {line}" for line in told[:LISTED])
        if len(told) > LISTED:
            yield f"  and {len(told) - LISTED:,} more"


def transfer(file: str, choice: Choice, wanted: Mapping[str, Wanted], terms: Terms) -> LoadedWeights:
    """What becomes of each tensor that is ``wanted``, by the names of ``choice``."""
    given = choice.dictionary.shapes
    loaded: dict[str, str] = {}
    adapted: dict[str, Adapted] = {}
    fresh: dict[str, Fresh] = {}
    anew = _anew(choice, wanted) if "classes" in terms.adapt else set()
    for name, one in wanted.items():
        theirs = choice.names.get(name)
        if theirs is None:
            fresh[name] = Fresh("not in the file", one.place)
        elif layer_of(name) in anew:
            fresh[name] = Fresh(ANEW, one.place)
        elif given[theirs] == one.shape or (name.endswith(COUNTER) and prod(given[theirs]) == 1):
            loaded[name] = theirs
        else:
            kind = next((kind for kind in ADAPTATIONS if kind in terms.adapt and _fits(kind, given[theirs], one)), None)
            if kind:
                adapted[name] = Adapted(theirs, kind, _how(kind, given[theirs], one.shape))
            else:
                fresh[name] = Fresh(f"{_size(given[theirs])} in the file, not {_size(one.shape)}", one.place)
    taken = {*loaded.values(), *(one.theirs for one in adapted.values())}
    unused = tuple(name for name in given if name not in taken)
    left = {theirs for ours, theirs in choice.names.items() if layer_of(ours) in anew or ours not in wanted}
    surplus = tuple(name for name in unused if name.startswith(choice.prefix) and name not in left)
    return LoadedWeights(file, choice.place, loaded, adapted, fresh, unused, surplus)


def _anew(choice: Choice, wanted: Mapping[str, Wanted]) -> set[str]:
    """The layers that make the classes of which one tensor has another first size than the file's."""
    given = choice.dictionary.shapes
    return {
        layer_of(name)
        for name, one in wanted.items()
        if one.role == OUTPUT and name in choice.names and _differs_first(given[choice.names[name]], one.shape)
    }


def _differs_first(given: Shape, shape: Shape) -> bool:
    return len(given) == len(shape) > 0 and given[0] != shape[0] and given[1:] == shape[1:]


def _fits(kind: Adapt, given: Shape, wanted: Wanted) -> bool:
    """Whether that adaptation makes ``given`` what is ``wanted``; a classifier begins anew as a whole."""
    shape = wanted.shape
    if kind == "input":
        axes = wanted.role == INPUT and len(given) == len(shape)
        return axes and given[1] > 0 and (given[0], *given[2:]) == (shape[0], *shape[2:])
    return kind == "shape" and given[:1] == shape[:1] and prod(given) == prod(shape)


def _how(kind: Adapt, given: Shape, shape: Shape) -> str:
    if kind == "shape":
        return f"reshaped from {_size(given)} to {_size(shape)}"
    before, after = given[1], shape[1]
    if after == 1:
        return f"summed over {before} input channels"
    return f"{before} input channels repeated to {after}, times {before}/{after}"


def _size(shape: Shape) -> str:
    return shape_text(shape) or "a single number"


def refuse(found: LoadedWeights, wanted: Mapping[str, Wanted], terms: Terms, choice: Choice) -> None:
    """Raise :class:`SpecError` unless ``terms`` allow what ``found`` leaves fresh and unused.

    Batch counters may be fresh in any case; where nothing would be loaded, nothing is allowed.
    """
    wrong = [name for name in found.fresh if not (_is_counter(name, found) or _is_asked(name, found, terms))]
    surplus = found.surplus if terms.strict else ()
    if not wrong and not surplus and (found.loaded or found.adapted or not wanted):
        return
    missing = [name for name in wrong if name not in choice.names]
    other = [name for name in wrong if name in choice.names]
    beside = [name for name in surplus if name not in {choice.names[name] for name in other}]
    if not wrong and not surplus:
        message = f"{found.path}: none of the {len(choice.dictionary.shapes):,} tensors in this file fits the network"
        raise SpecError([Problem("bad-artefact", message, hint=_advice(found, wanted, choice))])
    counts = f"{len(missing)} missing, {len(beside)} unknown, {len(other)} of another shape"
    message = f"{found.path}: these weights are of another network: {counts} ({some([*missing, *beside, *other])})"
    notes = _notes(found, wrong, other)
    raise SpecError([Problem("bad-artefact", message, hint=_advice(found, wanted, choice), notes=notes)])


def _is_counter(name: str, found: LoadedWeights) -> bool:
    """Whether ``name`` is a batch counter whose statistics are there."""
    return name.endswith(f".{COUNTER}") and f"{layer_of(name)}.running_mean" in {*found.loaded, *found.adapted}


def _is_asked(name: str, found: LoadedWeights, terms: Terms) -> bool:
    return terms.allows(name) or found.fresh[name].why == ANEW


def _notes(found: LoadedWeights, wrong: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    """Why the first of those that are wrong are, with their places; shapes say more than that there is none."""
    return tuple([f"'{name}': {found.fresh[name]}" for name in (other or wrong)[:3]])


def _advice(found: LoadedWeights, wanted: Mapping[str, Wanted], choice: Choice) -> str:
    """What would make them fit: adaptation where that is all they lack."""
    if not choice.names:
        return "its names are others: netspec weights SPEC FILE --map PAIRS pairs them by structure"
    given = choice.dictionary.shapes
    anew = _anew(choice, wanted)
    needed: dict[str, None] = {}
    for name in found.fresh:
        if layer_of(name) in anew:
            needed["classes"] = None
        elif not _is_counter(name, found):
            shape = given[choice.names[name]] if name in choice.names else None
            needed[
                next((kind for kind in ADAPTATIONS if shape is not None and _fits(kind, shape, wanted[name])), "")
            ] = None
    if needed and "" not in needed:
        kinds = [kind for kind in ADAPTATIONS if kind in needed]
        return f"allow adaptation: {' '.join(f'--adapt {kind}' for kind in kinds)}, or adapt={kinds}"
    return "--partial, or partial=True, loads what fits and tells the rest"
