"""The available languages, as a process caches them and the store keeps them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from app.domain.errors import RuntimeUnavailable
from app.domain.language import Language
from app.infrastructure.memory.languages import MemoryOfferedLanguages
from app.infrastructure.memory.runtime import MemoryRuntime
from app.service import languages as remembered
from app.service.languages import FRESH_SECONDS, RETRY_SECONDS, Languages
from tests.support.twins import Twins
from tests.support.waiting import wait_until


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def process(twins: Twins, seconds: Seconds) -> Languages:
    """A process that has just started."""
    return Languages(twins.runtime, twins.store.languages, seconds)


def reported(twins: Twins, seconds: Seconds) -> Sequence[Language]:
    """What a process reads from the runtime, and stores for later processes."""
    offered = process(twins, seconds).known()
    wait_until(lambda: twins.store.languages.get() == offered)
    return offered


def test_a_new_process_knows_them_while_the_runtime_is_down(twins: Twins, seconds: Seconds) -> None:
    offered = reported(twins, seconds)
    twins.runtime.unavailable = True

    assert process(twins, seconds).known() == offered


def test_they_are_unknown_where_the_runtime_never_answered(twins: Twins, seconds: Seconds) -> None:
    twins.runtime.unavailable = True
    languages = process(twins, seconds)
    with pytest.raises(RuntimeUnavailable):
        languages.known()

    twins.runtime.unavailable = False

    assert languages.known() == twins.runtime.languages()


@pytest.mark.parametrize(("is_down", "pause"), [(False, FRESH_SECONDS), (True, RETRY_SECONDS)])
def test_the_runtime_is_asked_again_after_a_pause(
    twins: Twins, seconds: Seconds, is_down: bool, pause: float
) -> None:
    reported(twins, seconds)
    twins.runtime.unavailable = is_down
    languages = process(twins, seconds)
    before = languages.known()
    twins.runtime.unavailable = False
    new = twins.runtime.offered = list(before[:1])

    seconds.now += pause - 0.5
    assert languages.known() == before
    seconds.now += 0.5
    wait_until(lambda: languages.known() == new)
    wait_until(lambda: twins.store.languages.get() == new)


def test_the_request_that_asks_again_gets_the_answer(
    twins: Twins, seconds: Seconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Thoughtful(MemoryRuntime):
        def languages(self) -> list[Language]:
            never.wait(0.05)
            return super().languages()

    monkeypatch.setattr(remembered, "PATIENCE_SECONDS", 30)  # however busy this machine is
    never, runtime = Event(), Thoughtful()
    languages = Languages(runtime, twins.store.languages, seconds)
    before = languages.known()

    new = runtime.offered = list(before[:1])
    seconds.now += FRESH_SECONDS

    assert languages.known() == new


def test_a_slow_runtime_delays_nobody_for_long_and_is_asked_once(
    twins: Twins, seconds: Seconds
) -> None:
    class Stuck(MemoryRuntime):
        asked = 0

        def languages(self) -> list[Language]:
            self.asked += 1
            answers.wait(30)
            return super().languages()

    answers, runtime = Event(), Stuck()
    answers.set()
    languages = Languages(runtime, twins.store.languages, seconds)
    before = languages.known()
    new = runtime.offered = list(before[:1])
    answers.clear()

    for _ in range(3):
        seconds.now += FRESH_SECONDS
        assert languages.known() == before

    assert runtime.asked == 2
    answers.set()
    wait_until(lambda: languages.known() == new)


def test_the_store_is_written_only_when_they_change(twins: Twins, seconds: Seconds) -> None:
    class Counting(MemoryOfferedLanguages):
        reads = writes = 0

        def get(self) -> list[Language]:
            self.reads += 1
            return super().get()

        def put(self, languages: Sequence[Language]) -> None:
            self.writes += 1
            super().put(languages)

    stored = Counting()
    languages = Languages(twins.runtime, stored, seconds)
    languages.known()
    wait_until(lambda: stored.writes)
    seconds.now += FRESH_SECONDS
    before = stored.reads
    languages.known()
    Languages(twins.runtime, stored, seconds).known()
    wait_until(lambda: stored.reads > before)

    assert stored.writes == 1


def test_a_crowd_asks_once(twins: Twins, seconds: Seconds) -> None:
    class Slow(MemoryRuntime):
        asked = 0

        def languages(self) -> list[Language]:
            self.asked += 1
            asked_twice.wait(0.05)
            return super().languages()

    asked_twice, runtime = Event(), Slow()
    languages = Languages(runtime, twins.store.languages, seconds)
    with ThreadPoolExecutor(8) as crowd:
        for _ in range(8):
            crowd.submit(languages.known)

    assert runtime.asked == 1
