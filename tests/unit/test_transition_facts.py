"""What each transition writes into the row and its event, compared as a whole."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest

from app.domain.errors import IllegalTransition
from app.domain.execution import (
    Change,
    Execution,
    Outcome,
    State,
    accept,
    owner_of_pod,
    pod_name,
)
from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from app.domain.submission import Priority
from tests.support.builders import NOW, a_submission, a_verdict, an_execution

LATER = NOW + 1
DEADLINE = NOW + 2
STARTED = NOW + 3
ENDED = NOW + 4
BEFORE = an_execution(
    state=State.FINISHED,
    version=7,
    attempt=2,
    place="host-1",
    tries={"poll": 3},
    start_deadline=1,
    message="the node was lost",
    outcome=Outcome.SUCCESS,
    exit_code=0,
    wrong_runs=(3,),
    held_until=6,
    started_at=2,
    finished_at=3,
    admitted_at=4,
    next_action_at=5,
)
NO_VERDICT = dict.fromkeys(
    ("start_deadline", "outcome", "exit_code", "signal", "wrong_runs", "started_at", "finished_at")
)
CRASHED = a_verdict(
    Outcome.RUNTIME_ERROR,
    exit_code=None,
    signal="SIGSEGV",
    started_at=STARTED,
    finished_at=ENDED,
    wrong_runs=(1, 2),
)


def in_state(state: State) -> Execution:
    return replace(BEFORE, state=state)


TRANSITIONS: list[tuple[Callable[[], Change], dict[str, Any], dict[str, Any]]] = [
    (
        lambda: in_state(State.QUEUED).admit(NOW, LATER),
        {"state": State.ADMITTED, "admitted_at": NOW},
        {"message": "the node was lost"},
    ),
    (
        lambda: in_state(State.ADMITTED).start(NOW, LATER, DEADLINE),
        {"state": State.STARTING, "attempt": 3, "place": None, "start_deadline": DEADLINE},
        {"attempt": 3, "start_deadline": DEADLINE, "message": "the node was lost"},
    ),
    (
        lambda: in_state(State.STARTING).run(NOW, LATER, STARTED),
        {"state": State.RUNNING, "started_at": STARTED},
        {"started_at": STARTED, "message": "the node was lost"},
    ),
    (
        lambda: in_state(State.RUNNING).finish(NOW, LATER, CRASHED),
        {
            "state": State.FINISHED,
            "outcome": Outcome.RUNTIME_ERROR,
            "exit_code": None,
            "signal": "SIGSEGV",
            "wrong_runs": (1, 2),
            "started_at": STARTED,
            "finished_at": ENDED,
        },
        {
            "message": "the node was lost",
            "outcome": "runtime_error",
            "exit_code": None,
            "signal": "SIGSEGV",
            "started_at": STARTED,
            "finished_at": ENDED,
        },
    ),
    (
        lambda: BEFORE.complete(
            NOW, LATER, "a limit stopped the compiler", cpu_us=7, stored_bytes=8
        ),
        {
            "state": State.COMPLETED,
            "result_id": BEFORE.pod,
            "wrong_runs": None,
            "message": "a limit stopped the compiler",
            "ended_at": NOW,
            "cpu_us": 7,
            "stored_bytes": 8,
            "usage_at": NOW,
        },
        {
            "message": "a limit stopped the compiler",
            "outcome": "success",
            "result_id": BEFORE.pod,
        },
    ),
    (
        lambda: BEFORE.requeue(NOW, LATER, "no sandbox"),
        {"state": State.QUEUED, "message": "no sandbox", **NO_VERDICT},
        {"message": "no sandbox"},
    ),
    (
        lambda: in_state(State.STARTING).give_back(NOW, LATER, "no node has room"),
        {"state": State.QUEUED, "attempt": 1, "place": None, "message": "no node has room"}
        | NO_VERDICT,
        {"attempt": 1, "message": "no node has room"},
    ),
    (
        lambda: BEFORE.fail(NOW, LATER, "no sandbox"),
        {"state": State.FAILED, "message": "no sandbox", "ended_at": NOW}
        | NO_VERDICT
        | {"cpu_us": 0, "stored_bytes": 0, "usage_at": NOW},
        {"message": "no sandbox"},
    ),
    (
        lambda: BEFORE.cancel(NOW, LATER),
        {"state": State.CANCELLED, "ended_at": NOW}
        | NO_VERDICT
        | {"cpu_us": 1, "stored_bytes": 0, "usage_at": NOW},
        {"message": "the node was lost"},
    ),
]


@pytest.mark.parametrize(
    ("transition", "row", "data"), TRANSITIONS, ids=[str(row["state"]) for _, row, _ in TRANSITIONS]
)
def test_a_transition_writes_these_facts_and_no_others(
    transition: Callable[[], Change], row: dict[str, Any], data: dict[str, Any]
) -> None:
    change = transition()
    before, after, event = change.before, change.after, change.event
    facts = {"version": 8, "tries": {}, "next_action_at": LATER, "held_until": None, **row}
    assert after == replace(before, **facts)
    assert (event.id, event.time) == (f"{before.id}.8", NOW)
    assert event.type == f"podline.execution.{after.state}.v1"
    assert event.data == {
        "execution_id": before.id,
        "version": 8,
        "owner": "ada",
        "state": str(after.state),
        "previous": str(before.state),
        "attempt": 2,
        **data,
    }


def test_what_the_table_does_not_allow_is_refused_by_name() -> None:
    with pytest.raises(
        IllegalTransition, match=f"{BEFORE.id} is finished and can't become admitted"
    ):
        BEFORE.admit(NOW, LATER)


def test_a_pod_is_named_as_kubernetes_allows() -> None:
    assert pod_name("01JAB", 2) == "01jab-2"
    assert owner_of_pod("01jab-2") == ("01JAB", 2)
    execution = replace(BEFORE, id="01JAB", attempt=2)
    assert (execution.checker_pod(), execution.checker_pod(3)) == ("01jab-2-c", "01jab-2-c3")
    for name in ("01jab-2-c", "01jab-2-3", "01jab-2-c-3", "01jab-2-c12", "01jab-2-c3-1"):
        assert owner_of_pod(name) == ("01JAB", 2)


@pytest.mark.parametrize("name", ["not-ours-2", "01jab-2-d", "01jab-2-", "01jab", "-2", "01jab-x"])
def test_other_names_are_not_those_of_our_pods(name: str) -> None:
    with pytest.raises(ValueError, match="not the name of one of our pods"):
        owner_of_pod(name)


@pytest.mark.parametrize("retry_of", [None, an_execution(root="01JROOT")], ids=["new", "retry"])
def test_an_accepted_execution_is_what_was_submitted(retry_of: Execution | None) -> None:
    submission = a_submission(priority=Priority.HIGH, labels={"course": "cs101"})
    execution, event = accept(
        submission, id="01JNEW", owner="ada", now=NOW, next_action_at=LATER, retry_of=retry_of
    )
    assert execution == Execution(
        id="01JNEW",
        owner="ada",
        language="python",
        language_version="3.11",
        priority=Priority.HIGH,
        labels={"course": "cs101"},
        limits=submission.limits,
        compile_limits=submission.compile_limits,
        root="01JROOT" if retry_of else "01JNEW",
        retry_of=retry_of.id if retry_of else None,
        created_at=NOW,
        next_action_at=LATER,
    )
    assert (event.id, event.type, event.time) == (
        "01JNEW.1",
        "podline.execution.queued.v1",
        NOW,
    )
    assert event.data == {
        "execution_id": "01JNEW",
        "version": 1,
        "owner": "ada",
        "state": "queued",
        "previous": None,
        "attempt": 0,
        "message": None,
        "language": "python",
        "language_version": "3.11",
        "priority": "high",
        "labels": {"course": "cs101"},
        "limits": asdict(DEFAULT_LIMITS),
        "compile_limits": asdict(DEFAULT_COMPILE_LIMITS),
        "root": execution.root,
        "retry_of": execution.retry_of,
        "batch_id": None,
        "tests": 0,
        "has_checker": False,
    }
