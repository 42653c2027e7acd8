"""Reads a topic in slices, without a consumer group: the caller keeps the position.

The events of one execution are in order, because they are in one partition. The events of a page
are merged by time, which keeps the order within each partition.
"""

import heapq
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Final

from confluent_kafka import (
    OFFSET_END,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from app.domain.errors import EventLogUnavailable
from app.domain.execution import MILLISECOND, Event
from app.domain.filters import EventFilter, EventPage
from app.infrastructure.cloudevents import log_skipped, parse
from app.infrastructure.kafka.clients import ANSWER_SECONDS, Clients
from app.infrastructure.kafka.offsets import Offsets, as_text, offsets
from app.infrastructure.kafka.topics import Topics

SLICE: Final = 5_000
"""The most messages that one call of `read` scans."""
READ_SECONDS: Final = 10.0
RETRY_SECONDS: Final = 0.05

_NOT_YET: Final = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
    }
)
"""Temporary errors: the topic was just created, or a partition has a new leader."""


class Reader:
    """Reads pages of events. Raises KafkaException, EventLogUnavailable and InvalidPosition."""

    def __init__(self, clients: Clients, topics: Topics, topic: str, slice_size: int) -> None:
        self._clients = clients
        self._topics = topics
        self._topic = topic
        self._slice_size = slice_size

    def read(self, filter: EventFilter, after: str | None, limit: int) -> EventPage:
        given = None if after is None else offsets(after)
        partitions = self._topics.partitions(self._topic)
        with self._clients.consumer() as consumer:
            ends = self._look_up(consumer, dict.fromkeys(partitions, OFFSET_END))
            if given is None:
                starts = self._starts(consumer, filter, ends)
            else:
                starts = {partition: given.get(partition, 0) for partition in partitions}
            taken = Taken(starts, ends)
            if not taken.at_end:
                self._fill(consumer, taken, filter, limit)
        events = list(heapq.merge(*taken.found.values(), key=lambda event: event.time))
        return EventPage(events=events, position=as_text(taken.offsets), at_end=taken.at_end)

    def _starts(self, consumer: Consumer, filter: EventFilter, ends: Offsets) -> Offsets:
        """Return offsets before all matching events. A message's timestamp is its event's time."""
        if filter.since is None:
            return dict.fromkeys(ends, 0)
        # Kafka uses negative times for the beginning and the end.
        since = max(filter.since // MILLISECOND, 0)
        found = self._look_up(consumer, dict.fromkeys(ends, since))
        # A negative offset means the end: nothing in the partition is that recent.
        return {p: offset if offset >= 0 else ends[p] for p, offset in found.items()}

    def _look_up(self, consumer: Consumer, times: dict[int, int]) -> Offsets:
        """Return each partition's first offset at or after its time; OFFSET_END means the end."""
        asked = [TopicPartition(self._topic, partition, time) for partition, time in times.items()]
        deadline = monotonic() + ANSWER_SECONDS
        while True:
            try:
                return _offsets_for_times(consumer, asked)
            except KafkaException as error:
                if error.args[0].code() not in _NOT_YET or monotonic() > deadline:
                    raise
            sleep(RETRY_SECONDS)

    def _fill(self, consumer: Consumer, taken: "Taken", filter: EventFilter, limit: int) -> None:
        deadline = monotonic() + READ_SECONDS
        consumer.assign(
            [TopicPartition(self._topic, p, taken.offsets[p]) for p in taken.unfinished()]
        )
        while taken.matching < limit and taken.messages < self._slice_size and not taken.at_end:
            message = consumer.poll(max(deadline - monotonic(), 0))
            if message is None:
                break
            taken.take(message, filter)
        if not taken.messages and not taken.at_end:
            raise EventLogUnavailable(f"no events were read within {READ_SECONDS:g} s")
        log_skipped(taken.skipped)


def _offsets_for_times(consumer: Consumer, asked: list[TopicPartition]) -> Offsets:
    found = consumer.offsets_for_times(asked, timeout=ANSWER_SECONDS)
    for place in found:
        if place.error is not None:
            raise KafkaException(place.error)
    return {place.partition: place.offset for place in found}


@dataclass(slots=True)
class Taken:
    """What one call has read from the topic so far."""

    offsets: Offsets
    """The next offsets to read."""
    ends: Offsets
    found: dict[int, list[Event]] = field(default_factory=dict)
    messages: int = 0
    matching: int = 0
    skipped: int = 0

    @property
    def at_end(self) -> bool:
        return not self.unfinished()

    def unfinished(self) -> list[int]:
        return [partition for partition, end in self.ends.items() if self.offsets[partition] < end]

    def take(self, message: Message, filter: EventFilter) -> None:
        """Add one message. Raises KafkaException."""
        error = message.error()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:
            raise KafkaException(error)
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        if error is not None:
            # Offsets may have gaps, so the last message may be further before the end.
            self.offsets[partition] = max(offset, self.offsets[partition])
        elif offset < self.ends[partition]:
            self.offsets[partition] = offset + 1
            self.messages += 1
            self._take_event(partition, message, filter)

    def _take_event(self, partition: int, message: Message, filter: EventFilter) -> None:
        value = message.value()
        try:
            event = parse(value or b"")
        except ValueError:
            self.skipped += 1
            return
        if filter.fits(event):
            self.matching += 1
            self.found.setdefault(partition, []).append(event)
