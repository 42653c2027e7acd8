"""The only thread of a process that receives wake-ups."""

import logging
from threading import Event, Lock, Thread
from time import sleep
from typing import Final

import redis
from redis.client import PubSub

from app.infrastructure.listeners import Listeners

CHANNEL: Final = "podline:wakeups"
PING_SECONDS: Final = 0.4
"""After this long without a message, it pings Redis and waits as long again for the response."""
FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 1.0

log = logging.getLogger(__name__)


class Subscriber:
    """Passes messages to `listeners`, and reconnects when necessary.

    All listeners are woken when the connection is lost and again when it is restored, because
    messages may have been lost in between.
    """

    def __init__(self, client: redis.Redis) -> None:
        self.listeners = Listeners()
        self._client = client
        self._lock = Lock()
        self._thread: Thread | None = None
        self._connected = Event()
        self._tried = Event()
        self._pause = FIRST_PAUSE

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    def ensure_started(self) -> None:
        """Start the thread, and return once it has tried to connect, successfully or not."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._run, name="wakeups", daemon=True)
                self._thread.start()
        self._tried.wait()

    def _run(self) -> None:
        try:
            while True:
                self._subscribe_once()
                sleep(self._pause)
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
        finally:
            self._connected.clear()
            self._tried.set()

    def _subscribe_once(self) -> None:
        """Receive messages until the connection is lost."""
        try:
            with PubSub(self._client.connection_pool) as pubsub:
                pubsub.subscribe(CHANNEL)
                self._pass_on_messages(pubsub)
        except redis.RedisError as error:
            self._lost(error)

    def _pass_on_messages(self, pubsub: PubSub) -> None:
        asked = False
        while True:
            message = pubsub.get_message(timeout=PING_SECONDS)
            if message is None:
                if asked:
                    raise redis.TimeoutError("no response to a ping")
                pubsub.ping()
            asked = message is None
            if message is not None:
                self._pass_on(message)

    def _pass_on(self, message: dict[str, str]) -> None:
        match message["type"]:
            case "message":
                self.listeners.wake(message["data"])
            case "subscribe":
                self._made()

    def _made(self) -> None:
        self._pause = FIRST_PAUSE
        self._connected.set()
        self._tried.set()
        self.listeners.wake_all()

    def _lost(self, error: redis.RedisError) -> None:
        if self._tried.is_set() and not self.connected:
            return
        log.warning("wake-ups are not received while Redis is unavailable: %s", error)
        self._connected.clear()
        self._tried.set()
        self.listeners.wake_all()
