"""Processes that run numbered cases one after the other, and are ended when a case hangs."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

HANGS = 30.0
"""Seconds after which a case is ended."""
MUCH = 8 * 2**30
"""Bytes of address space: what asks for more than this gets a MemoryError, which is a finding."""


class Outcome(NamedTuple):
    """What became of one case: how it ended, what was wrong with that, and what it took."""

    case: int
    what: str
    """The spec, or the kind of file, that it was made of."""
    ending: str
    fault: str
    seconds: float
    megabytes: float


def ended(case: int, seconds: float) -> Outcome:
    """The outcome of a case whose process had to be ended, or died."""
    return Outcome(case, "", "escaped", f"it hung or died after {seconds:.0f} s", seconds, 0)


def worker(connection: Any, run: Callable[..., Any], *settings: Any) -> None:
    """Run the cases that come in, one after the other, until None comes."""
    resource.setrlimit(resource.RLIMIT_AS, (MUCH, MUCH))
    while (case := connection.recv()) is not None:
        connection.send(run(case, *settings))


class Runner:
    """A worker process, started anew when it hangs, dies, or has needed too much."""

    def __init__(self, run: Callable[..., Any], *settings: Any) -> None:
        self.settings = (run, *settings)
        self.case: int | None = None
        self.since = 0.0
        self._start()

    def give(self, case: int) -> None:
        """Let it run ``case``."""
        self.case, self.since = case, time.perf_counter()
        self.connection.send(case)

    def take(self, ended: Callable[[int, float], Any]) -> Any:
        """The result, once it is there, else None; a hanging case gets what ``ended`` says of it."""
        if self.case is None:
            return None
        case, seconds = self.case, time.perf_counter() - self.since
        try:
            found = self.connection.recv() if self.connection.poll(0.01) else None
        except EOFError:
            found = ended(case, seconds)
        if found is None and seconds > HANGS:
            found = ended(case, seconds)
        if found is not None:
            self.case = None
            if found.fault:
                self._restart()
        return found

    def _start(self) -> None:
        self.connection, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=worker, args=(other, *self.settings), daemon=True)
        self.process.start()
        other.close()

    def _restart(self) -> None:
        self.process.kill()
        self.process.join()
        self._start()


def results(cases: range, runners: list[Runner], ended: Callable[[int, float], Any]) -> Iterator[Any]:
    """What becomes of ``cases``, in the order in which they end."""
    waiting = iter(cases)
    missing = len(cases)
    while missing:
        for runner in runners:
            case = next(waiting, None) if runner.case is None else None
            if case is not None:
                runner.give(case)
            found = runner.take(ended)
            if found:
                missing -= 1
                yield found
