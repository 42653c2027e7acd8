"""Celery's task events, as Flower receives them: when a task was received, started and ended."""

import threading
from collections import defaultdict
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from celery import Celery

from tests.support.waiting import wait_until

_KINDS: Final = ("task-received", "task-started", "task-succeeded")


@dataclass(frozen=True, slots=True)
class Task:
    """One task. Times are in seconds since the epoch."""

    name: str
    received: float
    started: float
    succeeded: float


class TaskEvents:
    """Receives all task events while its context lasts."""

    def __init__(self, broker_url: str) -> None:
        self._app = Celery("events", broker=broker_url)
        self._hearing = threading.Event()
        self._receiver = self._app.events.Receiver(
            self._app.connection_for_read(),
            handlers={
                "worker-heartbeat": lambda _: self._hearing.set(),
                **dict.fromkeys(_KINDS, self._keep),
            },
        )
        self._heard: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        """By task id and type of event."""
        self._thread = threading.Thread(target=self._receiver.capture)

    def __enter__(self) -> Self:
        self._thread.start()
        # Once it is ready, it requests a heartbeat.
        self._hearing.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._receiver.should_stop = True
        self._thread.join()

    def of(self, execution_id: str, *, last: str) -> list[Task]:
        """Return an execution's tasks, once the `last` one and all received ones have ended."""
        wait_until(lambda: self._has_ended(execution_id, last), within=10)
        return [
            Task(
                heard["task-received"]["name"],
                *(float(heard[kind]["timestamp"]) for kind in _KINDS),
            )
            for heard in self._about(execution_id)
        ]

    def _has_ended(self, execution_id: str, last: str) -> bool:
        tasks = self._about(execution_id)
        return all(_KINDS[-1] in heard for heard in tasks) and any(
            heard["task-received"]["name"] == last for heard in tasks
        )

    def _about(self, execution_id: str) -> list[dict[str, dict[str, Any]]]:
        return [
            heard
            for heard in list(self._heard.values())
            if "task-received" in heard and execution_id in heard["task-received"]["args"]
        ]

    def _keep(self, event: dict[str, Any]) -> None:
        self._heard[event["uuid"]][event["type"]] = event
