"""librdkafka's clients, with the timeouts that all Kafka code here uses."""

import ctypes
import logging
import os
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from app.domain.errors import EventLogUnavailable

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

Client = TypeVar("Client")


class Clients:
    """The producer and the admin client of this process, created on first use.

    Their threads don't survive a fork, so a child makes its own.
    """

    def __init__(self, options: Options) -> None:
        self._options = {**COMMON, **options}
        self._producers: dict[int, Producer] = {}
        self._admins: dict[int, AdminClient] = {}
        _made.add(self)

    def producer(self) -> Producer:
        return _of_this_process(
            self._producers, lambda: Producer({**self._options, **PRODUCER}, logger=log)
        )

    def forget_producer(self) -> None:
        """Make the next call create a new producer, after an error that this one can't survive."""
        self._producers.pop(os.getpid(), None)

    @contextmanager
    def admin(self) -> Iterator[AdminClient]:
        """Yield the admin client. Only its log says why it fails, as for a wrong password."""
        admin = _of_this_process(self._admins, lambda: AdminClient(self._options, logger=log))
        try:
            yield admin
        finally:
            admin.poll(0)

    @contextmanager
    def consumer(self) -> Iterator[Consumer]:
        """Yield a new consumer, which is closed when the context ends."""
        consumer = Consumer({**self._options, **CONSUMER}, logger=log)
        try:
            yield consumer
        finally:
            consumer.close()

    def _after_fork_in_child(self) -> None:
        """Keep the parent's clients alive: to destroy one waits for threads that aren't here."""
        for client in [*self._producers.values(), *self._admins.values()]:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(client))


_made: Final[weakref.WeakSet[Clients]] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for clients in list(_made):
        clients._after_fork_in_child()


os.register_at_fork(after_in_child=_after_fork_in_child)


def _of_this_process(clients: dict[int, Client], make: Callable[[], Client]) -> Client:
    client = clients.get(os.getpid())
    # Test for None, as an idle producer is false: its length is that of its queue. Use no lock, as
    # a fork could leave it locked: if two clients are created at once, one is dropped.
    return clients.setdefault(os.getpid(), make()) if client is None else client


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
        raise ours(str(error)) from error
