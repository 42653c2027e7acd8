"""What the states of a pod's containers mean."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.execution import SECOND, Time
from app.domain.report import Limit, Observation, Phase
from app.infrastructure.kubernetes.manifest import AHEAD, FOLLOWS, HELD_UP, LABELS
from app.infrastructure.kubernetes.manifest import END as END_ANNOTATION
from app.infrastructure.kubernetes.observation import (
    early_observation,
    ended,
    observation_of,
    without_pod,
)
from app.infrastructure.kubernetes.transcript import parse_transcript

NAME = "01j00000000000000000000001-1"
AT = {"startedAt": "2026-01-02T02:54:05Z"}
FINISHED = {"finishedAt": "2026-01-02T02:54:07Z"}
NOW = int(datetime(2026, 1, 2, 2, 54, 8, tzinfo=UTC).timestamp()) * SECOND
STARTED = {"running": AT}
CREATING = {"waiting": {"reason": "ContainerCreating"}}
STAGE = {
    "stage": 1,
    "status": 0,
    "wall_us": 20_000,
    "cpu_us": 18_000,
    "peak_kib": 9_000,
    "stopped_by": None,
    "frames": 1,
    "stdout_truncated": False,
    "stderr_truncated": False,
}
EXITED_3 = 3 << 8
END = {"began_us": 1_000_000, "ended_us": 2_000_000, "left": 0}


def end_record(*others: dict[str, Any], **run: Any) -> str:
    """Of one run with these facts, and those after it."""
    stages = [STAGE | run, *(STAGE | {"stage": 2 + i} | each for i, each in enumerate(others))]
    return json.dumps({"end": END | {"runs": len(stages), "ended": len(stages), "stages": stages}})


def terminated(code: int = 0, reason: str = "Completed", message: str = "") -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, "message": message} | AT | FINISHED}


def a_pod(
    collector: dict[str, Any] | None = None, main: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """A Pod object with its containers in these states."""
    states = {"collector": collector, "main": main}
    statuses = [{"name": name, "state": state} for name, state in states.items() if state]
    status = {"phase": "Running", "containerStatuses": statuses} | more
    return {"metadata": {"name": NAME, "labels": dict(LABELS)}, "status": status}


def seen(pod: dict[str, Any], at: Time = NOW) -> Observation:
    observation = observation_of(pod, at)
    assert observation
    return observation


ENDED = a_pod(terminated(message=end_record()), terminated())


@pytest.mark.parametrize(
    ("pod", "phase"),
    [
        (a_pod(), Phase.WAITING),
        (a_pod(CREATING, CREATING), Phase.WAITING),
        (a_pod(STARTED, CREATING), Phase.WAITING),
        (a_pod(CREATING, STARTED), Phase.WAITING),
        (a_pod(STARTED, STARTED), Phase.RUNNING),
        (a_pod(STARTED, terminated()), Phase.RUNNING),
        (a_pod(terminated(message=end_record()), STARTED), Phase.RUNNING),
        (ENDED, Phase.ENDED),
    ],
)
def test_it_has_ended_when_both_containers_have(pod: dict[str, Any], phase: Phase) -> None:
    assert seen(pod).phase is phase
    assert ended(pod) is (phase is Phase.ENDED)


def test_times_and_report_are_those_of_the_end_record() -> None:
    observation = seen(ENDED)

    assert (observation.started_at, observation.ended_at) == (1_000_000, 2_000_000)
    assert observation.report
    assert observation.report.run
    assert observation.report.run.exit_code == 0
    assert observation.report.run.wall_us == 20_000


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("ErrImageNeverPull", "image is not present with pull policy of Never"),
        ("ImagePullBackOff", "Back-off pulling image"),
        ("CreateContainerConfigError", "no such thing"),
    ],
)
def test_one_that_can_not_start_says_why(reason: str, message: str) -> None:
    held_up = {"waiting": {"reason": reason, "message": message}}

    for pod in (a_pod(held_up, CREATING), a_pod(STARTED, held_up)):
        assert seen(pod).phase is Phase.WAITING
        assert seen(pod).message == f"{reason}: {message}"


def test_one_without_a_node_says_why() -> None:
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/1 nodes are available: 1 Insufficient memory.",
    }

    observation = seen(a_pod(conditions=[condition]))

    assert observation.phase is Phase.WAITING
    assert observation.message
    assert observation.message.startswith("Unschedulable: 0/1 nodes")


@pytest.mark.parametrize("reason", ["Evicted", "DeadlineExceeded", "NodeLost", "OutOfmemory"])
def test_what_the_cluster_ended_is_no_verdict(reason: str) -> None:
    """Regardless of its containers."""
    states = [(None, None), (terminated(137, "Error"), terminated(137, "Error"))]
    for collector, main in states:
        observation = seen(a_pod(collector, main, phase="Failed", reason=reason, message="why"))

        assert observation.phase is Phase.FAULTED
        assert observation.message == f"{reason}: why"


@pytest.mark.parametrize("main", [STARTED, terminated(137, "Error")])
def test_a_collector_that_was_killed_is_a_fault(main: dict[str, Any]) -> None:
    observation = seen(a_pod(terminated(137, "OOMKilled"), main))

    assert observation.phase is Phase.FAULTED
    assert observation.message == "the collector ended with OOMKilled, code 137"


@pytest.mark.parametrize("collector", [STARTED, terminated(message=end_record())])
@pytest.mark.parametrize(("code", "reason"), [(128, "StartError"), (127, "Error"), (126, "Error")])
def test_a_program_s_container_that_never_was_init_is_a_fault_at_once(
    code: int, reason: str, collector: dict[str, Any]
) -> None:
    """Its collector would wait for init until the pod's deadline."""
    observation = seen(a_pod(collector, terminated(code, reason, 'exec: "/bin/sh": no such file')))

    assert observation.phase is Phase.FAULTED
    assert observation.message
    assert observation.message.endswith('exec: "/bin/sh": no such file')


