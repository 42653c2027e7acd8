"""A spinner on stderr that shows what an execution waits for."""

import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.text import Text

from app.cli.terminal import escaped
from podline import State, StateEvent

_ASK_AGAIN: Final = 2.0
"""Seconds between two requests for the queue position."""


class Progress:
    """Shows states until the program runs, which then has the terminal to itself.

    Shows nothing if stderr is not a terminal.
    """

    def __init__(self, queue_position: Callable[[], int | None]) -> None:
        self._queue_position = queue_position
        self._status = Console(stderr=True).status("submitted")
        self._state: StateEvent | None = None
        self._over = threading.Event()
        self._asking = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._status.start()
            self._asking.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def show(self, event: StateEvent) -> None:
        self._state = event
        if event.state in (State.QUEUED, State.ADMITTED, State.STARTING):
            self._update(_line(event, None))
        else:
            self.stop()

    def stop(self) -> None:
        """Remove the spinner permanently."""
        self._over.set()
        self._status.stop()

    def _ask(self) -> None:
        while not self._over.wait(_ASK_AGAIN):
            event = self._state
            if event is not None and event.state is State.QUEUED:
                self._update(_line(event, self._queue_position()))

    def _update(self, line: str) -> None:
        self._status.update(Text(escaped(line)))


def _line(event: StateEvent, position: int | None) -> str:
    words = [event.state.value]
    if position is not None:
        words.append(f"queue position {position} (estimated)")
    if event.message:
        words.append(f"after: {event.message}")
    return ", ".join(words)
