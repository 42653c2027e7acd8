"""Blobs are removed with the executions that they belong to."""

from dataclasses import replace

import pytest
from ulid import ULID

from app.domain.blob import Blob
from app.domain.execution import SECOND, Execution
from app.service.batches import complete_due
from app.service.relay import relay
from app.service.retention import erase, remove_old, remove_orphaned_blobs
from app.service.submit import submit
from tests.support.builders import a_batch, a_key, a_submission
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

DAY = 24 * 3600.0
YEARS = 10_000 * DAY
"""From the clock of the tests to long after the ids of executions that they submit."""


@pytest.fixture
def twins() -> Twins:
    return make_twins(retention_seconds=30 * DAY)


def ended(twins: Twins) -> tuple[str, Blob]:
    execution = submit(twins.ports, a_key(), a_submission())
    Worker(twins.ports).run_all()
    relay(twins.ports)
    return execution.id, twins.blobs.put(execution.id, [b"large"])


def row(twins: Twins, execution_id: str) -> Execution:
    found = twins.store.executions.get(execution_id)
    assert found is not None
    return found


def test_erased_with_the_execution(twins: Twins) -> None:
    (first, blob), (second, _) = ended(twins), ended(twins)
    erase(twins.store.executions, twins.blobs, row(twins, first))
    assert twins.blobs.read(first, blob) is None
    assert twins.blobs.read(second, blob) is not None


def test_removed_with_the_execution(twins: Twins) -> None:
    first, blob = ended(twins)
    twins.clock.advance(29 * DAY)
    second, _ = ended(twins)
    twins.clock.advance(2 * DAY)
    remove_old(twins.ports)
    assert twins.blobs.read(first, blob) is None
    assert twins.blobs.read(second, blob) is not None


def orphan(twins: Twins, *, days_old: float, stored_hours_ago: float = 1) -> tuple[str, Blob]:
    """The clock of the twins moves on."""
    submitted = twins.clock() / SECOND - days_old * DAY
    execution_id = str(ULID.from_timestamp(submitted))
    blob = twins.blobs.put(execution_id, [b"large"])
    twins.clock.advance(stored_hours_ago * 3600)
    return execution_id, blob


def test_orphans_are_removed_once_nobody_can_still_write_their_row(twins: Twins) -> None:
    old, blob = orphan(twins, days_old=1.1)
    young, _ = orphan(twins, days_old=0.9)
    remove_orphaned_blobs(twins.ports)
    assert twins.blobs.read(old, blob) is None
    assert twins.blobs.read(young, blob) is not None


def test_a_blob_of_a_retry_that_continues_after_days_waits_for_its_row(twins: Twins) -> None:
    """The id of the retry was fixed when it began."""
    id, blob = orphan(twins, days_old=2, stored_hours_ago=0.9)
    remove_orphaned_blobs(twins.ports)
    assert twins.blobs.read(id, blob) is not None
    twins.clock.advance(3600)
    twins.blobs.put(id, [b"large"])
    remove_orphaned_blobs(twins.ports)
    assert twins.blobs.read(id, blob) is not None
    twins.clock.advance(3600)
    remove_orphaned_blobs(twins.ports)
    assert twins.blobs.read(id, blob) is None


def test_a_blob_that_came_after_the_execution_was_erased_is_an_orphan(twins: Twins) -> None:
    (first, blob), (second, _) = ended(twins), ended(twins)
    erase(twins.store.executions, twins.blobs, row(twins, first))
    twins.blobs.put(first, [b"large"])
    twins.clock.advance(YEARS)
    remove_orphaned_blobs(twins.ports)
    assert twins.blobs.read(first, blob) is None
    assert twins.blobs.read(second, blob) is not None


def test_blobs_of_programs_whose_batch_is_incomplete_are_no_orphans(twins: Twins) -> None:
    id, blob = orphan(twins, days_old=2)
    batch = replace(a_batch(id), next_action_at=twins.clock() - 1)
    assert twins.store.batches.put(batch, {id: a_submission()})
    remove_orphaned_blobs(twins.ports)
    assert twins.blobs.read(id, blob) is not None
    complete_due(twins.ports)
    remove_orphaned_blobs(twins.ports)
    assert twins.blobs.read(id, blob) is not None


def test_all_orphans_are_found(twins: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.service.retention.OWNERS_AT_ONCE", 2)
    for _ in range(5):
        orphan(twins, days_old=2)
    kept, blob = ended(twins)
    twins.clock.advance(YEARS)
    remove_orphaned_blobs(twins.ports)
    assert twins.blobs.owners("", "z", 9) == [kept]
    assert twins.blobs.read(kept, blob) is not None