@pytest.mark.parametrize("collector", [None, CREATING, STARTED])
@pytest.mark.parametrize(
    ("code", "reason"), [(137, "Error"), (137, "OOMKilled"), (0, "Completed"), (1, "Error")]
)
def test_a_program_s_container_whose_end_the_collector_does_not_hear_of_is_a_fault(
    code: int, reason: str, collector: dict[str, Any] | None
) -> None:
    """The collector never met init. After they met, it ends within moments and reports the end."""
    pod = a_pod(collector, terminated(code, reason))

    assert seen(pod, NOW + 8 * SECOND).phase in (Phase.WAITING, Phase.RUNNING)
    later = seen(pod, NOW + 10 * SECOND)
    assert later.phase is Phase.FAULTED
    assert later.message == f"the program's container was ended: {reason}, code {code}"


def test_a_program_s_container_of_which_nothing_more_is_known_is_a_fault() -> None:
    """As after a restart of the node: the time of its end is unknown."""
    unknown = {"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}}

    assert seen(a_pod(STARTED, unknown)).phase is Phase.FAULTED


def test_a_collector_that_says_what_was_wrong_is_believed() -> None:
    said = json.dumps({"end": {"fault": "init failed to execute: No such file or directory"}})

    observation = seen(a_pod(terminated(1, "Error", said), STARTED))

    assert observation.phase is Phase.FAULTED
    assert observation.message == "init failed to execute: No such file or directory"


@pytest.mark.parametrize("message", ["", "{", '{"end": {}}', "rm -rf /"])
def test_without_an_end_record_there_is_no_verdict(message: str) -> None:
    assert seen(a_pod(terminated(message=message), terminated())).phase is Phase.FAULTED


def test_a_program_that_the_kernel_killed_for_memory() -> None:
    """init was killed with it, so its status is unknown, and the kubelet's report decides."""
    vanished = terminated(message=end_record(status=None))

    killed = seen(a_pod(vanished, terminated(137, "OOMKilled")))
    assert killed.phase is Phase.ENDED
    assert killed.report
    assert killed.report.run
    assert killed.report.run.stopped_by is Limit.MEMORY
    assert killed.report.run.signal == "SIGKILL"

    other = seen(a_pod(vanished, terminated(137, "Error")))
    assert other.phase is Phase.FAULTED


@pytest.mark.parametrize(
    ("status", "stopped_by"), [(EXITED_3, Limit.MEMORY), (0, None)], ids=["fails", "gets over it"]
)
def test_a_program_whose_child_was_killed_for_memory(status: int, stopped_by: Limit | None) -> None:
    record = terminated(message=end_record(status=status))

    report = seen(a_pod(record, terminated(0, "OOMKilled"))).report

    assert report
    assert report.run
    assert report.run.stopped_by is stopped_by


@pytest.mark.parametrize(
    ("status", "stopped_by"), [(EXITED_3, Limit.MEMORY), (0, None)], ids=["fails", "succeeds"]
)
def test_a_compiler_whose_child_was_killed_for_memory(
    status: int, stopped_by: Limit | None
) -> None:
    compiled = STAGE | {"stage": 0, "status": status}
    message = json.dumps({"end": END | {"runs": 0, "ended": 1, "stages": [compiled]}})

    report = seen(a_pod(terminated(message=message), terminated(0, "OOMKilled"))).report

    assert report
    assert report.compile
    assert report.compile.stopped_by is stopped_by


def test_a_limit_that_came_first_stays_the_reason() -> None:
    record = terminated(message=end_record(status=9, stopped_by="wall_seconds"))

    report = seen(a_pod(record, terminated(137, "OOMKilled"))).report

    assert report
    assert report.run
    assert report.run.stopped_by is Limit.WALL


def test_one_that_is_being_deleted() -> None:
    for pod, phase in [(a_pod(STARTED, STARTED), Phase.FAULTED), (a_pod(), Phase.FAULTED)]:
        pod["metadata"]["deletionTimestamp"] = "2026-01-02T02:54:05Z"
        assert seen(pod).phase is phase
    gone = a_pod(terminated(message=end_record()), terminated())
    gone["metadata"]["deletionTimestamp"] = "2026-01-02T02:54:05Z"
    assert observation_of(gone, NOW) is None


def test_a_pod_that_is_none_of_ours_is_a_fault() -> None:
    pod = a_pod(STARTED, STARTED)
    pod["metadata"]["labels"] = {"app": "theirs"}

    assert seen(pod).phase is Phase.FAULTED


def test_an_input_without_a_pod_waits_and_says_why() -> None:
    metadata = {"name": NAME, "labels": dict(LABELS)}
    assert without_pod(metadata) == Observation(name=NAME, phase=Phase.WAITING)

    why = {"annotations": {HELD_UP: "exceeded quota: sandboxes"}}
    observation = without_pod(metadata | why)
    assert observation
    assert observation.message == "exceeded quota: sandboxes"


def test_an_input_whose_pod_was_there_is_nothing_any_more() -> None:
    metadata = {"name": NAME, "labels": dict(LABELS)}

    assert without_pod(metadata | {"ownerReferences": [{"kind": "Pod"}]}) is None
    assert without_pod(metadata | {"deletionTimestamp": "2026-01-02T02:54:05Z"}) is None


def test_an_input_that_is_none_of_ours_is_a_fault() -> None:
    observation = without_pod({"name": NAME, "labels": {}})

    assert observation
    assert observation.phase is Phase.FAULTED


def test_one_that_is_evicted_says_by_whom() -> None:
    scheduled = {"type": "PodScheduled", "status": "True"}
    target = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }
    pod = a_pod(STARTED, STARTED, conditions=[scheduled, target])
    pod["metadata"]["deletionTimestamp"] = "2026-01-02T02:54:05Z"

    assert seen(pod).phase is Phase.FAULTED
    assert seen(pod).message == "EvictionByEvictionAPI: Eviction API: evicting"


