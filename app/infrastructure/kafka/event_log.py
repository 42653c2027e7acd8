"""The event log as a Kafka topic, keyed by execution id to keep its events in one partition."""

from collections.abc import Callable, Sequence
from functools import partial

from app.domain.errors import EventLogUnavailable, InvalidTarget
from app.domain.execution import Event, Time
from app.domain.filters import EventFilter, EventPage
from app.infrastructure.cloudevents import CloudEvent, cloud_event
from app.infrastructure.dependencies import KAFKA
from app.infrastructure.event_log_checks import check_target
from app.infrastructure.kafka.clients import Clients, Options, TopicUnavailable, errors_as_ours
from app.infrastructure.kafka.publisher import Publisher
from app.infrastructure.kafka.reader import SLICE, Reader
from app.infrastructure.kafka.topics import Topics, TopicSettings
from app.ports import Refused


class KafkaEventLog:
    """Every call ends within about 15 s. Raises EventLogUnavailable if Kafka is unavailable."""

    def __init__(
        self, topic: str, options: Options, settings: TopicSettings, *, slice_size: int = SLICE
    ) -> None:
        clients = Clients(options)
        self._topic = topic
        self._topics = Topics(clients, settings)
        self._publisher = Publisher(clients)
        self._reader = Reader(clients, self._topics, topic, slice_size)

    def append(self, events: Sequence[Event]) -> Sequence[Refused]:
        return self._publish(self._topic, events, cloud_event)

    def read(self, filter: EventFilter, after: str | None, limit: int) -> EventPage:
        self._ensure(self._topic)
        with errors_as_ours():
            page = self._reader.read(filter, after, limit)
        KAFKA.up()
        return page

    def reemit(self, target: str, replay_id: str, events: Sequence[Event]) -> None:
        self.check_target(target)
        try:
            refused = self._publish(target, events, partial(cloud_event, replay_id=replay_id))
        except TopicUnavailable as error:
            raise InvalidTarget(f"the topic {target} can't be written to: {error}") from error
        if refused:
            first = refused[0]
            raise InvalidTarget(f"the topic {target} refuses {first.event.id}: {first.reason}")

    def remove_before(self, time: Time, limit: int) -> int:  # noqa: ARG002  # the port's signature
        """Nothing to do: the topic's own retention removes events."""
        return 0

    def shrink(self) -> bool:
        return False

    def check_target(self, target: str) -> None:
        check_target(target, self._topic)

    def upgrade(self) -> None:
        """Nothing to do: the type of each event has its version."""

    def ping(self) -> None:
        """Ask a broker for the topic's partitions."""
        self._ensure(self._topic)
        with errors_as_ours():
            self._topics.partitions(self._topic)
        KAFKA.up()

    def _publish(
        self, topic: str, events: Sequence[Event], envelope: Callable[[Event], CloudEvent]
    ) -> Sequence[Refused]:
        if not events:
            return ()
        self._ensure(topic)
        try:
            refused = self._publisher.publish(topic, events, envelope)
        except EventLogUnavailable:
            self._topics.forget(topic)  # it may have been deleted
            raise
        KAFKA.up()
        return refused

    def _ensure(self, topic: str) -> None:
        with errors_as_ours():
            self._topics.ensure(topic)
