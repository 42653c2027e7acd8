"""What a Pod object says about an attempt.

The states of its containers decide, not the pod's phase, which follows a second later.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from app.domain.execution import SECOND, Time
from app.domain.report import Limit, Observation, Phase, Report, StageReport
from app.infrastructure.kubernetes.end_record import Broken, End, parse_end
from app.infrastructure.kubernetes.manifest import (
    ARTIFACTS,
    COLLECTOR,
    END,
    FOLLOWS,
    HELD_UP,
    LABELS,
    MAIN,
    RUNS,
)
from app.infrastructure.kubernetes.transcript import Transcript

JsonObject: TypeAlias = Mapping[str, Any]

_ON_THE_WAY: Final = frozenset({"ContainerCreating", "PodInitializing"})
_OUT_OF_MEMORY: Final = "OOMKilled"
_NOT_STARTED: Final = frozenset({"StartError", "ContainerCannotRun"})
_NOT_INIT: Final = frozenset({126, 127})
"""A shell's exit codes if it can't execute a program. init never uses them."""
_SECONDS_TO_HEAR: Final = 10
"""Time in which a collector that noticed main's end is seen to end. The kubelet checks once a
second, and our clock and the node's may differ.
"""


def is_ours(metadata: JsonObject) -> bool:
    labels: Mapping[str, str] = metadata.get("labels", {})
    return LABELS.items() <= labels.items()


def attempt_of(metadata: JsonObject) -> str:
    """Return the name of the attempt that a pod belongs to."""
    labels: Mapping[str, str] = metadata.get("labels", {})
    return labels.get(FOLLOWS, metadata["name"])


def ended(pod: JsonObject) -> bool:
    """Whether both containers have ended, so that nothing of the pod is running."""
    return all("terminated" in _state(pod, name) for name in (COLLECTOR, MAIN))


def runs_of(pod: JsonObject) -> int:
    """Return how often the pod runs its program."""
    return int(pod["metadata"].get("annotations", {}).get(RUNS, 1))


def asks_for_files(pod: JsonObject) -> bool:
    return ARTIFACTS in pod["metadata"].get("annotations", {})


def needs_log(pod: JsonObject) -> bool:
    """Whether only the log says all of how the pod ended."""
    return runs_of(pod) > 1 or asks_for_files(pod)


def observation_of(pod: JsonObject, at: Time, log: Transcript | None = None) -> Observation | None:
    """Return what the pod says now, at the time `at`, and what its log says if that is given.

    None if it has ended and is being deleted, as its output is no longer available. Without the
    log, `report` is None while it runs, and also later if many runs have ended.
    """
    metadata, status = pod["metadata"], pod.get("status", {})
    name = attempt_of(metadata)
    if not is_ours(metadata):
        return faulted(name, "a pod of that name exists but is not Podline's")
    if "deletionTimestamp" in metadata:
        return None if ended(pod) else faulted(name, _why_deleted(status))
    if reason := status.get("reason"):  # Evicted, DeadlineExceeded, NodeLost, OutOfcpu, …
        return faulted(name, f"{reason}: {status.get('message', 'no details')}")
    if early := _announced(pod, log):
        return early
    collector, main = _state(pod, COLLECTOR), _state(pod, MAIN)
    fault = _collector_fault(collector) or _main_fault(main) or _unheard_end(collector, main, at)
    if fault:
        return faulted(name, fault)
    if "terminated" in collector and "terminated" in main:
        return _ended(name, collector["terminated"], main["terminated"], log)
    if _started(collector) and _started(main):
        return Observation(
            name=name,
            phase=Phase.RUNNING,
            started_at=_started_at(main),
            report=log.so_far if log else None,
        )
    return Observation(
        name=name,
        phase=Phase.WAITING,
        message=_waits_for(pod),
        no_room=is_unschedulable(pod),
    )


def early_observation(name: str, message: str, log: Transcript | None) -> Observation | None:
    """Return what an end record says before the containers are seen to end.

    None if the record leaves something to them: why init was lost, or, where init can't count what
    the kernel killed, whether memory was the reason.
    """
    try:
        end = parse_end(message)
    except Broken:
        return None
    if end.stages is None and log and log.end:
        end = log.end
    if not end.is_final:
        return None
    seen = _ended(name, {"message": message}, {}, log)
    return replace(seen, output=log.output) if log else seen


def _announced(pod: JsonObject, log: Transcript | None) -> Observation | None:
    metadata = pod["metadata"]
    message = metadata.get("annotations", {}).get(END)
    if message is None or ended(pod):
        return None
    return early_observation(attempt_of(metadata), message, log)


def without_pod(metadata: JsonObject) -> Observation | None:
    """Return what a ConfigMap without a Pod says."""
    name = metadata["name"]
    if not is_ours(metadata):
        return faulted(name, "a ConfigMap of that name exists but is not Podline's")
    if "ownerReferences" in metadata or "deletionTimestamp" in metadata:
        return None  # its pod existed, and both are being removed
    why = held_up(metadata)
    return Observation(name=name, phase=Phase.WAITING, message=why, no_room=why is not None)


def held_up(metadata: JsonObject) -> str | None:
    """Return why the Pod of a ConfigMap could not be created yet, such as a quota."""
    if "ownerReferences" in metadata or "deletionTimestamp" in metadata:
        return None
    why: str | None = metadata.get("annotations", {}).get(HELD_UP)
    return why


def _why_deleted(status: JsonObject) -> str:
    """Say why the pod was deleted, if it was a drain, a preemption or a lost node.

    https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions
    """
    for condition in status.get("conditions", ()):
        if condition["type"] == "DisruptionTarget" and condition["status"] == "True":
            return f"{condition.get('reason')}: {condition.get('message')}"
    return "its pod was deleted"


def _collector_fault(collector: JsonObject) -> str | None:
    terminated = collector.get("terminated")
    if terminated is None or terminated["exitCode"] == 0:
        return None
    try:
        if said := parse_end(terminated.get("message", "")).fault:
            return said
    except Broken:
        pass  # it was killed before it could report anything
    return f"the collector ended with {terminated.get('reason')}, code {terminated['exitCode']}"


def _main_fault(main: JsonObject) -> str | None:
    """Detect that main ended before it became init, as without a shell; the collector waits on."""
    terminated = main.get("terminated", {})
    reason, code = terminated.get("reason"), terminated.get("exitCode")
    if reason not in _NOT_STARTED and code not in _NOT_INIT:
        return None
    message = terminated.get("message") or "the image needs sh and sleep, and must run init"
    return f"the program's container could not start: {reason}, code {code}: {message}"


def _unheard_end(collector: JsonObject, main: JsonObject, at: Time) -> str | None:
    """Detect that main ended before it connected to the collector, which then waits for it.

    If they had connected, the collector ends at once too, and reports it.
    """
    if "terminated" in collector or "terminated" not in main:
        return None
    finished_at = main["terminated"].get("finishedAt")
    if finished_at and at <= _time(finished_at) + _SECONDS_TO_HEAR * SECOND:
        return None
    return _main_was_ended(main["terminated"])


def _main_was_ended(main: JsonObject) -> str:
    return f"the program's container was ended: {main.get('reason')}, code {main['exitCode']}"


def _ended(
    name: str, collector: JsonObject, main: JsonObject, log: Transcript | None
) -> Observation:
    try:
        end = parse_end(collector.get("message", ""))
    except Broken as error:
        return faulted(name, f"the collector left no end record: {error}")
    if end.stages is None and log and log.end:
        end = log.end
    out_of_memory = main.get("reason") == _OUT_OF_MEMORY
    report = _report(end, out_of_memory=out_of_memory)
    lost = (end.vanished or end.left) and not out_of_memory
    if end.fault or lost or end.began_at is None:
        return faulted(name, end.fault or _main_was_ended(main))
    return Observation(
        name=name,
        phase=Phase.RUNNING if end.left else Phase.ENDED,
        started_at=end.began_at,
        ended_at=None if end.left else end.ended_at,
        report=report,
        collected=log.files.collected if log and log.files else None,
    )


def is_continued(pod: JsonObject, observation: Observation) -> bool:
    """Whether the pod has ended, and another one has to continue its attempt."""
    return observation.phase is Phase.RUNNING and ended(pod)


def _report(end: End, *, out_of_memory: bool) -> Report | None:
    """Add the memory limit if the kubelet says that the kernel killed the program.

    Of several runs it doesn't say which, so that init's own count decides.
    """
    report = end.report
    if report is None or not out_of_memory or len(report.runs) > 1:
        return report
    if report.run:
        return replace(report, runs=(_out_of_memory(report.run),))
    return replace(report, compile=report.compile and _out_of_memory(report.compile))


def _out_of_memory(last: StageReport) -> StageReport:
    if last.stopped_by is None and last.exit_code != 0:
        return replace(last, stopped_by=Limit.MEMORY)
    return last


def _waits_for(pod: JsonObject) -> str | None:
    for name in (COLLECTOR, MAIN):
        waiting = _state(pod, name).get("waiting", {})
        if waiting and waiting.get("reason") not in _ON_THE_WAY:
            return f"{waiting.get('reason')}: {waiting.get('message', 'no details')}"
    for condition in pod.get("status", {}).get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return f"{condition.get('reason')}: {condition.get('message')}"
    return None


def is_unschedulable(pod: JsonObject) -> bool:
    """Whether no node has room for the pod now."""
    conditions = pod.get("status", {}).get("conditions", ())
    return any(
        condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable"
        for condition in conditions
    )


def _state(pod: JsonObject, name: str) -> JsonObject:
    for status in pod.get("status", {}).get("containerStatuses", ()):
        if status["name"] == name:
            found: JsonObject = status["state"]
            return found
    return {}


def _started(state: JsonObject) -> bool:
    return "running" in state or "terminated" in state


def _started_at(state: JsonObject) -> Time:
    return _time((state.get("running") or state["terminated"])["startedAt"])


def _time(text: str) -> Time:
    """Parse a time; the kubelet reports whole seconds only."""
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


def faulted(name: str, message: str) -> Observation:
    return Observation(name=name, phase=Phase.FAULTED, message=message)
