"""What limits and measures the resources of a bay: one interface with three implementations."""

from enum import StrEnum
from typing import Final, Protocol

MIB: Final = 1024 * 1024
JAIL_BYTES: Final = 4 * MIB
"""What nsjail and init use of a bay's memory beside the program; measured: 2 to 3 MiB."""


class Ground(StrEnum):
    """What a meter is based on."""

    CGROUP_1 = "cgroup version 1"
    CGROUP_2 = "cgroup version 2"
    PROCESSES = "/proc"


class Meter(Protocol):
    """Limits and measures what the processes of a bay use. Used by the bay's thread alone."""

    ground: Ground
    holds_memory: bool
    """Whether the kernel enforces the memory limit for all processes together."""
    seconds_between_looks: float
    """How often to ask `out_of_memory` while a stage runs. Infinite: only at the end of the stage.
    """

    def join(self) -> None:
        """Everything that the calling thread starts from now on belongs to the bay."""

    def lift(self) -> None:
        """Lift the memory limit of a program that has ended.

        Otherwise, what it left could keep init from sending files, or the next jail from being set
        up. Raises OSError.
        """

    def adopt(self, init_pid: int) -> None:
        """A jail is ready and has run nothing: everything that its init starts belongs to the bay.

        Returns once the memory of the last pod is free. Raises OSError.
        """

    def begin(self, memory_mib: int, tasks: int) -> None:
        """Begin a stage: set its limits, and count from zero.

        `tasks` are processes and threads, init included. Raises OSError, also if more memory than
        that is in use: it is what an earlier program left, because a stage begins in a new jail.
        """

    def cpu_us(self) -> int:
        """CPU time of all processes since `begin`, in microseconds."""

    def peak_kib(self) -> int | None:
        """The most memory in use at once since `begin`, in KiB. None if it is unknown."""

    def out_of_memory(self) -> bool:
        """Whether a process was killed, or has to be, for the memory limit since `begin`."""

    def close(self) -> None:
        """Release what the meter holds. The bay is not used any more."""
