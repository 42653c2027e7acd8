"""An attempt for whose pod there is no room gives its slot back, and costs nothing."""

import pytest

from app.domain.execution import SECOND, Execution, State
from app.domain.place import PlaceReport
from app.domain.submission import Priority
from app.infrastructure.memory.runtime import Script
from app.service.admission import admit
from app.service.monitor import poll
from app.service.reporting import REPORT_SECONDS, PlaceReporter
from app.service.sweep import SLOT_GRACE_SECONDS, sweep
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

NO_ROOM = Script(no_room=True)
RUNS = Script(ends=None)


def twins_of(room: int, max_running: int = 10) -> Twins:
    twins = make_twins(max_running=max_running)
    report(twins, room)
    return twins


def report(twins: Twins, room: int) -> None:
    twins.runtime.room = room
    twins.ports.places.put(PlaceReport(name="cluster", slots=room, seen_at=twins.clock()))


def submitted(twins: Twins, *scripts: Script) -> list[Execution]:
    """An execution for each script, in pods that exist if there are slots."""
    rows = []
    for script in scripts:
        twins.runtime.script = lambda _, script=script: script  # type: ignore[misc]  # of this turn
        rows.append(twins.submit())
        Worker(twins.ports).run_all()
        twins.clock.advance(0.1)
    return [twins.now(row) for row in rows]


def test_its_slot_is_free_and_its_place_in_the_queue_is_the_same() -> None:
    twins = twins_of(room=3)
    runs, refused, later = submitted(twins, RUNS, NO_ROOM, RUNS)
    assert (refused.state, refused.attempt) == (State.STARTING, 1)
    assert refused.message == "Unschedulable: no node", "long before its start deadline"
    report(twins, 2)

    assert poll(twins.ports, refused.id) is False
    given_back = twins.now(refused)
    assert (given_back.state, given_back.attempt) == (State.QUEUED, 0)
    assert given_back.message == "Unschedulable: no node"
    assert given_back.next_action_at == twins.clock() + 10 * SECOND
    assert twins.runtime.list_pods() == [runs.pod, later.pod]
    assert (twins.admission.slots_used(), twins.admission.length()) == (2, 1)
    newest = twins.submit()
    Worker(twins.ports).run_all()
    assert twins.admission.queue_position(given_back.id) == 1
    assert twins.admission.queue_position(newest.id) == 2

    twins.runtime.end(runs.pod)
    twins.pipeline.start(runs.id, State.RUNNING)
    Worker(twins.ports).run_all()
    again = twins.now(refused)
    assert (again.state, again.attempt, again.pod) == (State.RUNNING, 1, refused.pod)
    assert twins.now(newest).state is State.QUEUED


def test_it_waits_while_no_more_slots_are_held_than_there_are() -> None:
    """The last one keeps its slot: a scheduler, or who adds nodes, must know of it."""
    twins = twins_of(room=2)
    (refused,) = submitted(twins, NO_ROOM)
    report(twins, 1)
    assert poll(twins.ports, refused.id) is False
    assert twins.now(refused).state is State.STARTING

    twins.clock.advance(61)
    report(twins, 1)
    assert poll(twins.ports, refused.id) is False
    spent = twins.now(refused)
    assert (spent.state, spent.attempt, spent.message) == (
        State.QUEUED,
        1,
        "Unschedulable: no node",
    )


@pytest.mark.parametrize("script", [Script(starts=False), RUNS])
def test_one_that_has_a_node_keeps_its_slot(script: Script) -> None:
    twins = twins_of(room=2)
    first, second = submitted(twins, script, script)
    report(twins, 1)
    assert poll(twins.ports, second.id) is False
    assert twins.now(first).attempt == twins.now(second).attempt == 1
    assert twins.admission.slots_used() == 2


def test_two_polls_give_back_once() -> None:
    twins = twins_of(room=2)
    submitted(twins, NO_ROOM, NO_ROOM)
    refused, _ = (twins.store.executions.get(id) for id in twins.admission.slots(2**62, 9))
    assert refused
    report(twins, 1)
    poll(twins.ports, refused.id)
    poll(twins.ports, refused.id)
    assert twins.now(refused).attempt == 0
    assert twins.admission.slots_used() == 1


def test_a_slot_that_became_the_next_attempt_s_while_its_pod_was_deleted_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sweep frees lost slots, and a cluster takes seconds to delete a pod."""
    twins = twins_of(room=2)
    _, refused = submitted(twins, RUNS, NO_ROOM)
    delete = twins.runtime.delete

    def slowly(name: str) -> None:
        monkeypatch.undo()
        delete(name)
        report(twins, 2)
        twins.clock.advance(SLOT_GRACE_SECONDS + 1)
        sweep(twins.ports)
        assert not admit(twins.ports, twins.submit(priority=Priority.CRITICAL).id)

    monkeypatch.setattr(twins.runtime, "delete", slowly)
    report(twins, 1)
    poll(twins.ports, refused.id)
    assert twins.now(refused).state is State.ADMITTED
    assert refused.id in twins.admission.slots(2**62, 9)
    assert (twins.admission.slots_used(), twins.admission.length()) == (2, 1)


def test_a_reporter_admits_more_once_there_is_more_room() -> None:
    twins = twins_of(room=1)
    rows = submitted(twins, RUNS, RUNS, RUNS)
    reporter = PlaceReporter(twins.ports)
    reporter.report()
    twins.runtime.room = 3
    reporter.report()
    Worker(twins.ports).run_all()
    assert {twins.now(row).state for row in rows} == {State.RUNNING}


def test_a_reporter_reports_news_at_once_and_the_same_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    twins = twins_of(room=5)
    seconds = [100.0]
    monkeypatch.setattr("app.service.reporting.monotonic", lambda: seconds[0])
    reporter = PlaceReporter(twins.ports)

    def reported() -> list[tuple[int, int]]:
        reporter.report()
        return [(place.slots, place.seen_at) for place in twins.ports.places.since(0)]

    first = twins.clock()
    assert reported() == [(5, first)]
    twins.clock.advance(1)
    assert reported() == [(5, first)]
    seconds[0] += REPORT_SECONDS
    assert reported() == [(5, twins.clock())]
    twins.clock.advance(1)
    twins.runtime.room = 4
    assert reported() == [(4, twins.clock())]


def test_a_reporter_survives_what_is_unavailable_and_reports_it_later() -> None:
    twins = twins_of(room=1)
    (row, _) = submitted(twins, RUNS, RUNS)
    reporter = PlaceReporter(twins.ports)
    reporter.report()
    twins.runtime.unavailable = True
    twins.runtime.room = 2
    reporter.report()
    assert [place.slots for place in twins.ports.places.since(0)] == [2]
    twins.runtime.unavailable = False
    sweep(twins.ports)
    assert twins.now(row).state is State.RUNNING


def test_a_place_whose_size_never_changes_reports_nothing(twins: Twins) -> None:
    PlaceReporter(twins.ports).report()
    assert twins.ports.places.since(0) == []
