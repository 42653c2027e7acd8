"""A worker on a sandbox host takes a pod from the queue only while it holds a free bay for it.

So no code places pods: whichever host has a free bay takes the next one, at once. Celery's own
consumer can't do that. It waits for a message in several queues at once, and what it waits for
can't be changed while it does.
"""

import logging
import threading
from functools import partial
from time import monotonic
from typing import Any, Final

from celery import bootsteps
from celery.signals import task_revoked
from kombu.utils.encoding import bytes_to_str

from app.domain.chain import CREATE
from app.domain.errors import RuntimeUnavailable
from app.domain.hosts import group_name, pods_of
from app.domain.language import keys_of
from app.infrastructure.celery.messages import LocalMessage
from app.infrastructure.celery.poison import keep_poison
from app.infrastructure.celery.transport import CONNECTION_ERRORS
from app.ports import Bays

log = logging.getLogger(__name__)

PODS: Final = "pods"
WAIT_SECONDS: Final = 1
"""How long one call waits, for a bay or for a message."""
RETRY_SECONDS: Final = 1.0
NAME_SECONDS: Final = 0.05
"""Between two looks whether a heartbeat was accepted again."""
LANGUAGES_SECONDS: Final = 2.0
"""Between two questions which languages there are: some become available later."""
_OPTIONS: Final = {"socket_timeout": 5 * WAIT_SECONDS}


class PullStep(bootsteps.StartStopStep):
    """Takes the queue `pods` from Celery's consumer, and serves it if this is a sandbox host."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._puller: Puller | None = None

    def include_if(self, parent: Any) -> bool:
        app = parent.app
        if not app.serving.on_hosts:
            return False
        pulled = app.serving.host is not None and (
            PODS in app.amqp.queues.consume_from or app.pulls
        )
        app.amqp.queues.deselect([PODS, "monitor"])
        return pulled

    def start(self, parent: Any) -> None:
        self._puller = Puller(parent, parent.app.ports.bays)
        self._puller.start()
        parent.app.pulls = True

    def stop(self, parent: Any) -> None:
        parent.app.pulls = False
        if self._puller is not None:
            self._puller.stop()
            self._puller = None


class Puller:
    """A thread that exchanges bays for messages."""

    def __init__(self, consumer: Any, bays: Bays) -> None:
        self._consumer = consumer
        self._bays = bays
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="puller", daemon=True)
        self._give_back = partial(_give_back, bays)
        self._queues = [PODS]
        self._ask_at = 0.0

    def start(self) -> None:
        task_revoked.connect(self._give_back, weak=False)
        self._bays.open()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(5 * WAIT_SECONDS)
        self._bays.close()
        task_revoked.disconnect(self._give_back)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._pull()
            except CONNECTION_ERRORS as error:
                log.warning("no pods are taken from the queue: %s", error)
                self._stopping.wait(RETRY_SECONDS)
            except Exception:  # a thread's last resort: without it, the host takes nothing
                log.exception("taking pods from the queue failed")
                self._stopping.wait(RETRY_SECONDS)

    def _pull(self) -> None:
        """Take messages on a connection of its own, as long as it lasts."""
        with self._consumer.app.connection_for_read(transport_options=_OPTIONS) as connection:
            redis = connection.default_channel.client
            while not self._stopping.is_set():
                if not self._bays.wait(WAIT_SECONDS) or not self._has_name():
                    continue
                taken = redis.brpop(self._own_queues(), timeout=WAIT_SECONDS)
                if taken is None:
                    continue
                queue, item = taken
                if self._bays.take():
                    self._deliver(bytes_to_str(queue), item)
                else:  # The daemon has just been stopped or drained, or nothing is to be taken.
                    redis.rpush(queue, item)

    def _has_name(self) -> bool:
        """Whether this is still the host of its name. It wasn't, if it was paused for too long."""
        fleet = self._consumer.app.ports.fleet
        if fleet is None or fleet.holds_here():
            return True
        self._stopping.wait(NAME_SECONDS)
        return False

    def _own_queues(self) -> list[str]:
        """The one of this host's group comes first: others can't take what is there."""
        now = monotonic()
        if now >= self._ask_at:
            self._ask_at = now + LANGUAGES_SECONDS
            try:
                offered = self._consumer.app.ports.runtime.languages()
            except RuntimeUnavailable as error:
                log.warning("the languages of this host are not known: %s", error)
            else:
                self._queues = [pods_of(group_name(keys_of(offered))), PODS]
        return self._queues

    def _deliver(self, queue: str, item: bytes) -> None:
        """Have Celery do with the message what it does with any other."""
        consumer = self._consumer
        try:
            message = LocalMessage.of(queue, item)
            consumer.check(message)
            message.deliver(consumer)
        except Exception as error:  # noqa: BLE001  # whatever an item that is no task raises
            self._give_back()
            keep_poison(consumer.app, queue, item, error)


def _give_back(bays: Bays, sender: Any = None, **_: Any) -> None:
    """A step that is not done needs no bay."""
    if sender is None or sender.name == CREATE:
        with bays.held():
            pass
