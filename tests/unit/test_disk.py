"""No new work begins while the disk is nearly full; what runs goes on."""

from collections.abc import Callable

import pytest

from app.domain.dead_letter import DeadLetterKind, DeadLetterStatus
from app.domain.disk import Room
from app.domain.errors import DiskLow
from app.domain.execution import State
from app.infrastructure.memory.disk import MemoryDisk
from app.service.batches import submit_batch
from app.service.dead_letter_retries import process
from app.service.disk import disk_usage, has_space
from app.service.health import health
from app.service.retry import retry
from app.service.submit import submit
from app.service.sweep import sweep
from tests.support.builders import a_dead_letter, a_key, a_submission
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

MIB = 1024 * 1024
GIB = 1024 * MIB


@pytest.mark.parametrize(
    ("total", "reserve_mib", "reserve"),
    [
        (100 * MIB, None, 5 * MIB),
        (20 * GIB, None, GIB),
        (4000 * GIB, None, GIB),
        (100 * MIB, 7, 7 * MIB),
        (100 * MIB, 0, 0),
    ],
)
def test_what_stays_free(total: int, reserve_mib: int | None, reserve: int) -> None:
    assert Room(free=0, total=total).reserve(reserve_mib) == reserve


@pytest.mark.parametrize(("free", "enough"), [(5 * MIB - 1, False), (5 * MIB, True)])
def test_new_work_needs_the_reserve(free: int, enough: bool) -> None:
    twins = make_twins(disk_reserve_mib=5)
    twins.disk.room = Room(free=free, total=100 * MIB)
    assert has_space(twins.disk, twins.ports.policy) is enough


def test_with_no_reserve_a_full_disk_is_not_low() -> None:
    twins = make_twins(disk_reserve_mib=0)
    twins.disk.room = Room(free=0, total=100 * MIB)
    assert has_space(twins.disk, twins.ports.policy)


class Disks(MemoryDisk):
    def __init__(self, *rooms: Room) -> None:
        super().__init__()
        self._rooms = rooms

    def rooms(self) -> tuple[Room, ...]:
        return self._rooms


def test_of_several_disks_the_one_with_least_beyond_its_reserve_counts(twins: Twins) -> None:
    small, large = Room(free=60 * MIB, total=100 * MIB), Room(free=900 * MIB, total=100 * GIB)
    found = disk_usage(Disks(small, large), twins.ports.policy)
    assert (found.room, found.reserved) == (large, GIB)
    assert not has_space(Disks(small, large), twins.ports.policy)


def test_where_nothing_is_kept_there_is_always_space(twins: Twins) -> None:
    assert has_space(Disks(), twins.ports.policy)
    assert disk_usage(Disks(), twins.ports.policy).room is None


def fill(twins: Twins) -> None:
    twins.disk.room = Room(free=4 * MIB, total=100 * MIB)


def free(twins: Twins) -> None:
    twins.disk.room = Room(free=6 * MIB, total=100 * MIB)


def retry_of(twins: Twins) -> Callable[[], object]:
    execution = twins.submit()
    Worker(twins.ports).run_all()
    return lambda: retry(twins.ports, twins.now(execution))


NEW_WORK: dict[str, Callable[[Twins], Callable[[], object]]] = {
    "submit": lambda twins: twins.submit,
    "batch": lambda twins: lambda: submit_batch(twins.ports, a_key(), [a_submission()]),
    "retry": retry_of,
}


@pytest.mark.parametrize("name", NEW_WORK)
def test_new_work_is_refused_until_there_is_space(twins: Twins, name: str) -> None:
    begin = NEW_WORK[name](twins)
    before = twins.store.counts.unfinished("ada")
    fill(twins)
    with pytest.raises(DiskLow):
        begin()
    assert twins.store.counts.unfinished("ada") == before
    free(twins)
    begin()
    assert twins.store.counts.unfinished("ada") == before + 1


def test_what_was_accepted_before_is_found_by_its_key(twins: Twins) -> None:
    """The client repeats a request whose response was lost."""
    first = submit(twins.ports, a_key(), a_submission(), idempotency_key="k")
    fill(twins)
    assert submit(twins.ports, a_key(), a_submission(), idempotency_key="k") == first


def test_a_retry_that_exists_is_returned(twins: Twins) -> None:
    begin = retry_of(twins)
    first = begin()
    fill(twins)
    assert begin() == first


def test_a_retry_of_a_dead_letter_waits_without_being_counted(twins: Twins) -> None:
    """And it holds up no letter whose retry is no new work."""
    failed, running = twins.submit(), twins.submit()
    given_up = failed.fail(twins.clock(), twins.clock(), "no attempt is left")
    assert twins.store.executions.apply(given_up)
    exhausted, of_a_step = letters = [
        a_dead_letter(execution_id=failed.id, next_retry_at=twins.clock() - 2),
        a_dead_letter(
            kind=DeadLetterKind.TASK_ERROR,
            execution_id=running.id,
            next_retry_at=twins.clock() - 1,
        ),
    ]
    for letter in letters:
        twins.store.dead_letters.put(letter)
    fill(twins)
    for _ in range(2 * twins.ports.policy.dlq_max_retries):
        process(twins.ports)
        twins.clock.advance(24 * 3600)
    waiting = twins.store.dead_letters.get(exhausted.id)
    assert waiting is not None
    assert (waiting.status, waiting.retries) == (DeadLetterStatus.WAITING, exhausted.retries)
    retried = twins.store.dead_letters.get(of_a_step.id)
    assert retried is not None
    assert retried.retries > of_a_step.retries
    free(twins)
    process(twins.ports)
    retried = twins.store.dead_letters.get(exhausted.id)
    assert retried is not None
    assert retried.status is DeadLetterStatus.RETRYING


def test_what_runs_ends_and_what_is_queued_waits() -> None:
    twins = make_twins(max_running=1)
    worker = Worker(twins.ports)
    running, queued = twins.submit(), twins.submit()
    while twins.now(running).state in (State.QUEUED, State.ADMITTED):
        assert worker.run_one()
    fill(twins)
    worker.run_all()
    sweep(twins.ports)
    worker.run_all()
    assert twins.now(running).state is State.COMPLETED
    assert twins.now(queued).state is State.QUEUED
    free(twins)
    sweep(twins.ports)
    worker.run_all()
    assert twins.now(queued).state is State.COMPLETED


def test_health_names_it(twins: Twins) -> None:
    assert health(twins.ports)["disk"] is None
    fill(twins)
    assert "more space" in (health(twins.ports)["disk"] or "")
