"""What the machine has to spare, for work that nobody waits for."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_IDLE: Final = slice(4, 6)
"""Of the line `cpu`: idle and iowait (proc_stat(5))."""
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_KIB_PER_MIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Machine:
    proc: Path = Path("/proc")

    def idle_seconds(self) -> float:
        """For how long cores have been idle since the machine started, all together."""
        with (self.proc / "stat").open() as stat:
            return sum(map(int, stat.readline().split()[_IDLE])) / _TICKS

    def free_mib(self) -> int:
        """Memory that programs could get without any being swapped out."""
        with (self.proc / "meminfo").open() as meminfo:
            sizes = dict(line.split(":", 1) for line in meminfo)
        return int(sizes["MemAvailable"].split()[0]) // _KIB_PER_MIB
