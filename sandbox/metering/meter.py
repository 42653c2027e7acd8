"""What holds and measures the resources of a bay: one port, three ways (see `limits`)."""

from enum import StrEnum
from typing import Final, Protocol

MIB: Final = 1024 * 1024
JAIL_BYTES: Final = 4 * MIB
"""What nsjail and init use of a bay's memory beside the program; measured: 2 to 3 MiB."""


class Ground(StrEnum):
    """What a meter stands on."""

    CGROUP_1 = "cgroup version 1"
    CGROUP_2 = "cgroup version 2"
    PROCESSES = "/proc"


class Meter(Protocol):
    """Holds and measures what the processes of a bay use. Used by the bay's thread alone."""

    ground: Ground
    holds_memory: bool
    """The kernel holds the memory limit for all processes together."""
    seconds_between_looks: float
    """How often `out_of_memory` has to be asked while a stage runs; infinite: at its end only."""

    def join(self) -> None:
        """Everything that the calling thread starts from now on belongs to the bay."""

    def lift(self) -> None:
        """Nothing of a pod runs any more: lift its memory limit, for the next jail to be made."""

    def adopt(self, init_pid: int) -> None:
        """A jail is ready, and has run nothing yet: all that its init starts belongs to the bay.

        Returns once what the pod before used is free. Raises OSError.
        """

    def begin(self, memory_mib: int, tasks: int) -> None:
        """A stage begins: set its limits, count from zero.

        `tasks` are processes and threads, init included. OSError EBUSY if more memory is in use.
        """

    def cpu_us(self) -> int:
        """CPU time of all processes since `begin`."""

    def peak_kib(self) -> int | None:
        """The most memory in use at once since `begin`. None where it can't be told."""

    def out_of_memory(self) -> bool:
        """A process was killed, or has to be, for the memory limit since `begin`."""

    def close(self) -> None:
        """The bay is used no more."""
