"""What Flower knows of tasks: steps with their execution, role and queue, and those that were lost.

Flower has no options for this, so `install` puts these classes in the place of its own.
"""

import re
import time
from typing import Any, Final

import flower.app
import flower.command
import flower.events
import flower.views.tasks
from celery.events.state import Task
from tornado.ioloop import PeriodicCallback

from app.listening import listening_at
from app.queues import ROLES, queue_of

COLUMNS: Final = {"execution": "Execution", "role": "Role", "queue": "Queue"}
SILENT_SECONDS: Final = 60.0
"""A worker that sends nothing for so long is gone. It sends a heartbeat every 2 to 10 s."""
LOOK_SECONDS: Final = 10.0
LOST: Final = "WorkerLostError('The worker is gone, and has not reported the end.')"
_RUNNING: Final = frozenset({"RECEIVED", "STARTED"})
_OURS: Final = re.compile(r"podline\.\w+\.\w+")
_EXECUTION: Final = re.compile(r"[(\[]'([0-9A-Z]{26})',?[)\]]")
"""The arguments of a step, as Celery represents them: those of later links of a chain are lists."""


class StepTask(Task):
    _fields = (*Task._fields, *COLUMNS)  # type: ignore[attr-defined]  # missing in the stubs
    queue: str | None = None
    """Known once the task has started."""

    @property
    def execution(self) -> str | None:
        """The id of the execution. Replays have steps, too, of other ids."""
        found = _EXECUTION.fullmatch(self.args or "")
        return found[1] if found and self.role not in (None, ROLES["replay"]) else None

    @property
    def role(self) -> str | None:
        name = self.name or ""
        return ROLES.get(queue_of(name)) if _OURS.fullmatch(name) else None


class StepsState(flower.events.EventsState):
    """Flower's record of tasks. One whose worker is gone has failed: it would stay STARTED.

    The worker's end may be known by its silence, or by a new one of its name. Whatever such a task
    still reports counts.
    """

    Task = StepTask

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._heard_at: dict[str, float] = {}
        """By worker, in seconds since the epoch."""
        self._processed: dict[str, int] = {}
        """By worker, how many tasks it had begun."""

    def event(self, event: dict[str, Any]) -> None:
        worker = event["hostname"]
        self._heard_at[worker] = event["local_received"]
        if "processed" in event and self._is_new(event):
            self._lose_tasks_of(worker, event["local_received"])
        super().event(event)

    def look(self, now: float) -> None:
        """Find workers that have been silent for too long."""
        for worker, heard_at in list(self._heard_at.items()):
            if now - heard_at > SILENT_SECONDS:
                self._lose_tasks_of(worker, now)
                del self._heard_at[worker]
                self._processed.pop(worker, None)

    def _is_new(self, event: dict[str, Any]) -> bool:
        """Whether the process is another than before. In a container, all have the same pid."""
        before = self._processed.get(event["hostname"], 0)
        self._processed[event["hostname"]] = processed = event["processed"]
        begins = event["type"] == "worker-online" and not processed
        return begins or processed < before

    def _lose_tasks_of(self, worker: str, now: float) -> None:
        for id, task in list(self.tasks.data.items()):
            if task.state in _RUNNING and task.worker.hostname == worker:
                super().event(
                    {
                        "type": "task-failed",
                        "uuid": id,
                        "hostname": worker,
                        "timestamp": now,
                        "local_received": None,  # this is no sign of life
                        "clock": task.clock,
                        "exception": LOST,
                    }
                )


class StepEvents(flower.events.Events):
    """Flower's receiver of events."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._looking = PeriodicCallback(lambda: self.state.look(time.time()), LOOK_SECONDS * 1_000)

    def start(self) -> None:
        super().start()
        self._looking.start()


class Flower(flower.app.Flower):
    def start_http_server(self) -> int | None:
        with listening_at(self.options.address or "0.0.0.0", self.options.port):
            port: int | None = super().start_http_server()
            return port


def install() -> None:
    flower.command.Flower = Flower
    flower.events.EventsState = StepsState
    flower.app.Events = StepEvents
    flower.views.tasks.TASK_COLUMNS.update(COLUMNS)
