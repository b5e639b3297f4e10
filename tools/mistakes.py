"""What netspec and other systems say to the same eight mistakes: the table of ``docs/mistakes.md``.

    python tools/mistakes.py            # prints the page; systems that are not installed are marked "not run"
    python tools/mistakes.py --check    # exit code 1 unless netspec's answers in the page are what it says now

A mistake is a piece of text put in the place of another in a network that is right. The networks are in
``tools/networks``, one for each system, as small as the mistakes allow.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from peers import MISTAKES, PEERS, Peer  # noqa: E402 - found by the path above

PAGE = ROOT / "docs" / "mistakes.md"
LONGEST = 400
ACCEPTED = "accepted"
ABSENT = "not run"
INAPPLICABLE = "does not apply"


def release(peer: Peer) -> str:
    """The installed version of a system; empty if it is not installed."""
    try:
        return version(peer.package)
    except PackageNotFoundError:
        return ""


def answer(peer: Peer, text: str) -> str:
    """What ``peer`` says to ``text``; it may take any exception, or a warning, to say it."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        file = Path(folder) / f"net.{peer.suffix}"
        file.write_text(text, encoding="utf-8")
        try:
            peer.read(file)
        except Exception as error:  # noqa: BLE001 - what is raised is the answer
            said = str(error) if peer.package == "netspec" else f"{type(error).__name__}: {error}"
        else:
            told = [str(one.message) for one in warned if issubclass(one.category, UserWarning)]
            said = "\n".join([f"{ACCEPTED}, with a warning:", *told]) if told else ACCEPTED
    return said.replace(str(file), file.name).replace(folder, "").strip()


def shown(said: str) -> str:
    """An answer as a block of text, cut if long."""
    said = re.sub(r"0x[0-9a-f]{6,}", "0x...", said)
    if len(said) > LONGEST:
        said = f"{said[:LONGEST].rstrip()} ... ({len(said):,} characters in all)"
    return f"```text\n{said}\n```"


def word(said: str) -> str:
    """An answer in a few words: whether the mistake is met, and whether the message says the line."""
    if said in (ABSENT, INAPPLICABLE):
        return said
    if said.startswith(ACCEPTED):
        return "accepted" if said == ACCEPTED else "accepted, with a warning"
    return "refused, with the line" if re.search(r"\bline:? \d+|:\d+:\d+", said) else "refused"


def section(mistake: str, answers: dict[str, dict[str, str]]) -> str:
    """All answers to one mistake."""
    lines = [f"## {mistake[0].upper()}{mistake[1:]}", ""]
    for peer in PEERS:
        said = answers[peer.name][mistake]
        if said in (ABSENT, INAPPLICABLE):
            continue
        old, new = (text.replace("\n", " / ") for text in peer.mistakes[mistake])
        lines += [f"**{peer.name}**, `{old}` written as `{new}`:", "", shown(said), ""]
    return "\n".join(lines)


def answers_of(peer: Peer) -> dict[str, str]:
    """Mistake -> what the system says. Raises :class:`ValueError` if it refuses the network that is right."""
    if not release(peer):
        return dict.fromkeys(MISTAKES, ABSENT)
    said = answer(peer, peer.right)
    if said != ACCEPTED:
        message = f"{peer.name} refuses the network that is right: {said}"
        raise ValueError(message)
    found = {}
    for mistake in MISTAKES:
        change = peer.mistakes.get(mistake)
        if change is None:
            found[mistake] = INAPPLICABLE
            continue
        old, new = change
        if peer.right.count(old) < 1:
            message = f"{peer.name}: '{old}' is not in the network"
            raise ValueError(message)
        found[mistake] = answer(peer, peer.right.replace(old, new, 1))
    return found


def page() -> str:
    """The whole page."""
    answers = {peer.name: answers_of(peer) for peer in PEERS}
    rows = [f"| {peer.name} | {release(peer) or ABSENT} | {peer.how} |" for peer in PEERS]
    systems = "\n".join(["| system | version | how it is asked |", "|---|---|---|", *rows])
    columns = " | ".join(peer.name for peer in PEERS)
    rows = [f"| {name} | {' | '.join(word(answers[peer.name][name]) for peer in PEERS)} |" for name in MISTAKES]
    table = "\n".join([f"| | {columns} |", "|---" * (len(PEERS) + 1) + "|", *rows])
    return (
        "\n".join([INTRODUCTION, systems, "", table, "", *(section(mistake, answers) for mistake in MISTAKES)]).rstrip()
        + "\n"
    )


INTRODUCTION = """\
# The same mistakes, system by system

One small network, one mistake at a time, and all that the reader of the message gets. Written by `tools/mistakes.py`,
which runs the systems that are installed; long answers are cut where the dots stand. A system is asked to read and to
build the network, not to run it. Where values have places and no names, a parameter cannot be misspelt;
where brackets give the structure, nothing can be indented badly. For Ultralytics, whose layers find their channels
themselves, the mismatch is one of height and width.
"""


def main() -> int:
    """Print the page, or compare netspec's answers in it with what it says now."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare netspec's column with the page")
    arguments = parser.parse_args()
    if not arguments.check:
        print(page(), end="")
        return 0
    written = PAGE.read_text(encoding="utf-8")
    stale = [mistake for mistake, said in answers_of(PEERS[0]).items() if shown(said) not in written]
    print("\n".join(f"{PAGE.name}: netspec answers otherwise to: {mistake}" for mistake in stale))
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
