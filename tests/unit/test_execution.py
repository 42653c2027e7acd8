"""Random walks through the state machine: what no order of calls can break."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.callback import SERIES_SECONDS, CallbackState
from app.domain.errors import IllegalTransition
from app.domain.execution import (
    SECOND,
    TERMINAL,
    TRANSITIONS,
    UNFINISHED,
    Change,
    Event,
    Execution,
    State,
    accept,
    event_type,
    owner_of_pod,
    pod_name,
)
from app.domain.submission import MAX_DOOR_DATA_BYTES
from tests.support.builders import NOW, a_callback, a_submission, a_verdict, accepted, an_id

NEXT = NOW + SECOND


def move(execution: Execution, to: State) -> Change:
    """The one method that leads into each state."""
    match to:
        case State.ADMITTED:
            return execution.admit(NOW, NEXT)
        case State.STARTING:
            return execution.start(NOW, NEXT, start_deadline=NEXT)
        case State.RUNNING:
            return execution.run(NOW, NEXT, started_at=NOW)
        case State.FINISHED:
            return execution.finish(NOW, NEXT, a_verdict())
        case State.COMPLETED:
            return execution.complete(NOW, NEXT)
        case State.QUEUED:
            return execution.requeue(NOW, NEXT, "the node was lost")
        case State.FAILED:
            return execution.fail(NOW, NEXT, "the node was lost again")
        case State.CANCELLED:
            return execution.cancel(NOW, NEXT)


walks = st.lists(st.sampled_from(list(State)), max_size=40)


@given(walks)
def test_a_random_walk_breaks_no_rule(walk: list[State]) -> None:
    execution, _, first = accepted()
    events: list[Event] = [first]
    for wanted in walk:
        before = execution
        if wanted not in TRANSITIONS[before.state]:
            with pytest.raises(IllegalTransition):
                move(before, wanted)
            continue
        change = move(before, wanted)
        execution = change.after
        events.append(change.event)
        assert change.before == before
        assert execution.state is wanted
        assert execution.version == before.version + 1
        assert execution.tries == {}
        assert (execution.ended_at is not None) == execution.state.terminal
        assert execution.attempt == before.attempt + (wanted is State.STARTING)
    assert [event.version for event in events] == list(range(1, execution.version + 1))
    assert events[-1].type == event_type(execution.state)
    assert len({event.id for event in events}) == len(events)


@given(walks)
def test_a_verdict_is_known_from_finished_on_and_only_then(walk: list[State]) -> None:
    execution, _, _ = accepted()
    for wanted in walk:
        if wanted in TRANSITIONS[execution.state]:
            execution = move(execution, wanted).after
            has_verdict = execution.state in {State.FINISHED, State.COMPLETED}
            assert (execution.outcome is not None) == has_verdict


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_terminal_states_are_terminal(state: State) -> None:
    assert TRANSITIONS[state] == frozenset()
    assert state.terminal
    assert not state.holds_slot


def test_every_unfinished_state_can_be_cancelled_and_can_fail() -> None:
    for state in UNFINISHED:
        assert {State.CANCELLED, State.FAILED} <= TRANSITIONS[state]


def test_every_state_can_be_reached() -> None:
    reached = {State.QUEUED}
    while more := {to for state in reached for to in TRANSITIONS[state]} - reached:
        reached |= more
    assert reached == set(State)


def test_whatever_ends_it_makes_its_callback_pending() -> None:
    execution = replace(accepted()[0], callback=a_callback())
    later = NOW + 5

    for change in (execution.fail(NOW, later, "no pod"), execution.cancel(NOW, later)):
        callback = change.after.callback
        assert callback
        assert callback.state is CallbackState.PENDING
        assert callback.next_at == NOW
        assert callback.until == NOW + SERIES_SECONDS * SECOND


def finished() -> Change:
    execution, _, _ = accepted()
    for state in (State.ADMITTED, State.STARTING):
        execution = move(execution, state).after
    return move(execution, State.FINISHED)


def test_what_is_not_measured_counts_as_nothing() -> None:
    completed = finished().after.complete(NOW, NOW).after

    assert (completed.cpu_us, completed.stored_bytes) == (0, 0)


def test_an_execution_names_its_batch() -> None:
    submission, batch_id = a_submission(), an_id()
    execution, _ = accept(
        submission, id=an_id(), owner="ada", now=NOW, next_action_at=NOW, batch_id=batch_id
    )

    assert execution.batch_id == batch_id


def test_events_have_plain_texts() -> None:
    """JSON and MongoDB store them, and members of enumerations would look alike only here."""
    assert type(finished().event.data["outcome"]) is str


def test_only_the_first_pod_of_a_checker_has_no_number() -> None:
    execution, _, _ = accepted()

    assert [execution.checker_pod(number) for number in (1, 2, 3)] == [
        f"{execution.pod}-c",
        f"{execution.pod}-c2",
        f"{execution.pod}-c3",
    ]


def test_the_first_event_says_what_was_asked_for() -> None:
    execution, _, event = accepted()
    assert event.type == "podline.execution.queued.v1"
    assert event.data["language"] == execution.language
    assert event.data["limits"] == {
        "wall_seconds": 10,
        "cpu_seconds": 5,
        "memory_mib": 128,
        "processes": 128,
        "output_kib": 256,
        "disk_mib": 16,
        "stack_mib": None,
    }


def test_no_event_holds_source_input_or_output() -> None:
    execution, submission, event = accepted(a_submission(door_data="remembered"))
    assert execution.door_data == "remembered"
    assert "remembered" not in f"{execution} {submission}"
    change = move(move(execution, State.ADMITTED).after, State.STARTING)
    for seen in (event, change.event):
        assert submission.files[0].content.decode() not in str(seen.data)
        assert "remembered" not in str(seen.data)
        assert not {"source", "files", "stdin", "stdout", "stderr", "env", "args"} & set(seen.data)


def test_door_data_has_a_maximum() -> None:
    accepted(a_submission(door_data="ü" * (MAX_DOOR_DATA_BYTES // 2)))
    with pytest.raises(ValueError, match="16384 bytes"):
        accepted(a_submission(door_data="ü" * (MAX_DOOR_DATA_BYTES // 2) + "x"))


@given(st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26), st.integers(1, 999))
def test_a_pod_is_named_by_execution_and_attempt(execution_id: str, attempt: int) -> None:
    assert owner_of_pod(pod_name(execution_id, attempt)) == (execution_id, attempt)


@pytest.mark.parametrize("name", ["", "x", "-", "-1", "abc-", "abc-x"])
def test_another_name_is_no_pod_of_ours(name: str) -> None:
    with pytest.raises(ValueError, match=r"pods|invalid literal"):
        owner_of_pod(name)
