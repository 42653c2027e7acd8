"""The current state of the stores and of what reports to them, as gauges.

Each part is one bounded query with an index. If a dependency is unavailable, its gauges are
missing, `podline_up` says so, and the others are there.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from app.domain.dead_letter import DeadLetterStatus
from app.domain.errors import Unavailable
from app.domain.execution import SECOND, UNFINISHED, Time
from app.domain.policy import Policy
from app.domain.submission import Priority
from app.domain.worker import WorkerReport
from app.ports import Clock, Disk, Fleet, Gauge, Health, PlaceReports, Ports, families
from app.queues import QUEUES, role_of
from app.service.disk import fullest_of
from app.service.health import (
    ESSENTIAL,
    SILENT_SECONDS,
    TICK_SECONDS,
    Condition,
    condition,
    queued,
    responds,
)
from app.service.overview import NOT_IN_LOG
from app.service.slots import place_reports, total_slots
from app.service.transitions import in_seconds
from app.service.workers import workers

ANY_GROUP: Final = ""
"""Every place runs every language, so that all work may go anywhere."""
ALIVE: Final = "alive"


def gauges(ports: Ports, stored: Callable[[], Mapping[str, int]]) -> list[Gauge]:
    """Read all gauges. Takes at most the stores' time-outs.

    `stored` says what each part takes on the disk, perhaps from a cache, because it looks at each
    file.
    """
    found = condition(ports)
    up = found.dependencies
    return [
        *_condition(found),
        *_of(up, ESSENTIAL, lambda: _stored(ports)),
        *_of(up, ESSENTIAL, lambda: _on_disk(ports.disk, ports.policy, stored)),
        *_of(up, "redis", lambda: _slots(ports)),
        *_of(up, "redis", lambda: _reported(ports)),
        *_of(up, "redis", lambda: _queued(ports)),
    ]


def _condition(found: Condition) -> Iterator[Gauge]:
    dependencies, parts = found.dependencies.items(), found.parts.items()
    yield Gauge(families.UP, {(name,): trouble is None for name, trouble in dependencies})
    yield Gauge(families.HEALTHY, {(name,): trouble is None for name, trouble in parts})


def _of(found: Health, dependency: str, read: Callable[[], Iterator[Gauge]]) -> list[Gauge]:
    """Skips a dependency that did not just respond, so that nobody waits for it twice."""
    if not responds(found, dependency):
        return []
    try:
        return list(read())
    except Unavailable:
        return []


def _stored(ports: Ports) -> Iterator[Gauge]:
    yield from _unfinished(ports)
    yield from _outbox(ports)
    letters = ports.store.dead_letters.count()
    yield Gauge(
        families.LETTERS, {(status,): letters.get(status, 0) for status in DeadLetterStatus}
    )
    yield Gauge(families.RETENTION_LAG, {(): _retention_lag(ports)})


def _retention_lag(ports: Ports) -> float:
    kept = ports.policy.retention_seconds
    if kept is None:
        return 0
    return max(_age(ports.clock, ports.store.executions.oldest_removable()) - kept, 0)


def _unfinished(ports: Ports) -> Iterator[Gauge]:
    counts = ports.store.counts.by_state()
    yield Gauge(
        families.UNFINISHED,
        {
            (state, priority): counts.get((state, priority), 0)
            for state in sorted(UNFINISHED)
            for priority in Priority
        },
    )
    yield Gauge(families.DEMAND, {(ANY_GROUP,): sum(counts.values())})
    oldest = ports.store.counts.oldest_queued()
    yield Gauge(
        families.OLDEST,
        {(priority,): _age(ports.clock, oldest.get(priority)) for priority in Priority},
    )


def _outbox(ports: Ports) -> Iterator[Gauge]:
    waiting, since = ports.store.events_to_relay.backlog(NOT_IN_LOG)
    yield Gauge(families.OUTBOX, {(): waiting})
    yield Gauge(families.OUTBOX_AGE, {(): _age(ports.clock, since)})


def _on_disk(
    disk: Disk, policy: Policy, stored: Callable[[], Mapping[str, int]]
) -> Iterator[Gauge]:
    """Nothing where nothing is stored on this machine."""
    room = fullest_of(disk, policy)
    if room is not None:
        yield Gauge(families.DISK_FREE, {(): room.free})
        yield Gauge(families.DISK_RESERVED, {(): room.reserve(policy.disk_reserve_mib)})
    yield Gauge(families.STORED, {(part,): size for part, size in stored().items()})


def _slots(ports: Ports) -> Iterator[Gauge]:
    total, used = total_slots(ports), ports.admission.slots_used()
    yield Gauge(families.SLOTS, {("used",): used, ("free",): max(total - used, 0)})


def _reported(ports: Ports) -> Iterator[Gauge]:
    reports = workers(ports.worker_reports, ports.clock)
    yield Gauge(families.HEARTBEAT_AGE, _heartbeats(reports, ports.clock))
    yield Gauge(families.WORKERS, _workers(reports, ports.clock))
    ticks = ports.ticks.since(in_seconds(ports.clock, -TICK_SECONDS))
    ages: dict[tuple[str, ...], float] = {
        (each.name,): _age(ports.clock, each.seen_at) for each in ticks if each.ended
    }
    yield Gauge(families.TICK_AGE, ages)
    yield Gauge(families.PLACES, {(state,): n for state, n in _places(ports.fleet).items()})
    yield Gauge(families.AHEAD, _ahead(ports.places, ports.clock))


def _heartbeats(reports: list[WorkerReport], clock: Clock) -> dict[tuple[str, ...], float]:
    """A role whose last process was silent for a minute has none: then, `podline_workers` is 0."""
    ages: dict[tuple[str, ...], float] = {}
    for each in reports:
        age = _age(clock, each.seen_at)
        names = {role_of(queue) for queue in each.roles} if each.kind == "worker" else {each.kind}
        for name in names:
            ages[name,] = min(age, ages.get((name,), age))
    return ages


def _workers(reports: list[WorkerReport], clock: Clock) -> dict[tuple[str, ...], float]:
    counts: Counter[tuple[str, ...]] = Counter()
    for each in reports:
        if each.kind == "worker":
            state = ALIVE if _age(clock, each.seen_at) <= SILENT_SECONDS else "silent"
            counts.update((role, state) for role in {role_of(queue) for queue in each.roles})
    return {(role, state): counts[role, state] for role in QUEUES for state in (ALIVE, "silent")}


def _places(fleet: Fleet | None) -> dict[str, int]:
    if fleet is None:
        return {ALIVE: 1, "draining": 0, "lost": 0}
    reports = fleet.hosts.alive()
    draining = sum(report.draining for report in reports)
    return {
        ALIVE: len(reports) - draining,
        "draining": draining,
        "lost": len(fleet.hosts.lost()),
    }


def _ahead(places: PlaceReports, clock: Clock) -> dict[tuple[str, ...], float]:
    pools = [pool for report in place_reports(places, clock) for pool in report.ahead]
    wanted, ready = sum(pool.size for pool in pools), sum(pool.ready for pool in pools)
    return {("wanted",): wanted, ("ready",): ready}


def _queued(ports: Ports) -> Iterator[Gauge]:
    """The queues of one host or language count with their role, which bounds the labels."""
    lengths: dict[tuple[str, ...], float] = dict.fromkeys(((role,) for role in QUEUES), 0)
    ages: dict[tuple[str, ...], float] = defaultdict(float, lengths)
    for queue, each in queued(ports.pipeline, ports.fleet).items():
        role = (role_of(queue),)
        lengths[role] += each.count
        ages[role] = max(ages[role], _age(ports.clock, each.since))
    yield Gauge(families.QUEUE_LENGTH, lengths)
    yield Gauge(families.QUEUE_AGE, ages)


def _age(clock: Clock, since: Time | None) -> float:
    return 0 if since is None else max(clock() - since, 0) / SECOND
