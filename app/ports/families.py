"""The names of all metrics, in the order of docs/metrics.md, whose tables are made from them.

Counters end with `_total` where Prometheus shows them. No label has an owner, an id or a name that
a client chose, so their number is bounded.
"""

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Family:
    """A metric: a name, and a series for each combination of label values."""

    kind: Literal["gauge", "counter", "histogram"]
    name: str
    """As Prometheus shows it. Ends with the unit, by Prometheus's conventions."""
    help: str
    labels: tuple[str, ...] = ()


def _gauge(name: str, help: str, *labels: str) -> Family:
    return Family("gauge", name, help, labels)


def _counter(name: str, help: str, *labels: str) -> Family:
    return Family("counter", name, help, labels)


def _histogram(name: str, help: str, *labels: str) -> Family:
    return Family("histogram", name, help, labels)


UP: Final = _gauge(
    "podline_up", "1 if the dependency is available, as /readyz reports", "dependency"
)
HEALTHY: Final = _gauge(
    "podline_healthy", "1 if the part of the service does its work, as /readyz reports", "part"
)
HEARTBEAT_AGE: Final = _gauge(
    "podline_heartbeat_age_seconds",
    "Age of the newest heartbeat of a role: a queue that a worker serves, watcher, or beat",
    "role",
)
WORKERS: Final = _gauge(
    "podline_workers", "Workers that serve a queue, alive or silent for 20 s", "role", "state"
)
TICK_AGE: Final = _gauge(
    "podline_tick_age_seconds", "Time since a tick of beat last ended without an error", "tick"
)
CHILD_RESTARTS: Final = _counter(
    "podline_child_restarts_total",
    "How often podline up started a child again that died, or that hung and was killed",
    "child",
    "why",
)
SWEPT: Final = _counter(
    "podline_sweep_found_total",
    "What the sweep found only because something was lost before",
    "what",
)

QUEUE_LENGTH: Final = _gauge(
    "podline_celery_queue_length",
    "Messages in a Celery queue that no worker has taken; those of hosts count with their role",
    "queue_name",
)
QUEUE_AGE: Final = _gauge(
    "podline_celery_queue_oldest_seconds",
    "Age of the oldest message in a Celery queue; 0 for an empty queue",
    "queue_name",
)
STEPS: Final = _histogram(
    "podline_step_seconds", "How long a step of the pipeline, or a tick of beat, took", "step"
)
WAITS: Final = _histogram(
    "podline_step_waiting_seconds",
    "How long the message of a step or a tick was in its queue; joined steps have none",
    "step",
)

UNFINISHED: Final = _gauge(
    "podline_executions_unfinished",
    "Unfinished executions; those in state `queued` are the depth of the queue of each band",
    "state",
    "priority",
)
DEMAND: Final = _gauge(
    "podline_work_demand",
    "Executions that wait, are admitted or run: follow it to scale workers and hosts",
    "group",
)
OLDEST: Final = _gauge(
    "podline_queue_oldest_seconds",
    "Age of the oldest queued execution of a band; 0 if none is queued",
    "priority",
)
ENDED: Final = _counter(
    "podline_executions_ended_total",
    "Executions that became completed, failed or cancelled; a completed one has an outcome",
    "state",
    "outcome",
)
ATTEMPTS: Final = _counter("podline_attempts_total", "Attempts that were started")
FAULTS: Final = _counter(
    "podline_attempts_ended_total", "Attempts that ended without a verdict, by reason", "reason"
)
COMPILES: Final = _counter(
    "podline_compiles_total",
    "Compile stages of completed executions, from the compile cache (hit) or not (miss)",
    "cache",
)
CALLBACKS: Final = _counter(
    "podline_callback_deliveries_total",
    "Tries to deliver a callback: delivered, failed, or given up with a dead letter (abandoned)",
    "result",
)

SLOTS: Final = _gauge("podline_slots", "Slots for programs, used or free", "state")
PLACES: Final = _gauge(
    "podline_places", "Places where programs run: alive, draining or lost", "state"
)
AHEAD: Final = _gauge(
    "podline_pods_ahead", "Pods started ahead on a cluster: wanted or ready", "state"
)
WATCH_RESTARTS: Final = _counter(
    "podline_watch_restarts_total", "How often the watch of the runtime failed and was restarted"
)

OUTBOX: Final = _gauge(
    "podline_outbox_executions",
    "Executions with events that are not in the event log yet, up to 10,000",
)
OUTBOX_AGE: Final = _gauge(
    "podline_outbox_oldest_seconds",
    "Lag of the event log: age of the oldest event that is not in it yet; 0 if all are",
)
LETTERS: Final = _gauge("podline_dead_letters", "Dead letters", "status")
RETENTION_LAG: Final = _gauge(
    "podline_retention_lag_seconds",
    "How long the oldest execution is kept beyond `PODLINE_RETENTION_SECONDS`; 0 if none is",
)
STORED: Final = _gauge(
    "podline_stored_bytes",
    "What each part takes on this machine's disk, looked at every five minutes",
    "part",
)
DISK_FREE: Final = _gauge(
    "podline_disk_free_bytes", "What is free where the least is; new work stops at the reserve"
)
DISK_RESERVED: Final = _gauge("podline_disk_reserved_bytes", "The reserve for work in progress")

REQUESTS: Final = _counter(
    "podline_http_requests_total",
    "Responses of the API; a stream counts when it starts",
    "method",
    "route",
    "status",
)

SECTIONS: Final[dict[str, tuple[Family, ...]]] = {
    "Health": (UP, HEALTHY, HEARTBEAT_AGE, WORKERS, TICK_AGE, CHILD_RESTARTS, SWEPT),
    "Celery": (QUEUE_LENGTH, QUEUE_AGE, STEPS, WAITS),
    "Executions": (UNFINISHED, DEMAND, OLDEST, ENDED, ATTEMPTS, FAULTS, COMPILES, CALLBACKS),
    "Where programs run": (SLOTS, PLACES, AHEAD, WATCH_RESTARTS),
    "Stores": (OUTBOX, OUTBOX_AGE, LETTERS, RETENTION_LAG, STORED, DISK_FREE, DISK_RESERVED),
    "API": (REQUESTS,),
}
"""By the title of the section of docs/metrics.md."""
ALL: Final = tuple(family for families in SECTIONS.values() for family in families)
