"""Files as netspec reads and writes them: read within a limit, written whole or not at all.

What is read may be a file, a pipe, or standard input. What is written appears in one step: a draft beside the file is
filled, then moved into its place, so that neither a full disk nor an interrupt leaves half a file. Symbolic links are
followed and stay links. A file with several hard links becomes a file of its own: the other names keep the old content.
Pipes and devices are written to and never replaced.
"""

from __future__ import annotations

import io
import os
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from netspec.errors.problem import Problem, SpecError
from netspec.errors.source import Source
from netspec.limits import RAISE

STANDARD = "-"
"""Stands for standard input, where a file is read."""
STANDARD_INPUT, STANDARD_OUTPUT = 0, 1
"""Descriptors of the process."""


def shown(word: str | Path) -> str:
    """How messages call a file that is read."""
    return "<stdin>" if str(word) == STANDARD else str(word)


def kind(path: str | Path) -> int | None:
    """The type of the file at ``path`` as :mod:`stat` has it, links followed; None where there is none to be found."""
    try:
        return stat.S_IFMT(os.stat(path).st_mode)  # noqa: PTH116 - also of words that are no path at all
    except (OSError, ValueError):
        return None


def is_stream(path: Path) -> bool:
    """Whether ``path`` is a pipe or a device: something to write to, which has no content to be replaced."""
    return kind(path) in (stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK)


# -- reading ------------------------------------------------------------------------------------------------------


def read(path: str | Path, most: int, *, plain: bool = False) -> bytes:
    """The content of the file at ``path``, or of standard input for ``-``, if it has at most ``most`` bytes.

    A pipe is read to its end, and refused if nobody writes to it; with ``plain``, all but plain files are refused.
    Raises :class:`SpecError` for what cannot be read.
    """
    if str(path) == STANDARD and not plain:
        with _told(path):
            content = sys.stdin.buffer.read(most + 1)
    else:
        with _opened(path, plain=plain) as file:
            content = _content(file, path, most + 1)
    if len(content) > most:
        message = f"'{shown(path)}' has more than {most:,} bytes"
        raise SpecError([Problem("limit", message, Source(shown(path), "").span(1, 1), RAISE)])
    return content


def text(name: str | Path, content: bytes) -> str:
    """``content`` of the file ``name`` as text. Raises :class:`SpecError` at the first byte that is not UTF-8."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        source = Source(shown(name), content[: error.start].decode("utf-8-sig").replace("\r\n", "\n"))
        span = source.span(len(source.lines), len(source.lines[-1]) + 1)
        hint = "save it as UTF-8" if error.start else "it may be UTF-16: save it as UTF-8"
        raise SpecError([Problem("yaml-syntax", f"byte {error.start} is not UTF-8 text", span, hint)]) from None


def refuse_unreadable(path: Path) -> None:
    """Raise :class:`SpecError` unless ``path`` is a plain file that can be read."""
    with _opened(path, plain=True):
        pass


@contextmanager
def _opened(path: str | Path, *, plain: bool) -> Iterator[io.BufferedReader]:
    """The file at ``path``, opened for reading."""
    with _told(path), open(path, "rb", opener=_without_waiting) as file:
        if plain and not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise _unreadable(f"'{path}' is a pipe or a device, not a plain file")
        yield file


def _without_waiting(path: str, flags: int) -> int:
    """Open at once: a pipe that nobody has opened for writing would be waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _content(file: io.BufferedReader, path: str | Path, most: int) -> bytes:
    """Up to ``most`` bytes of ``file``."""
    mode = os.fstat(file.fileno()).st_mode
    begun = file.raw.read(most) if stat.S_ISFIFO(mode) else None  # None: somebody writes, but has not written yet
    if begun == b"":
        raise _unreadable(f"'{path}' is a pipe that nobody writes to")
    if not stat.S_ISREG(mode):
        os.set_blocking(file.fileno(), True)
    begun = begun or b""
    return begun + file.read(most - len(begun))


@contextmanager
def _told(path: str | Path) -> Iterator[None]:
    """What the system refuses, as a :class:`SpecError`."""
    try:
        yield
    except FileNotFoundError:
        raise _unreadable(f"there is no file '{path}'") from None
    except (OSError, ValueError) as error:
        raise _unreadable(f"'{shown(path)}' cannot be read: {_reason(error)}") from None


def _unreadable(message: str) -> SpecError:
    return SpecError([Problem("missing-file", message)])


def _reason(error: Exception) -> str:
    """What the system says, without the path and the number."""
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


# -- writing ------------------------------------------------------------------------------------------------------


