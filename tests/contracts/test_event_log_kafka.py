"""The event log in Kafka: what other consumers see, and Kafka's own features."""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # the stub lacks them
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
)

from app.domain.errors import EventLogUnavailable, InvalidTarget
from app.domain.execution import SECOND
from app.domain.filters import EventFilter
from app.infrastructure.cloudevents import cloud_event
from app.infrastructure.kafka.clients import Clients
from app.infrastructure.kafka.event_log import KafkaEventLog
from app.infrastructure.kafka.publisher import Publisher, waves
from app.infrastructure.kafka.topics import TopicSettings
from tests.contracts.test_event_log import some_events
from tests.support.builders import NOW, TRACEPARENT, accepted
from tests.support.event_logs import EVERY, assert_in_order, every_event, ids, pages
from tests.support.kafka_server import KafkaServer, messages
from tests.support.waiting import wait_until


def test_waves_hold_one_event_of_an_execution_each() -> None:
    one, another = some_events(), some_events()
    found = list(waves([one[0], one[1], another[0], another[1]]))
    assert found == [[one[0], another[0]], [one[1], another[1]]]
    assert list(waves([])) == []


class DeadProducer:
    """A producer after a fatal error, which accepts nothing."""

    def produce(self, *_: Any, **__: Any) -> None:
        raise KafkaException(KafkaError(KafkaError._FATAL, "out of order", fatal=True))


class DyingClients(Clients):
    """Its producer dies, until it is forgotten."""

    forgotten = False

    def producer(self) -> Producer:
        return cast(Producer, DeadProducer())

    def forget_producer(self) -> None:
        self.forgotten = True


def test_a_producer_that_takes_nothing_more_is_replaced() -> None:
    clients = DyingClients({})
    with pytest.raises(EventLogUnavailable):
        Publisher(clients).publish("events", some_events(), cloud_event)
    assert clients.forgotten


@pytest.mark.kafka
class TestMessages:
    def test_each_is_a_structured_cloud_event(self, kafka: KafkaServer) -> None:
        topic = kafka.new_topic()
        (event, _) = events = some_events()
        kafka.event_log(topic).append(events)
        message = messages(kafka, topic)[0]
        assert json.loads(message.value() or b"") == cloud_event(event)
        assert message.headers() == [
            ("content-type", b"application/cloudevents+json; charset=UTF-8")
        ]
        assert message.key() == event.execution_id.encode()
        assert message.timestamp()[1] == event.time // 1_000

    def test_each_names_the_trace_that_it_is_part_of(self, kafka: KafkaServer) -> None:
        topic = kafka.new_topic()
        first, second = some_events()
        kafka.event_log(topic).append([replace(first, traceparent=TRACEPARENT), second])
        headers = [dict(message.headers() or []) for message in messages(kafka, topic)]
        assert [each.get("traceparent") for each in headers] == [TRACEPARENT.encode(), None]

    def test_of_one_execution_they_share_a_partition(self, kafka: KafkaServer) -> None:
        topic = kafka.new_topic()
        kafka.event_log(topic).append([event for _ in range(20) for event in some_events()])
        found = messages(kafka, topic)
        places = {(message.key(), message.partition()) for message in found}
        assert len(places) == 20
        assert len({partition for _, partition in places}) == 3

    def test_emitted_again_they_have_their_ids_and_the_replays(self, kafka: KafkaServer) -> None:
        topic, target = kafka.new_topic(), kafka.new_topic()
        log, events = kafka.event_log(topic), some_events()
        log.append(events)
        log.reemit(target, "r1", events)
        assert ids(every_event(log)) == ids(events)
        found = [json.loads(message.value() or b"") for message in messages(kafka, target)]
        assert found == [cloud_event(event) | {"replayid": "r1"} for event in events]

    def test_the_log_is_no_target(self, kafka: KafkaServer) -> None:
        topic = kafka.new_topic()
        with pytest.raises(InvalidTarget, match="the event log itself"):
            kafka.event_log(topic).reemit(topic, "r1", some_events())


