"""What holds each limit in a pod, and what no pod of this cluster can be given."""

from collections.abc import Sequence
from typing import Final

from app.domain.errors import RunRefused
from app.domain.pod import Pod
from app.domain.records import HeldLimit, Holder, LimitName
from app.languages import LanguageSpec

_OWN_PROCESSES: Final = 4
"""Of a pod: the pause container, the collector, init, and one that is on its way."""

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


def refuse_impossible(pod: Pod, spec: LanguageSpec, pod_pids_limit: int | None) -> None:
    """Raises RunRefused, which names the limit."""
    if pod_pids_limit is None:
        return
    most = pod_pids_limit - _OWN_PROCESSES - spec.threads
    stages = {"limits": pod.limits} | (
        {"compile_limits": pod.compile_limits} if spec.compile else {}
    )
    for stage, limits in stages.items():
        if limits.processes > most:
            raise RunRefused(
                f"{stage}.processes is {limits.processes}, and a pod of this cluster can have "
                f"{most} at most"
            )
