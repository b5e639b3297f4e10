"""Files are read whatever they are, or refused at once; what is written is there whole, or nothing has changed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from netspec import files
from netspec.errors.problem import SpecError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes, devices and modes are POSIX")

MOST = 1000


def refusal(call: Callable[[], object]) -> tuple[str, str]:
    """Code and sentence of the one problem that ``call`` ends in."""
    with pytest.raises(SpecError) as caught:
        call()
    (problem,) = caught.value.problems
    return problem.code, problem.message


# -- reading ------------------------------------------------------------------------------------------------------


def plain(path: Path) -> None:
    """A file."""
    path.write_bytes(b"text")


def link(path: Path) -> None:
    """A link to a file."""
    path.with_name("target").write_bytes(b"text")
    path.symlink_to("target")


def silent_pipe(path: Path) -> None:
    """A pipe that nobody writes to."""
    os.mkfifo(path)


def folder(path: Path) -> None:
    """A folder."""
    path.mkdir()


def circle(path: Path) -> None:
    """A link to itself."""
    path.symlink_to(path)


def nothing(path: Path) -> None:
    """Nothing."""


def dangling(path: Path) -> None:
    """A link to nothing."""
    path.symlink_to("nowhere")


def listening(path: Path) -> None:
    """A socket."""
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(here)


def large(path: Path) -> None:
    """More than is read."""
    path.write_bytes(bytes(MOST + 1))


READ: list[tuple[Callable[[Path], None], bool, str]] = [
    (plain, True, ""),
    (link, True, ""),
    (silent_pipe, False, "is a pipe that nobody writes to"),
    (folder, False, "Is a directory"),
    (circle, False, "Too many levels of symbolic links"),
    (nothing, False, "there is no file"),
    (dangling, False, "there is no file"),
    (listening, False, "cannot be read"),
    (large, False, "has more than 1,000 bytes"),
]


@pytest.mark.parametrize(("made", "is_read", "why"), READ, ids=[row[0].__name__ for row in READ])
@pytest.mark.parametrize("only_plain", [False, True])
def test_whatever_is_read_is_content_or_one_refusal(
    made: Callable[[Path], None],
    is_read: bool,  # noqa: FBT001 - drawn
    why: str,
    only_plain: bool,  # noqa: FBT001 - drawn
    tmp_path: Path,
) -> None:
    """Each kind of file gives its content, or one problem that says what it is; none is waited for."""
    path = tmp_path / "x"
    made(path)
    if is_read:
        assert files.read(path, MOST, plain=only_plain) == b"text"
    else:
        code, message = refusal(lambda: files.read(path, MOST, plain=only_plain))
        assert code == ("limit" if made is large else "missing-file")
        assert why in message or (only_plain and "is a pipe or a device" in message)


def test_a_pipe_is_read_to_its_end_where_pipes_are_taken(tmp_path: Path) -> None:
    """A pipe gives what is written to it, in pieces too; where a plain file is wanted it is refused."""
    path = tmp_path / "pipe"
    os.mkfifo(path)

    def write() -> None:
        with path.open("wb", buffering=0) as pipe:
            for piece in (b"te", b"x", b"t"):
                pipe.write(piece)

    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # lets the writer begin
    writer = threading.Thread(target=write)
    writer.start()
    writer.join(0.2)
    try:
        assert files.read(path, MOST) == b"text"
        assert "is a pipe or a device" in refusal(lambda: files.read(path, MOST, plain=True))[1]
    finally:
        os.close(reader)
        writer.join()


WORDS = ["a\0b", "x" * 5000, "x/" * 3000, "\udcff", "", ".", "/dev/null/x", "~nobody/x"]


@pytest.mark.parametrize("word", WORDS, ids=repr)
def test_words_that_are_no_path_are_refused(word: str) -> None:
    """Whatever the system says of a name, it is one problem, for reading and for writing."""
    assert files.kind(word) in (None, stat.S_IFDIR)
    assert refusal(lambda: files.read(word, MOST))[0] == "missing-file"
    if word not in ("\udcff", "~nobody/x"):
        assert refusal(lambda: files.write(b"", Path(word)))[0] == "unwritable"


def test_devices_are_read_within_the_limit() -> None:
    """A device without an end is read up to the limit, and an empty one is empty."""
    assert refusal(lambda: files.read("/dev/zero", MOST))[0] == "limit"
    assert files.read("/dev/null", MOST) == b""


# -- writing ------------------------------------------------------------------------------------------------------


def fill(path: Path) -> None:
    """Write as most do."""
    files.write(b"new", path)


def replace_draft(path: Path) -> None:
    """Write as libraries do that put a file of their own in the place of the draft."""
    with files.whole(path) as draft:
        other = draft.with_name("other")
        other.write_bytes(b"new")
        other.chmod(0o600)
        other.replace(draft)


WRITERS = [fill, replace_draft]


def names(folder: Path) -> set[str]:
    """What is in ``folder``, hidden files too."""
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("mode", [None, 0o600, 0o640, 0o755])
def test_files_are_replaced_with_their_mode(writer: Callable[[Path], None], mode: int | None, tmp_path: Path) -> None:
    """A file keeps its mode, a new one has that of any new file, and nothing else is left in the folder."""
    path, usual = tmp_path / "x", tmp_path / "usual"
    usual.touch()
    if mode is not None:
        path.write_bytes(b"old")
        path.chmod(mode)
    writer(path)

    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == (stat.S_IMODE(usual.stat().st_mode) if mode is None else mode)
    assert names(tmp_path) == {"x", "usual"}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("there", [True, False])
def test_links_are_followed_and_stay(writer: Callable[[Path], None], there: bool, tmp_path: Path) -> None:  # noqa: FBT001 - drawn
    """What a link leads to is written, also through several links and into another folder."""
    (tmp_path / "in").mkdir()
    target, first, second = tmp_path / "in" / "target", tmp_path / "first", tmp_path / "second"
    if there:
        target.write_bytes(b"old")
    first.symlink_to("in/target")
    second.symlink_to(first)
    writer(second)

    assert (target.read_bytes(), first.is_symlink(), second.is_symlink()) == (b"new", True, True)
    assert (names(tmp_path), names(tmp_path / "in")) == ({"in", "first", "second"}, {"target"})


def test_other_names_of_a_file_keep_the_old_content(tmp_path: Path) -> None:
    """Of a file with two hard links the one that is named is new, the other is as it was."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"old")
    other.hardlink_to(one)
    files.write(b"new", one)

    assert (one.read_bytes(), other.read_bytes()) == (b"new", b"old")


