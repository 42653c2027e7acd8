"""Programs that run until a test tells them to end, and so neither too short nor too long.

They are processes of this machine, in a jail or in a pod, and the test needs root's rights.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Final

from tests.hostile.traces import marked

WAITS: Final = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGURG})
signal.sigwait({signal.SIGURG})
print("done")
"""
"""Runs until it is told to end, by a signal that does nothing to a program that has just begun."""
SECONDS_BETWEEN_SIGNALS: Final = 1


def tell_to_end(mark: str) -> None:
    """Tell those with the mark in their environment. One that has just begun may not notice."""
    for pid in marked(mark.encode()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGURG)


@contextmanager
def told_to_end(mark: str) -> Iterator[None]:
    """Tell programs with the mark to end meanwhile, also those that begin later."""
    over = Event()

    def tell() -> None:
        while not over.wait(SECONDS_BETWEEN_SIGNALS):
            tell_to_end(mark)

    thread = Thread(target=tell)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
