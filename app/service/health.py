"""Which dependencies are available, and which parts of the service do their work."""

import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.chain import POLL
from app.domain.errors import BrokerUnavailable, CoordinationUnavailable, Unavailable
from app.domain.execution import SECOND, Time
from app.domain.hosts import queue_at, queues_of_all
from app.domain.sighting import Finding
from app.domain.worker import WorkerReport
from app.ports import Clock, Findings, Fleet, Health, Pipeline, Ports, Queued, TickReports
from app.queues import QUEUES, role_of
from app.service.disk import check_space
from app.service.transitions import in_seconds
from app.service.workers import workers

log = logging.getLogger(__name__)

ESSENTIAL: Final = "store"
"""Without the other dependencies, submissions are still accepted, and run later."""
SILENT_SECONDS: Final = 20.0
"""A process whose last heartbeat is older hangs, or has ended: it sends one every five seconds."""
QUEUE_SECONDS: Final = 30.0
"""A message that waits for longer shows that too few workers take from its queue."""
FINDING_SECONDS: Final = 60.0
"""For how long health shows what a sweep found."""
LONGEST_TICK_SECONDS: Final = 600.0
"""Rarer ticks are not checked. After the service was stopped for hours, all would be late."""
TICK_SECONDS: Final = 24 * 3600.0
"""A tick that was missing for longer is not known any more: a release may have removed it."""


class Responding(StrEnum):
    """What is wrong with a dependency that responds, and so can be asked."""

    BEING_REBUILT = "Queue and slots were lost and are being rebuilt."
    """By the sweep, so if they stay like this, the parts that sweep are missing."""


@dataclass(frozen=True, slots=True)
class Condition:
    """For each dependency and each part, None or what is wrong, without internal details."""

    dependencies: Health
    parts: Health
    """Empty while Redis does not respond, because they are known from it."""

    @property
    def is_down(self) -> bool:
        """Whether no submission is accepted."""
        return self.dependencies[ESSENTIAL] is not None

    @property
    def is_degraded(self) -> bool:
        """Whether work is accepted but waits, or may wait."""
        return any(self.dependencies.values()) or any(self.parts.values())


def condition(ports: Ports) -> Condition:
    """Takes at most the stores' time-outs."""
    dependencies = health(ports)
    return Condition(dependencies, parts(ports) if responds(dependencies, "redis") else {})


def responds(dependencies: Health, name: str) -> bool:
    """Whether it can be asked."""
    trouble = dependencies[name]
    return trouble is None or isinstance(trouble, Responding)


def health(ports: Ports) -> Health:
    """For every dependency, None or what is wrong, without internal details.

    All are asked at the same time: a probe gives up before several that hang have been waited for.
    """
    questions: Mapping[str, Callable[[], str | None]] = {
        ESSENTIAL: ports.store.ping,
        "redis": lambda: _queue(ports),
        "event_log": ports.event_log.ping,
        "runtime": ports.runtime.ping,
        "disk": lambda: check_space(ports.disk, ports.policy),
    }
    with ThreadPoolExecutor(len(questions), "health") as threads:
        # What they log has the id of the request.
        asked = [
            threads.submit(copy_context().run, _trouble, question)
            for question in questions.values()
        ]
        return {name: each.result() for name, each in zip(questions, asked, strict=True)}


def parts(ports: Ports) -> Health:
    """For every part, None or what is wrong. Nothing if Redis becomes unavailable meanwhile."""
    try:
        reports = workers(ports.worker_reports, ports.clock)
        living = [each for each in reports if _age(ports.clock, each.seen_at) <= SILENT_SECONDS]
        return {
            "workers": _said(_without_worker(living), _silent(reports, "worker", ports.clock)),
            "watcher": _said(_without_watcher(ports.fleet, living)),
            "beat": _said(_without_beat(living, reports, ports.clock)),
            "ticks": _said(_late(ports.ticks, ports.clock)),
            "queues": _said(_not_taken(queued(ports.pipeline, ports.fleet), ports.clock)),
            "sweep": _said(map(_found, found(ports.findings, ports.clock))),
        }
    except (CoordinationUnavailable, BrokerUnavailable) as error:
        log.warning("the parts of the service are not known: %s", error)
        return {}


def queued(pipeline: Pipeline, fleet: Fleet | None) -> Mapping[str, Queued]:
    """What is in every queue. Raises BrokerUnavailable and CoordinationUnavailable."""
    names = list(QUEUES)
    if fleet is not None:
        names += queues_of_all(fleet.hosts.sizes())
    return pipeline.queued(names)


def found(findings: Findings, clock: Clock) -> list[Finding]:
    """What sweeps found lately. Raises CoordinationUnavailable."""
    return findings.since(in_seconds(clock, -FINDING_SECONDS))


def _without_worker(living: list[WorkerReport]) -> Iterator[str]:
    served = {role_of(queue) for each in living if each.kind == "worker" for queue in each.roles}
    if missing := [queue for queue in QUEUES if queue not in served]:
        yield f"no worker serves {', '.join(missing)}"


def _without_watcher(fleet: Fleet | None, living: list[WorkerReport]) -> Iterator[str]:
    hosts = [None] if fleet is None else sorted(fleet.hosts.sizes())
    watched = {queue for each in living if each.kind == "watcher" for queue in each.roles}
    if missing := [
        queue for queue in (queue_at(POLL, host) for host in hosts) if queue not in watched
    ]:
        yield f"no watcher for {', '.join(missing)}"


def _without_beat(
    living: list[WorkerReport], reports: list[WorkerReport], clock: Clock
) -> Iterator[str]:
    """One that hangs or was killed does no harm while another one lives."""
    if not any(each.kind == "beat" for each in living):
        yield "no beat has sent a heartbeat lately"
        yield from _silent(reports, "beat", clock)


def _silent(reports: list[WorkerReport], kind: str, clock: Clock) -> Iterator[str]:
    for each in reports:
        age = _age(clock, each.seen_at)
        if each.kind == kind and age > SILENT_SECONDS:
            yield f"{each.name} has been silent for {age:.0f} s"


def _late(ticks: TickReports, clock: Clock) -> Iterator[str]:
    for tick in ticks.since(in_seconds(clock, -TICK_SECONDS)):
        age = _age(clock, tick.seen_at)
        often = tick.every_seconds <= LONGEST_TICK_SECONDS
        if often and age > 3 * tick.every_seconds + SILENT_SECONDS:
            last = "last ended" if tick.ended else "has never ended, and was first sent"
            yield f"{tick.name} {last} {age:.0f} s ago"


def _not_taken(queued: Mapping[str, Queued], clock: Clock) -> Iterator[str]:
    for queue, each in queued.items():
        if each.since is not None and (age := _age(clock, each.since)) > QUEUE_SECONDS:
            yield f"{queue}: {each.count} waiting, the oldest for {age:.0f} s"


def _found(finding: Finding) -> str:
    return f"{finding.name}: {finding.count}"


def _said(*each: Iterator[str]) -> str | None:
    return "; ".join(text for texts in each for text in texts) or None


def _age(clock: Clock, since: Time) -> float:
    return max(clock() - since, 0) / SECOND


def _trouble(ask: Callable[[], str | None]) -> str | None:
    try:
        return ask()
    except Unavailable as error:
        log.warning("%s: %s", type(error).__name__, error)
        return type(error).__doc__


def _queue(ports: Ports) -> str | None:
    return None if ports.admission.ready() else Responding.BEING_REBUILT
