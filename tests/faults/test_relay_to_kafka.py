"""Whatever dies between the rows and Kafka, the topic gets each event in order, at least once."""

import random
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.domain.errors import EventLogUnavailable
from app.infrastructure.kafka.clients import ANSWER_SECONDS
from app.infrastructure.kafka.event_log import KafkaEventLog
from app.infrastructure.sqlite.store import SqliteStore
from tests.faults.relaying import relaying
from tests.support.event_logs import assert_in_order, every_event
from tests.support.kafka_server import KafkaServer
from tests.support.lifecycle import EVENTS, run_one
from tests.support.waiting import wait_until

pytestmark = pytest.mark.kafka

AWAY_SECONDS = 30.0


class Rows:
    """Executions that change state, and what the log must contain of them afterwards."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = SqliteStore(path, timeout=10)
        self._ids: list[str] = []

    def run(self, how_many: int) -> None:
        """Several at a time, so that their transitions are interleaved."""
        with ThreadPoolExecutor(4) as pool:
            self._ids += pool.map(run_one, [self.store] * how_many)

    def wait_until_relayed(self, within: float) -> None:
        wait_until(lambda: self.store.events_to_relay.waiting(1) == [], within=within)

    def waiting(self) -> int:
        return len(self.store.events_to_relay.waiting(10_000))

    def wait_for_the_relay(self, load: Future[None]) -> None:
        """Wait until it has marked an event, if any is left to be marked."""
        before = self.waiting()
        wait_until(lambda: self.waiting() < before or load.done(), within=60)

    def assert_in(self, log: KafkaEventLog) -> int:
        """Check that every version is there, and in order. Returns the number of duplicates."""
        events = every_event(log)
        assert_in_order(events)
        expected = {f"{id}.{version}" for id in self._ids for version in range(1, EVENTS + 1)}
        assert {event.id for event in events} == expected
        return len(events) - len(expected)


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    return Rows(tmp_path / "podline.db")


@pytest.mark.timeout(400)
@pytest.mark.disturbs
def test_kafka_is_stopped_while_executions_finish(kafka: KafkaServer, rows: Rows) -> None:
    topic = kafka.new_topic()
    with relaying(rows.path, kafka.address, topic):
        rows.run(50)
        rows.wait_until_relayed(within=60)
        with kafka.stopped():
            back_at = time.monotonic() + AWAY_SECONDS
            rows.run(300)
            assert says_that_it_is_unavailable(kafka.event_log(topic))
            # The outage itself is under test: it outlasts every time-out of a client.
            time.sleep(max(back_at - time.monotonic(), 0))
            rows.run(100)
            assert rows.waiting() == 400
        rows.run(50)
        rows.wait_until_relayed(within=120)
    rows.assert_in(kafka.event_log(topic))


def says_that_it_is_unavailable(log: KafkaEventLog) -> bool:
    """And soon, because readiness probes wait for it."""
    begun = time.monotonic()
    with pytest.raises(EventLogUnavailable):
        log.ping()
    return time.monotonic() - begun < 2 * ANSWER_SECONDS


@pytest.mark.timeout(300)
def test_the_relay_is_killed_again_and_again(kafka: KafkaServer, rows: Rows) -> None:
    topic = kafka.new_topic()
    kafka.event_log(topic).ping()
    moments = random.Random(7)
    kills = 0
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(rows.run, 1_000)
        while not load.done() or kills < 6:
            with relaying(rows.path, kafka.address, topic):
                rows.wait_for_the_relay(load)
                time.sleep(moments.uniform(0, 0.2))
            kills += 1
        load.result()
    with relaying(rows.path, kafka.address, topic):
        rows.wait_until_relayed(within=90)
    rows.assert_in(kafka.event_log(topic))
    assert kills >= 6


@pytest.mark.timeout(300)
def test_two_relays_at_once_do_no_harm(kafka: KafkaServer, rows: Rows) -> None:
    """As after an expired lease: both may have the same rows, with one behind the other."""
    topic = kafka.new_topic()
    log = kafka.event_log(topic)
    with ExitStack() as both:
        for _ in range(2):
            both.enter_context(relaying(rows.path, kafka.address, topic))
        for _ in range(20):
            rows.run(200)
            rows.wait_until_relayed(within=90)
            if rows.assert_in(log) > 0:
                return
    raise AssertionError("they never had the same rows: nothing was tested")
