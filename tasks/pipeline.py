"""The chain: admit ▸ saga step ▸ create pod ▸ monitor poll ▸ persist."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from kombu.exceptions import KombuError, OperationalError

from app.domain.errors import BrokerUnavailable
from app.domain.execution import TERMINAL, State
from tasks import app

ADMIT: Final = "podline.admission.admit"
STEP: Final = "podline.saga.step"
CREATE: Final = "podline.pods.create"
POLL: Final = "podline.monitor.poll"
PERSIST: Final = "podline.results.persist"
COMPENSATE: Final = "podline.saga.compensate"

CHAIN: Final = (ADMIT, STEP, CREATE, POLL, PERSIST)

CHAIN_FROM: Final[Mapping[State, tuple[str, ...]]] = {
    State.QUEUED: CHAIN,
    State.ADMITTED: CHAIN[1:],
    State.STARTING: CHAIN[2:],
    State.RUNNING: CHAIN[3:],
    State.FINISHED: CHAIN[4:],
    **dict.fromkeys(TERMINAL, (COMPENSATE,)),
}
"""The rest of the chain, from the step that each state calls for."""

BREAK_SECONDS: Final = 1.0
"""After a failed publish nothing is tried for so long, so that a POST never queues behind it."""


class CeleryPipeline:
    """The Pipeline port: every message carries the execution's id and nothing else."""

    def __init__(self) -> None:
        self._closed_until = 0.0
        self._lock = threading.Lock()

    def start(self, execution_id: str, state: State) -> None:
        """Publish `chain_from(state)`. Raises BrokerUnavailable."""
        first, *rest = CHAIN_FROM[state]
        with self._publishing():
            # What `celery.chain(...).apply_async()` sends (message protocol 2: the rest of the
            # chain travels reversed), at half its cost: this is on the way of every submission.
            app.send_task(
                first,
                args=(execution_id,),
                chain=[_link(name, execution_id) for name in reversed(rest)] or None,
                retry=False,
            )

    def resend(self, queue: str, body: bytes) -> None:
        """Put a message body back on its queue as it was. Raises BrokerUnavailable."""
        with self._publishing(), app.producer_pool.acquire() as producer:
            producer.publish(
                body,
                routing_key=queue,
                exchange="",
                content_type="application/json",
                content_encoding="utf-8",
                retry=False,
            )

    @contextmanager
    def _publishing(self) -> Iterator[None]:
        if time.monotonic() < self._closed_until:
            raise BrokerUnavailable("the broker did not answer a moment ago")
        try:
            yield
        except (OperationalError, KombuError, OSError) as error:
            with self._lock:
                self._closed_until = time.monotonic() + BREAK_SECONDS
            raise BrokerUnavailable(f"the broker took no message: {error}") from error


def _link(name: str, execution_id: str) -> dict[str, object]:
    """A `celery.signature(name, args=(execution_id,), immutable=True)`, as it is serialised."""
    return {
        "task": name,
        "args": [execution_id],
        "kwargs": {},
        "options": {},
        "subtask_type": None,
        "immutable": True,
    }
