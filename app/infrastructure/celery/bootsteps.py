"""Bootsteps of the worker's consumer: the heartbeat and the watcher."""

import logging
import os
from typing import Any

from celery import bootsteps

from app.domain.chain import POLL
from app.domain.hosts import GIVEN_UP
from app.infrastructure.celery.heartbeat import HEARTBEAT_SECONDS
from app.service.watcher import Watcher


def _give_up() -> None:
    """End at once: whatever this worker does counts for nothing by now."""
    logging.shutdown()
    os._exit(GIVEN_UP)


class HeartbeatStep(bootsteps.StartStopStep):
    """Uses the timer of the worker's event loop, so that the heartbeat stops if the loop hangs."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._timer: Any = None

    def start(self, parent: Any) -> None:
        beat = parent.app.heartbeat.beat
        beat()
        self._timer = parent.timer.call_repeatedly(HEARTBEAT_SECONDS, beat)

    def stop(self, parent: Any) -> None:  # noqa: ARG002  # the bootstep's signature
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class WatcherStep(bootsteps.StartStopStep):
    """Starts the watcher if the worker consumes the monitor's queue."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._watcher: Watcher | None = None

    def include_if(self, parent: Any) -> bool:
        serving, consumed = parent.app.serving, parent.app.amqp.queues.consume_from
        if serving.on_hosts and serving.host is None:
            return False
        return serving.queue_of(POLL) in consumed

    def start(self, parent: Any) -> None:
        self._watcher = Watcher(lambda: parent.app.ports, give_up=_give_up)
        self._watcher.start()

    def stop(self, parent: Any) -> None:  # noqa: ARG002  # the bootstep's signature
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher = None
