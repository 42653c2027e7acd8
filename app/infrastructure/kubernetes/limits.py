"""What holds each limit in a pod, and what no pod of this cluster can be given."""

from collections.abc import Mapping, Sequence
from typing import Final

from app.domain.errors import RunRefused
from app.domain.pod import Pod
from app.domain.records import HeldLimit, Holder, LimitName
from app.domain.submission import Limits
from sandbox.languages import LanguageSpec

_OWN_PROCESSES: Final = 4
"""Of a pod: the pause container, the collector, init, and one that is on its way."""
_STREAMS: Final = 2
_LOGGED_KIB: Final = 6 * 1024
"""In base64, and with the rest of its lines, below the 10 MiB at which a kubelet begins a new file:
it would give away the older one no more, and with it the output.
"""

HELD: Final[Sequence[HeldLimit]] = (
    HeldLimit(limit=LimitName.WALL, by=Holder.RUNTIME, how="the clock of init"),
    HeldLimit(limit=LimitName.CPU, by=Holder.RUNTIME, how="init, by the CPU time of its tree"),
    HeldLimit(
        limit=LimitName.MEMORY, by=Holder.KERNEL, how="the memory limit of the container's cgroup"
    ),
    HeldLimit(
        limit=LimitName.PROCESSES,
        by=Holder.KERNEL,
        how="RLIMIT_NPROC of a uid that no other pod has, and the node's limit per pod",
    ),
    HeldLimit(
        limit=LimitName.OUTPUT, by=Holder.RUNTIME, how="the collector reads no more than the cap"
    ),
    HeldLimit(limit=LimitName.DISK, by=Holder.KERNEL, how="sizeLimit of a volume in memory"),
    HeldLimit(
        limit=LimitName.INODES,
        by=Holder.KERNEL,
        how="the memory limit of the container's cgroup, which inodes count to",
    ),
)


def accepted(spec: LanguageSpec, pod_pids_limit: int | None) -> dict[str, int]:
    """The most that a stage can have, whatever the other one has; by the names of Limits."""
    stages = 2 if spec.compile else 1
    most = {"output_kib": _LOGGED_KIB // _STREAMS // stages}
    return (
        most if pod_pids_limit is None else most | {"processes": _processes(spec, pod_pids_limit)}
    )


def _processes(spec: LanguageSpec, pod_pids_limit: int) -> int:
    """Which a program can have; 1 where there is room for none, which the cluster then refuses."""
    return max(1, pod_pids_limit - _OWN_PROCESSES - spec.threads)


def refuse_impossible(pod: Pod, spec: LanguageSpec, pod_pids_limit: int | None) -> None:
    """Raises RunRefused, which names the limit."""
    stages = {"limits": pod.limits} | (
        {"compile_limits": pod.compile_limits} if spec.compile else {}
    )
    _refuse_too_much_output(stages)
    if pod_pids_limit is not None:
        _refuse_too_many_processes(stages, _processes(spec, pod_pids_limit))


def _refuse_too_much_output(stages: Mapping[str, Limits]) -> None:
    printed_kib = sum(_STREAMS * limits.output_kib for limits in stages.values())
    if printed_kib > _LOGGED_KIB:
        names = " and ".join(f"{stage}.output_kib" for stage in stages)
        raise RunRefused(
            f"{names} allow {printed_kib} KiB in all, for each stream has its own, and a pod's "
            f"log can hold {_LOGGED_KIB}"
        )


def _refuse_too_many_processes(stages: Mapping[str, Limits], most: int) -> None:
    for stage, limits in stages.items():
        if limits.processes > most:
            raise RunRefused(
                f"{stage}.processes is {limits.processes}, and a pod of this cluster can have "
                f"{most} at most"
            )
