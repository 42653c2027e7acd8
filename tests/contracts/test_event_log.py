"""What every event log does."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from app.domain.errors import InvalidPosition, InvalidTarget
from app.domain.execution import MILLISECOND, SECOND, Event
from app.domain.filters import EventFilter
from app.infrastructure.memory.event_log import MemoryEventLog
from app.infrastructure.sqlite.event_log import SqliteEventLog
from app.ports import EventLog
from tests.support.builders import NOW, TRACEPARENT, accepted
from tests.support.event_logs import EVERY, assert_in_order, every_event, ids, pages
from tests.support.kafka_server import KafkaServer

OpenLog = Callable[[], EventLog]
"""The same log again, as another process would open it."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


@pytest.fixture(params=["memory", "sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def open_log(request: pytest.FixtureRequest, path: Path) -> OpenLog:
    match request.param:
        case "memory":
            memory = MemoryEventLog()
            return lambda: memory
        case "sqlite":
            return lambda: SqliteEventLog(path, timeout=10)
        case _:
            kafka: KafkaServer = request.getfixturevalue("kafka")
            topic = kafka.new_topic()
            return lambda: kafka.event_log(topic)


@pytest.fixture
def log(open_log: OpenLog) -> EventLog:
    return open_log()


def some_events(*, now: int = NOW) -> list[Event]:
    """The first two of one execution, a second apart."""
    execution, _, first = accepted(now=now)
    return [first, execution.admit(now + SECOND, now + 2 * SECOND).event]


def without_duplicates(events: Sequence[Event]) -> list[Event]:
    return list({event.id: event for event in events}.values())


class TestReading:
    def test_events_come_back_without_their_trace(self, log: EventLog) -> None:
        """It is for who reads the topic of Kafka at once, not for a replay."""
        (event, _) = some_events()
        log.append([replace(event, traceparent=TRACEPARENT)])
        assert every_event(log) == [event]

    def test_events_come_back_as_they_were(self, log: EventLog) -> None:
        events = some_events() + some_events()
        log.append(events)
        found = {event.id: event for event in every_event(log)}
        assert found == {event.id: event for event in events}

    def test_those_of_one_execution_in_their_order(self, log: EventLog) -> None:
        one, another = some_events(), some_events()
        log.append([one[0], another[0], another[1]])
        log.append([one[1]])
        found = every_event(log)
        assert len(found) == 4
        assert_in_order(found)

    def test_an_event_that_comes_again_changes_nothing(self, log: EventLog) -> None:
        first, second = some_events()
        log.append([first, first])
        log.append([first, second])
        found = every_event(log)
        assert_in_order(found)
        assert ids(without_duplicates(found)) == [first.id, second.id]

    def test_an_empty_log_is_at_its_end(self, log: EventLog) -> None:
        log.append([])
        page = log.read(EVERY, None, 10)
        assert (page.events, page.at_end) == ([], True)

    def test_reading_continues_behind_a_position(self, log: EventLog) -> None:
        events = [event for _ in range(4) for event in some_events()]
        log.append(events)
        found = every_event(log, limit=3)
        assert sorted(ids(found)) == sorted(ids(events))
        assert_in_order(found)

    def test_a_position_is_good_after_a_restart_and_for_what_came_later(
        self, open_log: OpenLog
    ) -> None:
        earlier, later = some_events(), some_events()
        log = open_log()
        log.append(earlier)
        *_, last = pages(log)
        open_log().append(later)
        (page,) = pages(open_log(), after=last.position)
        assert ids(page.events) == ids(later)

    def test_at_the_end_the_position_stays_good(self, log: EventLog) -> None:
        log.append(some_events())
        *_, last = pages(log)
        again = log.read(EVERY, last.position, 10)
        assert (again.events, again.at_end) == ([], True)

    @pytest.mark.parametrize("position", ["", "first", "-1", "1.5", "0:", "9" * 30, "¹"])
    def test_what_is_no_position(self, log: EventLog, position: str) -> None:
        log.append(some_events())
        with pytest.raises(InvalidPosition):
            log.read(EVERY, position, 10)


class TestFilter:
    def test_by_time_from_inclusive_to_exclusive(self, log: EventLog) -> None:
        days = [some_events(now=NOW + day * 24 * 3600 * SECOND) for day in range(4)]
        for events in days:
            log.append(events)
        filter = EventFilter(since=days[1][0].time, until=days[3][0].time)
        assert ids(every_event(log, filter)) == ids(days[1] + days[2])

    @pytest.mark.parametrize("milliseconds", [0, -1, -2, -3, -62_135_596_800_000])
    def test_since_before_all_events_is_all_of_them(self, log: EventLog, milliseconds: int) -> None:
        events = some_events()
        log.append(events)
        since_then = EventFilter(since=milliseconds * MILLISECOND)
        assert ids(every_event(log, since_then)) == ids(events)

    def test_what_was_relayed_late_is_found_by_its_time(self, log: EventLog) -> None:
        late, early = some_events(), some_events(now=NOW + 3600 * SECOND)
        log.append(early)
        log.append(late)
        hour = EventFilter(since=NOW, until=NOW + 60 * SECOND)
        assert ids(every_event(log, hour)) == ids(late)

    def test_by_type(self, log: EventLog) -> None:
        one, another = some_events(), some_events()
        log.append(one + another)
        admitted = EventFilter(types=frozenset({"podline.execution.admitted.v1"}))
        assert sorted(ids(every_event(log, admitted))) == sorted([one[1].id, another[1].id])

    def test_by_execution(self, log: EventLog) -> None:
        batches = [some_events() for _ in range(4)]
        for events in batches:
            log.append(events)
        wanted = batches[1] + batches[2]
        filter = EventFilter(executions=frozenset(event.execution_id for event in wanted))
        found = every_event(log, filter, limit=1)
        assert sorted(ids(found)) == sorted(ids(wanted))
        assert_in_order(found)

    def test_by_owner(self, log: EventLog) -> None:
        ours, theirs = accepted(owner="ada")[2], accepted(owner="bob")[2]
        log.append([ours, theirs])
        assert ids(every_event(log, EventFilter(owner="bob"))) == [theirs.id]
        assert ids(every_event(log, EventFilter(owner="o"))) == []

    def test_all_at_once(self, log: EventLog) -> None:
        wanted, other = some_events(), some_events()
        log.append(wanted + other)
        filter = EventFilter(
            since=NOW + SECOND,
            until=NOW + 2 * SECOND,
            types=frozenset({wanted[1].type}),
            executions=frozenset({wanted[0].execution_id}),
        )
        assert ids(every_event(log, filter)) == [wanted[1].id]

    def test_nothing_fits(self, log: EventLog) -> None:
        log.append(some_events())
        assert every_event(log, EventFilter(executions=frozenset({"nobody's"}))) == []
        assert every_event(log, EventFilter(since=NOW + 10**12)) == []


class TestRemoving:
    @pytest.fixture(params=["memory", "sqlite"])
    def open_log(self, request: pytest.FixtureRequest, path: Path) -> OpenLog:
        """Kafka removes events by itself."""
        memory = MemoryEventLog()
        return lambda: memory if request.param == "memory" else SqliteEventLog(path, timeout=10)

    def test_old_events_go_from_the_start(self, log: EventLog) -> None:
        days = [some_events(now=NOW + day * 24 * 3600 * SECOND) for day in range(4)]
        for events in days:
            log.append(events)
        before = days[2][0].time
        assert log.remove_before(before, 3) == 3
        assert ids(every_event(log)) == ids(days[1][1:] + days[2] + days[3])
        assert log.remove_before(before, 3) == 1
        assert log.remove_before(before, 3) == 0
        assert ids(every_event(log)) == ids(days[2] + days[3])
        since = EventFilter(since=days[3][0].time)
        assert ids(every_event(log, since)) == ids(days[3])

    def test_one_behind_a_newer_one_stays(self, log: EventLog) -> None:
        old, new, late = some_events(), some_events(now=NOW + 9 * SECOND), some_events()
        for events in (old, new, late):
            log.append(events)
        assert log.remove_before(NOW + 5 * SECOND, 10) == 2
        assert ids(every_event(log)) == ids(new + late)

    def test_positions_stay_valid(self, open_log: OpenLog) -> None:
        """The newest event stays, so that its position is not given to another one."""
        log, old, new = open_log(), some_events(), some_events(now=NOW + 9 * SECOND)
        log.append(old)
        first = log.read(EVERY, None, 1).position
        *_, last = pages(log)
        assert log.remove_before(NOW + 5 * SECOND, 10) == 1
        open_log().append(new)
        assert ids(every_event(open_log())) == ids(old[1:] + new)
        assert ids([event for page in pages(log, after=first) for event in page.events]) == ids(
            old[1:] + new
        )
        assert ids(
            [event for page in pages(log, after=last.position) for event in page.events]
        ) == (ids(new))

    def test_an_empty_log_has_nothing_to_remove(self, log: EventLog) -> None:
        assert log.remove_before(NOW, 10) == 0


def test_many_threads_append(log: EventLog) -> None:
    batches = [some_events() for _ in range(8)]
    threads = [Thread(target=log.append, args=[batch]) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = every_event(log)
    assert sorted(ids(found)) == sorted(event.id for batch in batches for event in batch)
    assert_in_order(found)


class TestEmittingAgain:
    @pytest.mark.parametrize("target", ["", ".", "..", "a/b", "a b", "ä", "x" * 250, "__offsets"])
    def test_a_name_that_no_topic_has(self, log: EventLog, target: str) -> None:
        with pytest.raises(InvalidTarget, match="the name of a topic"):
            log.reemit(target, "r1", some_events())

    def test_names_that_topics_have(self, log: EventLog) -> None:
        for target in ("a", "A-b_c.9", "x" * 249):
            log.check_target(target)


def test_it_is_well(log: EventLog) -> None:
    log.ping()
