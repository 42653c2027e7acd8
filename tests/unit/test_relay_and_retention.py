"""Events are relayed to the log in order; old rows are removed."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from app.domain.errors import Conflict, EventLogUnavailable
from app.domain.execution import SECOND, Event
from app.domain.filters import EventFilter
from app.infrastructure.memory.event_log import MemoryEventLog
from app.ports import Refused
from app.service.relay import relay
from app.service.retention import erase, remove_old
from app.service.submit import submit
from tests.support.builders import a_key, a_replay, a_submission
from tests.support.constants import changed
from tests.support.twins import Clock, Twins, make_twins
from tests.support.worker import Worker


def test_every_transition_is_relayed_in_order(twins: Twins, worker: Worker) -> None:
    executions = [submit(twins.ports, a_key(), a_submission()) for _ in range(3)]
    worker.run_all()
    assert relay(twins.ports) == 15
    assert relay(twins.ports) == 0
    for execution in executions:
        of_it = EventFilter(executions=frozenset({execution.id}))
        ids = [event.id for event in twins.event_log.read(of_it, None, 100).events]
        assert ids == [f"{execution.id}.{version}" for version in (1, 2, 3, 4, 5)]


class LogThatTakesItsTime(MemoryEventLog):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.slices: list[int] = []

    def append(self, events: Sequence[Event]) -> Sequence[Refused]:
        super().append(events)
        self.slices.append(len(events))
        self._clock.advance(2)
        return ()


@pytest.fixture
def slices_of_two() -> Iterator[None]:
    with changed(relay__BATCH=2):
        yield


@pytest.mark.usefixtures("slices_of_two")
def test_it_continues_while_slices_are_full_but_not_for_ever() -> None:
    twins = make_twins()
    log = LogThatTakesItsTime(twins.clock)
    ports = replace(twins.ports, event_log=log)
    for _ in range(9):
        submit(ports, a_key(), a_submission())
    assert relay(ports) == 6
    assert relay(ports) == 3
    assert relay(ports) == 0
    assert log.slices == [2, 2, 2, 2, 1]


class LogThatIsAway(MemoryEventLog):
    unavailable = True

    def append(self, events: Sequence[Event]) -> Sequence[Refused]:
        if self.unavailable:
            raise EventLogUnavailable("the log is unavailable")
        return super().append(events)


def test_with_the_log_away_nothing_is_marked() -> None:
    log = LogThatIsAway()
    twins = make_twins(event_log=log)
    submit(twins.ports, a_key(), a_submission())
    with pytest.raises(EventLogUnavailable):
        relay(twins.ports)
    Worker(twins.ports).run_all()
    log.unavailable = False
    assert relay(twins.ports) == 5


class LogThatRefuses(MemoryEventLog):
    """All that is of some executions and has this version, and what comes after it."""

    def __init__(self) -> None:
        super().__init__()
        self.executions: set[str] = set()
        self.version = 3

    def append(self, events: Sequence[Event]) -> Sequence[Refused]:
        refused = [event for event in events if event.execution_id in self.executions]
        waits = [event for event in refused if event.version >= self.version]
        super().append([event for event in events if event not in waits])
        first = {event.execution_id: event for event in reversed(waits)}
        return [Refused(event, "too large") for event in first.values()]


@pytest.mark.usefixtures("slices_of_two")
def test_what_the_log_refuses_holds_up_its_own_execution_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = LogThatRefuses()
    twins = make_twins(event_log=log)
    worker = Worker(twins.ports)
    refused = [submit(twins.ports, a_key(), a_submission()) for _ in range(3)]
    worker.run_all()
    twins.clock.advance(1)
    others = [submit(twins.ports, a_key(), a_submission()) for _ in range(3)]
    worker.run_all()
    log.executions = {execution.id for execution in refused}

    assert relay(twins.ports) == 3 * 2 + 3 * 5
    assert {id for id, _ in twins.store.events_to_relay.waiting(9)} == log.executions
    assert [event.version for event in twins.store.events_to_relay.waiting(9)[0][1]] == [3, 4, 5]
    assert "refuses events of 3 executions" in caplog.text
    twins.clock.advance(60)
    assert twins.store.events_to_relay.backlog(9)[0] == 3

    log.executions = set()
    assert relay(twins.ports) == 3 * 3
    for execution in (*refused, *others):
        of_it = EventFilter(executions=frozenset({execution.id}))
        versions = [event.version for event in log.read(of_it, None, 100).events]
        assert versions == [1, 2, 3, 4, 5]


def test_by_default_nothing_is_removed(twins: Twins, worker: Worker) -> None:
    execution = submit(twins.ports, a_key(), a_submission())
    worker.run_all()
    relay(twins.ports)
    twins.clock.advance(365 * 24 * 3600)
    remove_old(twins.ports)
    assert twins.store.executions.get(execution.id) is not None


def test_what_ended_longer_ago_than_the_setting_goes() -> None:
    twins = make_twins(retention_seconds=3600)
    worker = Worker(twins.ports)
    old = submit(twins.ports, a_key(), a_submission())
    worker.run_all()
    twins.clock.advance(3000)
    young = submit(twins.ports, a_key(), a_submission())
    worker.run_all()
    relay(twins.ports)
    twins.clock.advance(1000)
    remove_old(twins.ports)
    assert twins.store.executions.get(old.id) is None
    assert twins.store.executions.get(young.id) is not None


def test_so_do_replays() -> None:
    twins = make_twins(retention_seconds=3600)
    now = twins.clock()
    running, old = a_replay(), a_replay().cancel(now)
    young = a_replay().cancel(now + 1000 * SECOND)
    for replay in (running, old, young):
        twins.store.replays.put(replay)
    twins.clock.advance(4000)
    remove_old(twins.ports)
    assert {replay.id for replay in twins.store.replays.page(None, 9)} == {running.id, young.id}


def test_what_is_not_in_the_log_yet_stays() -> None:
    twins = make_twins(retention_seconds=3600)
    execution = submit(twins.ports, a_key(), a_submission())
    Worker(twins.ports).run_all()
    twins.clock.advance(4000)
    remove_old(twins.ports)
    assert twins.store.executions.get(execution.id) is not None


def test_erased_its_program_and_result_are_gone_and_its_events_stay(
    twins: Twins, worker: Worker
) -> None:
    execution = submit(twins.ports, a_key(), a_submission())
    with pytest.raises(Conflict, match="cancel it first"):
        erase(twins.store.executions, twins.blobs, execution)
    worker.run_all()
    done = twins.store.executions.get(execution.id)
    assert done is not None
    erase(twins.store.executions, twins.blobs, done)
    assert twins.store.executions.submission(execution.id) is None
    assert twins.store.results.get(done.result_id or "") is None
    assert len(twins.store.executions.events(execution.id)) == 5
