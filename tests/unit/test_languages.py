"""The languages are remembered, and asked for again behind a request's back."""

import threading

import pytest

from app.domain.errors import RuntimeUnavailable
from app.domain.records import Language
from app.infrastructure.memory.runtime import LANGUAGES, MemoryRuntime
from app.service.languages import FRESH_SECONDS, Languages


class Counted(MemoryRuntime):
    """Counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Semaphore(0)
        self.times = 0

    def languages(self) -> list[Language]:
        self.times += 1
        try:
            return super().languages()
        finally:
            self.asked.release()


class Seconds:
    """Time in seconds, which a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_they_are_asked_for_once() -> None:
    runtime = Counted()
    languages = Languages(runtime, Seconds())
    assert list(languages.known()) == list(languages.known()) == list(LANGUAGES)
    assert runtime.times == 1


def test_old_ones_are_used_while_they_are_asked_for_again() -> None:
    runtime, seconds = Counted(), Seconds()
    languages = Languages(runtime, seconds)
    languages.known()
    assert runtime.asked.acquire(timeout=5)
    seconds.now, runtime.away = FRESH_SECONDS, True
    assert list(languages.known()) == list(languages.known()) == list(LANGUAGES)
    assert runtime.asked.acquire(timeout=5)
    assert runtime.times == 2


def test_they_must_have_been_known_once() -> None:
    runtime = Counted()
    runtime.away = True
    languages = Languages(runtime, Seconds())
    with pytest.raises(RuntimeUnavailable):
        languages.known()
    runtime.away = False
    assert list(languages.known()) == list(LANGUAGES)
