"""What every store does with executions."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.domain.compare import Compare, CompareKind
from app.domain.execution import (
    UNFINISHED,
    Change,
    Execution,
    Outcome,
    State,
)
from app.domain.filters import ExecutionFilter
from app.domain.submission import (
    Checker,
    ExpectedOutput,
    File,
    KeepOutput,
    Priority,
    SubmittedTest,
)
from app.ports import QueueEntry, Store
from tests.contracts.racing import race
from tests.contracts.rows import (
    LATER,
    applied,
    attempted,
    completed,
    finished,
    nonzero,
    put,
    put_removable,
    started,
    to_later,
)
from tests.support.builders import (
    NOW,
    TRACEPARENT,
    a_result,
    a_submission,
    a_verdict,
    accepted,
    an_execution,
    an_id,
)

ALL = frozenset(State)
RACERS = 8


class TestInsert:
    def test_gives_back_what_was_written(self, store: Store) -> None:
        submission = a_submission(
            files=(File("main.c", b"\x00\xff\n"), File("lib/größe.h", "ß".encode())),
            entrypoint="main.c",
            stdin=bytes(range(256)),
            args=("--flag", "ü", ""),
            env={"K": "v=1"},
            expected_output=ExpectedOutput(b"\xfe", exact=True),
            priority=Priority.LOW,
            labels={"course": "cs101", "app.kubernetes.io/name": "a$b"},
            callback_form="other",
            door_data='{"größe": "\\u0000", "rest": "' + "x" * 16_000 + '"}',
        )
        execution = put(store, submission=submission, traceparent=TRACEPARENT)
        assert store.executions.get(execution.id) == execution
        assert store.executions.submission(execution.id) == submission

    def test_what_need_not_be_durable_is_there_all_the_same(self, store: Store) -> None:
        accepted_one = accepted()
        assert store.executions.insert(*accepted_one, durable=False)
        assert store.executions.get(accepted_one[0].id) == accepted_one[0]
        store.executions.make_durable()
        assert not store.executions.insert(*accepted_one)

    @pytest.mark.parametrize("kind", ["memory", "sqlite"])
    def test_refuses_what_exceeds_the_quota(
        self, a_store: Callable[[str], Store], kind: str
    ) -> None:
        store = a_store(kind)
        first, second = accepted(owner="ada"), accepted(owner="ada")
        assert store.executions.insert(*first, quota=1)
        assert not store.executions.insert(*second, quota=1)
        assert store.executions.get(second[0].id) is None
        assert store.executions.submission(second[0].id) is None
        assert store.executions.events(second[0].id) == []
        assert store.executions.insert(*accepted(owner="bob"), quota=1)
        applied(store, first[0].cancel(NOW, LATER))
        assert store.executions.insert(*second, quota=1)
        assert not store.executions.insert(*second, quota=9), "the id is taken"

    @pytest.mark.parametrize("kind", ["memory", "sqlite"])
    def test_a_race_fills_the_quota_exactly(
        self, a_store: Callable[[str], Store], kind: str
    ) -> None:
        store, new = a_store(kind), [accepted(owner="ada") for _ in range(RACERS)]
        inserted = race(RACERS, lambda n: store.executions.insert(*new[n], quota=5))
        assert sum(inserted) == store.counts.unfinished("ada") == 5

    def test_gives_back_tests_and_their_checker(self, store: Store) -> None:
        like = a_submission()
        submission = a_submission(
            tests=(
                SubmittedTest(
                    name="größe",
                    stdin=b"\x00\xff",
                    args=("ü",),
                    env={"K": "v"},
                    files=(File("data", b"\xfe"),),
                    limits=replace(like.limits, wall_seconds=0.5),
                    expected_output=ExpectedOutput.of(
                        b"1", Compare(CompareKind.NUMBERS, absolute=1e-9, relative=0.1)
                    ),
                    compare=Compare(CompareKind.TOKENS),
                    points=0.25,
                ),
                SubmittedTest(name="2"),
            ),
            checker=Checker(
                language="cpp",
                language_version="12.2",
                files=(File("check.cpp", b"\xff"),),
                entrypoint="check.cpp",
                limits=replace(like.limits, memory_mib=7),
                compile_limits=replace(like.limits, memory_mib=8),
                compile_args=("-O2",),
            ),
            stop_on_failure=True,
            keep_output=KeepOutput.FAILURES,
        )
        execution = put(store, submission=submission)
        assert (execution.tests, execution.has_checker) == (2, True)
        assert execution.languages == "cpp-12.2 python-3.11"
        assert store.executions.get(execution.id) == execution
        assert store.executions.submission(execution.id) == submission
        assert store.executions.page(ExecutionFilter(owner="ada"), None, 9) == [execution]
        (event,) = store.executions.events(execution.id)
        assert (event.data["tests"], event.data["has_checker"]) == (2, True)
        row = applied(store, execution.admit(NOW, LATER))
        (entry,) = store.executions.in_states(UNFINISHED, "", 9)
        assert entry.languages == execution.languages
        due = store.executions.claim_due(ALL, LATER, 9, to_later)
        assert [(each.tests, each.has_checker) for each in due] == [(2, True)]
        begun = store.executions.begin(row.id, ALL, "start", NOW, LATER)
        assert begun
        assert (begun.tests, begun.has_checker) == (2, True)

    def test_refuses_an_id_that_is_taken(self, store: Store) -> None:
        first = accepted(a_submission(stdin=b"first"))
        assert store.executions.insert(*first)
        assert not store.executions.insert(*accepted(a_submission(stdin=b"second"), id=first[0].id))
        assert store.executions.submission(first[0].id) == first[1]
        assert nonzero(store) == {(State.QUEUED, Priority.NORMAL): 1}

    def test_of_one_id_succeeds_once_among_many(self, store: Store) -> None:
        id = an_id()
        won = race(
            RACERS,
            lambda number: store.executions.insert(*accepted(id=id, owner=f"owner {number}")),
        )
        assert won.count(True) == 1
        row = store.executions.get(id)
        assert row is not None
        assert row.owner == f"owner {won.index(True)}"

    def test_of_a_large_program(self, store: Store) -> None:
        submission = a_submission(
            files=(File("main.py", b"\xff" * 512 * 1024),),
            stdin=b"i" * 256 * 1024,
            expected_output=ExpectedOutput(b"o" * 1024 * 1024),
        )
        execution = put(store, submission=submission)
        assert store.executions.submission(execution.id) == submission

    def test_nothing_is_known_of_an_id_that_was_never_inserted(self, store: Store) -> None:
        assert store.executions.get("01J") is None
        assert store.executions.submission("01J") is None
        assert store.executions.events("01J") == []


class TestApply:
    def test_writes_row_and_event_together(self, store: Store) -> None:
        execution = put(store)
        change = execution.admit(NOW + 1, LATER)
        assert store.executions.apply(change)
        assert store.executions.get(execution.id) == change.after
        assert store.executions.events(execution.id, after_version=1) == [change.event]

    def test_keeps_every_fact_of_every_state(self, store: Store) -> None:
        row = put(store)
        crashed = a_verdict(Outcome.RUNTIME_ERROR, exit_code=None, signal="SIGSEGV")
        steps: list[Callable[[Execution], Change]] = [
            lambda row: row.admit(NOW + 1, LATER),
            lambda row: row.start(NOW + 2, LATER, LATER),
            lambda row: row.run(NOW + 3, LATER, NOW + 3),
            lambda row: row.requeue(NOW + 4, LATER, "the node is gone"),
            lambda row: row.admit(NOW + 5, LATER),
            lambda row: row.start(NOW + 6, LATER, LATER),
            lambda row: row.finish(NOW + 7, LATER, replace(crashed, wrong_runs=(0, 199))),
            lambda row: row.requeue(NOW + 8, LATER, "its output is gone"),
            lambda row: row.admit(NOW + 9, LATER),
            lambda row: row.start(NOW + 10, LATER, LATER),
            lambda row: row.give_back(NOW + 11, LATER, "no node has room"),
            lambda row: row.admit(NOW + 12, LATER),
            lambda row: row.start(NOW + 13, LATER, LATER),
            lambda row: row.finish(NOW + 14, LATER, replace(crashed, wrong_runs=())),
            lambda row: row.complete(NOW + 15, LATER),
        ]
        for step in steps:
            row = applied(store, step(row))
            assert store.executions.get(row.id) == row
        assert [event.version for event in store.executions.events(row.id)] == list(range(1, 17))

    def test_refuses_a_row_that_has_changed(self, store: Store) -> None:
        execution = put(store)
        applied(store, execution.admit(NOW, LATER))
        assert not store.executions.apply(execution.cancel(NOW, LATER))
        assert not store.executions.apply(an_execution().cancel(NOW, LATER))
        row = store.executions.get(execution.id)
        assert row is not None
        assert row.state is State.ADMITTED
        assert len(store.executions.events(execution.id)) == 2

    def test_succeeds_once_among_many(self, store: Store) -> None:
        execution = put(store)
        changes = [
            execution.cancel(NOW, LATER) if number % 2 else execution.admit(NOW, LATER)
            for number in range(RACERS)
        ]
        won = race(RACERS, lambda number: store.executions.apply(changes[number]))
        assert won.count(True) == 1
        assert store.executions.get(execution.id) == changes[won.index(True)].after
        assert len(store.executions.events(execution.id)) == 2

    def test_leaves_what_is_no_part_of_a_transition(self, store: Store) -> None:
        row = put(store)
        assert store.executions.mark_retried(row.id, "01JRETRY")
        applied(store, row.cancel(NOW, LATER))
        found = store.executions.get(row.id)
        assert found is not None
        assert found.retried_as == "01JRETRY"


class TestBegin:
    def test_counts_the_tries_of_each_step_and_pushes_the_time(self, store: Store) -> None:
        execution = put(store)
        store.executions.begin(execution.id, ALL, "admit", NOW, LATER)
        store.executions.begin(execution.id, ALL, "create_pod", NOW, LATER)
        begun = store.executions.begin(execution.id, ALL, "admit", NOW, LATER + 1)
        tries = {"admit": 2, "create_pod": 1}
        assert begun == replace(execution, tries=tries, next_action_at=LATER + 1)
        assert begun == store.executions.get(execution.id)

    def test_does_nothing_in_another_state(self, store: Store) -> None:
        execution = put(store)
        assert (
            store.executions.begin(execution.id, ALL - {State.QUEUED}, "admit", NOW, LATER) is None
        )
        assert store.executions.begin("01J", ALL, "admit", NOW, LATER) is None
        assert store.executions.get(execution.id) == execution

    def test_loses_no_try_among_many(self, store: Store) -> None:
        execution = put(store)
        begun = race(
            RACERS, lambda _: store.executions.begin(execution.id, ALL, "admit", NOW, LATER)
        )
        assert sorted(row.tries["admit"] for row in begun if row) == list(range(1, RACERS + 1))

    def test_a_transition_forgets_the_tries(self, store: Store) -> None:
        execution = put(store)
        begun = store.executions.begin(execution.id, ALL, "admit", NOW, LATER)
        assert begun is not None
        applied(store, begun.admit(NOW, LATER))
        again = store.executions.begin(execution.id, ALL, "admit", NOW, LATER)
        assert again is not None
        assert again.tries == {"admit": 1}

    def test_a_change_of_tries_does_not_stand_in_the_way_of_a_transition(
        self, store: Store
    ) -> None:
        execution = put(store)
        store.executions.begin(execution.id, ALL, "admit", NOW, LATER)
        assert store.executions.apply(execution.cancel(NOW, LATER))


class TestBeginAtAPlace:
    def test_a_row_without_a_place_gets_it_from_the_step_that_places_it(self, store: Store) -> None:
        row = started(store)
        assert begun_at(store, row, "host-1") is None
        placed = begun_at(store, row, "host-1", places=True)
        assert placed == replace(row, place="host-1", tries={"create": 1}, next_action_at=LATER)
        assert store.executions.get(row.id) == placed

    def test_only_that_place_begins_a_step_then(self, store: Store) -> None:
        row = started(store)
        begun_at(store, row, "host-1", places=True)
        assert begun_at(store, row, "host-2", places=True) is None
        assert begun_at(store, row, "host-2") is None
        for places in (False, True):
            assert begun_at(store, row, "host-1", places=places)
        assert store.executions.begin(row.id, ALL, "create", NOW, LATER)

    def test_nobody_is_given_a_place_without_one(self, store: Store) -> None:
        row = started(store)
        begun = store.executions.begin(row.id, ALL, "create", NOW, LATER, places=True)
        assert begun is not None
        assert begun.place is None

    def test_one_of_many_gets_it(self, store: Store) -> None:
        row = started(store)
        begun = race(RACERS, lambda number: begun_at(store, row, f"host-{number}", places=True))
        (won,) = filter(None, begun)
        assert won.place == f"host-{begun.index(won)}"
        assert won.tries == {"create": 1}

    def test_not_while_it_is_held(self, store: Store) -> None:
        row = started(store)
        store.executions.hold(row, LATER)
        assert begun_at(store, row, "host-1", places=True) is None
        assert store.executions.get(row.id) == replace(row, held_until=LATER, next_action_at=LATER)


def begun_at(store: Store, row: Execution, at: str, *, places: bool = False) -> Execution | None:
    return store.executions.begin(row.id, ALL, "create", NOW, LATER, at=at, places=places)


class TestPlaced:
    def test_finds_the_attempts_that_are_under_way_there(self, store: Store) -> None:
        here, there, ended = (started(store) for _ in range(3))
        started(store)
        for row, place in ((here, "host-1"), (there, "host-2"), (ended, "host-1")):
            assert store.executions.put_place(row, place)
        applied(store, ended.requeue(NOW, LATER, "the node was lost"))
        assert store.executions.placed("host-1", 9) == [replace(here, place="host-1")]
        assert store.executions.placed("host-3", 9) == []

    def test_at_most_as_many_as_asked_for(self, store: Store) -> None:
        for _ in range(3):
            store.executions.put_place(started(store), "host-1")
        assert len(store.executions.placed("host-1", 2)) == 2


class TestHold:
    def test_until_then_no_step_is_begun(self, store: Store) -> None:
        execution = put(store)
        begun = store.executions.begin(execution.id, ALL, "poll", NOW, LATER)
        assert begun is not None
        assert store.executions.hold(begun, LATER + 5)
        held = replace(begun, held_until=LATER + 5, next_action_at=LATER + 5)
        assert store.executions.begin(execution.id, ALL, "poll", LATER + 4, LATER + 9) is None
        assert store.executions.get(execution.id) == held
        assert store.executions.claim_due(ALL, LATER + 4, 9, to_later) == []
        again = store.executions.begin(execution.id, ALL, "poll", LATER + 5, LATER + 9)
        assert again == replace(held, tries={"poll": 2}, next_action_at=LATER + 9)

    def test_can_be_extended(self, store: Store) -> None:
        execution = put(store)
        assert store.executions.hold(execution, LATER)
        assert store.executions.hold(execution, LATER + 5)
        assert store.executions.begin(execution.id, ALL, "poll", LATER, LATER) is None

    def test_a_transition_ends_it(self, store: Store) -> None:
        execution = put(store)
        store.executions.hold(execution, LATER)
        row = applied(store, execution.admit(NOW, LATER))
        assert store.executions.get(row.id) == row
        assert store.executions.begin(row.id, ALL, "start", NOW, LATER)

    def test_rescheduling_ends_it(self, store: Store) -> None:
        execution = put(store)
        store.executions.hold(execution, LATER)
        assert store.executions.reschedule(execution, NOW + 1)
        assert store.executions.get(execution.id) == replace(execution, next_action_at=NOW + 1)

    def test_refuses_a_row_that_has_changed(self, store: Store) -> None:
        execution = put(store)
        row = applied(store, execution.admit(NOW, LATER))
        assert not store.executions.hold(execution, LATER + 5)
        assert not store.executions.hold(an_execution(), LATER + 5)
        assert store.executions.get(row.id) == row


class TestPutPlace:
    def test_says_where_the_attempts_pod_will_be(self, store: Store) -> None:
        row = started(store)
        assert store.executions.put_place(row, "host-1")
        placed = store.executions.get(row.id)
        assert placed == replace(row, place="host-1")
        assert store.executions.begin(row.id, ALL, "create", NOW, LATER) == replace(
            placed, tries={"create": 1}, next_action_at=LATER
        )
        assert store.executions.claim_due(ALL, LATER, 9, to_later)[0].place == "host-1"

    def test_is_replaced_by_who_has_read_it(self, store: Store) -> None:
        row = started(store)
        assert store.executions.put_place(row, "host-1")
        assert not store.executions.put_place(row, "host-2")
        placed = replace(row, place="host-1")
        assert store.executions.put_place(placed, "host-2")
        assert store.executions.put_place(replace(row, place="host-2"), None)
        assert store.executions.get(row.id) == row

    def test_one_of_many_puts_it(self, store: Store) -> None:
        row = started(store)
        places = [f"host-{number}" for number in range(RACERS)]
        won = race(RACERS, lambda number: store.executions.put_place(row, places[number]))
        assert won.count(True) == 1
        stored = store.executions.get(row.id)
        assert stored is not None
        assert stored.place == places[won.index(True)]

    def test_refuses_a_row_that_has_changed(self, store: Store) -> None:
        row = started(store)
        running = applied(store, row.run(NOW, LATER, NOW))
        assert not store.executions.put_place(row, "host-1")
        assert store.executions.get(row.id) == running

    def test_stays_through_a_transition_by_one_who_has_not_read_it(self, store: Store) -> None:
        row = started(store)
        assert store.executions.put_place(row, "host-1")
        assert store.executions.apply(row.run(NOW, LATER, NOW))
        running = store.executions.get(row.id)
        assert running is not None
        assert running.place == "host-1"
        assert store.executions.apply(running.requeue(NOW, LATER, "the host is gone"))
        queued = store.executions.get(row.id)
        assert queued is not None
        assert queued.place == "host-1"

    def test_belongs_to_one_attempt(self, store: Store) -> None:
        row = started(store)
        assert store.executions.put_place(row, "host-1")
        queued = applied(store, replace(row, place="host-1").requeue(NOW, LATER, "gone"))
        again = attempted(store, queued)
        assert again.place is None
        assert store.executions.get(row.id) == again


class TestReschedule:
    def test_sets_the_time_and_forgets_the_tries(self, store: Store) -> None:
        execution = put(store)
        begun = store.executions.begin(execution.id, ALL, "admit", NOW, LATER)
        assert begun is not None
        assert store.executions.reschedule(begun, LATER + 5)
        assert store.executions.get(execution.id) == replace(execution, next_action_at=LATER + 5)

    def test_says_what_it_waits_for(self, store: Store) -> None:
        execution = put(store)
        for message in ("Unschedulable: no node", None):
            assert store.executions.reschedule(execution, LATER, message)
            found = store.executions.get(execution.id)
            assert found == replace(
                execution, next_action_at=LATER, message="Unschedulable: no node"
            )

    def test_refuses_a_row_that_has_changed(self, store: Store) -> None:
        execution = put(store)
        admitted = applied(store, execution.admit(NOW, LATER))
        assert not store.executions.reschedule(execution, LATER + 5)
        assert store.executions.get(execution.id) == admitted


class TestSettle:
    def test_leaves_nothing_to_do_for_a_terminal_row(self, store: Store) -> None:
        cancelled = applied(store, put(store).cancel(NOW, NOW))
        store.executions.settle(cancelled)
        assert store.executions.get(cancelled.id) == replace(cancelled, next_action_at=None)
        assert store.executions.claim_due(ALL, LATER, 10, push=to_later) == []

    def test_removes_the_result_of_a_cancelled_execution(self, store: Store) -> None:
        row = finished(store, put(store))
        store.results.insert(a_result(row))
        store.executions.settle(applied(store, row.cancel(NOW, NOW)))
        assert store.results.get(row.pod) is None

    def test_removes_the_results_of_earlier_attempts(self, store: Store) -> None:
        first = finished(store, put(store))
        store.results.insert(a_result(first))
        last = completed(store, applied(store, first.requeue(NOW, LATER, "output lost")))
        store.executions.settle(last)
        assert store.results.get(first.pod) is None
        assert store.results.get(last.pod) is not None

    def test_leaves_results_of_others(self, store: Store) -> None:
        other = completed(store, put(store))
        store.executions.settle(applied(store, put(store).cancel(NOW, NOW)))
        assert store.results.get(other.pod) is not None

    def test_does_nothing_before_that(self, store: Store) -> None:
        execution = put(store)
        store.executions.settle(execution)
        assert store.executions.get(execution.id) == execution


class TestClaimDue:
    def test_claims_what_is_due_longest_due_first(self, store: Store) -> None:
        third = put(store, next_action_at=NOW + 3)
        first = applied(store, put(store).admit(NOW, NOW + 1))
        second = put(store, next_action_at=NOW + 2)
        put(store, next_action_at=NOW + 5)
        claimed = store.executions.claim_due(ALL, NOW + 3, 10, push=to_later)
        assert claimed == [replace(row, next_action_at=LATER) for row in (first, second, third)]
        assert store.executions.get(first.id) == claimed[0]

    def test_claims_no_more_than_its_limit_and_only_in_the_states(self, store: Store) -> None:
        rows = [put(store, next_action_at=NOW + number) for number in range(4)]
        applied(store, rows[0].cancel(NOW, NOW))
        claimed = store.executions.claim_due(UNFINISHED, NOW + 10, 2, push=to_later)
        assert [row.id for row in claimed] == [rows[1].id, rows[2].id]

    def test_pushes_each_row_by_itself(self, store: Store) -> None:
        rows = {put(store, next_action_at=NOW + number).id for number in range(3)}
        claimed = store.executions.claim_due(
            ALL, LATER, 10, push=lambda row: LATER + int(row.id[-1]) + 1
        )
        assert {row.id for row in claimed} == rows
        assert all(row.next_action_at == LATER + int(row.id[-1]) + 1 for row in claimed)

    def test_gives_no_row_to_two_sweeps(self, store: Store) -> None:
        rows = sorted(put(store).id for _ in range(20))
        sweeps = race(RACERS, lambda _: store.executions.claim_due(ALL, NOW, 20, push=to_later))
        assert sorted(row.id for claimed in sweeps for row in claimed) == rows


class TestInStates:
    def test_pages_through_the_rows_by_id(self, store: Store) -> None:
        queued = put(store, owner="bob", next_action_at=LATER)
        admitted = applied(store, put(store).admit(NOW, LATER))
        last = put(store)
        applied(store, put(store).cancel(NOW, NOW))
        assert store.executions.in_states(UNFINISHED, "", 2) == [
            QueueEntry(queued.id, "bob", Priority.NORMAL, NOW, queued.languages),
            QueueEntry(admitted.id, "ada", Priority.NORMAL, NOW, admitted.languages),
        ]
        rest = store.executions.in_states(UNFINISHED, admitted.id, 2)
        assert [entry.execution_id for entry in rest] == [last.id]
        assert type(rest[0].entered_at) is int, "a client of Redis may take no other"


def test_states_of_names_those_that_exist(store: Store) -> None:
    queued = put(store)
    starting = applied(
        store, change := put(store).admit(NOW, LATER), change.after.start(NOW, LATER, LATER)
    )
    assert store.executions.states_of([queued.id, "01J", starting.id]) == {
        queued.id: (State.QUEUED, 0),
        starting.id: (State.STARTING, 1),
    }
    assert store.executions.states_of([]) == {}


def test_an_execution_is_marked_as_retried_once(store: Store) -> None:
    execution = put(store)
    won = race(
        RACERS, lambda number: store.executions.mark_retried(execution.id, f"retry {number}")
    )
    assert won.count(True) == 1
    assert store.executions.get(execution.id) == replace(
        execution, retried_as=f"retry {won.index(True)}"
    )
    assert not store.executions.mark_retried("01J", "retry")


def test_which_executions_are_not_erased(store: Store) -> None:
    kept, erased = put(store), applied(store, put(store).cancel(NOW, LATER))
    store.executions.erase(erased.id)
    assert store.executions.not_erased([erased.id, "never", kept.id]) == {kept.id}


class TestErase:
    def test_forgets_program_and_results_and_keeps_the_row(self, store: Store) -> None:
        execution = completed(store, put(store))
        store.executions.erase(execution.id)
        assert store.executions.get(execution.id) == replace(execution, erased=True)
        assert store.executions.submission(execution.id) is None
        assert store.results.get(execution.pod) is None
        assert len(store.executions.events(execution.id)) == 5

    def test_forgets_what_a_door_remembers(self, store: Store) -> None:
        execution = completed(store, put(store, a_submission(door_data="secret")))
        assert execution.door_data == "secret"
        store.executions.erase(execution.id)
        assert store.executions.get(execution.id) == replace(execution, erased=True, door_data=None)

    def test_a_result_that_comes_later_is_not_kept(self, store: Store) -> None:
        execution = applied(store, put(store).cancel(NOW, LATER))
        store.executions.erase(execution.id)
        result = a_result(execution)
        store.results.insert(result)
        assert store.results.get(result.id) is None

    def test_does_nothing_before_the_execution_has_ended(self, store: Store) -> None:
        execution = put(store)
        store.executions.erase(execution.id)
        assert store.executions.get(execution.id) == execution
        assert store.executions.submission(execution.id) is not None


class TestRemoveEndedBefore:
    def test_removes_all_of_an_execution(self, store: Store) -> None:
        execution = completed(store, put(store))
        store.executions.settle(execution)
        store.events_to_relay.mark_relayed(execution.id, execution.version)
        store.usage.mark_folded([execution.id])
        assert len(store.executions.remove_ended_before(NOW + 1, 10)) == 1
        assert store.executions.get(execution.id) is None
        assert store.executions.submission(execution.id) is None
        assert store.results.get(execution.pod) is None
        assert store.executions.events(execution.id) == []

    def test_leaves_what_is_young_unsettled_unrelayed_or_unfinished(self, store: Store) -> None:
        young, unsettled, unrelayed = (completed(store, put(store)) for _ in range(3))
        put(store)
        store.usage.mark_folded([row.id for row in (young, unsettled, unrelayed)])
        for row in (young, unrelayed):
            store.executions.settle(row)
        for row in (young, unsettled):
            store.events_to_relay.mark_relayed(row.id, row.version)
        store.events_to_relay.mark_relayed(unrelayed.id, unrelayed.version - 1)
        assert len(store.executions.remove_ended_before(NOW, 10)) == 0
        assert store.executions.oldest_removable() == NOW
        assert len(store.executions.remove_ended_before(NOW + 1, 10)) == 1
        assert store.executions.get(young.id) is None
        assert store.executions.oldest_removable() is None

    def test_removes_no_more_than_its_limit(self, store: Store) -> None:
        put_removable(store, 3)
        removed: list[str] = []
        while some := store.executions.remove_ended_before(LATER, 2):
            assert len(some) <= 2
            removed += some
        assert len(removed) == len(set(removed)) == 3


@pytest.mark.parametrize("kind", ["memory", "sqlite", "mongo"])
def test_rows_are_values(a_store: Callable[[str], Store], kind: str) -> None:
    """A change to a row that was read does not change the stored row."""
    store = a_store(kind)
    execution = put(store, submission=a_submission(labels={"course": "cs101"}))
    row = store.executions.get(execution.id)
    assert row is not None
    row.labels["course"] = "another"  # type: ignore[index]  # what the test tries
    assert store.executions.get(execution.id) == execution
