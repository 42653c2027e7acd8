"""Ports made of in-memory twins alone, with a clock that tests set."""

from dataclasses import dataclass, replace

from app.domain.execution import SECOND, Time
from app.domain.policy import Policy
from app.infrastructure.memory.admission import MemoryAdmissionQueue
from app.infrastructure.memory.event_log import MemoryEventLog
from app.infrastructure.memory.leases import MemoryLeases
from app.infrastructure.memory.live import MemoryLiveOutput
from app.infrastructure.memory.parking import MemoryParking
from app.infrastructure.memory.pipeline import MemoryPipeline
from app.infrastructure.memory.runtime import MemoryRuntime
from app.infrastructure.memory.store import MemoryStore
from app.infrastructure.memory.wakeups import MemoryWakeups
from app.infrastructure.prometheus.metrics import PrometheusMetrics
from app.ports import Ports
from tests.builders import NOW


class Clock:
    """Time stands still until a test moves it."""

    def __init__(self, now: Time = NOW) -> None:
        self._now = now

    def __call__(self) -> Time:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += int(seconds * SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Twins:
    """The twins by their own types, and the ports made of them."""

    ports: Ports
    clock: Clock
    store: MemoryStore
    admission: MemoryAdmissionQueue
    runtime: MemoryRuntime
    pipeline: MemoryPipeline
    event_log: MemoryEventLog


def make_twins(
    *,
    store: MemoryStore | None = None,
    event_log: MemoryEventLog | None = None,
    admission: MemoryAdmissionQueue | None = None,
    **policy: object,
) -> Twins:
    """Fresh twins; the policy is the default one but for what is given."""
    clock = Clock()
    store, event_log = store or MemoryStore(), event_log or MemoryEventLog()
    admission = admission or MemoryAdmissionQueue()
    runtime, pipeline = MemoryRuntime(clock=clock), MemoryPipeline()
    admission.mark_ready()
    ports = Ports(
        store=store,
        admission=admission,
        leases=MemoryLeases(),
        wakeups=MemoryWakeups(),
        live=MemoryLiveOutput(),
        parking=MemoryParking(),
        event_log=event_log,
        runtime=runtime,
        pipeline=pipeline,
        metrics=PrometheusMetrics(),
        clock=clock,
        policy=replace(Policy(), **{"first_look_wait": 0, **policy}),  # type: ignore[arg-type]  # names a test gives
    )
    return Twins(
        ports=ports,
        clock=clock,
        store=store,
        admission=admission,
        runtime=runtime,
        pipeline=pipeline,
        event_log=event_log,
    )
