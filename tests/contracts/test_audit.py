"""What every store does with the audit log."""

from dataclasses import replace

import pytest

from app.domain.api_key import ApiKey, Role
from app.domain.audit import Actor, AuditOutcome, AuditRecord, Details, begun
from app.domain.execution import SECOND
from app.domain.filters import lowest_id
from app.ports import Store
from tests.support.builders import NOW

AN_ADMIN = ApiKey(id="k", name="root", role=Role.ADMIN, secret_hash="", created_at=NOW)


def a_record(number: int, *, after: int = 0, **facts: object) -> AuditRecord:
    """Begun `after` seconds after NOW. Numbers and times are in the same order."""
    now = NOW + after * SECOND
    id = lowest_id(now)[:-1] + str(number)
    actor = Actor(key=AN_ADMIN, address="192.0.2.1", forwarded_for="198.51.100.7")
    target: Details = {"key_id": "x", "max_unfinished": 5, "cpu_day": 0.5, "dry_run": True}
    record = begun(id, now, actor, "PATCH /api/v1/keys/{key_id}", target, "a-request")
    return replace(record, **facts)  # type: ignore[arg-type]  # names that a test gives


def test_a_record_is_replaced_by_what_became_of_it(store: Store) -> None:
    record = a_record(1)
    store.audit.put(record)
    assert store.audit.page(None, 10) == [record]
    ended = replace(record, outcome=AuditOutcome.SUCCEEDED, status=200, relay_at=NOW)
    store.audit.put(ended)
    assert store.audit.page(None, 10) == [ended]


def test_a_command_on_the_server_has_no_key(store: Store) -> None:
    record = begun("01JD0000000000000000000000", NOW, Actor(address="cli"), "restore", {}, None)
    store.audit.put(record)
    assert store.audit.page(None, 10) == [record]


def test_are_listed_newest_first(store: Store) -> None:
    records = [a_record(number, after=number) for number in range(3)]
    for record in (records[1], records[2], records[0]):
        store.audit.put(record)
    assert store.audit.page(None, 2) == [records[2], records[1]]
    assert store.audit.page(records[1].id, 2) == [records[0]]


def test_are_due_for_the_event_log_in_order(store: Store) -> None:
    later = a_record(1, relay_at=NOW + 2)
    sooner = a_record(2, relay_at=NOW + 1)
    for record in (later, sooner, a_record(3, relay_at=NOW + 9), a_record(4, relay_at=None)):
        store.audit.put(record)
    assert store.audit.due(NOW, 10) == []
    assert store.audit.due(NOW + 2, 10) == [sooner, later]
    assert store.audit.due(NOW + 2, 1) == [sooner]


def test_one_that_was_relayed_is_not_due_again(store: Store) -> None:
    record = a_record(1, relay_at=NOW)
    store.audit.put(record)
    store.audit.mark_relayed(record)
    assert store.audit.due(NOW, 10) == []
    assert store.audit.page(None, 10) == [replace(record, relay_at=None)]


def test_one_that_ended_meanwhile_is_still_due(store: Store) -> None:
    begun = a_record(1, relay_at=NOW)
    store.audit.put(begun)
    ended = replace(begun, outcome=AuditOutcome.REFUSED, status=404)
    store.audit.put(ended)
    store.audit.mark_relayed(begun)
    assert store.audit.due(NOW, 10) == [ended]


@pytest.mark.parametrize("limit", [1, 10])
def test_old_ones_are_removed_once_they_are_in_the_event_log(store: Store, limit: int) -> None:
    old = [a_record(number, after=number, relay_at=None) for number in range(2)]
    waits = a_record(3, after=3)
    kept = a_record(4, after=100, relay_at=None)
    for record in (*old, waits, kept):
        store.audit.put(record)
    assert store.audit.remove_before(NOW + 50 * SECOND, limit) == min(limit, 2)
    assert store.audit.page(None, 10) == [kept, waits, *old[limit:]][: 2 + len(old[limit:])]
