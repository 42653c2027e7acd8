"""The seed alone decides what a run does."""

from collections import Counter

import pytest

from tests.chaos import hosts, up
from tests.chaos.plan import OWNERS, Cancel, FaultKind, Follow, make_plan
from tests.chaos.programs import KINDS

FAULTS = {
    "kill": FaultKind(1),
    "stop": FaultKind(3, (1, 4)),
    "kill everything": FaultKind(1, alone=True),
    "stop everything": FaultKind(1, (1, 4), alone=True),
}


def test_the_same_seed_makes_the_same_plan() -> None:
    assert make_plan(7, 300, 20, FAULTS) == make_plan(7, 300, 20, FAULTS)
    assert make_plan(7, 300, 20, FAULTS) != make_plan(8, 300, 20, FAULTS)


def test_the_faults_change_nothing_about_the_load() -> None:
    assert make_plan(7, 300, 20, FAULTS).works == make_plan(7, 300, 3, FAULTS).works


@pytest.mark.parametrize("executions", [1, 13, 1000])
def test_it_has_as_many_programs_and_faults_as_asked_for(executions: int) -> None:
    plan = make_plan(1, executions, 5, FAULTS)
    samples = [sample for work in plan.works for sample in work.samples]
    assert [sample.number for sample in samples] == list(range(executions))
    assert plan.executions == executions
    assert len(plan.faults) == 5


def test_the_load_is_mixed() -> None:
    plan = make_plan(1, 3000, 0, FAULTS)
    samples = [sample for work in plan.works for sample in work.samples]
    assert {sample.kind for sample in samples} == KINDS.keys()
    assert {work.owner for work in plan.works} == set(range(OWNERS))
    assert {work.follow for work in plan.works} == set(Follow)
    assert {work.cancel for work in plan.works} == {None, *Cancel}
    assert {work.is_batch for work in plan.works} == {False, True}
    assert 0.2 < sum(sample.callback for sample in samples) / len(samples) < 0.4


def test_faults_are_spread_over_the_load_and_last_as_their_kind_says() -> None:
    plan = make_plan(1, 1000, 99, FAULTS)
    moments = [fault.after for fault in plan.faults]
    assert moments == sorted(moments)
    assert (moments[0], moments[-1]) == (10, 990)
    assert all((1 <= f.seconds <= 4) == f.name.startswith("stop") for f in plan.faults)
    counted = Counter(fault.name for fault in plan.faults)
    assert counted["stop"] > counted["kill"] > 0


def test_some_faults_that_last_meet_one_that_happens() -> None:
    plan = make_plan(1, 1000, 99, FAULTS)
    assert {(f.name, f.meanwhile) for f in plan.faults} == {
        ("kill", None),
        ("stop", None),
        ("stop", "kill"),
        ("kill everything", None),
        ("stop everything", None),
    }
    assert {f.meanwhile for f in make_plan(1, 9, 99, FAULTS, meanwhile=0).faults} == {None}


@pytest.mark.parametrize("kinds", [up.KINDS, hosts.KINDS], ids=["up", "hosts"])
def test_a_part_has_every_kind_of_fault(kinds: dict[str, FaultKind]) -> None:
    plan = make_plan(1, 5000, 400, kinds)
    assert {fault.name for fault in plan.faults} == kinds.keys()
