"""The available languages, cached so that a submission does not wait for the runtime."""

import logging
from collections.abc import Callable, Iterable, Sequence
from threading import Lock, Thread
from time import monotonic
from typing import Final

from app.domain.errors import RuntimeUnavailable, StoreUnavailable
from app.domain.language import HeldLimit, Language
from app.ports import OfferedLanguages, Runtime

log = logging.getLogger(__name__)

FRESH_SECONDS: Final = 1.0
"""How soon everybody sees a package that was added, and the limits that it raises."""
PATIENCE_SECONDS: Final = 0.1
"""How long one request waits for a runtime that is slow: it usually answers within 1 ms."""
RETRY_SECONDS: Final = 5.0
"""Pause before the runtime is asked again while it doesn't answer."""


class Languages:
    """What the runtime offers, as it last said. One for each process.

    They are stored, so that a process which starts while the runtime is down knows them too.
    """

    def __init__(
        self, runtime: Runtime, stored: OfferedLanguages, clock: Callable[[], float] = monotonic
    ) -> None:
        self._runtime = runtime
        self._stored = stored
        self._clock = clock
        self._known: Sequence[Language] | None = None
        self._ask_again_at = 0.0
        self._first = Lock()
        self._lock = Lock()

    def known(self) -> Sequence[Language]:
        """The cached languages, at most a second old unless the runtime is slow or down.

        Raises RuntimeUnavailable only if the runtime never answered, and StoreUnavailable if it
        does not answer now and none of its languages were stored before.
        """
        known = self._known
        if known is None:
            return self._ask_first()
        if self._due():
            self._in_background(self._ask_again).join(PATIENCE_SECONDS)
        return self._known or known

    def accepted_by_all(self) -> dict[str, int]:
        """Of each limit, the most that every language accepts. Empty while the runtime is down."""
        try:
            accepted = [language.accepts for language in self.known()]
        except RuntimeUnavailable:
            return {}
        names = {name for accepts in accepted for name in accepts}
        return {
            name: min(accepts[name] for accepts in accepted if name in accepts) for name in names
        }

    def artifact_bytes(self, most: int) -> int | None:
        """What the files that a program creates can have together, up to `most`, in any language.

        None if a language keeps none. While the runtime is down, it is not asked.
        """
        try:
            known = self.known()
        except RuntimeUnavailable:
            return most
        if not all(language.keeps_artifacts for language in known):
            return None
        return min([most, *_given(language.max_artifact_bytes for language in known)])

    def max_input_bytes(self) -> int | None:
        """The most that every language accepts. None while the runtime is down."""
        try:
            return min(_given(language.max_input_bytes for language in self.known()), default=None)
        except RuntimeUnavailable:
            return None

    def limits_held(self) -> Sequence[HeldLimit]:
        """What holds each limit where programs run. Raises RuntimeUnavailable."""
        return self._runtime.limits_held()

    def _due(self) -> bool:
        """Whether to refresh; true for one thread each time."""
        with self._lock:
            now = self._clock()
            due = now >= self._ask_again_at
            if due:
                self._ask_again_at = now + RETRY_SECONDS
            return due

    def _ask_first(self) -> Sequence[Language]:
        """One thread asks the runtime, and the others wait for it."""
        with self._first:
            if self._known is not None:
                return self._known
            try:
                known = self._ask()
            except RuntimeUnavailable:
                if not (stored := self._stored.get()):
                    raise
                self._known, self._ask_again_at = stored, self._clock() + RETRY_SECONDS
                return stored
            # A locked store must not delay the first request.
            self._in_background(lambda: self._remember(known))
            return known

    def _ask(self) -> Sequence[Language]:
        known = self._runtime.languages()
        self._known, self._ask_again_at = known, self._clock() + FRESH_SECONDS
        return known

    def _remember(self, languages: Sequence[Language]) -> None:
        try:
            if list(languages) != list(self._stored.get()):
                self._stored.put(languages)
        except StoreUnavailable as error:
            log.warning("could not store the available languages: %s", error)

    def _ask_again(self) -> None:
        before = self._known
        try:
            known = self._ask()
        except RuntimeUnavailable as error:
            self._ask_again_at = self._clock() + RETRY_SECONDS
            log.warning("could not read the available languages from the runtime: %s", error)
        else:
            if known != before:
                self._remember(known)

    @staticmethod
    def _in_background(work: Callable[[], None]) -> Thread:
        thread = Thread(target=work, name="languages", daemon=True)
        thread.start()
        return thread


def _given(maxima: Iterable[int | None]) -> list[int]:
    return [most for most in maxima if most is not None]