def write(content: bytes, path: Path) -> None:
    """Make ``content`` the file at ``path``; see :func:`whole`."""
    with whole(path) as draft:
        draft.write_bytes(content)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A draft to write to, whose content becomes that of ``path`` at the end, or nothing does.

    A file that is replaced hands its mode and its owner on. Raises :class:`SpecError` when it cannot be written.
    """
    refuse_unwritable(path)
    try:
        if is_standard_output(path) or is_stream(path):
            with TemporaryDirectory(prefix="netspec") as folder:
                draft = Path(folder) / "draft"
                yield draft
                _pour(draft, path)
        else:
            yield from _replaced(Path(os.path.realpath(path)))
    except OSError as error:
        raise _unwritable(path, _reason(error)) from None


def _replaced(place: Path) -> Iterator[Path]:
    """A draft beside ``place``, which takes its place in the end."""
    before = place.stat() if place.exists() else None
    draft = place.with_name(f".{os.urandom(6).hex()}.netspec")
    try:
        mode = stat.S_IMODE(before.st_mode) if before else 0o666
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        after = before or os.fstat(descriptor)
        os.close(descriptor)
        yield draft
        _sync(draft)
        _give(draft, after)
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)


def _give(draft: Path, wanted: os.stat_result) -> None:
    """Give ``draft`` the owner, group and mode that are ``wanted``: who fills a draft may have put it there anew."""
    made = draft.stat()
    for owner, group in ((wanted.st_uid, -1), (-1, wanted.st_gid)):
        if owner not in (-1, made.st_uid) or group not in (-1, made.st_gid):
            with suppress(PermissionError):  # only the owner's and the user's own groups can be given away
                os.chown(draft, owner, group)
    draft.chmod(stat.S_IMODE(wanted.st_mode))


def _sync(draft: Path) -> None:
    """Have the content on the disk before the name leads to it: a power cut would leave an empty file."""
    with draft.open("rb+") as file:
        os.fsync(file.fileno())


def _pour(draft: Path, path: Path) -> None:
    """Write the content of ``draft`` to the pipe or device ``path``, or to standard output where it is that."""
    if is_standard_output(path):
        sys.stdout.flush()
        descriptor = os.dup(STANDARD_OUTPUT)  # opened by its name, a file that is appended to would begin anew
    else:
        descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))  # fails where nobody reads a pipe
        os.set_blocking(descriptor, True)
    with draft.open("rb") as content, os.fdopen(descriptor, "wb") as target:
        shutil.copyfileobj(content, target)


def refuse_unwritable(path: Path, inputs: Iterable[Path] = ()) -> None:
    """Raise :class:`SpecError` if ``path`` cannot be written, or is one of the files ``inputs``, by whatever name.

    To be asked before long work; :func:`whole` asks again, without inputs.
    """
    try:
        mode = _mode(path)
        place = Path(os.path.realpath(path))
        if mode is None:
            place.parent.stat()  # raises if there is no such folder
        elif stat.S_ISDIR(mode) or stat.S_ISSOCK(mode):
            raise _unwritable(path, "it is a folder" if stat.S_ISDIR(mode) else "it is a socket")
        elif stat.S_ISREG(mode) and any(_is_same(path, _opened_as(known)) for known in inputs):
            raise _unwritable(path, "it is one of the files that are read", "name another file with -o")
        elif not os.access(path, os.W_OK):
            raise _unwritable(path, "permission denied")
        is_replaced = (mode is None or stat.S_ISREG(mode)) and not is_standard_output(path)
        if is_replaced and not os.access(place.parent, os.W_OK | os.X_OK):
            raise _unwritable(path, f"permission denied to write in the folder '{place.parent}'")
    except (OSError, ValueError) as error:
        raise _unwritable(path, _reason(error)) from None


def _opened_as(path: Path) -> Path | int:
    """``path``, or the descriptor of standard input for ``-``: a shell may have a file there."""
    return STANDARD_INPUT if str(path) == STANDARD else path


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def is_standard_output(path: Path) -> bool:
    """Whether ``path`` is where standard output goes: ``/dev/stdout``, or the file that a shell sends it to."""
    return _is_same(path, STANDARD_OUTPUT)


def _is_same(one: Path, other: Path | int) -> bool:
    """Whether both are one file, by whatever name."""
    try:
        return os.path.samestat(one.stat(), os.stat(other))  # noqa: PTH116 - also of a descriptor
    except OSError:
        return False


def _unwritable(path: Path, why: str, hint: str = "") -> SpecError:
    return SpecError([Problem("unwritable", f"{path}: cannot be written: {why}", hint=hint)])
