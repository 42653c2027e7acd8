"""The thread of a process that receives the wake-ups of a channel."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from threading import Event, Lock, Thread
from time import monotonic, sleep
from typing import Final

import redis
from redis.client import PubSub

from app.infrastructure.dependencies import REDIS
from app.infrastructure.listeners import Listeners

PING_SECONDS: Final = 0.4
"""After this long without a message, it pings Redis and waits as long again for the response."""
FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 1.0

log = logging.getLogger(__name__)


class Subscriber:
    """Passes messages to listeners, and reconnects when necessary.

    All listeners are woken when the connection is lost and again when it is restored, because
    messages may have been lost in between. Without listeners for `rest_seconds`, the thread ends,
    and the next listener starts another one.
    """

    def __init__(self, client: redis.Redis, channel: str, rest_seconds: float = inf) -> None:
        self._listeners = Listeners()
        self._client = client
        self._channel = channel
        self._rest_seconds = rest_seconds
        self._lock = Lock()
        self._thread: Thread | None = None
        self._in_use = 0
        self._used_at = monotonic()
        self._connected = Event()
        self._tried = Event()
        self._pause = FIRST_PAUSE

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    @contextmanager
    def listening(self, subject_id: str, event: Event) -> Iterator[None]:
        """Have each message with this id set the event, once the thread has tried to connect."""
        with self._lock:
            self._in_use += 1
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._run, name=self._channel, daemon=True)
                self._thread.start()
        try:
            self._tried.wait()
            with self._listeners.listening(subject_id, event):
                yield
        finally:
            with self._lock:
                self._in_use -= 1
                self._used_at = monotonic()

    def _run(self) -> None:
        try:
            while not self._subscribe_once():
                sleep(self._pause)
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
        except BaseException:  # raised again
            self._connected.clear()
            self._tried.set()
            raise

    def _subscribe_once(self) -> bool:
        """Receive messages until nobody listens any more. False if the connection was lost."""
        try:
            with PubSub(self._client.connection_pool) as pubsub:
                pubsub.subscribe(self._channel)
                self._pass_on_messages(pubsub)
                return True
        except redis.RedisError as error:
            REDIS.down(error)
            self._lost(error)
            return False

    def _pass_on_messages(self, pubsub: PubSub) -> None:
        asked = False
        while not self._rests():
            message = pubsub.get_message(timeout=PING_SECONDS)
            if message is None:
                if asked:
                    raise redis.TimeoutError("no response to a ping")
                pubsub.ping()
            asked = message is None
            if message is not None:
                self._pass_on(message)

    def _rests(self) -> bool:
        """Whether the thread has to end. From then on, it counts as not started."""
        with self._lock:
            if self._in_use or monotonic() - self._used_at < self._rest_seconds:
                return False
            self._thread = None
            self._connected.clear()
            self._tried.clear()
            return True

    def _pass_on(self, message: dict[str, str]) -> None:
        match message["type"]:
            case "message":
                self._listeners.wake(message["data"])
            case "subscribe":
                self._made()

    def _made(self) -> None:
        REDIS.up()
        self._pause = FIRST_PAUSE
        self._connected.set()
        self._tried.set()
        self._listeners.wake_all()

    def _lost(self, error: redis.RedisError) -> None:
        if self._tried.is_set() and not self.connected:
            return
        log.warning("wake-ups are not received while Redis is unavailable: %s", error)
        self._connected.clear()
        self._tried.set()
        self._listeners.wake_all()
