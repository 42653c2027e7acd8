"""Programs of milliseconds and of seconds, in languages that all hosts offer and that one does."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from statistics import median

from podline import Execution, Outcome, State
from tests.hosts.conftest import SIZES
from tests.hosts.test_lost import nothing_is_left, running_on
from tests.support.many_hosts import ManyHosts
from tests.support.waiting import wait_until

SOON = 1.0
"""Within this time, in seconds, a free slot is used. One that is left to the sweep stays free for
longer; benchmarks/ measures how long exactly."""


def test_what_waits_for_one_host_leaves_the_others_free(service: ManyHosts) -> None:
    special = service.submitted("sleep 300", 5, "special", limits={"wall_seconds": 400})
    wait_until(lambda: len(running_on(service, special, "gamma")) == 3, within=60)
    quick = service.ended(service.submitted("print('done')", 12))
    assert {each.outcome for each in quick} == {Outcome.SUCCESS}
    assert {each.place for each in quick} == {"alpha", "beta"}
    with service.client() as client:
        states = Counter(client.get(id).state for id in special)
        assert states == {State.RUNNING: 3, State.QUEUED: 2}
        for id in reversed(special):
            client.cancel(id)
    nothing_is_left(service)


def test_no_host_takes_more_than_it_has_slots_and_none_stays_free(
    service: ManyHosts,
) -> None:
    ids: list[str] = []
    for _ in range(4):
        ids += service.submitted("import time; time.sleep(2); print(1)", 2)
        ids += service.submitted("print(1)", 6)
        ids += service.submitted("sleep 1; echo 1", 2, "special")
    ended = service.ended(ids)
    assert len({each.id for each in ended}) == len(ids) == 40
    assert {(each.outcome, each.attempt) for each in ended} == {(Outcome.SUCCESS, 1)}
    assert {each.place for each in ended if each.language == "special"} == {"gamma"}
    delays: list[float] = []
    for name, slots in SIZES.items():
        there = [each for each in ended if each.place == name]
        assert most_at_once(there) <= int(slots)
        delays += delays_of(there, int(slots))
    print(f"free for {min(delays):.3f} to {max(delays):.3f} s, median {median(delays):.3f}")
    assert min(delays) < SOON
    nothing_is_left(service)


def most_at_once(executions: Sequence[Execution]) -> int:
    """How many ran at the same time, by the clock that all hosts share."""
    changes = [(start(each), 1) for each in executions]
    changes += [(_time(each.finished_at), -1) for each in executions]
    running = most = 0
    for _, change in sorted(changes):
        running += change
        most = max(most, running)
    return most


def delays_of(executions: Sequence[Execution], slots: int) -> list[float]:
    """How long each slot was free until the next start, in seconds, while others waited for it.

    A slot is released just after the result was stored, so these are upper bounds.
    """
    starts, freed = (
        sorted(map(start, executions)),
        sorted(_time(e.completed_at) for e in executions),
    )
    pairs = zip(starts[slots:], freed, strict=False)
    return [(began - free).total_seconds() for began, free in pairs]


def start(execution: Execution) -> datetime:
    return _time(execution.started_at)


def _time(found: datetime | None) -> datetime:
    assert found is not None
    return found
