"""The CPU time of a sandbox daemon's processes, of a service's, of what this one starts, of all."""

import os
from contextlib import suppress
from dataclasses import astuple, dataclass

import psutil

from benchmarks.measure import MILLISECONDS


@dataclass(frozen=True, slots=True)
class OfPods:
    """In milliseconds, since each process started."""

    client: float
    """This process, which is the daemon's client."""
    daemon: float
    nsjail: float
    """The processes that make the jails of all bays."""
    jails: float
    """Setting up jails from the inside, init, and the programs."""

    @classmethod
    def now(cls, daemon_pid: int) -> "OfPods":
        daemon = psutil.Process(daemon_pid)
        nsjails = [child for child in daemon.children() if child.name() == "nsjail"]
        return cls(
            client=MILLISECONDS * (os.times().user + os.times().system),
            daemon=own_ms(daemon),
            nsjail=sum(map(own_ms, nsjails)),
            jails=sum(map(_of_children, nsjails)),
        )

    def per_pod(self, before: "OfPods", pods: int) -> "OfPods":
        each = zip(astuple(self), astuple(before), strict=True)
        return OfPods(*((now - then) / pods for now, then in each))

    @property
    def total(self) -> float:
        return float(sum(astuple(self)))


def of_children_ms() -> float:
    """What all commands that this process has run took."""
    times = os.times()
    return MILLISECONDS * float(times.children_user + times.children_system)


def of_machine_ms() -> float:
    """What all processes took since the machine started."""
    times = psutil.cpu_times()
    return MILLISECONDS * float(times.user + times.nice + times.system + times.irq + times.softirq)


def with_children_ms(process: psutil.Process) -> float:
    """Of the API, which may be several processes."""
    return sum(map(own_ms, (process, *process.children())))


def of_tree_ms(pid: int) -> float:
    """Of a process and all below it, including those that have ended and were waited for."""
    root = psutil.Process(pid)
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # it ends just now
            total += own_ms(process) + _of_children(process)
    return total


def own_ms(process: psutil.Process) -> float:
    times = process.cpu_times()
    return MILLISECONDS * float(times.user + times.system)


def _of_children(process: psutil.Process) -> float:
    times = process.cpu_times()
    return MILLISECONDS * float(times.children_user + times.children_system)
