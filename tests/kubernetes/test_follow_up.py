"""An attempt whose container was killed for the memory of one run continues in another pod."""

import json
from dataclasses import replace
from typing import Any

from app.domain.report import Limit, Observation, Output, Phase, Report, StageOutput
from app.infrastructure.kubernetes.follow_up import (
    follow_up,
    joined,
    joined_outputs,
    name_of,
)
from app.infrastructure.kubernetes.manifest import (
    AHEAD,
    FOLLOWS,
    LABELS,
    PARTS,
    PodOptions,
    pod_manifest,
)
from app.infrastructure.kubernetes.observation import attempt_of, is_continued, observation_of
from tests.kubernetes.test_observation import END, NOW, STAGE, terminated
from tests.support.kubernetes.cluster import offers
from tests.support.sandbox_daemon import a_pod, a_run

NAME = "01j00000000000000000000001-1"
OFFERS = offers("c=podline/c:12")
OOM = terminated(137, "OOMKilled")
WALL_US = 20_000
"""Of STAGE."""


def stage(number: int, **facts: Any) -> dict[str, Any]:
    return STAGE | {"stage": number} | facts


def an_end(*stages: dict[str, Any], runs: int, left: int) -> dict[str, Any]:
    end = END | {"runs": runs, "left": left, "ended": len(stages), "stages": stages}
    return terminated(message=json.dumps({"end": end}))


def a_first_pod(collector: dict[str, Any], main: dict[str, Any], runs: int = 5) -> dict[str, Any]:
    """As the API server returns it: the manifest, and what the cluster added."""
    (c,) = OFFERS.languages(None)
    pod = a_pod(c, name=NAME, runs=(a_run(),) * runs)
    made = pod_manifest(pod, OFFERS.of(pod), PodOptions(collector_image="podline/pod:1"))
    states = {"collector": collector, "main": main}
    statuses = [{"name": name, "state": state} for name, state in states.items()]
    return {
        **made,
        "metadata": {**made["metadata"], "uid": "u-1", "resourceVersion": "7"},
        "spec": {**made["spec"], "nodeName": "one", "priority": 0, "schedulerName": "default"},
        "status": {"containerStatuses": statuses},
    }


CUT_SHORT = a_first_pod(
    an_end(stage(0), stage(1), stage(3, status=None), runs=3, left=2),
    OOM,
)


def seen(pod: dict[str, Any]) -> Observation:
    observation = observation_of(pod, NOW)
    assert observation
    return observation


def test_one_that_was_killed_for_memory_runs_on() -> None:
    observation = seen(CUT_SHORT)

    assert observation.phase is Phase.RUNNING
    assert is_continued(CUT_SHORT, observation)
    assert observation.report
    first, second, third = observation.report.runs
    assert first
    assert first.exit_code == 0
    assert second is None
    assert third
    assert third.stopped_by is Limit.MEMORY


def test_one_that_was_killed_otherwise_is_a_fault() -> None:
    collector = an_end(stage(1, status=None), runs=1, left=4)

    observation = seen(a_first_pod(collector, terminated(137, "Error")))

    assert observation.phase is Phase.FAULTED
    assert observation.message == "the program's container was ended: Error, code 137"


def test_one_that_was_killed_in_its_last_run_has_ended() -> None:
    pod = a_first_pod(an_end(stage(1, status=None), runs=1, left=0), OOM, runs=1)

    assert seen(pod).phase is Phase.ENDED
    assert not is_continued(pod, seen(pod))


def test_the_pod_that_continues_it_differs_in_its_name_and_where_it_begins() -> None:
    report = seen(CUT_SHORT).report
    assert report

    made = follow_up(CUT_SHORT, 1, report)

    first = {**CUT_SHORT["spec"]}
    del first["nodeName"], first["priority"]
    collector, main = first["containers"]
    used_us = 3 * WALL_US
    command = ["/podline/collector", "3", str(used_us)]
    assert made["spec"] == {**first, "containers": [{**collector, "command": command}, main]}
    assert made["metadata"] == {
        "name": f"{NAME}-1",
        "labels": {**CUT_SHORT["metadata"]["labels"], FOLLOWS: NAME},
        "annotations": {"podline/runs": "5"},
        "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": NAME, "uid": "u-1"}],
    }
    assert attempt_of(made["metadata"]) == attempt_of(CUT_SHORT["metadata"]) == NAME


