"""Lists of executions: every filter, page by page, newest first."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.execution import SECOND, TERMINAL, UNFINISHED, Execution, Outcome, Time
from app.domain.filters import ExecutionFilter, lowest_id
from app.domain.submission import Priority
from app.ports import Store
from tests.support.builders import NOW, a_submission, a_verdict, accepted, an_id

LATER = NOW + 60 * SECOND


def put(
    store: Store,
    owner: str = "ada",
    language: str = "python",
    labels: Mapping[str, str] | None = None,
    priority: Priority = Priority.NORMAL,
) -> Execution:
    submission = a_submission(language=language, labels=labels or {}, priority=priority)
    accepted_one = accepted(submission, owner=owner)
    assert store.executions.insert(*accepted_one)
    return accepted_one[0]


def put_finished(store: Store, outcome: Outcome, owner: str = "ada") -> Execution:
    admit = put(store, owner).admit(NOW, LATER)
    start = admit.after.start(NOW, LATER, LATER)
    finish = start.after.finish(NOW, LATER, a_verdict(outcome))
    assert [store.executions.apply(change) for change in (admit, start, finish)] == [True] * 3
    return finish.after


def listed(store: Store, before: str | None = None, limit: int = 10, **filter: Any) -> list[str]:
    found = store.executions.page(ExecutionFilter(**filter), before, limit)
    return [execution.id for execution in found]


def test_shows_whole_rows_newest_first(store: Store) -> None:
    older, newer = put(store, labels={"course": "cs101"}), put_finished(store, Outcome.SUCCESS)
    assert store.executions.page(ExecutionFilter(), None, 10) == [newer, older]


@pytest.mark.parametrize(
    "filter",
    [{}, {"owner": "ada"}, {"language": "python"}, {"state": "queued"}, {"labels": {"k": "v"}}],
)
def test_pages_of_every_filter_join_without_gaps(store: Store, filter: dict[str, Any]) -> None:
    ids = [put(store, labels={"k": "v"}).id for _ in range(5)]
    first = listed(store, limit=2, **filter)
    second = listed(store, before=first[-1], limit=2, **filter)
    third = listed(store, before=second[-1], limit=2, **filter)
    assert first + second + third == ids[::-1]


def test_by_owner(store: Store) -> None:
    hers, his = put(store, owner="ada"), put(store, owner="bob")
    assert listed(store, owner="ada") == [hers.id]
    assert listed(store, owner="bob") == [his.id]
    assert listed(store, owner="eve") == []


def test_by_state_outcome_and_language(store: Store) -> None:
    queued = put(store, language="bash")
    good, bad = put_finished(store, Outcome.SUCCESS), put_finished(store, Outcome.TIME_LIMIT)
    others = put_finished(store, Outcome.TIME_LIMIT, owner="bob")
    assert listed(store, state="queued") == [queued.id]
    assert listed(store, owner="ada", state="finished") == [bad.id, good.id]
    assert listed(store, outcome="time_limit") == [others.id, bad.id]
    assert listed(store, owner="ada", outcome="time_limit") == [bad.id]
    assert listed(store, language="bash") == [queued.id]
    assert listed(store, owner="bob", language="python", state="finished") == [others.id]
    assert listed(store, owner="ada", language="bash", outcome="success") == []


def test_by_priority(store: Store) -> None:
    low = put(store, priority=Priority.LOW, labels={"k": "v"})
    high = put(store, priority=Priority.HIGH)
    his = put(store, owner="bob", priority=Priority.LOW)
    put(store)
    assert listed(store, priority="low") == [his.id, low.id]
    assert listed(store, priority="low", owner="ada") == [low.id]
    assert listed(store, priority="high", state="queued") == [high.id]
    assert listed(store, priority="low", labels={"k": "v"}) == [low.id]
    assert listed(store, priority="high", ids=frozenset({low.id, his.id})) == []
    assert listed(store, priority="critical") == []


def test_by_labels(store: Store) -> None:
    both = put(store, labels={"course": "cs101", "app.kubernetes.io/name": "$x"})
    one = put(store, labels={"course": "cs101"})
    his = put(store, owner="bob", labels={"course": "cs101"})
    put(store, labels={"course": "cs102"})
    assert listed(store, labels={"course": "cs101"}) == [his.id, one.id, both.id]
    assert listed(store, labels={"course": "cs101"}, owner="ada") == [one.id, both.id]
    assert listed(store, labels=both.labels) == [both.id]
    assert listed(store, labels=both.labels, owner="bob") == []
    assert listed(store, labels={"course": "cs101"}, state="running") == []
    assert listed(store, labels={}, owner="bob") == [his.id]


def test_by_batch(store: Store) -> None:
    batch = an_id()
    first, second = (put_in_batch(store, batch, owner) for owner in ("ada", "bob"))
    other = put_in_batch(store, an_id(), "ada")
    assert listed(store, batch=batch) == [second.id, first.id]
    assert listed(store, batch=batch, before=second.id) == [first.id]
    assert listed(store, batch=batch, owner="ada") == [first.id]
    assert listed(store, batch=batch, owner="ada", labels={"k": "v"}) == [first.id]
    assert listed(store, batch=batch, state="running") == []
    assert store.executions.page(ExecutionFilter(batch=other.batch_id), None, 10) == [other]


def put_at(store: Store, time: Time, number: int) -> Execution:
    new = accepted(id=lowest_id(time)[:-1] + str(number), now=time)
    assert store.executions.insert(*new)
    return new[0]


def test_by_time(store: Store) -> None:
    times = [NOW, NOW + SECOND, NOW + 2 * SECOND]
    first, second, third = (put_at(store, time, n) for n, time in enumerate(times))
    assert listed(store, since=NOW + SECOND) == [third.id, second.id]
    assert listed(store, until=NOW + SECOND) == [first.id]
    assert listed(store, since=NOW + 1_000, until=NOW + 2 * SECOND) == [second.id]
    assert listed(store, since=NOW, before=third.id, limit=1) == [second.id]
    assert listed(store, until=NOW + 2 * SECOND, before=second.id) == [first.id]
    assert listed(store, since=times[1], until=times[1]) == []


def test_by_several_states(store: Store) -> None:
    queued = put(store, labels={"k": "v"})
    finished = put_finished(store, Outcome.SUCCESS)
    ended = put(store, labels={"k": "v"})
    assert store.executions.apply(ended.cancel(NOW, LATER))
    assert listed(store, states=UNFINISHED) == [finished.id, queued.id]
    assert listed(store, states=TERMINAL, owner="ada") == [ended.id]
    assert listed(store, states=TERMINAL, labels={"k": "v"}) == [ended.id]
    assert listed(store, states=UNFINISHED, state="queued") == [queued.id]
    assert listed(store, states=UNFINISHED, state="cancelled") == []


def test_what_was_not_retried(store: Store) -> None:
    retried, other = put(store, labels={"k": "v"}), put(store, labels={"k": "v"})
    assert store.executions.mark_retried(retried.id, an_id())
    assert listed(store, unretried=True) == [other.id]
    assert listed(store, unretried=True, labels={"k": "v"}) == [other.id]


def test_by_ids(store: Store) -> None:
    rows = [put(store, owner, labels={"k": "v"}).id for owner in ("ada", "bob", "ada", "ada")]
    some = frozenset({rows[0], rows[1], rows[3], an_id()})
    assert listed(store, ids=some) == [rows[3], rows[1], rows[0]]
    assert listed(store, ids=some, owner="ada") == [rows[3], rows[0]]
    assert listed(store, ids=some, owner="ada", limit=1) == [rows[3]]
    assert listed(store, ids=some, before=rows[1]) == [rows[0]]
    assert listed(store, ids=some, labels={"k": "v"}, owner="bob") == [rows[1]]
    assert listed(store, ids=some, labels={"k": "w"}) == []
    assert listed(store, ids=some, states=TERMINAL) == []
    assert listed(store, ids=frozenset()) == []
    assert store.executions.count(ExecutionFilter(ids=some, owner="ada"), 9) == 2


def test_by_ids_shows_no_erased_ones(store: Store) -> None:
    execution = put(store)
    assert store.executions.apply(execution.cancel(NOW, LATER))
    store.executions.erase(execution.id)
    assert listed(store, ids=frozenset({execution.id})) == []


def test_counts_up_to_a_number(store: Store) -> None:
    for _ in range(3):
        put(store, owner="ada")
    put(store, owner="bob")
    counts = [store.executions.count(ExecutionFilter(owner="ada"), most) for most in (2, 3, 9)]
    assert counts == [2, 3, 3]
    assert store.executions.count(ExecutionFilter(owner="eve"), 9) == 0


def put_in_batch(store: Store, batch_id: str, owner: str) -> Execution:
    new = accepted(a_submission(labels={"k": "v"}), owner=owner, batch_id=batch_id)
    assert store.executions.insert(*new)
    return new[0]


def test_shows_no_erased_ones(store: Store) -> None:
    execution = put(store, labels={"course": "cs101"})
    assert store.executions.apply(execution.cancel(NOW, LATER))
    store.executions.erase(execution.id)
    filters: list[dict[str, Any]] = [
        {},
        {"owner": "ada"},
        {"state": "cancelled"},
        {"labels": {"course": "cs101"}},
    ]
    for filter in filters:
        assert listed(store, **filter) == []


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    labels=st.dictionaries(
        st.text(min_size=1, max_size=63).filter(lambda text: "\x00" not in text),
        st.text(max_size=63).filter(lambda text: "\x00" not in text),
        max_size=3,
    )
)
def test_labels_may_hold_any_text(store: Store, labels: dict[str, str]) -> None:
    execution = put(store, labels=labels)
    assert store.executions.get(execution.id) == execution
    assert execution.id in listed(store, limit=1000, labels=labels)
