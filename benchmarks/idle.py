"""The CPU time and memory (as PSS) of an idle `podline up`.

PSS divides a shared page among the processes that share it, so the sum is the total.
"""

import time
from contextlib import suppress
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
        found = named_processes(service)
        names, processes = [name for name, _ in found], [process for _, process in found]
        before = [_cpu_seconds(process) for process in processes]
        time.sleep(seconds)
        after = [_cpu_seconds(process) for process in processes]
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


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def named_processes(service: Standalone) -> list[tuple[str, psutil.Process]]:
    """`podline up` and its descendants: children under its names, theirs with that name before.

    Without those that end meanwhile, such as a jail that is replaced.
    """
    up = service.children()[0].parent()
    assert up is not None
    names = {up.pid: "podline up"} | {service.child(name).pid: name for name in WORD_OF}
    processes = [up, *up.children(recursive=True)]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.pid not in names and (parent := names.get(process.ppid())):
                what = _WORD.get(process.name(), "a process")
                names[process.pid] = f"{parent.partition(':')[0]}: {what}"
    return [(names[each.pid], each) for each in processes if each.pid in names]
