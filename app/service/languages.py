"""The languages on offer, remembered so that a submission does not wait for the runtime."""

import logging
from collections.abc import Callable, Sequence
from threading import Lock, Thread
from time import monotonic
from typing import Final

from app.domain.errors import RuntimeUnavailable
from app.domain.records import Language
from app.ports import Runtime

log = logging.getLogger(__name__)

FRESH_SECONDS: Final = 60.0


class Languages:
    """What the runtime offers, as it last said. One for each process."""

    def __init__(self, runtime: Runtime, clock: Callable[[], float] = monotonic) -> None:
        self._runtime = runtime
        self._clock = clock
        self._known: Sequence[Language] | None = None
        self._asked_at = 0.0
        self._lock = Lock()

    def known(self) -> Sequence[Language]:
        """Old ones are good enough while they are asked for again.

        Raises RuntimeUnavailable only if the runtime was never asked with success.
        """
        known = self._known
        if known is None:
            return self._ask()
        if self._due():
            Thread(target=self._ask_again, name="languages", daemon=True).start()
        return known

    def _due(self) -> bool:
        """Whether to ask again; true for one thread each time."""
        with self._lock:
            now = self._clock()
            due = now - self._asked_at >= FRESH_SECONDS
            if due:
                self._asked_at = now
            return due

    def _ask(self) -> Sequence[Language]:
        known = self._runtime.languages()
        self._known, self._asked_at = known, self._clock()
        return known

    def _ask_again(self) -> None:
        try:
            self._ask()
        except RuntimeUnavailable as error:
            log.warning("languages are as they were before: %s", error)
