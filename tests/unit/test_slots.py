"""Admission gives out as many slots as the operator set, or as the places can hold if less."""

from dataclasses import replace

from app.domain.execution import State
from app.domain.place import PlaceReport
from app.infrastructure.memory.runtime import Script
from app.service.admission import fill_slots
from app.service.slots import PLACE_FRESH_SECONDS, Slots, slots_of, total_slots
from app.service.sweep import sweep
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker


def report(twins: Twins, slots: int, name: str = "cluster") -> None:
    twins.ports.places.put(PlaceReport(name=name, slots=slots, seen_at=twins.clock()))


def test_a_place_whose_size_never_changes_has_what_the_operator_set(twins: Twins) -> None:
    report(twins, 1)
    assert total_slots(twins.ports) == twins.ports.policy.max_running == 2


def test_places_that_report_have_what_they_report_together() -> None:
    twins = make_twins(max_running=100)
    twins.runtime.room = 4
    assert total_slots(twins.ports) == 4, "nobody has reported yet"
    report(twins, 7)
    assert total_slots(twins.ports) == 7
    report(twins, 30, "another")
    assert total_slots(twins.ports) == 37
    report(twins, 70)
    assert total_slots(twins.ports) == 100, "at most what the operator set"


def test_a_place_that_is_silent_has_none() -> None:
    twins = make_twins(max_running=100)
    twins.runtime.room = 4
    report(twins, 7)
    twins.clock.advance(PLACE_FRESH_SECONDS)
    report(twins, 5, "another")
    assert total_slots(twins.ports) == 12
    twins.clock.advance(0.1)
    assert total_slots(twins.ports) == 5


def test_no_more_are_admitted_than_the_places_hold() -> None:
    twins = make_twins(max_running=10)
    twins.runtime.room = 1
    report(twins, 3)
    twins.runtime.script = lambda _: Script(ends=None)
    rows = [twins.submit() for _ in range(5)]
    Worker(twins.ports).run_all()
    assert slots_of(twins.ports) == Slots(total=3, used=3)
    assert sum(twins.now(row).state is State.QUEUED for row in rows) == 2
    report(twins, 4)
    sweep(twins.ports)
    assert slots_of(twins.ports) == Slots(total=4, used=4)


def test_free_slots_are_never_negative() -> None:
    assert Slots(total=3, used=5).free == 0
    assert Slots(total=3, used=None).free is None


def test_whoever_releases_a_slot_may_begin_what_gets_it() -> None:
    """It has nothing else to do for its own execution."""
    twins = make_twins(max_running=1)
    first, second = twins.submit(), twins.submit()
    Worker(twins.ports).run_all()
    assert twins.now(first).state is twins.now(second).state is State.COMPLETED
    assert twins.pipeline.next_here == {second.id}


def test_whoever_only_fills_free_slots_leaves_that_to_others() -> None:
    twins = make_twins(max_running=0)
    for _ in range(2):
        twins.submit()
    Worker(twins.ports).run_all()
    fill_slots(replace(twins.ports, policy=replace(twins.ports.policy, max_running=2)))
    assert twins.pipeline.next_here == set()
