"""Delivers events in the order of their versions, whatever fails in between.

An event is passed to the producer only after all earlier events of its execution are delivered. So
no message in flight, from this call or an earlier failed one, can overtake an event that isn't in
the log: whatever arrives late is a duplicate. A timeout therefore needs neither a purge nor a new
producer. The producer's own idempotence covers its retries.

An event that a broker refuses permanently, such as one larger than the topic allows, holds up only
its own execution.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from threading import Lock
from time import monotonic
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from app.domain.errors import EventLogUnavailable
from app.domain.execution import MILLISECOND, Event
from app.infrastructure.cloudevents import CloudEvent, as_json
from app.infrastructure.kafka.clients import DELIVERY_SECONDS, Clients, errors_as_ours
from app.ports import Refused

Headers = list[tuple[str, str | bytes | None]]

STRUCTURED_JSON: Final[Headers] = [("content-type", "application/cloudevents+json; charset=UTF-8")]
"""https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md"""

_FOR_GOOD: Final = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_RECORD,
        KafkaError.INVALID_TIMESTAMP,
    }
)
"""Errors of the message, not of the topic or broker: a retry would fail too."""


class Publisher:
    """Publishes events. Thread-safe."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def publish(
        self, topic: str, events: Sequence[Event], envelope: Callable[[Event], CloudEvent]
    ) -> list[Refused]:
        """Deliver the events, and return the refused ones.

        Raises EventLogUnavailable, after 10 s at most.
        """
        deadline = monotonic() + DELIVERY_SECONDS
        deliver = partial(self._deliver, topic, envelope, deadline)
        refused: dict[str, Refused] = {}
        with errors_as_ours():
            for wave in waves(events):
                going_on = [event for event in wave if event.execution_id not in refused]
                for each in _refused(deliver, going_on):
                    refused[each.event.execution_id] = each
        return list(refused.values())

    def _deliver(
        self,
        topic: str,
        envelope: Callable[[Event], CloudEvent],
        deadline: float,
        events: Sequence[Event],
    ) -> list[Refused]:
        producer, deliveries = self._clients.producer(), Deliveries()
        try:
            for event in events:
                _produce(producer, topic, event, envelope, deliveries)
            producer.flush(max(deadline - monotonic(), 0))
        except BufferError as error:
            raise EventLogUnavailable("too many events are waiting for delivery") from error
        except KafkaException as exception:
            deliveries.note(exception.args[0])
            raise
        finally:
            if deliveries.fatal:
                self._clients.forget_producer()
        deliveries.check(len(events))
        return deliveries.refused


def _refused(
    deliver: Callable[[Sequence[Event]], list[Refused]], events: Sequence[Event]
) -> list[Refused]:
    """Retry refused events one at a time: a broker refuses a whole batch for one message."""
    refused = deliver(events)
    if len(events) == 1:
        return refused
    return [alone for each in refused for alone in deliver([each.event])]


class Deliveries:
    """Collects the delivery reports of one wave."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._delivered = 0
        self._error: KafkaError | None = None
        self.refused: list[Refused] = []
        self.fatal = False
        """The producer can't continue. https://github.com/confluentinc/librdkafka/blob/v2.16.0/INTRODUCTION.md#fatal-producer-errors"""

    def report(self, event: Event, error: KafkaError | None, _: Message | None = None) -> None:
        """Record a delivery report. librdkafka calls this in any thread that serves it."""
        with self._lock:
            if error is None:
                self._delivered += 1
            elif error.code() in _FOR_GOOD:
                self.refused.append(Refused(event, error.str()))
            else:
                self.note(error)

    def note(self, error: KafkaError) -> None:
        self._error = error
        self.fatal |= error.fatal() or error.code() == KafkaError._FATAL

    def check(self, expected: int) -> None:
        """Raise KafkaException or EventLogUnavailable unless all were delivered or refused."""
        if self._error is not None:
            raise KafkaException(self._error)
        missing = expected - self._delivered - len(self.refused)
        if missing:
            raise EventLogUnavailable(f"{missing} events were not delivered in time")


def waves(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Yield the first event of each execution, then the second of each, and so on."""
    found: list[list[Event]] = []
    depths: dict[str, int] = {}
    for event in events:
        depth = depths.get(event.execution_id, 0)
        depths[event.execution_id] = depth + 1
        if depth == len(found):
            found.append([])
        found[depth].append(event)
    yield from found


def _produce(
    producer: Producer,
    topic: str,
    event: Event,
    envelope: Callable[[Event], CloudEvent],
    deliveries: Deliveries,
) -> None:
    try:
        producer.produce(
            topic,
            key=event.execution_id.encode(),
            value=as_json(envelope(event)).encode(),
            headers=_headers(event),
            timestamp=event.time // MILLISECOND,
            on_delivery=partial(deliveries.report, event),
        )
    except KafkaException as exception:
        error = exception.args[0]
        if error.code() not in _FOR_GOOD:
            raise
        # The message exceeds the client's own limit and never leaves this process.
        deliveries.report(event, error)


def _headers(event: Event) -> Headers:
    if event.traceparent is None:
        return STRUCTURED_JSON
    return [*STRUCTURED_JSON, ("traceparent", event.traceparent)]
