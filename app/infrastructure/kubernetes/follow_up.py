"""Pods that continue an attempt after the kernel has killed the container of its program.

With version 2 of cgroups, a kubelet has the kernel kill a whole container for the memory of one
process, unless its option `singleProcessOOMKill` is set. Then init is gone, and the runs that are
left need another pod.
"""

from collections.abc import Mapping
from typing import Any, Final

from app.domain.report import Observation, Output, Phase, Report
from app.infrastructure.kubernetes import inside
from app.infrastructure.kubernetes.ahead import is_ahead
from app.infrastructure.kubernetes.manifest import (
    COLLECTOR,
    FOLLOWS,
    LABELS,
    PARTS,
    owner,
    with_input,
)
from app.infrastructure.kubernetes.observation import attempt_of

JsonObject = Mapping[str, Any]

_OWN: Final = frozenset({"nodeName", "priority", "preemptionPolicy"})
"""Fields of a pod's specification that the cluster decides for each pod."""


def name_of(attempt: str, number: int) -> str:
    return f"{attempt}-{number}"


def follow_up(pod: JsonObject, number: int, report: Report) -> dict[str, Any]:
    """Return the manifest of the pod that continues this one, which ended with that report.

    It has the same input, of which its collector leaves out the runs that have ended.
    """
    metadata, spec = pod["metadata"], pod["spec"]
    attempt = attempt_of(metadata)
    if is_ahead(metadata):
        spec = with_input(spec, attempt, int(metadata["annotations"][PARTS]))
    command = [*inside.COLLECTOR_COMMAND, str(len(report.runs)), str(_used_us(pod, report))]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name_of(attempt, number),
            "labels": {**LABELS, FOLLOWS: attempt},
            "annotations": metadata["annotations"],
            "ownerReferences": metadata.get("ownerReferences") or [owner(pod)],
        },
        "spec": {
            **{field: value for field, value in spec.items() if field not in _OWN},
            "containers": [
                {**container, "command": command} if container["name"] == COLLECTOR else container
                for container in spec["containers"]
            ],
        },
    }


def _used_us(pod: JsonObject, report: Report) -> int:
    """Return the wall time of all stages so far. Only the first pod's compiling counts."""
    (collector,) = (each for each in pod["spec"]["containers"] if each["name"] == COLLECTOR)
    earlier = (
        [] if is_ahead(pod["metadata"]) else collector["command"][len(inside.COLLECTOR_COMMAND) :]
    )
    stages = report.runs if earlier else (report.compile, *report.runs)
    return sum(int(used) for used in earlier[1:]) + sum(stage.wall_us for stage in stages if stage)


def joined(part: Observation, rest: Observation | None) -> Observation:
    """Return what a pod and those that continue it say together."""
    if rest is None or rest.phase is Phase.FAULTED:
        why = rest.message if rest else "it was deleted"
        return Observation(
            name=part.name, phase=Phase.FAULTED, message=f"the pod that continues it: {why}"
        )
    if rest.phase is Phase.WAITING:
        return part
    if rest.phase is Phase.ENDED and rest.report and not rest.report.runs:
        message = "the pod that continues it could not compile the program again"
        return Observation(name=part.name, phase=Phase.FAULTED, message=message)
    return Observation(
        name=part.name,
        phase=rest.phase,
        started_at=part.started_at,
        ended_at=rest.ended_at,
        report=_joined_reports(part.report, rest.report),
    )


def _joined_reports(part: Report | None, rest: Report | None) -> Report | None:
    if part is None or rest is None:
        return part
    return Report(compile=part.compile, runs=part.runs + rest.runs[len(part.runs) :])


def joined_outputs(part: Output, rest: Output) -> Output:
    return Output(compile=part.compile, runs=part.runs + rest.runs[len(part.runs) :])
