"""Trainings one after the other in this process, or side by side, each in a process of its own."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

import torch
from torch import multiprocessing

from netspec.errors.problem import Problem, SpecError
from netspec.errors.text import exception_text
from netspec.nn.training.batches import Share
from netspec.nn.training.run import Job, run
from netspec.training.history import Event, Failure

Told = Callable[[Job, Event], None]
SIGNALLED = 128
"""Exit code of a process that a signal ends, less the signal's number: what a shell makes of it."""
START = "spawn"
"""How processes are begun: a forked one would have the threads of torch that this one has begun."""
END_SECONDS = 10
"""That a process gets to leave before it is made to."""


def train(jobs: Sequence[Job], at_once: int, told: Told, share: Share = Share()) -> None:  # noqa: B008 - it cannot change
    """Run all ``jobs``, ``at_once`` of them at a time, and tell what they tell.

    With one at a time all run in this process. A job that fails does not end the others, but where several processes
    ``share`` it.
    """
    if min(at_once, len(jobs)) == 1:
        for job in jobs:
            _here(job, told, share)
    else:
        _Side(at_once, told).all(jobs)


def _here(job: Job, told: Told, share: Share) -> None:
    """Run ``job`` in this process; what is wrong with it is told.

    Raises :class:`SpecError` instead where other processes train it too: they would wait for this one without end.
    """
    try:
        run(job, lambda event: told(job, event), share)
    except SpecError as error:
        problems = [*error.problems]
    except (RuntimeError, ValueError) as error:  # what torch raises where memory does not suffice, too
        problems = [Problem("limit", f"{job.name}: torch cannot train it: {exception_text(error)}")]
    else:
        return
    if share.size > 1:
        raise SpecError(problems)
    for problem in problems:
        told(job, Failure(problem))


class _Member(NamedTuple):
    job: Job
    process: Any
    pipe: Connection


class _Side:
    """Processes side by side: their number, what they tell, and their end."""

    def __init__(self, at_once: int, told: Told) -> None:
        self.at_once, self.told = at_once, told
        self.context: Any = multiprocessing.get_context(START)
        self.members: dict[Connection, _Member] = {}

    def all(self, jobs: Sequence[Job]) -> None:
        waiting = list(jobs)
        try:
            while waiting or self.members:
                while waiting and len(self.members) < self.at_once:
                    self._start(waiting.pop(0))
                for pipe in wait([*self.members]):
                    self._hear(self.members[pipe])  # type: ignore[index]  # they are all connections
        finally:
            self._end()

    def _start(self, job: Job) -> None:
        ours, theirs = self.context.Pipe(duplex=False)
        process = self.context.Process(target=member, args=(job, theirs), daemon=True)
        with _unheard_interrupt():
            process.start()
        theirs.close()
        self.members[ours] = _Member(job, process, ours)

    def _hear(self, one: _Member) -> None:
        """What a process has told, or that it is at its end."""
        try:
            event = one.pipe.recv()
        except (EOFError, OSError):
            one.process.join()
            del self.members[one.pipe]
            code = one.process.exitcode
            if code:
                how = f"signal {-code}" if code < 0 else f"exit code {code}"
                message = f"{one.job.name}: its process has ended with {how}"
                self.told(one.job, Failure(Problem("ended", message, hint="--resume goes on with it")))
        else:
            self.told(one.job, event)

    def _end(self) -> None:
        """Have all processes leave that are still there; what they were writing is not left half done."""
        for one in self.members.values():
            one.process.terminate()
        for one in self.members.values():
            one.process.join(END_SECONDS)
            if one.process.is_alive():
                one.process.kill()
                one.process.join()


@contextmanager
def _unheard_interrupt() -> Iterator[None]:
    """Have processes that begin meanwhile not hear SIGINT from the start, while they import torch too.

    The terminal sends it to all, and the first ends the others.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # it would undo the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave(number: int, _: Any) -> None:
    """Leave at the first signal of its kind; the next would interrupt what is done at the end of a process."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(SIGNALLED + number)


def member(job: Job, pipe: Connection) -> None:
    """One of several processes: train ``job`` and tell what happens, as long as anybody hears it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where it could not be kept from this process before
    signal.signal(signal.SIGTERM, _leave)
    torch.set_num_interop_threads(1)
    try:
        _here(job, lambda _, event: pipe.send(event), Share())
    except BrokenPipeError:
        sys.exit(1)