def test_a_pod_that_was_started_ahead_is_continued_as_a_new_one() -> None:
    """It finds its input in ConfigMaps, and is in no pool."""
    ahead = {**CUT_SHORT, "metadata": {**CUT_SHORT["metadata"], "name": "ahead-1"}}
    ahead["metadata"]["labels"] = {**LABELS, AHEAD: "c-1", FOLLOWS: NAME}
    ahead["metadata"]["annotations"] = {"podline/runs": "5", PARTS: "1"}
    collector, main = CUT_SHORT["spec"]["containers"]
    waits = {**collector, "stdin": True, "stdinOnce": True}
    waits["command"] = ["/podline/collector", "ahead"]
    waits["volumeMounts"] = [each for each in collector["volumeMounts"] if each["name"] != "input"]
    volumes = [each for each in CUT_SHORT["spec"]["volumes"] if each["name"] != "input"]
    ahead["spec"] = {**CUT_SHORT["spec"], "containers": [waits, main], "volumes": volumes}
    report = seen(CUT_SHORT).report
    assert report

    made, new = follow_up(ahead, 1, report), follow_up(CUT_SHORT, 1, report)

    assert made["spec"] == new["spec"]
    (owner,) = made["metadata"]["ownerReferences"]
    assert owner["name"] == "ahead-1"
    assert {**made["metadata"], "annotations": {}, "ownerReferences": []} == {
        **new["metadata"],
        "annotations": {},
        "ownerReferences": [],
    }
    again = follow_up(made, 2, report)
    assert again["spec"]["volumes"] == made["spec"]["volumes"]


def test_the_next_one_counts_the_time_of_both() -> None:
    """But not what it took to compile again."""
    first = seen(CUT_SHORT).report
    assert first
    second = {**follow_up(CUT_SHORT, 1, first)}
    end = an_end(stage(0, wall_us=99_999), stage(4, status=None), runs=4, left=1)
    second["status"] = a_first_pod(end, OOM)["status"]
    report = seen(second).report
    assert report

    third = follow_up(second, 2, report)

    assert third["metadata"]["name"] == name_of(NAME, 2)
    assert third["metadata"]["ownerReferences"][0]["uid"] == "u-1"
    command = third["spec"]["containers"][0]["command"]
    assert command == ["/podline/collector", "4", str(4 * WALL_US)]


def a_report(*walls: int | None) -> Report:
    a_stage = seen(CUT_SHORT).report
    assert a_stage
    (found, *_) = a_stage.runs
    assert found
    return Report(
        compile=found, runs=tuple(replace(found, wall_us=wall) if wall else None for wall in walls)
    )


def an_observation(phase: Phase, report: Report | None = None) -> Observation:
    return Observation(
        name=NAME, phase=phase, started_at=1, ended_at=2, report=report, message="why"
    )


PART = an_observation(Phase.RUNNING, a_report(1, None, 3))


def test_both_are_reported_as_one() -> None:
    rest = replace(an_observation(Phase.ENDED, a_report(None, None, None, 4, None)), started_at=7)

    whole = joined(PART, rest)

    assert whole.phase is Phase.ENDED
    assert (whole.started_at, whole.ended_at) == (1, 2)
    assert whole.report
    assert [run and run.wall_us for run in whole.report.runs] == [1, None, 3, 4, None]


def test_what_has_ended_is_reported_while_the_other_one_runs_or_waits() -> None:
    for rest in (an_observation(Phase.WAITING), an_observation(Phase.RUNNING)):
        whole = joined(PART, rest)
        assert whole.phase is Phase.RUNNING
        assert whole.report == PART.report


def test_a_fault_of_the_other_one_is_the_attempt_s() -> None:
    not_compiled = an_observation(Phase.ENDED, replace(a_report(), runs=()))

    for rest in (None, an_observation(Phase.FAULTED), not_compiled):
        assert joined(PART, rest).phase is Phase.FAULTED


def test_outputs_are_joined_like_reports() -> None:
    a, b = (StageOutput(stdout=text, stderr=b"") for text in (b"a", b"b"))

    whole = joined_outputs(
        Output(compile=a, runs=(a, None)), Output(compile=b, runs=(None, None, b))
    )

    assert whole == Output(compile=a, runs=(a, None, b))
