"""Runs the server in several processes, since a Python process uses one core at a time."""

import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final

from app.tether import die_with

YOUNG_SECONDS: Final = 1.0
"""If a process is killed sooner, the next one probably would be, too."""
HUNG_SECONDS: Final = 15.0
"""A process whose loop has not gone round for this long hangs."""
_LOOKS: Final = 5
"""In that time. They are counted, so that a machine that was suspended kills nothing."""
_STOP: Final = {signal.SIGTERM, signal.SIGINT}
_SIGNALS: Final = {*_STOP, signal.SIGCHLD}

log = logging.getLogger(__name__)


def become_one_of(rounds: Sequence[int]) -> int:
    """Return in a new process for each of `rounds`, with its number. The caller never returns.

    It waits until it is told to stop, and then stops the others. It replaces one that is killed,
    and kills one that hangs: whose count in `rounds`, which all share, stands still.
    One that ends by itself has logged why, so the others are stopped, and the caller ends as it
    did. Call this while there is one thread, and nothing is connected (fork(2)).
    """
    return _Parent(rounds).run()


@dataclass(slots=True)
class _Child:
    number: int
    started: float
    before: int
    """Rounds of those that had its number before."""
    seen: int
    missed: int = 0
    """How often in a row it was seen to stand still."""

    def look(self, rounds: int) -> bool:
        """Whether it hangs. One that is only about to start does not."""
        stands = rounds == self.seen != self.before
        self.seen, self.missed = rounds, self.missed + 1 if stands else 0
        return self.missed >= _LOOKS


class _Parent:
    def __init__(self, rounds: Sequence[int]) -> None:
        self._pid = os.getpid()
        self._rounds = rounds
        self._children: dict[int, _Child] = {}
        """By pid."""

    def run(self) -> int:
        """Return only in a child."""
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        due: list[int] = [*range(len(self._rounds))]
        status: int | None = None
        while status is None:
            for number in due:
                if self._fork(number) == 0:
                    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
                    return number
            received = signal.sigtimedwait(_SIGNALS, HUNG_SECONDS / _LOOKS)
            due, status = self._next(received.si_signo) if received else self._look()
        self._stop()
        sys.exit(status)

    def _fork(self, number: int) -> int:
        pid = os.fork()
        if pid == 0:
            die_with(self._pid)
        else:
            before = self._rounds[number]
            self._children[pid] = _Child(number, monotonic(), before, before)
        return pid

    def _look(self) -> tuple[list[int], None]:
        """Kill those that hang. They are replaced when they have ended."""
        for pid, child in self._children.items():
            if child.look(self._rounds[child.number]):
                log.error("process %d of the API hangs and is killed", child.number)
                os.kill(pid, signal.SIGKILL)
        return [], None

    def _next(self, received: int) -> tuple[list[int], int | None]:
        """The numbers of the processes to replace, and the exit status if all have to stop."""
        if received in _STOP:
            return [], 0
        due = []
        for number, age, status in self._ended(os.WNOHANG):
            if status >= 0:
                return [], status
            log.error("process %d of the API was ended by signal %d", number, -status)
            if age < YOUNG_SECONDS:
                return [], 1
            due.append(number)
        return due, None

    def _stop(self) -> None:
        for pid in self._children:
            os.kill(pid, signal.SIGTERM)
        for _ in self._ended(0):
            pass

    def _ended(self, options: int) -> Iterator[tuple[int, float, int]]:
        """The number, the age and the exit status of each that has ended."""
        while self._children:
            pid, status = os.waitpid(-1, options)
            if pid == 0:
                return
            child = self._children.pop(pid)
            yield child.number, monotonic() - child.started, os.waitstatus_to_exitcode(status)
