"""Where specs are found: paths, standard input, and the names of those that are shipped with the package."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from netspec import files
from netspec.errors.problem import Problem, SpecError
from netspec.errors.source import Source, Span
from netspec.errors.suggestions import did_you_mean
from netspec.language.extends import Opener, Parent, spec_of
from netspec.language.spec import Spec
from netspec.limits import LIMITS, Limits

SUFFIX = ".yaml"
SUFFIXES = (SUFFIX, ".yml")
EVERY = "*"
"""Stands for all variants, where one could be named."""


class Reference(NamedTuple):
    """What a user's word for a network means: a file (``-`` is standard input), and a variant in it."""

    path: Path
    variant: str | None


def shipped() -> dict[str, Path]:
    """Name -> file of every shipped spec, in the order of the names."""
    here = Path(__file__).parent
    folder = here / "specs" if (here / "specs").is_dir() else here.parent / "specs"
    return {path.stem: path for path in sorted(folder.glob(f"*{SUFFIX}"))}


def digest(path: Path) -> int:
    """A number that is another one when the shipped spec at ``path``, or one that it extends, is changed."""
    content = path.read_bytes()
    parent = re.search(rb"^extends: *(\S+)", content, re.MULTILINE)
    before = digest(reference(parent.group(1).decode()).path) if parent else 0
    return crc32(content, before)


def split(word: str, folder: Path = Path()) -> tuple[str, str | None]:
    """``resnet.yaml@resnet50``, seen from ``folder``, as a path or name, and a variant or None.

    A variant stands behind the last ``@``, unless that is the name of a folder, as in ``runs@gpu1/net.yaml``, or there
    is a file of the whole name.
    """
    name, at, variant = word.rpartition("@")
    if not at or "/" in variant or files.kind(folder / word) is not None:
        return word, None
    return name, variant or None


def reference(word: str) -> Reference:
    """``specs/vgg16.yaml``, ``resnet.yaml@resnet50``, ``-``, ``vgg16`` or ``resnet@resnet50`` as a file and a variant.

    In the names of shipped networks ``-`` and ``_`` are the same. Raises :class:`SpecError` when there is no such file
    or name.
    """
    name, variant = split(word)
    path = Path(name)
    is_file = files.kind(name) not in (None, stat.S_IFDIR)
    if path.name == name and path.suffix == SUFFIX and not is_file:
        shipped_file = _file_called(path.stem)
        if shipped_file:
            return _member(shipped_file, variant)
    if name == files.STANDARD or path.suffix in SUFFIXES or "/" in name or is_file:
        return Reference(path, variant)
    found = _shipped(name, variant)
    if found:
        return found
    if files.kind(name) == stat.S_IFDIR:
        return Reference(path, variant)
    raise SpecError([_unknown(name)])


def _unknown(name: str) -> Problem:
    known = [called for path in shipped().values() for called in (path.stem, *variants(path))]
    hint = did_you_mean(name, known) or "netspec list shows what is shipped; a path ends in .yaml"
    return Problem("missing-file", f"there is no file and no shipped network '{name}'", hint=hint)


def _shipped(name: str, variant: str | None) -> Reference | None:
    """The shipped network called ``name``: a spec's name, or without a variant that of a variant in it."""
    file = _file_called(name)
    if file or variant:
        return _member(file, variant) if file else None
    families = {called: path for path in reversed(shipped().values()) for called in variants(path)}
    found = _called(name, families)
    return Reference(families[found], found) if found else None


def _file_called(name: str) -> Path | None:
    """The file of the shipped spec called ``name``."""
    known = shipped()
    found = _called(name, known)
    return known[found] if found else None


def _member(file: Path, variant: str | None) -> Reference:
    """The variant of a shipped spec; one that it does not have is told where the spec is read."""
    return Reference(file, variant and (_called(variant, variants(file)) or variant))


def _called(name: str, names: Iterable[str]) -> str | None:
    """Which of ``names`` is meant: the same one, or else the first with ``-`` for ``_`` or the reverse."""
    alike = [other for other in names if folded(other) == folded(name)]
    return name if name in alike else next(iter(alike), None)


def folded(name: str) -> str:
    """``name`` with ``_`` for ``-``, which are the same where a shipped network is looked up."""
    return name.replace("-", "_")


