"""librdkafka's clients, with the timeouts that all Kafka code here uses."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from app.domain.errors import EventLogUnavailable
from app.infrastructure.dependencies import KAFKA, SECONDS_BETWEEN_LINES

log = logging.getLogger(__name__)

Options = Mapping[str, str | int | float | bool]
"""Configuration properties: https://github.com/confluentinc/librdkafka/blob/v2.16.0/CONFIGURATION.md"""

ANSWER_SECONDS: Final = 2.0
"""Longest wait for a response about topics and offsets, so that `ping` fails soon."""
REQUEST_SECONDS: Final = 5.0
"""Longest wait for a broker to connect, to store a batch, or to return one."""
DELIVERY_SECONDS: Final = 10.0
"""Longest time that a message waits for its delivery: half of the relay's lease."""

COMMON: Final[Options] = {
    "client.id": "podline",
    "socket.timeout.ms": int(REQUEST_SECONDS * 1000),
    "socket.connection.setup.timeout.ms": int(REQUEST_SECONDS * 1000),
    # After an outage, try a broker every two seconds instead of every ten.
    "reconnect.backoff.max.ms": 2_000,
    "log.connection.close": False,
}
PRODUCER: Final[Options] = {
    "enable.idempotence": True,
    "acks": "all",
    "message.timeout.ms": int(DELIVERY_SECONDS * 1000),
    "request.timeout.ms": int(REQUEST_SECONDS * 1000),
    # Java's clients choose the same partition for a key.
    "partitioner": "murmur2_random",
}
CONSUMER: Final[Options] = {
    # No group is used: partitions are assigned manually, and the caller keeps the offsets.
    "group.id": "podline",
    "enable.auto.commit": False,
    "auto.offset.reset": "earliest",
    "enable.partition.eof": True,
    "fetch.wait.max.ms": 50,
    # Prefetch no more than about one slice.
    "queued.min.messages": 1_000,
}


class _SparingLog(logging.LoggerAdapter[logging.Logger]):
    """Passes one line a minute on: librdkafka says at each try why it can't connect."""

    _passed_at: float | None = None

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        now = monotonic()
        if self._passed_at is None or now - self._passed_at >= SECONDS_BETWEEN_LINES:
            self._passed_at = now
            self.logger.log(level, msg, *args, **kwargs)


class Clients:
    """The producer and the admin client, created on first use."""

    def __init__(self, options: Options) -> None:
        self._options = {**COMMON, **options}
        self._lock = Lock()
        self._log = _SparingLog(log)
        self._producer: Producer | None = None
        self._admin: AdminClient | None = None

    def producer(self) -> Producer:
        with self._lock:
            # Test for None, as an idle producer is false: its length is that of its queue.
            if self._producer is None:
                self._producer = Producer({**self._options, **PRODUCER}, logger=self._log)
            return self._producer

    def forget_producer(self) -> None:
        """Make the next call create a new producer, after an error that this one can't survive."""
        with self._lock:
            self._producer = None

    @contextmanager
    def admin(self) -> Iterator[AdminClient]:
        """Yield the admin client. Only its log says why it fails, as for a wrong password."""
        with self._lock:
            admin = self._admin = self._admin or AdminClient(self._options, logger=self._log)
        try:
            yield admin
        finally:
            admin.poll(0)

    @contextmanager
    def consumer(self) -> Iterator[Consumer]:
        """Yield a new consumer, which is closed when the context ends."""
        consumer = Consumer({**self._options, **CONSUMER}, logger=self._log)
        try:
            yield consumer
        finally:
            consumer.close()


class TopicUnavailable(EventLogUnavailable):
    """Kafka responds, but the topic is missing or forbidden, or can't be created as configured."""


_ABOUT_TOPIC: Final = frozenset(
    {
        KafkaError._UNKNOWN_TOPIC,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.POLICY_VIOLATION,
        KafkaError.TOPIC_EXCEPTION,
        KafkaError.INVALID_PARTITIONS,
        KafkaError.INVALID_REPLICATION_FACTOR,
        KafkaError.INVALID_CONFIG,
    }
)


@contextmanager
def errors_as_ours() -> Iterator[None]:
    """Turn every error of Kafka's client into EventLogUnavailable."""
    try:
        yield
    except KafkaException as error:
        about_topic = error.args[0].code() in _ABOUT_TOPIC
        ours = TopicUnavailable if about_topic else EventLogUnavailable
        raise KAFKA.down(ours(str(error))) from error
    except EventLogUnavailable as error:
        KAFKA.down(error)
        raise
