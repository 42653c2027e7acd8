"""A call on many executions that is killed at any moment, and then repeated."""

from collections import Counter
from contextlib import suppress

import pytest

from app.domain.api_key import ApiKey
from app.domain.filters import ExecutionFilter
from app.ports import Ports
from app.service.bulk import Bulk, in_bulk
from app.service.submit import submit
from tests.support.builders import a_key, a_submission
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker
from tests.unit.test_replay_kills import Killed, mortal

ADA = a_key(name="ada")
EXECUTIONS = 3
CALLS = 15
"""Of one slice."""
AT_ANY_CALL = [(call, effect) for call in range(1, CALLS + 1) for effect in (False, True)]


def ended(twins: Twins) -> set[str]:
    ids = {submit(twins.ports, ADA, a_submission()).id for _ in range(EXECUTIONS)}
    Worker(twins.ports).run_all()
    return ids


def retry_all(ports: Ports, by: ApiKey = ADA) -> int:
    return in_bulk(ports, by, Bulk.RETRY, ExecutionFilter(), dry_run=False).done


@pytest.mark.parametrize("kill", AT_ANY_CALL)
def test_each_execution_is_retried_once(kill: tuple[int, bool]) -> None:
    twins = make_twins()
    ids = ended(twins)

    with suppress(Killed):
        retry_all(mortal(twins, [kill]))
    retry_all(twins.ports)

    rows = twins.store.tables.rows
    retries = {row.retry_of: row.id for row in rows.values() if row.retry_of}
    assert Counter(row.retry_of for row in rows.values() if row.retry_of) == dict.fromkeys(ids, 1)
    assert {id: rows[id].retried_as for id in ids} == retries
    assert retry_all(twins.ports) == 0


def test_those_calls_are_all_calls_of_a_slice() -> None:
    twins = make_twins()
    ended(twins)
    assert retry_all(mortal(twins, [(CALLS + 1, False)])) == EXECUTIONS
    twins = make_twins()
    ended(twins)
    with pytest.raises(Killed):
        retry_all(mortal(twins, [(CALLS, False)]))


def test_what_a_killed_call_has_changed_is_counted_by_none() -> None:
    """As docs/api.md says."""
    twins = make_twins()
    ended(twins)
    with pytest.raises(Killed):
        retry_all(mortal(twins, [(CALLS, True)]))
    assert retry_all(twins.ports) == 0
