"""A consumer that measures how old each event is when it can be read."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from confluent_kafka import OFFSET_END, Consumer, TopicPartition

from app.domain.execution import MILLISECOND
from app.infrastructure.clock import now
from app.infrastructure.cloudevents import parse
from app.settings.urls import kafka_address

POLL_SECONDS: Final = 0.5


@contextmanager
def delays(event_log_url: str) -> Iterator[list[float]]:
    """Yield each event's delay in milliseconds; complete once the context has ended."""
    address = kafka_address(event_log_url)
    assert address is not None, "this benchmark measures Kafka"
    brokers, topic = address
    consumer = Consumer(
        {"bootstrap.servers": brokers, "group.id": "benchmark", "fetch.wait.max.ms": 10}
    )
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, OFFSET_END) for partition in partitions])
    consumer.poll(POLL_SECONDS)
    found: list[float] = []
    ended = threading.Event()
    thread = threading.Thread(target=_consume, args=(consumer, found, ended))
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()
        consumer.close()


def _consume(consumer: Consumer, found: list[float], ended: threading.Event) -> None:
    """Read until the log is empty after `ended` was set."""
    while True:
        nothing_comes = ended.is_set()
        message = consumer.poll(POLL_SECONDS)
        if message is not None and message.error() is None:
            found.append((now() - parse(message.value() or b"").time) / MILLISECOND)
        elif nothing_comes:
            return
