"""How a step of the chain and a periodic task run, whatever calls them."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TypeAlias

from app.domain.errors import Unavailable
from app.domain.sighting import TickReport
from app.ports import Clock, Ports, TickReports

log = logging.getLogger(__name__)

TICK_LEASE_SECONDS: Final = 20.0
"""How long a worker that is killed during a tick delays the next one.

A tick that takes longer may overlap the next one: every part of a tick may be done twice.
"""

Step: TypeAlias = Callable[[Ports, str], bool | None]
"""Takes the id of an execution or a replay. Returns whether the chain continues."""

Tick: TypeAlias = Callable[[Ports], object]


def run_step(make_ports: Callable[[], Ports], name: str, act: Step, subject_id: str) -> bool:
    """Run one step; return whether the rest of the chain is to follow.

    If a dependency is unavailable, the rest is dropped: the row says what is due, and the sweep
    continues from there. Any other error is unexpected. It is raised and becomes a dead letter.
    """
    try:
        ports = make_ports()
        with _timed(ports, name), ports.tracing.step(short_name(name)):
            return bool(act(ports, subject_id))
    except Unavailable as error:
        log.warning("%s of %s is left to the sweep: %s", name, subject_id, error)
        return False


def run_tick(
    make_ports: Callable[[], Ports], name: str, act: Tick, every_seconds: float | None = None
) -> None:
    """Run a periodic task, unless another worker is running it (holds the lease of its name).

    `every_seconds` is the time between two of them; None outside of beat's schedule.
    """
    try:
        ports = make_ports()
        lease = ports.leases.acquire(name, TICK_LEASE_SECONDS)
        if lease is None:
            return
        try:
            with _timed(ports, name), ports.tracing.tick(short_name(name)):
                act(ports)
            if every_seconds is not None:
                _report(ports.ticks, ports.clock, name, every_seconds)
        finally:
            lease.release()
    except Unavailable as error:
        log.warning("%s is left to the next tick: %s", name, error)


@contextmanager
def _timed(ports: Ports, name: str) -> Iterator[None]:
    began = time.perf_counter()
    try:
        yield
    finally:
        ports.metrics.step_done(short_name(name), time.perf_counter() - began)


def _report(ticks: TickReports, clock: Clock, name: str, every_seconds: float) -> None:
    report = TickReport(name=short_name(name), seen_at=clock(), every_seconds=every_seconds)
    ticks.put(report)


def expect(ticks: TickReports, clock: Clock, every_seconds: Mapping[str, float]) -> None:
    """Have health report those of beat's ticks, by task, that never end from now on.

    Raises CoordinationUnavailable.
    """
    for name, seconds in every_seconds.items():
        ticks.add(
            TickReport(name=short_name(name), seen_at=clock(), every_seconds=seconds, ended=False)
        )


def short_name(name: str) -> str:
    """A task's name as metrics and reports have it."""
    return name.removeprefix("podline.")
