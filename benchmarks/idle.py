"""The CPU time and memory (as PSS) of an idle `podline up`.

PSS divides a shared page among the processes that share it, so the sum is the total.
"""

import time
from typing import Final

import psutil

from benchmarks.measure import table, verdict
from benchmarks.service import running
from tests.support.standalone import WORD_OF, Standalone

TITLE: Final = "Idle: CPU and memory of each process"
CPU_BAR: Final = 3.0
"""Percent of a core, in total."""
PSS_BAR: Final = 450.0
"""MiB, in total."""
_SETTLE_SECONDS: Final = 5.0
_MIB: Final = 1024 * 1024
_WORD: Final = {"nsjail": "a jail", "init": "a jail's init"}


def run(*, quick: bool) -> str:
    seconds = 5.0 if quick else 60.0
    with running() as (service, _):
        time.sleep(_SETTLE_SECONDS)
        processes = processes_of(service)
        before = [_cpu_seconds(process) for process in processes]
        time.sleep(seconds)
        after = [_cpu_seconds(process) for process in processes]
        names = names_of(service, processes)
        pss = [process.memory_full_info().pss / _MIB for process in processes]
    cpu = [100 * (b - a) / seconds for a, b in zip(before, after, strict=True)]
    return table(
        ["", "CPU, % of a core", "PSS, MiB"],
        [
            *_rows([*names, "**total**"], [*cpu, sum(cpu)], [*pss, sum(pss)]),
            [
                f"target: {CPU_BAR:g} % and {PSS_BAR:g} MiB",
                verdict(sum(cpu), CPU_BAR),
                verdict(sum(pss), PSS_BAR),
            ],
        ],
    )


def _rows(names: list[str], cpu: list[float], pss: list[float]) -> list[list[object]]:
    return [
        [name, f"{percent:.2f}", mib] for name, percent, mib in zip(names, cpu, pss, strict=True)
    ]


def processes_of(service: Standalone) -> list[psutil.Process]:
    """Return `podline up` and all its descendants."""
    up = service.children()[0].parent()
    assert up is not None
    return [up, *up.children(recursive=True)]


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def names_of(service: Standalone, processes: list[psutil.Process]) -> list[str]:
    """Name the children as `podline up` does; prefix their own children with that name."""
    _, *rest = processes
    names = {service.child(name).pid: name for name in WORD_OF}
    for process in rest:
        if process.pid not in names:
            child = names[process.ppid()].partition(":")[0]
            names[process.pid] = f"{child}: {_WORD.get(process.name(), 'a process')}"
    return ["podline up", *(names[process.pid] for process in rest)]
