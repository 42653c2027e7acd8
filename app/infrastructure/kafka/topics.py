"""Creates topics on first use, with the numbers in the settings."""

import logging
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]  # the stub lacks it

from app.infrastructure.kafka.clients import ANSWER_SECONDS, Clients

log = logging.getLogger(__name__)

_BROKERS_DEFAULT: Final = -1
_LOOK_AGAIN_SECONDS: Final = 0.05
_FOREVER: Final = "-1"
_MAY_NOT_CREATE: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.POLICY_VIOLATION,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSettings:
    """Settings for new topics. None leaves the choice to the broker, except for retention."""

    partitions: int
    replication_factor: int | None = None
    min_insync_replicas: int | None = None
    retention_seconds: float | None = None
    """None keeps events forever."""


class Topics:
    """Creates topics that don't exist, and never changes existing ones."""

    def __init__(self, clients: Clients, settings: TopicSettings) -> None:
        self._clients = clients
        self._settings = settings
        self._there: set[str] = set()

    def ensure(self, topic: str) -> None:
        """Create the topic unless it is known to exist. Raises KafkaException."""
        if topic in self._there:
            return
        if self._create(topic):
            self._wait_for(topic)
        else:
            self._check_partitions(topic)
        self._there.add(topic)

    def forget(self, topic: str) -> None:
        """Check the topic again on its next use, after an error."""
        self._there.discard(topic)

    def partitions(self, topic: str) -> list[int]:
        """List the topic's partitions. Raises KafkaException."""
        with self._clients.admin() as admin:
            asked = admin.describe_topics(TopicCollection([topic]), request_timeout=ANSWER_SECONDS)
            return [partition.id for partition in asked[topic].result().partitions]

    def _create(self, topic: str) -> bool:
        """Create the topic. Returns False if it exists, or may exist but can't be created here."""
        try:
            with self._clients.admin() as admin:
                asked = admin.create_topics(
                    [_new_topic(topic, self._settings)],
                    operation_timeout=ANSWER_SECONDS,
                    request_timeout=ANSWER_SECONDS,
                )
                asked[topic].result()
        except KafkaException as exception:
            error: KafkaError = exception.args[0]
            if error.code() in _MAY_NOT_CREATE:
                log.warning("topic %s: not allowed to create it: %s", topic, error.str())
            elif error.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
            return False
        log.info("topic %s: created with %d partitions", topic, self._settings.partitions)
        return True

    def _wait_for(self, topic: str) -> None:
        """Wait until the brokers know the new topic. The controller answers before they do."""
        deadline = monotonic() + ANSWER_SECONDS
        while True:
            try:
                self.partitions(topic)
            except KafkaException as exception:
                unknown = exception.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART
                if not unknown or monotonic() >= deadline:
                    raise
                sleep(_LOOK_AGAIN_SECONDS)
            else:
                return

    def _check_partitions(self, topic: str) -> None:
        found = len(self.partitions(topic))
        if found != self._settings.partitions:
            log.warning(
                "topic %s has %d partitions and keeps them; the settings say %d",
                topic,
                found,
                self._settings.partitions,
            )


def _new_topic(topic: str, settings: TopicSettings) -> NewTopic:
    seconds = settings.retention_seconds
    config = {"retention.ms": _FOREVER if seconds is None else str(int(seconds * 1000))}
    if settings.min_insync_replicas is not None:
        config["min.insync.replicas"] = str(settings.min_insync_replicas)
    return NewTopic(
        topic,
        num_partitions=settings.partitions,
        replication_factor=settings.replication_factor or _BROKERS_DEFAULT,
        config=config,
    )