@pytest.mark.kafka
class TestTopic:
    def test_is_made_with_the_settings(self, kafka: KafkaServer) -> None:
        topic = kafka.new_topic()
        settings = TopicSettings(
            partitions=5, replication_factor=1, min_insync_replicas=1, retention_seconds=3600
        )
        KafkaEventLog(topic, kafka.options, settings).ping()
        made = kafka.admin.list_topics(topic, timeout=10).topics[topic]
        assert len(made.partitions) == 5
        assert config(kafka, topic, "retention.ms") == "3600000"
        assert config(kafka, topic, "min.insync.replicas") == "1"

    def test_keeps_events_forever_where_nothing_is_said(self, kafka: KafkaServer) -> None:
        topic = kafka.new_topic()
        kafka.event_log(topic).ping()
        assert config(kafka, topic, "retention.ms") == "-1"

    def test_that_is_there_stays_as_it_is(
        self, kafka: KafkaServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        topic = kafka.new_topic()
        kafka.event_log(topic, partitions=2).ping()
        log = kafka.event_log(topic, partitions=4)
        log.append(some_events())
        assert len(every_event(log)) == 2
        assert f"topic {topic} has 2 partitions and keeps them; the settings say 4" in caplog.text

    def test_that_was_deleted_is_made_again(self, kafka: KafkaServer) -> None:
        topic = kafka.new_topic()
        log, events = kafka.event_log(topic, partitions=5), some_events()
        log.append(events)
        kafka.admin.delete_topics([topic])[topic].result()
        # Unless the broker made it by itself meanwhile, in its own way, it is missing.
        with suppress(EventLogUnavailable):
            log.append(events)
        log.append(events)
        assert set(ids(every_event(log))) == set(ids(events))

    def test_that_can_never_be_made(self, kafka: KafkaServer) -> None:
        too_many = TopicSettings(partitions=1, replication_factor=99)
        log = KafkaEventLog(kafka.new_topic(), kafka.options, too_many)
        with pytest.raises(EventLogUnavailable, match=r"[Rr]eplication"):
            log.append(some_events())


@pytest.mark.kafka
class TestRefusal:
    """A topic takes no message, and no batch, above its `max.message.bytes`."""

    def test_what_is_too_large_holds_up_its_own_execution_alone(self, kafka: KafkaServer) -> None:
        topic = kafka.new_topic()
        kafka.admin.create_topics([NewTopic(topic, 1, 1, config={"max.message.bytes": "1500"})])[
            topic
        ].result()
        log = kafka.event_log(topic, partitions=1)
        small = [event for _ in range(10) for event in some_events()]
        first, second = some_events()
        large = replace(first, data={**first.data, "message": "x" * 2_000})

        (refused,) = log.append([*small[:10], large, second, *small[10:]])
        assert refused.event == large
        assert "too large" in refused.reason
        assert sorted(ids(every_event(log))) == sorted(ids(small))

        wider = ConfigResource(ConfigResource.Type.TOPIC, topic)
        wider.add_incremental_config(
            ConfigEntry("max.message.bytes", "9000", incremental_operation=AlterConfigOpType.SET)
        )
        kafka.admin.incremental_alter_configs([wider])[wider].result()
        # The broker takes the new maximum a moment later.
        wait_until(lambda: not list(log.append([large, second])))
        assert ids(every_event(log))[-2:] == [large.id, second.id]

    def test_what_the_client_itself_refuses_is_reported_in_the_same_way(
        self, kafka: KafkaServer
    ) -> None:
        log = kafka.event_log(kafka.new_topic())
        (first, second), others = some_events(), some_events()
        huge = replace(first, data={**first.data, "message": "x" * 2_000_000})
        (refused,) = log.append([huge, second, *others])
        assert refused.event == huge
        assert ids(every_event(log)) == ids(others)

    def test_a_target_that_refuses_is_no_target(self, kafka: KafkaServer) -> None:
        log, (first, _) = kafka.event_log(kafka.new_topic()), some_events()
        huge = replace(first, data={**first.data, "message": "x" * 2_000_000})
        with pytest.raises(InvalidTarget, match=f"refuses {first.id}: .*too large"):
            log.reemit(kafka.new_topic(), "r1", [huge])

    def test_a_target_that_can_not_be_made_is_no_target(self, kafka: KafkaServer) -> None:
        too_many = TopicSettings(partitions=1, replication_factor=99)
        log = KafkaEventLog(kafka.new_topic(), kafka.options, too_many)
        with pytest.raises(InvalidTarget, match=r"can't be written to: .*[Rr]eplication"):
            log.reemit(kafka.new_topic(), "r1", some_events())


@pytest.mark.kafka
class TestReading:
    def test_in_slices(self, kafka: KafkaServer) -> None:
        log = kafka.event_log(kafka.new_topic(), slice_size=3)
        events = [event for _ in range(8) for event in some_events()]
        log.append(events)
        nothing = list(pages(log, EventFilter(types=frozenset({"nothing"}))))
        assert len(nothing) == 6
        assert [page.at_end for page in nothing] == [False] * 5 + [True]
        assert sorted(ids(every_event(log))) == sorted(ids(events))

    def test_a_page_is_merged_by_time(self, kafka: KafkaServer) -> None:
        log = kafka.event_log(kafka.new_topic())
        log.append([some_events(now=NOW + n * 60 * SECOND)[0] for n in range(30)])
        times = [event.time for event in log.read(EVERY, None, 100).events]
        assert times == sorted(times)
        assert len(times) == 30

    def test_clocks_that_disagree_change_no_order(self, kafka: KafkaServer) -> None:
        log = kafka.event_log(kafka.new_topic())
        for _ in range(9):
            execution, _, first = accepted()
            log.append([first, execution.admit(NOW - 5 * SECOND, NOW).event])
        found = every_event(log)
        assert len(found) == 18
        assert_in_order(found)

    def test_a_start_in_time_is_looked_up(self, kafka: KafkaServer) -> None:
        log = kafka.event_log(kafka.new_topic(), partitions=1, slice_size=1)
        log.append([some_events(now=NOW + n * 60 * SECOND)[0] for n in range(30)])
        (page,) = pages(log, EventFilter(since=NOW + 29 * 60 * SECOND))
        assert len(page.events) == 1

    def test_partitions_that_a_position_does_not_know_are_read_from_their_start(
        self, kafka: KafkaServer
    ) -> None:
        log = kafka.event_log(kafka.new_topic())
        events = [event for _ in range(12) for event in some_events()]
        log.append(events)
        assert len(log.read(EVERY, "0:0", 1_000).events) == 24

    def test_what_is_no_event_is_left_out_and_counted(
        self, kafka: KafkaServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        topic = kafka.new_topic()
        log, events = kafka.event_log(topic), some_events()
        log.append(events[:1])
        foreign(kafka, topic, b"secret {", b"", None)
        log.append(events[1:])
        assert ids(every_event(log)) == ids(events)
        assert "3 entries" in caplog.text
        assert "secret" not in caplog.text


def config(kafka: KafkaServer, topic: str, name: str) -> Any:
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    return kafka.admin.describe_configs([resource])[resource].result()[name].value


def foreign(kafka: KafkaServer, topic: str, *values: bytes | None) -> None:
    """Messages that another program put into the topic."""
    producer = Producer(dict(kafka.options))
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(10) == 0
