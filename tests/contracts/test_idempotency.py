"""What every store does with idempotency records."""

from dataclasses import replace

from app.domain.execution import SECOND
from app.ports import Store
from tests.contracts.racing import race
from tests.support.builders import NOW, an_idempotency_record

RACERS = 8


def test_the_first_record_of_a_key_stays(store: Store) -> None:
    first = an_idempotency_record()
    second = replace(first, body_hash="another", execution_id="01J")
    assert store.idempotency.fix(first, NOW) == first
    assert store.idempotency.fix(second, NOW) == first


def test_an_expired_record_is_replaced(store: Store) -> None:
    expired = an_idempotency_record(expires_at=NOW + SECOND)
    store.idempotency.fix(expired, NOW)
    fresh = replace(expired, execution_id="01J", expires_at=NOW + 9 * SECOND)
    assert store.idempotency.fix(fresh, NOW + SECOND - 1) == expired
    assert store.idempotency.fix(fresh, NOW + SECOND) == fresh


def test_one_of_many_records_is_everybodys(store: Store) -> None:
    record = an_idempotency_record()
    fixed = race(
        RACERS,
        lambda number: store.idempotency.fix(replace(record, execution_id=f"{number}"), NOW),
    )
    assert len(set(fixed)) == 1


def test_one_of_many_replaces_an_expired_record(store: Store) -> None:
    record = an_idempotency_record(expires_at=NOW)
    store.idempotency.fix(record, NOW - 1)
    fresh = replace(record, expires_at=NOW + SECOND)
    fixed = race(
        RACERS,
        lambda number: store.idempotency.fix(replace(fresh, execution_id=f"{number}"), NOW),
    )
    assert len(set(fixed)) == 1


def test_expired_records_are_removed_some_at_a_time(store: Store) -> None:
    records = [an_idempotency_record(expires_at=NOW + number) for number in range(4)]
    for record in records:
        store.idempotency.fix(record, NOW - 1)
    assert store.idempotency.remove_expired(NOW + 2, 2) == 2
    assert store.idempotency.remove_expired(NOW + 2, 2) == 1
    assert store.idempotency.remove_expired(NOW + 2, 2) == 0
    assert store.idempotency.fix(records[3], NOW) == records[3]
