"""The heartbeat of a worker and of beat: a file that is touched while the main thread goes round.

A probe looks at the file's age alone, so it costs milliseconds: docs/operations.md.
"""

import functools
import threading
from pathlib import Path
from typing import Any, Final

from celery import bootsteps

from app.settings import Settings
from sandbox.private import touch
from tasks import app

HEARTBEAT_SECONDS: Final = 2.0


def beat() -> None:
    """Touch the file, if a setting names one. Raises OSError where that can't be done.

    Other threads must not speak for the main one, which is where a worker's loop and beat's run.
    """
    file = _file()
    if file is not None and threading.current_thread() is threading.main_thread():
        touch(file)


def beat_on() -> None:
    """While Redis is away, in every attempt to connect: it is no sign of a start that succeeded."""
    file = _file()
    if file is not None and file.exists():
        beat()


@functools.cache
def _file() -> Path | None:
    return Settings.load().heartbeat_file


class HeartbeatStep(bootsteps.StartStopStep):
    """Beats by the timer of the worker's event loop, so a loop that hangs beats no more."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._timer: Any = None

    def start(self, parent: Any) -> None:
        beat()
        self._timer = parent.timer.call_repeatedly(HEARTBEAT_SECONDS, beat)

    def stop(self, parent: Any) -> None:  # noqa: ARG002  # the bootstep's signature
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


app.steps["consumer"].add(HeartbeatStep)
