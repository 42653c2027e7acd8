"""What the machine has to spare, for work that nobody waits for."""

import os
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_IDLE: Final = slice(4, 6)
"""Of the line `cpu`: idle and iowait (proc_stat(5))."""
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_KIB_PER_MIB: Final = 1024


def idle_seconds(proc: Path = _PROC) -> float:
    """For how long cores have been idle since the machine started, all together."""
    with (proc / "stat").open() as stat:
        return sum(map(int, stat.readline().split()[_IDLE])) / _TICKS


def free_mib(proc: Path = _PROC) -> int:
    """Memory that programs could get without any being swapped out."""
    with (proc / "meminfo").open() as meminfo:
        sizes = dict(line.split(":", 1) for line in meminfo)
    return int(sizes["MemAvailable"].split()[0]) // _KIB_PER_MIB
