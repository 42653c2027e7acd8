"""What the service needs from outside, and nothing more.

Each port has a contract test suite in tests/contracts/ and, except Metrics and Tracing, an
in-memory twin in app/infrastructure/memory/. The twin and every adapter pass the suite. Adapters
raise only errors of app.domain.errors: whatever a vendor raises when it is down, slow, locked or
full becomes the port's `Unavailable`.

An adapter is created without connecting and connects when it is first used. Threads may share it,
processes may not: nothing may fork after the ports were used. SQLite would trust locks that only
the parent holds (https://www.sqlite.org/howtocorrupt.html, 2.6), and librdkafka would wait for
threads that the child lacks. So a worker refuses a pool that forks.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from app.domain.callback_secret import CallbackSecrets
from app.domain.execution import Time
from app.domain.policy import Policy
from app.ports import families
from app.ports.admission import AdmissionQueue, Caps, QueueEntry
from app.ports.bays import BayCount, Bays
from app.ports.blobs import Blobs
from app.ports.callbacks import Callbacks, Couriers, Delivery
from app.ports.coordination import (
    Findings,
    Lease,
    Leases,
    Listener,
    LiveOutput,
    MinuteCounters,
    Notebooks,
    Parking,
    PlaceReports,
    Sessions,
    TickReports,
    Wakeups,
    WorkerReports,
)
from app.ports.disk import Disk
from app.ports.event_log import EventLog, Refused
from app.ports.executions import (
    Counts,
    Deliveries,
    EventsToRelay,
    Executions,
    Results,
    UsageRecords,
)
from app.ports.hosts import Fleet, Hosts
from app.ports.metrics import METRICS_MEDIA_TYPE, Gauge, Metrics
from app.ports.pipeline import Pipeline, Queued
from app.ports.requests import RequestCounts
from app.ports.runtime import Runtime, SeenEnds
from app.ports.store import (
    AuditLog,
    Batches,
    DeadLetters,
    IdempotencyRecords,
    Keys,
    OfferedLanguages,
    Replays,
    Store,
)
from app.ports.tracing import Tracing

__all__ = [
    "METRICS_MEDIA_TYPE",
    "AdmissionQueue",
    "AuditLog",
    "Batches",
    "BayCount",
    "Bays",
    "Blobs",
    "Callbacks",
    "Caps",
    "Clock",
    "Counts",
    "Couriers",
    "Databases",
    "DeadLetters",
    "Deliveries",
    "Delivery",
    "Disk",
    "EventLog",
    "EventsToRelay",
    "Executions",
    "Findings",
    "Fleet",
    "Gauge",
    "Health",
    "Hosts",
    "IdempotencyRecords",
    "Keys",
    "Lease",
    "Leases",
    "Listener",
    "LiveOutput",
    "Metrics",
    "MinuteCounters",
    "Notebooks",
    "OfferedLanguages",
    "Parking",
    "Pipeline",
    "PlaceReports",
    "Ports",
    "QueueEntry",
    "Queued",
    "Refused",
    "Replays",
    "RequestCounts",
    "Results",
    "Runtime",
    "SeenEnds",
    "Sessions",
    "Store",
    "TickReports",
    "Tracing",
    "UsageRecords",
    "Wakeups",
    "WorkerReports",
    "families",
]


Clock: TypeAlias = Callable[[], Time]
"""Returns the current time."""


class Databases(Protocol):
    """Databases other than the service's own, into which rows are rebuilt."""

    def check_target(self, url: str) -> str:
        """Return the URL for `open`. Raises InvalidTarget if it is invalid or the service's own."""

    def open(self, url: str) -> AbstractContextManager[Store]:
        """Open the store at the URL while the context lasts. Creates it if it doesn't exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """All ports that use cases need. app.wiring connects them to adapters, tests to twins."""

    store: Store
    blobs: Blobs
    disk: Disk
    databases: Databases
    admission: AdmissionQueue
    leases: Leases
    wakeups: Wakeups
    live: LiveOutput
    sessions: Sessions
    notebooks: Notebooks
    worker_reports: WorkerReports
    places: PlaceReports
    ticks: TickReports
    findings: Findings
    minutes: MinuteCounters
    parking: Parking
    event_log: EventLog
    runtime: Runtime
    seen_ends: SeenEnds
    bays: Bays
    pipeline: Pipeline
    metrics: Metrics
    tracing: Tracing
    callbacks: Callbacks
    couriers: Couriers
    callback_secrets: CallbackSecrets
    requests: RequestCounts
    clock: Clock
    policy: Policy
    first_key_hash: str | None = None
    """Of the first admin key's secret, which each start makes valid. Only the API knows it."""
    fleet: Fleet | None = None
    """Where programs run on sandbox hosts. None where one runtime reaches all pods."""


Health = Mapping[str, str | None]
"""By dependency: None if it works, and otherwise what is wrong."""
