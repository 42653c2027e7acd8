"""What a stage runs, and what the kernel holds each of its processes to."""

import math
import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sandbox.wire.types import Limits

_MIB: Final = 1024 * 1024
_INIT: Final = 1
_LEAST_ABOVE_MIB: Final = 64
_STACK_WITHOUT_CGROUP_MIB: Final = 8
_ABOVE_OWN_STACK_MIB: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is run, within which limits."""

    argv: Sequence[str]
    env: Mapping[str, str]
    stdin: bytes
    limits: Limits
    spare_processes: int
    """Threads of the language's own runtime, which the limit does not count."""
    merged: bool = False
    """Its stderr is its stdout."""
    sizes_its_stack: bool = False
    """The runtime has an option for it, and needs more than that of the kernel's."""


def tasks(program: Program) -> int:
    """Processes and threads that the jail may have, init included."""
    return program.limits.processes + program.spare_processes + _INIT


def rlimits(program: Program, *, alone: bool) -> dict[int, tuple[int, int]]:
    """What the kernel holds for each process, or (RLIMIT_NPROC) for all of the jail's uid.

    `alone` where no cgroup holds memory. There RLIMIT_DATA bounds what a single process takes
    between two looks of the daemon (RLIMIT_AS would keep node and java from starting). It lies
    above the limit, so that a program which uses too much is seen and killed for that, and only
    one that asks for far too much at once finds its request refused. RLIMIT_CPU is for a daemon
    that does not come to look: it acts on the CPU time of all processes before.
    """
    limits = program.limits
    cpu_seconds = math.ceil(limits.cpu_seconds) + 1
    held = {
        resource.RLIMIT_NPROC: tasks(program),
        resource.RLIMIT_NOFILE: 1024,
        resource.RLIMIT_STACK: _stack_mib(program, alone=alone) * _MIB,
        resource.RLIMIT_MEMLOCK: 64 * 1024,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_SIGPENDING: 1024,
        resource.RLIMIT_RTPRIO: 0,
        resource.RLIMIT_NICE: 0,
    }
    if alone:
        above = max(limits.memory_mib, _LEAST_ABOVE_MIB)
        held[resource.RLIMIT_DATA] = (limits.memory_mib + above) * _MIB
    both = {kind: (limit, limit) for kind, limit in held.items()}
    return both | {resource.RLIMIT_CPU: (cpu_seconds, cpu_seconds + 1)}


def _stack_mib(program: Program, *, alone: bool) -> int:
    """For the main thread; the C library makes those of other threads as large.

    Without a cgroup, all of a thread's stack counts towards RLIMIT_DATA, used or not.
    """
    limits = program.limits
    default = _STACK_WITHOUT_CGROUP_MIB if alone else limits.memory_mib
    above = _ABOVE_OWN_STACK_MIB if program.sizes_its_stack else 0
    return (limits.stack_mib or default) + above
