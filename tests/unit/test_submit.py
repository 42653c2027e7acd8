"""Accepting a submission: once per Idempotency-Key, within quotas, whatever is away."""

import pytest

from app.domain.errors import IdempotencyMismatch, QuotaExceeded, RedisUnavailable
from app.infrastructure.memory.admission import MemoryAdmissionQueue
from app.service.submit import submit
from tests.builders import a_key, a_submission
from tests.twins import Twins, make_twins
from tests.worker import Worker

ADA = a_key(name="ada")


def test_the_same_key_and_body_are_one_execution(twins: Twins) -> None:
    first = submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash="h")
    again = submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash="h")
    assert again.id == first.id
    assert twins.store.unfinished("ada") == 1


def test_the_same_key_with_another_body_is_refused(twins: Twins) -> None:
    submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash="h")
    with pytest.raises(IdempotencyMismatch, match="another body"):
        submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash="other")


def test_keys_of_two_owners_do_not_meet(twins: Twins) -> None:
    first = submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash="h")
    second = submit(
        twins.ports, a_key(name="bob"), a_submission(), idempotency_key="k", body_hash="h"
    )
    assert first.id != second.id


def test_after_a_day_the_key_is_new_again(twins: Twins) -> None:
    first = submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash="h")
    twins.clock.advance(24 * 3600 + 1)
    second = submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash="other")
    assert first.id != second.id


def test_a_refused_submission_leaves_its_key_usable(twins: Twins) -> None:
    twins = make_twins(max_unfinished_per_owner=1)
    submit(twins.ports, ADA, a_submission())
    with pytest.raises(QuotaExceeded):
        submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash="h")
    Worker(twins.ports).run_all()
    assert submit(twins.ports, ADA, a_submission(), idempotency_key="k", body_hash="h")


def test_an_owner_has_so_many_unfinished_and_no_more() -> None:
    twins = make_twins(max_unfinished_per_owner=2)
    for _ in range(2):
        submit(twins.ports, ADA, a_submission())
    with pytest.raises(QuotaExceeded, match="2 executions of yours"):
        submit(twins.ports, ADA, a_submission())
    submit(twins.ports, a_key(name="bob"), a_submission())


def test_a_key_may_have_a_quota_of_its_own(twins: Twins) -> None:
    key = a_key(name="ada", max_unfinished=1)
    submit(twins.ports, key, a_submission())
    with pytest.raises(QuotaExceeded):
        submit(twins.ports, key, a_submission())


def test_all_together_have_a_quota_too() -> None:
    twins = make_twins(max_unfinished=1, max_running=0)
    worker = Worker(twins.ports)
    submit(twins.ports, ADA, a_submission())
    worker.run_all()
    with pytest.raises(QuotaExceeded, match="the service"):
        submit(twins.ports, a_key(name="bob"), a_submission())


class QueueThatIsAway(MemoryAdmissionQueue):
    def length(self) -> int:
        raise RedisUnavailable("Redis is away")


def test_with_redis_away_it_is_accepted_all_the_same() -> None:
    twins = make_twins(admission=QueueThatIsAway())
    twins.pipeline.away = True
    execution = submit(twins.ports, ADA, a_submission())
    assert twins.store.get(execution.id) == execution
