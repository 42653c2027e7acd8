"""Retention: what is old is removed in small steps, however much of it there is."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.domain.dead_letter import DeadLetterStatus
from app.domain.execution import SECOND, Time
from app.infrastructure.memory.event_log import MemoryEventLog
from app.ports import Ports, Store
from app.service.relay import relay
from app.service.retention import BUSY_SECONDS, remove_old
from app.service.usage import fold_backlog
from tests.support.builders import a_dead_letter, a_replay
from tests.support.constants import changed
from tests.support.event_logs import every_event
from tests.support.twins import Clock, Twins, make_twins, wrapped
from tests.support.worker import Worker

KEPT = 3600.0


@pytest.fixture(autouse=True)
def small_batches() -> Iterator[None]:
    with changed(retention__BATCH=2, retention__SMALL_BATCH=2, usage__SLICE=2):
        yield


@pytest.fixture
def twins() -> Twins:
    return make_twins(retention_seconds=KEPT)


def ended(twins: Twins, count: int) -> list[str]:
    """Executions that retention may remove an hour later."""
    ids = [twins.submit().id for _ in range(count)]
    Worker(twins.ports).run_all()
    relay(twins.ports)
    return ids


def left(twins: Twins, ids: list[str]) -> int:
    return sum(twins.store.executions.get(id) is not None for id in ids)


class Slow:
    """A subject of the store whose removals take their time."""

    def __init__(self, subject: object, clock: Clock, seconds: float) -> None:
        self._subject = subject
        self._clock = clock
        self._seconds = seconds

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._subject, name)

        def call(*arguments: Any) -> Any:
            if name.startswith("remove_"):
                self._clock.advance(self._seconds)
            return method(*arguments)

        return call


def slow_ports(twins: Twins, seconds: float) -> Ports:
    store: Store = wrapped(twins.store, lambda subject: Slow(subject, twins.clock, seconds))
    return replace(twins.ports, store=store)


def test_a_backlog_goes_in_one_tick(twins: Twins) -> None:
    ids = ended(twins, 7)
    twins.clock.advance(KEPT + 1)
    remove_old(twins.ports, lambda _: None)
    assert left(twins, ids) == 0


class OneByOne:
    """A subject of the store that removes fewer executions than it is asked to."""

    def __init__(self, subject: object) -> None:
        self._subject = subject

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._subject, name)
        if name != "remove_ended_before":
            return method
        return lambda time, _: method(time, 1)


def test_a_backlog_goes_however_few_a_write_removes(twins: Twins) -> None:
    ids = ended(twins, 7)
    twins.clock.advance(KEPT + 1)
    store: Store = wrapped(twins.store, OneByOne)
    remove_old(replace(twins.ports, store=store), lambda _: None)
    assert left(twins, ids) == 0


def test_after_its_time_the_next_tick_continues(twins: Twins) -> None:
    ids = ended(twins, 20)
    twins.clock.advance(KEPT + 1)
    began = twins.clock()
    ports = slow_ports(twins, seconds=1)
    remove_old(ports, lambda _: None)
    assert 0 < left(twins, ids) < 20
    assert twins.clock() - began < 2 * BUSY_SECONDS * SECOND
    for _ in range(9):
        remove_old(ports, lambda _: None)
    assert left(twins, ids) == 0


def test_a_backlog_of_one_kind_holds_up_no_other(twins: Twins) -> None:
    ids = ended(twins, 20)
    replay = a_replay().cancel(twins.clock())
    twins.store.replays.put(replay)
    letter = a_dead_letter(status=DeadLetterStatus.ARCHIVED, last_failed_at=twins.clock())
    twins.store.dead_letters.put(letter)
    twins.clock.advance(KEPT + 1)
    remove_old(slow_ports(twins, seconds=1.5), lambda _: None)
    assert left(twins, ids) > 0
    assert twins.store.replays.get(replay.id) is None
    assert twins.store.dead_letters.get(letter.id) is None
    assert len(every_event(twins.event_log)) < 20 * 5


def test_others_can_write_for_as_long_as_it_writes(twins: Twins) -> None:
    """It pauses after each step, for as long as the step took."""
    ended(twins, 7)
    twins.clock.advance(KEPT + 1)
    pauses: list[float] = []
    remove_old(twins.ports, pauses.append)
    assert len(pauses) > 7 / 2
    assert all(seconds > 0 for seconds in pauses)


def test_dead_letters_that_are_retried_stay(twins: Twins) -> None:
    old, young = twins.clock(), twins.clock() + 2 * SECOND
    letters = {
        (status, time): a_dead_letter(status=status, last_failed_at=time)
        for status in DeadLetterStatus
        for time in (old, young)
    }
    for letter in letters.values():
        twins.store.dead_letters.put(letter)
    twins.clock.advance(KEPT + 1)
    remove_old(twins.ports, lambda _: None)
    gone = {key for key, each in letters.items() if twins.store.dead_letters.get(each.id) is None}
    closed = (DeadLetterStatus.RESOLVED, DeadLetterStatus.DISCARDED, DeadLetterStatus.ARCHIVED)
    assert gone == {(status, old) for status in closed}


def test_events_in_the_log_go_with_their_executions(twins: Twins) -> None:
    ended(twins, 3)
    twins.clock.advance(KEPT / 2)
    young = ended(twins, 2)
    twins.clock.advance(KEPT / 2 + 1)
    remove_old(twins.ports, lambda _: None)
    assert {event.execution_id for event in every_event(twins.event_log)} == set(young)
    assert len(every_event(twins.event_log)) == 2 * 5


def test_without_the_setting_nothing_goes() -> None:
    kept = make_twins()
    ids = ended(kept, 3)
    kept.store.dead_letters.put(a_dead_letter(status=DeadLetterStatus.ARCHIVED))
    kept.clock.advance(365 * 24 * 3600)
    remove_old(kept.ports, lambda _: None)
    assert left(kept, ids) == 3
    assert kept.store.dead_letters.count()[DeadLetterStatus.ARCHIVED] == 1
    assert len(every_event(kept.event_log)) == 3 * 5


class Shrinks:
    """Something with unused space for a number of steps."""

    def __init__(self, clock: Clock, steps: int, seconds: float = 0) -> None:
        self._clock = clock
        self._seconds = seconds
        self.steps = steps

    def __call__(self) -> bool:
        self._clock.advance(self._seconds)
        self.steps -= 1
        return self.steps > 0


class LogThatShrinks(MemoryEventLog):
    def __init__(self, shrink: Shrinks) -> None:
        super().__init__()
        self.shrink = shrink  # type: ignore[method-assign]  # a count instead


def shrinking(twins: Twins, store: Shrinks, log: Shrinks) -> Ports:
    wrapper = wrapped(twins.store, lambda subject: subject)
    cast(SimpleNamespace, wrapper).shrink = store
    return replace(twins.ports, store=wrapper, event_log=LogThatShrinks(log))


def test_space_is_returned_step_by_step(twins: Twins) -> None:
    store, log = Shrinks(twins.clock, 5), Shrinks(twins.clock, 2)
    remove_old(shrinking(twins, store, log), lambda _: None)
    assert (store.steps, log.steps) == (0, 0)


def test_it_is_returned_for_as_long_as_a_tick_may_last(twins: Twins) -> None:
    store, log = Shrinks(twins.clock, 50, 1), Shrinks(twins.clock, 50, 1)
    remove_old(shrinking(twins, store, log), lambda _: None)
    assert (store.steps, log.steps) == (50 - BUSY_SECONDS / 2, 50 - BUSY_SECONDS / 2)


def unfolded(twins: Twins) -> int:
    return len(twins.store.usage.unfolded(100))


def test_usage_is_folded_while_slices_are_full(twins: Twins) -> None:
    ended(twins, 7)
    assert unfolded(twins) == 7
    fold_backlog(twins.store.usage, twins.clock)
    assert unfolded(twins) == 0


def test_usage_is_folded_for_a_bounded_time(twins: Twins) -> None:
    ended(twins, 30)
    times = iter(range(100))
    began: Time = twins.clock()
    fold_backlog(twins.store.usage, lambda: began + next(times) * SECOND)
    assert 0 < unfolded(twins) < 30
