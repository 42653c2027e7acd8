"""Which limits there are, and what enforces each of them on this host."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sandbox.metering.meter import Ground
from sandbox.wire.types import HeldLimit, Holder, LimitName

_EVERYWHERE: Final[Mapping[LimitName, tuple[Holder, str]]] = {
    LimitName.WALL: (Holder.RUNTIME, "init's clock, and 2 s later the daemon's"),
    LimitName.PROCESSES: (Holder.KERNEL, "RLIMIT_NPROC"),
    LimitName.OUTPUT: (Holder.RUNTIME, "the daemon stops reading at the limit"),
    LimitName.DISK: (Holder.KERNEL, "size of a file system in memory"),
    LimitName.INODES: (Holder.KERNEL, "nr_inodes of that file system, one per 4 KiB"),
}
_BY_GROUND: Final[Mapping[Ground, Mapping[LimitName, tuple[Holder, str]]]] = {
    Ground.CGROUP_1: {
        LimitName.CPU: (Holder.RUNTIME, "cpuacct.usage of cgroup version 1"),
        LimitName.MEMORY: (Holder.KERNEL, "memory.limit_in_bytes of cgroup version 1"),
    },
    Ground.CGROUP_2: {
        LimitName.CPU: (Holder.RUNTIME, "cpu.stat of cgroup version 2"),
        LimitName.MEMORY: (Holder.KERNEL, "memory.max of cgroup version 2"),
        LimitName.PROCESSES: (Holder.KERNEL, "RLIMIT_NPROC, and pids.max of cgroup version 2"),
    },
    Ground.PROCESSES: {
        LimitName.CPU: (Holder.RUNTIME, "CPU times of all processes in /proc"),
        LimitName.MEMORY: (Holder.RUNTIME, "memory of all processes in /proc, every 5 ms"),
    },
}


class LimitNotHeld(RuntimeError):
    """A limit is not enforced here, and nobody allowed that."""


def held(ground: Ground, broken: Mapping[LimitName, str]) -> Sequence[HeldLimit]:
    """Return every limit, in order. `broken` has what was seen of those that failed the trial."""
    holders = {**_EVERYWHERE, **_BY_GROUND[ground]}
    return [
        HeldLimit(limit=limit, by=Holder.NOBODY, how=broken[limit])
        if limit in broken
        else HeldLimit(limit=limit, by=holders[limit][0], how=holders[limit][1])
        for limit in LimitName
    ]


def refuse_unheld(limits: Sequence[HeldLimit], allowed: Collection[LimitName]) -> None:
    """Raise LimitNotHeld if a limit is not enforced or allowed; it names the setting."""
    unheld = [item for item in limits if item.by is Holder.NOBODY and item.limit not in allowed]
    if unheld:
        what = "; ".join(f"{item.limit}: {item.how}" for item in unheld)
        names = ",".join(item.limit for item in unheld)
        raise LimitNotHeld(
            f"limits that are not enforced on this host: {what}. To start all the same, set "
            f"PODLINE_SANDBOX_UNHELD_LIMITS={names}"
        )
