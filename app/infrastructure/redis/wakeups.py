"""Wake-ups through Redis: channels whose messages are ids of executions and batches."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from threading import Event
from typing import Final

import redis

from app.domain.errors import CoordinationUnavailable
from app.infrastructure.breaker import Breaker
from app.infrastructure.redis.connection import raises_unavailable
from app.infrastructure.redis.subscriber import Subscriber
from app.infrastructure.redis.unanswered import Unanswered

ENDS: Final = "podline:wakeups"
PROGRESS: Final = "podline:wakeups:progress"
"""A process subscribes to it only while it has such listeners."""
REST_SECONDS: Final = 10.0
LONGEST_DEAF_WAIT: Final = 0.75
"""Seconds that a listener waits at most while Redis is unavailable."""

log = logging.getLogger(__name__)


class RedisWakeups:
    """Wakes API threads in any process that wait for a change of an execution."""

    def __init__(self, client: redis.Redis) -> None:
        self._unanswered = Unanswered(client)
        self._breaker = Breaker()
        self._ends = Subscriber(client, ENDS)
        self._progress = Subscriber(client, PROGRESS, rest_seconds=REST_SECONDS)

    def notify(self, subject_id: str, *, progress: bool = False) -> None:
        if not self._breaker.allows_call():
            return
        try:
            self._publish(PROGRESS if progress else ENDS, subject_id)
        except CoordinationUnavailable as error:
            if self._breaker.failed():
                log.warning("wake-ups are not sent while Redis is unavailable: %s", error)
        else:
            self._breaker.succeeded()

    @contextmanager
    def listen(self, subject_id: str, *, progress: bool = False) -> Iterator["RedisListener"]:
        subscribers = (self._ends, self._progress) if progress else (self._ends,)
        event = Event()
        with ExitStack() as listening:
            for subscriber in subscribers:
                listening.enter_context(subscriber.listening(subject_id, event))
            yield RedisListener(subscribers, event)

    @raises_unavailable
    def _publish(self, channel: str, subject_id: str) -> None:
        self._unanswered.send(("PUBLISH", channel, subject_id))


class RedisListener:
    def __init__(self, subscribers: Sequence[Subscriber], event: Event) -> None:
        self._subscribers = subscribers
        self._event = event

    def wait(self, timeout_seconds: float) -> bool:
        if not all(subscriber.connected for subscriber in self._subscribers):
            timeout_seconds = min(timeout_seconds, LONGEST_DEAF_WAIT)
        if not self._event.wait(timeout_seconds):
            return False
        self._event.clear()
        return True