@pytest.mark.parametrize("writer", WRITERS)
def test_pipes_are_written_to(writer: Callable[[Path], None], tmp_path: Path) -> None:
    """A pipe with a reader gets all of it and stays a pipe; without one, nobody waits."""
    path, got = tmp_path / "pipe", []
    os.mkfifo(path)
    assert refusal(lambda: writer(path)) == ("unwritable", f"{path}: cannot be written: No such device or address")

    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    descriptor = os.open(path, os.O_RDWR)
    reader.start()
    writer(path)
    os.close(descriptor)
    reader.join()

    assert got == [b"new"]
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert names(tmp_path) == {"pipe"}


def device(path: Path, minor: int) -> Path:
    """A device of its own where that is allowed: a fault must not replace the system's."""
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
        path.open("wb").close()
    except PermissionError:
        path.unlink(missing_ok=True)
        return Path("/dev/null" if minor == NULL else "/dev/full")
    return path


NULL, FULL = 3, 7


@pytest.mark.parametrize("writer", WRITERS)
def test_devices_are_written_to(writer: Callable[[Path], None], tmp_path: Path) -> None:
    """The null device takes all, a full one is told of; both stay what they are, through a link too."""
    null = tmp_path / "link"
    null.symlink_to(device(tmp_path / "null", NULL))
    full = device(tmp_path / "full", FULL)
    writer(null)

    assert refusal(lambda: writer(full)) == ("unwritable", f"{full}: cannot be written: No space left on device")
    assert all(stat.S_ISCHR(path.stat().st_mode) for path in (null, full))
    assert null.is_symlink()


REFUSED: list[tuple[Callable[[Path], None], str]] = [
    (folder, "it is a folder"),
    (listening, "it is a socket"),
    (circle, "Too many levels of symbolic links"),
]


@pytest.mark.parametrize(("made", "why"), REFUSED, ids=[row[0].__name__ for row in REFUSED])
def test_what_cannot_be_written_is_refused_before(made: Callable[[Path], None], why: str, tmp_path: Path) -> None:
    """Asked before long work, the answer is the same as when writing; what is there stays."""
    path = tmp_path / "x"
    made(path)
    before = path.lstat()

    for call in (lambda: files.refuse_unwritable(path), lambda: files.write(b"new", path)):
        assert refusal(call) == ("unwritable", f"{path}: cannot be written: {why}")
    assert path.lstat().st_ino == before.st_ino
    assert names(tmp_path) == {"x"}


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    """A file is never made in a folder that is not there, or in a file."""
    (tmp_path / "file").touch()

    assert "No such file or directory" in refusal(lambda: files.refuse_unwritable(tmp_path / "no" / "x"))[1]
    assert "Not a directory" in refusal(lambda: files.refuse_unwritable(tmp_path / "file" / "x"))[1]


