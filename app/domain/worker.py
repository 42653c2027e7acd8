"""What workers, their watchers and beat report about themselves."""

from dataclasses import dataclass
from typing import Literal

from app.domain.execution import Time


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningStep:
    """A task that a worker is running."""

    task: str
    subject_id: str | None
    """The execution or replay; None for a tick."""
    started_at: Time


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """A heartbeat of one process, or of the watcher in it."""

    name: str
    kind: Literal["worker", "beat", "watcher"]
    roles: tuple[str, ...]
    """The queues that it consumes; of a watcher, the monitor's queue of what it watches."""
    version: str
    seen_at: Time
    steps: tuple[RunningStep, ...] = ()
