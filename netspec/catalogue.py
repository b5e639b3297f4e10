"""Where specs are found: paths, and the names of those that are shipped with the package."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TypeVar

from netspec.errors.problem import Problem, SpecError
from netspec.errors.source import Source, Span
from netspec.errors.suggestions import did_you_mean
from netspec.language.extends import Opener, Parent, spec_of
from netspec.language.spec import Spec
from netspec.limits import LIMITS, RAISE, Limits

SUFFIX = ".yaml"
Found = TypeVar("Found")


class Reference(NamedTuple):
    """What a user's word for a network means: a file, and a variant in it."""

    path: Path
    variant: str | None


def shipped() -> dict[str, Path]:
    """Name -> file of every shipped spec, in the order of the names."""
    here = Path(__file__).parent
    folder = here / "specs" if (here / "specs").is_dir() else here.parent / "specs"
    return {path.stem: path for path in sorted(folder.glob(f"*{SUFFIX}"))}


def reference(word: str) -> Reference:
    """``specs/vgg16.yaml``, ``resnet.yaml@resnet50``, ``vgg16`` or ``resnet@resnet50`` as a file and a variant.

    Raises :class:`SpecError` when there is no such file or name.
    """
    name, _, variant = word.rpartition("@") if "@" in word else (word, "", "")
    path, known = Path(name), shipped()
    if path.name == name and path.stem in known and path.suffix == SUFFIX and not path.is_file():
        return Reference(known[path.stem], variant or None)
    if path.suffix in (SUFFIX, ".yml") or "/" in name or path.is_file():
        return Reference(path, variant or None)
    if name not in known and not variant:
        family = _family_with(name, known)
        if family:
            return Reference(family, name)
    if name not in known:
        hint = did_you_mean(name, known) or "netspec list shows what is shipped; a path ends in .yaml"
        raise SpecError([Problem("missing-file", f"there is no file and no shipped network '{name}'", hint=hint)])
    return Reference(known[name], variant or None)


def _family_with(variant: str, known: dict[str, Path]) -> Path | None:
    """The shipped spec that has a variant of that name: ``resnet18`` is found in ``resnet.yaml``."""
    key = re.compile(rf"^  {re.escape(variant)}:", re.MULTILINE)
    return next((path for path in known.values() if key.search(path.read_text(encoding="utf-8"))), None)


def text(path: Path, limits: Limits = LIMITS) -> Source:
    """The content of the file at ``path``. Raises :class:`SpecError` when it cannot be read as text."""
    try:
        with path.open("rb") as file:
            content = file.read(limits.characters + 1)
        if len(content) > limits.characters:
            message = f"'{path}' has more than {limits.characters:,} bytes"
            raise SpecError([Problem("limit", message, Source(str(path), "").span(1, 1), RAISE)])
        return Source(str(path), content.decode("utf-8-sig").replace("\r\n", "\n"))
    except FileNotFoundError:
        near = [str(path.with_name(other.name)) for other in path.parent.glob(f"*{SUFFIX}")]
        hint = did_you_mean(str(path), near) if len(near) < MANY else ""
        raise SpecError([Problem("missing-file", f"there is no file '{path}'", hint=hint)]) from None
    except UnicodeDecodeError as error:
        source = Source(str(path), content[: error.start].decode("utf-8-sig").replace("\r\n", "\n"))
        span = source.span(len(source.lines), len(source.lines[-1]) + 1)
        hint = "save it as UTF-8" if error.start else "it may be UTF-16: save it as UTF-8"
        raise SpecError([Problem("yaml-syntax", f"byte {error.start} is not UTF-8 text", span, hint)]) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SpecError([Problem("missing-file", f"'{path}' cannot be read: {reason}")]) from None


MANY = 200


def spec(word: str | Path, root: Path | None = None, limits: Limits = LIMITS) -> tuple[Spec, str | None]:
    """The spec that ``word`` refers to, and the variant that is meant.

    What it extends must lie in its own folder, or below ``root`` if given. Raises :class:`SpecError`.
    """
    found = reference(str(word))
    opener = parents(found.path, root, limits)
    return spec_of(text(found.path, limits), opener, limits), found.variant


def parents(child: Path, root: Path | None, limits: Limits = LIMITS) -> Opener:
    """Finds what the spec at ``child`` extends: beside it, or among the shipped ones, and nowhere outside."""

    def opened(word: str, span: Span) -> Parent:
        name, _, variant = word.partition("@")
        path = child.parent / name
        if "/" not in name and Path(name).suffix != SUFFIX and not path.is_file():
            found = _at(span, lambda: reference(word))
            return Parent(text(found.path, limits), found.variant, parents(found.path, root, limits))
        allowed = (root or child.parent).resolve()
        if not path.resolve().is_relative_to(allowed):
            message = f"'{word}' lies outside of {allowed.name or allowed}/"
            hint = "a spec extends what lies in its folder; the caller can allow a wider one with --root"
            raise SpecError([Problem("outside", message, span, hint)])
        return Parent(_at(span, lambda: text(path, limits)), variant or None, parents(path, root, limits))

    return opened


def _at(span: Span, found: Callable[[], Found]) -> Found:
    """What ``found`` returns; its problems get a place."""
    try:
        return found()
    except SpecError as error:
        raise SpecError([replace(problem, span=span) for problem in error.problems]) from None
