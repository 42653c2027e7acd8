"""Task events, which Flower lives on, in batches.

Celery publishes each one by itself, three a task: that was a third of the worker's CPU time, and
most of Flower's (docs/benchmarks.md). Their timestamps are made before, so nothing looks later.
"""

from typing import Final

from celery.events import EventDispatcher
from celery.worker.consumer import Consumer

BATCH_SECONDS: Final = 0.5
"""And whenever a batch has reached Celery's own limit."""


class BatchingConsumer(Consumer):
    """The worker's consumer, with a timer in the place of a publish for every event."""

    event_dispatcher: EventDispatcher | None

    def on_ready(self) -> None:
        # Here, since the timers are cleared whenever the connection to the broker is lost.
        super().on_ready()
        self.timer.call_repeatedly(BATCH_SECONDS, self._publish_events)

    def on_send_event_buffered(self) -> None:  # type: ignore[override]  # the stub is wrong
        """It waits for the timer."""

    def stop(self) -> None:
        self._publish_events()
        super().stop()

    def _publish_events(self) -> None:
        if self.event_dispatcher is not None:
            self.event_dispatcher.flush()