def variants(path: Path) -> list[str]:
    """The names of the variants of a shipped spec, without reading all of it: each begins a line of its own."""
    _, _, rest = path.read_text(encoding="utf-8").partition("\nvariants:\n")
    section = re.match(r"(?:  .*\n)*", rest)
    return re.findall(r"^  ([^\s:#]+):", section.group(), re.MULTILINE) if section else []


def is_folder(word: str) -> bool:
    """Whether ``word`` means a folder, and no shipped network of that name."""
    name, variant = split(word)
    return files.kind(name) == stat.S_IFDIR and ("/" in name or _shipped(name, variant) is None)


def specs_below(folder: str) -> list[str]:
    """The paths of all specs in ``folder`` and the folders in it, sorted; what is hidden is left out.

    Raises :class:`SpecError` for a folder that cannot be read, or that holds none.
    """
    found = []
    for place, folders, names in os.walk(folder, onerror=_refuse_folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in names if name.endswith(SUFFIXES) and not name.startswith(".")]
    if not found:
        message = f"there is no file '*.yaml' or '*.yml' in '{folder}' or below it"
        raise SpecError([Problem("missing-file", message)])
    return [str(path) for path in sorted(found)]


def _refuse_folder(error: OSError) -> None:
    raise SpecError([Problem("missing-file", f"'{error.filename}' cannot be read: {error.strerror}")])


def text(path: Path, limits: Limits = LIMITS, *, plain: bool = False) -> Source:
    """The content of the file at ``path``; with ``plain`` nothing but a plain file is read.

    Raises :class:`SpecError` when it cannot be read as text.
    """
    try:
        content = files.read(path, limits.characters, plain=plain)
    except SpecError as error:
        if files.kind(path) is None:
            raise SpecError([replace(problem, hint=_nearby(path)) for problem in error.problems]) from None
        raise
    return Source(files.shown(path), files.text(path, content).removeprefix(BOM).replace("\r\n", "\n"))


BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
MANY = 200


def _nearby(path: Path) -> str:
    """A file beside the missing ``path`` that was perhaps meant."""
    if files.kind(path.parent) != stat.S_IFDIR:
        return ""
    near = [str(path.with_name(other.name)) for other in path.parent.glob(f"[!.]*{SUFFIX}")]
    return did_you_mean(str(path), near) if len(near) < MANY else ""


def spec(word: str | Path, root: Path | None = None, limits: Limits = LIMITS) -> tuple[Spec, str | None]:
    """The spec that ``word`` refers to, and the variant that is meant.

    What it extends must lie in its own folder, or below ``root`` if given. Raises :class:`SpecError`.
    """
    found = reference(str(word))
    read = [found.path]
    result = spec_of(text(found.path, limits), parents(found.path, root, limits, read), limits)
    result.files = tuple(read)
    return result, found.variant


def parents(child: Path, root: Path | None, limits: Limits = LIMITS, read: list[Path] | None = None) -> Opener:
    """Finds what the spec at ``child`` extends: beside it, or among the shipped ones, and nowhere outside.

    The parents' paths are added to ``read``. Parents are plain files: no spec makes netspec wait for a pipe.
    """

    def opened(word: str, span: Span) -> Parent:
        name, variant = split(word, child.parent)
        path, within = child.parent / name, root
        if "/" not in name and Path(name).suffix not in SUFFIXES and files.kind(path) != stat.S_IFREG:
            found = _shipped(name, variant)
            if not found:
                raise SpecError([replace(_unknown(name), span=span)])
            (path, variant), within = found, None
        else:
            _refuse_outside(path, root or child.parent, word, span)
        try:
            source = text(path, limits, plain=True)
        except SpecError as error:
            raise SpecError([replace(problem, span=span) for problem in error.problems]) from None
        if read is not None:
            read.append(path)
        return Parent(source, variant, parents(path, within, limits, read))

    return opened


def _refuse_outside(path: Path, folder: Path, word: str, span: Span) -> None:
    """Raise :class:`SpecError` if ``path``, its links followed, lies elsewhere than in ``folder``."""
    allowed = Path(os.path.realpath(folder))
    with suppress(ValueError):  # what can be no path is answered where it is read
        if not Path(os.path.realpath(path)).is_relative_to(allowed):
            message = f"'{word}' lies outside of {allowed.name or allowed}/"
            hint = "a spec extends what lies in its folder; the caller can allow a wider one with --root"
            raise SpecError([Problem("outside", message, span, hint)])