NAMES: dict[str, Callable[[Path], Path]] = {
    "itself": lambda path: path,
    "by way of its folder": lambda path: path.parent / "in" / ".." / path.name,
    "a link": lambda path: _made(path.with_name("link"), lambda new: new.symlink_to(path)),
    "a hard link": lambda path: _made(path.with_name("other"), lambda new: new.hardlink_to(path)),
}


def _made(path: Path, make: Callable[[Path], None]) -> Path:
    make(path)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_what_is_read_is_never_written(name: str, tmp_path: Path) -> None:
    """A file among the inputs is refused by whatever name; another one is not."""
    path = tmp_path / "x"
    path.write_bytes(b"old")
    (tmp_path / "in").mkdir()
    target = NAMES[name](path)

    assert "one of the files that are read" in refusal(lambda: files.refuse_unwritable(target, [path]))[1]
    files.refuse_unwritable(tmp_path / "y", [path, Path("nowhere")])
    files.refuse_unwritable(path, [tmp_path / "y"])


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), SystemExit(143)])
def test_a_failure_while_writing_changes_nothing(error: BaseException, tmp_path: Path) -> None:
    """A full disk, an interrupt or the end of the process leave the old file, and no draft."""
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def write() -> None:
        with files.whole(path) as draft:
            draft.write_bytes(b"half")
            raise error

    with pytest.raises(SpecError if isinstance(error, OSError) else type(error)):
        write()

    assert path.read_bytes() == b"old"
    assert names(tmp_path) == {"x"}


# -- as another user and as a process -----------------------------------------------------------------------------

SCRIPT = """
import os, sys
from pathlib import Path
from netspec import files
from netspec.errors.problem import SpecError
if os.geteuid() == 0:
    os.setuid(65534)
for name in ("read-only", "closed/x", "closed/new"):
    try:
        files.write(b"new", Path(name))
    except SpecError as error:
        print(error.problems[0].message)
"""


@pytest.mark.skipif(shutil.which("mount") is None, reason="as on Linux")
def test_files_and_folders_without_permission_are_refused(tmp_path: Path) -> None:
    """A read-only file is not replaced, as its folder would allow; nothing is made in a folder of others."""
    (tmp_path / "closed").mkdir()
    for name in ("read-only", "closed/x"):
        (tmp_path / name).write_bytes(b"old")
    (tmp_path / "read-only").chmod(0o444)
    (tmp_path / "closed" / "x").chmod(0o666)
    for path in (tmp_path, *tmp_path.parents[:3]):
        if path.owner() == tmp_path.owner() and path != Path("/tmp"):  # noqa: S108 - every user may enter it
            path.chmod(0o777)
    (tmp_path / "closed").chmod(0o555)
    root = Path(__file__).parent.parent
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True, check=True
    )
    (tmp_path / "closed").chmod(0o755)

    assert done.stdout.splitlines() == [
        "read-only: cannot be written: permission denied",
        f"closed/x: cannot be written: permission denied to write in the folder '{tmp_path / 'closed'}'",
        f"closed/new: cannot be written: permission denied to write in the folder '{tmp_path / 'closed'}'",
    ]
    assert all((tmp_path / name).read_bytes() == b"old" for name in ("read-only", "closed/x"))
    assert names(tmp_path / "closed") == {"x"}


WAITING = """
import sys, time
from contextlib import contextmanager
from netspec import __main__, cli, files
from pathlib import Path

def write(**_):
    with files.whole(Path("x")) as draft:
        draft.write_bytes(b"half")
        print("ready", flush=True)
        time.sleep(30)

cli.main = write
__main__.run()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, None)])
def test_a_process_that_is_ended_leaves_no_draft(number: signal.Signals, code: int | None, tmp_path: Path) -> None:
    """SIGTERM and SIGINT while a file is written: the old one is there, and nothing beside it."""
    (tmp_path / "x").write_bytes(b"old")
    root = Path(__file__).parent.parent
    # Where the tests run in the background of a shell, SIGINT is ignored, and what they start would ignore it, too.
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    command = [sys.executable, "-c", heeding + WAITING]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        process.wait(20)

    assert process.returncode == code if code else process.returncode
    assert (tmp_path / "x").read_bytes() == b"old"
    assert names(tmp_path) == {"x"}
