"""Ports made only of in-memory twins, with a clock that tests set."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, Final, cast

from app.domain.callback_secret import CallbackSecrets
from app.domain.execution import SECOND, Execution, Time
from app.domain.policy import Policy
from app.infrastructure.memory.admission import MemoryAdmissionQueue
from app.infrastructure.memory.bays import MemoryBays
from app.infrastructure.memory.blobs import MemoryBlobs
from app.infrastructure.memory.callbacks import MemoryCallbacks
from app.infrastructure.memory.couriers import MemoryCouriers
from app.infrastructure.memory.databases import MemoryDatabases
from app.infrastructure.memory.disk import MemoryDisk
from app.infrastructure.memory.event_log import MemoryEventLog
from app.infrastructure.memory.leases import MemoryLeases
from app.infrastructure.memory.live import MemoryLiveOutput
from app.infrastructure.memory.minute_counters import MemoryMinuteCounters
from app.infrastructure.memory.notebooks import MemoryNotebooks
from app.infrastructure.memory.parking import MemoryParking
from app.infrastructure.memory.pipeline import MemoryPipeline
from app.infrastructure.memory.reports import (
    MemoryFindings,
    MemoryPlaceReports,
    MemoryTickReports,
    MemoryWorkerReports,
)
from app.infrastructure.memory.requests import MemoryRequestCounts
from app.infrastructure.memory.runtime import MemoryRuntime
from app.infrastructure.memory.sessions import MemorySessions
from app.infrastructure.memory.store import MemoryStore
from app.infrastructure.memory.wakeups import MemoryWakeups
from app.infrastructure.prometheus.metrics import PrometheusMetrics
from app.infrastructure.seen_ends import SeenEndsInMemory
from app.infrastructure.untraced import Untraced
from app.ports import Ports, Store, Tracing
from app.service.submit import submit
from tests.support.builders import NOW, a_key, a_submission

SUBJECTS: Final = tuple(
    name for name, member in vars(Store).items() if isinstance(member, property)
)


def wrapped(store: Store, wrap: Callable[[object], object]) -> Store:
    """Return the store with each of its subjects wrapped."""
    subjects = {name: wrap(getattr(store, name)) for name in SUBJECTS}
    whole = {name: getattr(store, name) for name in ("upgrade", "identity", "ping", "shrink")}
    return cast(Store, SimpleNamespace(**subjects, **whole))


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: Time = NOW) -> None:
        self._now = now

    def __call__(self) -> Time:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += int(seconds * SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Twins:
    """The twins with their own types, and the ports made from them."""

    ports: Ports
    clock: Clock
    store: MemoryStore
    databases: MemoryDatabases
    admission: MemoryAdmissionQueue
    runtime: MemoryRuntime
    pipeline: MemoryPipeline
    event_log: MemoryEventLog
    callbacks: MemoryCallbacks
    couriers: MemoryCouriers
    requests: MemoryRequestCounts
    blobs: MemoryBlobs
    disk: MemoryDisk

    def submit(self, *, owner: str = "ada", **facts: Any) -> Execution:
        """Submit a valid program, with any field of the submission overridden."""
        return submit(self.ports, a_key(name=owner), a_submission(**facts))

    def now(self, execution: Execution) -> Execution:
        """Return the execution's current row."""
        row = self.store.executions.get(execution.id)
        assert row is not None
        return row


def make_twins(
    *,
    store: MemoryStore | None = None,
    event_log: MemoryEventLog | None = None,
    admission: MemoryAdmissionQueue | None = None,
    runtime: MemoryRuntime | None = None,
    pipeline: MemoryPipeline | None = None,
    tracing: Tracing | None = None,
    **policy: object,
) -> Twins:
    """Create fresh twins. The arguments change the default policy."""
    clock = Clock()
    store, event_log = store or MemoryStore(), event_log or MemoryEventLog()
    admission = admission or MemoryAdmissionQueue()
    runtime, pipeline = runtime or MemoryRuntime(clock=clock), pipeline or MemoryPipeline(clock)
    admission.mark_ready()
    databases, callbacks, couriers = MemoryDatabases(), MemoryCallbacks(), MemoryCouriers()
    requests = MemoryRequestCounts()
    blobs = MemoryBlobs(clock)
    disk = MemoryDisk()
    ports = Ports(
        store=store,
        blobs=blobs,
        disk=disk,
        databases=databases,
        admission=admission,
        leases=MemoryLeases(),
        wakeups=MemoryWakeups(),
        live=MemoryLiveOutput(),
        sessions=MemorySessions(),
        notebooks=MemoryNotebooks(),
        worker_reports=MemoryWorkerReports(),
        places=MemoryPlaceReports(),
        ticks=MemoryTickReports(),
        findings=MemoryFindings(),
        minutes=MemoryMinuteCounters(),
        parking=MemoryParking(),
        event_log=event_log,
        runtime=runtime,
        seen_ends=SeenEndsInMemory(),
        bays=MemoryBays(),
        pipeline=pipeline,
        metrics=PrometheusMetrics(),
        tracing=tracing or Untraced(),
        callbacks=callbacks,
        couriers=couriers,
        callback_secrets=CallbackSecrets("the service's own secret"),
        requests=requests,
        clock=clock,
        policy=replace(Policy(), **policy),  # type: ignore[arg-type]  # names a test gives
    )
    return Twins(
        ports=ports,
        clock=clock,
        store=store,
        databases=databases,
        admission=admission,
        runtime=runtime,
        pipeline=pipeline,
        event_log=event_log,
        callbacks=callbacks,
        couriers=couriers,
        requests=requests,
        blobs=blobs,
        disk=disk,
    )
