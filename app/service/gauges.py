"""The current state of the stores as gauges: queue, slots, outbox, dead letters.

Each part is one bounded query with an index. If a dependency is unavailable, its gauges are
missing, `podline_up` says so, and the others are there.
"""

from collections.abc import Callable, Iterator
from typing import Final

from app.domain.dead_letter import DeadLetterStatus
from app.domain.errors import Unavailable
from app.domain.execution import SECOND, UNFINISHED, Time
from app.domain.submission import Priority
from app.ports import Gauge, Health, Ports
from app.service.health import ESSENTIAL, Condition, condition
from app.service.overview import NOT_IN_LOG
from app.service.slots import total_slots

ANY_GROUP: Final = ""
"""Every place runs every language, so that all work may go anywhere."""


def gauges(ports: Ports) -> list[Gauge]:
    """Read all gauges. Takes at most the stores' time-outs."""
    found = condition(ports)
    up = found.dependencies
    return [
        *_condition(found),
        *_of(up, ESSENTIAL, _stored, ports),
        *_of(up, "redis", _slots, ports),
    ]


def _condition(found: Condition) -> Iterator[Gauge]:
    yield Gauge(
        "podline_up",
        "1 if the dependency is available, as /readyz reports",
        ("dependency",),
        {(name,): trouble is None for name, trouble in found.dependencies.items()},
    )
    yield Gauge(
        "podline_healthy",
        "1 if the part of the service does its work, as /readyz reports",
        ("part",),
        {(name,): trouble is None for name, trouble in found.parts.items()},
    )


def _of(
    found: Health, dependency: str, read: Callable[[Ports], Iterator[Gauge]], ports: Ports
) -> list[Gauge]:
    """Skips a dependency that was just found unavailable, so that nobody waits for it twice."""
    if found[dependency] is not None:
        return []
    try:
        return list(read(ports))
    except Unavailable:
        return []


def _stored(ports: Ports) -> Iterator[Gauge]:
    yield from _unfinished(ports)
    yield from _outbox(ports)
    letters = ports.store.dead_letters.count()
    yield Gauge(
        "podline_dead_letters",
        "Dead letters",
        ("status",),
        {(status,): letters.get(status, 0) for status in DeadLetterStatus},
    )


def _unfinished(ports: Ports) -> Iterator[Gauge]:
    counts = ports.store.counts.by_state()
    yield Gauge(
        "podline_executions_unfinished",
        "Unfinished executions; those in state `queued` are the depth of the queue",
        ("state", "priority"),
        {
            (state, priority): counts.get((state, priority), 0)
            for state in sorted(UNFINISHED)
            for priority in Priority
        },
    )
    yield Gauge(
        "podline_work_demand",
        "Executions that wait, are admitted or run: follow it to scale workers and hosts",
        ("group",),
        {(ANY_GROUP,): sum(counts.values())},
    )
    oldest = ports.store.counts.oldest_queued()
    yield Gauge(
        "podline_queue_oldest_seconds",
        "Age of the oldest queued execution of a band; 0 if none is queued",
        ("priority",),
        {(priority,): _age(ports, oldest.get(priority)) for priority in Priority},
    )


def _outbox(ports: Ports) -> Iterator[Gauge]:
    waiting, since = ports.store.events_to_relay.backlog(NOT_IN_LOG)
    yield Gauge(
        "podline_outbox_executions",
        f"Executions with events that are not in the event log yet, up to {NOT_IN_LOG}",
        (),
        {(): waiting},
    )
    yield Gauge(
        "podline_outbox_oldest_seconds",
        "Age of the oldest event that is not in the event log yet; 0 if all are",
        (),
        {(): _age(ports, since)},
    )


def _slots(ports: Ports) -> Iterator[Gauge]:
    total, used = total_slots(ports), ports.admission.slots_used()
    yield Gauge(
        "podline_slots",
        "Slots for programs",
        ("state",),
        {("used",): used, ("free",): max(total - used, 0)},
    )


def _age(ports: Ports, since: Time | None) -> float:
    return 0 if since is None else max(ports.clock() - since, 0) / SECOND
