"""What enforces each limit in a pod, and which limits a pod in this cluster can't have."""

from collections.abc import Mapping, Sequence
from typing import Final

from app.domain.errors import RunRefused
from app.domain.language import HeldLimit, Holder, LimitName
from app.domain.pod import Pod
from app.domain.submission import Limits
from sandbox.languages import LanguageSpec

_OWN_PROCESSES: Final = 4
"""A pod's own processes: the pause container, the collector, init, and one that is starting."""
_STREAMS: Final = 2
_LOGGED_KIB: Final = 5 * 1024
"""With base64 and JSON, this stays below the 10 MiB at which a kubelet rotates a log: it no longer
returns the older file, and the output in it would be lost. The collector has the same limit for the
sum of all runs.
"""

MAX_ARTIFACT_BYTES: Final = _LOGGED_KIB * 1024
"""Less what the program prints."""
MAX_INPUT_BYTES: Final = 3 * 1024 * 1024
"""With what each run has of its own besides, this stays below the 4 MiB that a pod's input may be.
"""

HELD: Final[Sequence[HeldLimit]] = (
    HeldLimit(limit=LimitName.WALL, by=Holder.RUNTIME, how="init's clock"),
    HeldLimit(limit=LimitName.CPU, by=Holder.RUNTIME, how="init, by the CPU time of all processes"),
    HeldLimit(
        limit=LimitName.MEMORY, by=Holder.KERNEL, how="the memory limit of the container's cgroup"
    ),
    HeldLimit(
        limit=LimitName.PROCESSES,
        by=Holder.KERNEL,
        how="RLIMIT_NPROC of a uid that no other pod has, and the node's limit per pod",
    ),
    HeldLimit(
        limit=LimitName.OUTPUT,
        by=Holder.RUNTIME,
        how="the collector, which stops reading at the limit",
    ),
    HeldLimit(limit=LimitName.DISK, by=Holder.KERNEL, how="sizeLimit of a volume in memory"),
    HeldLimit(
        limit=LimitName.INODES,
        by=Holder.KERNEL,
        how="the memory limit of the container's cgroup, which includes inodes",
    ),
)


def accepted(spec: LanguageSpec, pod_pids_limit: int | None) -> dict[str, int]:
    """Return the most that a stage can have, whatever the other one has, by limit."""
    stages = 2 if spec.compile else 1
    most = {"output_kib": _LOGGED_KIB // _STREAMS // stages}
    return (
        most if pod_pids_limit is None else most | {"processes": _processes(spec, pod_pids_limit)}
    )


def _processes(spec: LanguageSpec, pod_pids_limit: int) -> int:
    """Return how many processes a program can have, but at least 1, even if there is no room."""
    return max(1, pod_pids_limit - _OWN_PROCESSES - spec.threads)


def refuse_impossible(pod: Pod, spec: LanguageSpec, pod_pids_limit: int | None) -> None:
    """Raise RunRefused, with the limit's name, if the pod asks for more than a pod can have."""
    if pod.input_bytes > MAX_INPUT_BYTES:
        raise RunRefused(
            f"tests: the files and inputs of all tests have {pod.input_bytes} bytes, but a pod in "
            f"this cluster can have at most {MAX_INPUT_BYTES}"
        )
    compile_stage = {"compile_limits": pod.compile_limits} if spec.compile else {}
    for name, limits in _limits_of_runs(pod).items():
        stages = {name: limits} | compile_stage
        _refuse_too_much_output(stages)
        if pod_pids_limit is not None:
            _refuse_too_many_processes(stages, _processes(spec, pod_pids_limit))


def _limits_of_runs(pod: Pod) -> dict[str, Limits]:
    if len(pod.runs) == 1:
        return {"limits": pod.runs[0].limits}
    return {f"tests[{number}].limits": run.limits for number, run in enumerate(pod.runs)}


def _refuse_too_much_output(stages: Mapping[str, Limits]) -> None:
    printed_kib = sum(_STREAMS * limits.output_kib for limits in stages.values())
    if printed_kib > _LOGGED_KIB:
        names = " and ".join(f"{stage}.output_kib" for stage in stages)
        raise RunRefused(
            f"{names} allow {printed_kib} KiB in total, as each stream has its own limit, but a "
            f"pod's log can hold only {_LOGGED_KIB} KiB"
        )


def _refuse_too_many_processes(stages: Mapping[str, Limits], most: int) -> None:
    for stage, limits in stages.items():
        if limits.processes > most:
            raise RunRefused(
                f"{stage}.processes is {limits.processes}, but a pod in this cluster can have at "
                f"most {most}"
            )
