"""What a stage runs, and the kernel's limits for each of its processes."""

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
    """A program and its limits."""

    argv: Sequence[str]
    env: Mapping[str, str]
    stdin: bytes
    limits: Limits
    spare_processes: int
    """Threads of the language's own runtime, which the limit does not count."""
    merged: bool = False
    """stderr is stdout."""
    sizes_its_stack: bool = False
    """The runtime has an option for its stack, and needs a larger one from the kernel."""


def tasks(program: Program) -> int:
    """Processes and threads that the jail may have, init included."""
    return program.limits.processes + program.spare_processes + _INIT


def rlimits(program: Program, *, alone: bool) -> dict[int, tuple[int, int]]:
    """The kernel's limits for each process, or for all of the jail's uid (RLIMIT_NPROC).

    `alone` means that no control group limits memory. Then RLIMIT_DATA bounds what a process takes
    between two looks of the daemon (RLIMIT_AS would keep node and java from starting). It is above
    the memory limit, so that a program which uses too much is seen and killed for that; only a
    request for far too much at once fails. RLIMIT_CPU is a backstop for a daemon that does not look
    in time: usually the daemon acts before, on the CPU time of all processes.
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
    """The main thread's stack; the C library makes other threads' as large.

    Without a control group, a thread's whole stack counts towards RLIMIT_DATA, used or not.
    """
    limits = program.limits
    default = _STACK_WITHOUT_CGROUP_MIB if alone else limits.memory_mib
    above = _ABOVE_OWN_STACK_MIB if program.sizes_its_stack else 0
    return (limits.stack_mib or default) + above
