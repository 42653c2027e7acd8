"""Runs the server in several processes, since a Python process uses one core at a time."""

import logging
import os
import signal
import sys
from collections.abc import Iterator
from time import monotonic
from typing import Final

from app.tether import die_with

YOUNG_SECONDS: Final = 1.0
"""If a process is killed sooner, the next one probably would be, too."""
_STOP: Final = {signal.SIGTERM, signal.SIGINT}
_SIGNALS: Final = {*_STOP, signal.SIGCHLD}

log = logging.getLogger(__name__)


def become_one_of(count: int) -> int:
    """Return in `count` new processes, with the number of each. The caller never returns.

    It waits until it is told to stop, and then stops the others. It replaces one that is killed.
    One that ends by itself has logged why, so the others are stopped, and the caller ends as it
    did. Call this while there is one thread, and nothing is connected (fork(2)).
    """
    return _Parent().run(count)


class _Parent:
    def __init__(self) -> None:
        self._pid = os.getpid()
        self._children: dict[int, tuple[int, float]] = {}
        """The number and the start of each, by pid."""

    def run(self, count: int) -> int:
        """Return only in a child."""
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        due, status = list(range(count)), None
        while status is None:
            for number in due:
                if self._fork(number) == 0:
                    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
                    return number
            due, status = self._next(signal.sigwait(_SIGNALS))
        self._stop()
        sys.exit(status)

    def _fork(self, number: int) -> int:
        pid = os.fork()
        if pid == 0:
            die_with(self._pid)
        else:
            self._children[pid] = number, monotonic()
        return pid

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
            number, started = self._children.pop(pid)
            yield number, monotonic() - started, os.waitstatus_to_exitcode(status)