def record(*, counts_kills: bool = True, left: int = 0, **run: Any) -> str:
    end = json.loads(end_record(**run))
    end["end"] |= {"counts_kills": counts_kills, "left": left}
    return json.dumps(end)


EARLY = [
    (record(), True),
    (record(status=EXITED_3), True),
    (record(status=9), True),
    (record(status=9, counts_kills=False), False),
    (record(status=EXITED_3, counts_kills=False), False),
    (record(counts_kills=False), True),
    (record(status=9, stopped_by="wall_seconds", counts_kills=False), True),
    (record(left=1), False),
    (record(status=None), False),
    (json.dumps({"end": END | {"runs": 9, "ended": 9, "stages": None}}), False),
    (json.dumps({"end": {"fault": "init failed to fork"}}), True),
    ("", False),
]
"""End records, and whether they are final before the containers are seen to end."""


@pytest.mark.parametrize(("message", "is_final"), EARLY)
def test_an_end_record_is_the_verdict_unless_only_the_cluster_knows_the_rest(
    message: str, *, is_final: bool
) -> None:
    """Only the cluster knows why init was lost; and, without the kernel's count, of a kill."""
    early = early_observation(NAME, message, None)
    pod = a_pod(STARTED, STARTED)
    pod["metadata"]["annotations"] = {END_ANNOTATION: message}

    assert (early is not None) == is_final
    assert seen(pod) == (early or seen(a_pod(STARTED, STARTED)))
    if early and early.phase is Phase.ENDED:
        main = terminated(1, "Error")
        assert early == seen(a_pod(terminated(message=message), main))


def test_a_pod_that_was_started_ahead_has_the_name_of_its_attempt() -> None:
    pod = a_pod(STARTED, STARTED)
    pod["metadata"] |= {"name": "ahead-1", "labels": LABELS | {AHEAD: "x", FOLLOWS: NAME}}

    assert seen(pod).name == NAME


def test_a_record_that_is_too_long_is_final_with_its_log() -> None:
    """Of many runs, the record leaves out how each ended; the log has that."""
    count = 20
    stages = [STAGE | {"stage": number, "frames": 0} for number in range(1, count + 1)]
    end = END | {"runs": count, "ended": count, "counts_kills": True, "stages": None}
    lines = [json.dumps({"ended": stage}) for stage in stages] + [json.dumps({"end": end})]
    log = parse_transcript("".join(f"{line}\n" for line in lines).encode())

    early = early_observation(NAME, lines[-1], log)

    assert early
    assert early.phase is Phase.ENDED
    assert early.report
    assert len(early.report.runs) == count
    assert early.output == log.output
    assert early_observation(NAME, lines[-1], None) is None
    cut_off = parse_transcript("".join(f"{line}\n" for line in lines[1:]).encode())
    assert early_observation(NAME, lines[-1], cut_off) is None
