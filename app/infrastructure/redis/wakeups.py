"""Wake-ups through Redis: one channel, whose messages are the ids of changed executions."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Final

import redis

from app.domain.errors import CoordinationUnavailable
from app.infrastructure.breaker import Breaker
from app.infrastructure.redis.connection import raises_unavailable
from app.infrastructure.redis.subscriber import CHANNEL, Subscriber

LONGEST_DEAF_WAIT: Final = 0.75
"""Seconds that a listener waits at most while Redis is unavailable."""

log = logging.getLogger(__name__)


class RedisWakeups:
    """Wakes API threads in any process that wait for a change of an execution."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._breaker = Breaker()
        self._subscriber = Subscriber(client)

    def notify(self, subject_id: str) -> None:
        if not self._breaker.allows_call():
            return
        try:
            self._publish(subject_id)
        except CoordinationUnavailable as error:
            if self._breaker.failed():
                log.warning("wake-ups are not sent while Redis is unavailable: %s", error)
        else:
            self._breaker.succeeded()

    @contextmanager
    def listen(self, subject_id: str) -> Iterator["RedisListener"]:
        self._subscriber.ensure_started()
        with self._subscriber.listeners.listening(subject_id) as event:
            yield RedisListener(self._subscriber, event)

    @raises_unavailable
    def _publish(self, subject_id: str) -> None:
        self._client.publish(CHANNEL, subject_id)


class RedisListener:
    def __init__(self, subscriber: Subscriber, event: Event) -> None:
        self._subscriber = subscriber
        self._event = event

    def wait(self, timeout_seconds: float) -> bool:
        if not self._subscriber.connected:
            timeout_seconds = min(timeout_seconds, LONGEST_DEAF_WAIT)
        if not self._event.wait(timeout_seconds):
            return False
        self._event.clear()
        return True
