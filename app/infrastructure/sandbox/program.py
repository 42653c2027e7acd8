"""What a stage runs, and what the kernel holds each of its processes to."""

import contextlib
import math
import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.domain.submission import Limits

_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is run, within which limits."""

    argv: Sequence[str]
    env: Mapping[str, str]
    stdin: bytes
    limits: Limits
    spare_processes: int
    """Threads of the language's own runtime, which the limit does not count."""


def rlimits(program: Program, *, alone: bool) -> dict[int, tuple[int, int]]:
    """What the kernel holds for each process, or (RLIMIT_NPROC) for all of the jail's uid.

    `alone` where no cgroup holds memory and counts CPU time: then RLIMIT_DATA does (RLIMIT_AS would
    keep node and java from starting), and RLIMIT_CPU, whose soft limit has a signal of its own.
    Where a cgroup does, the daemon acts on the CPU time of all processes before RLIMIT_CPU.
    """
    limits = program.limits
    init = 1
    cpu_seconds = math.ceil(limits.cpu_seconds) + (0 if alone else 1)
    held = {
        resource.RLIMIT_NPROC: limits.processes + program.spare_processes + init,
        resource.RLIMIT_NOFILE: 1024,
        resource.RLIMIT_STACK: 8 * _MIB,
        resource.RLIMIT_MEMLOCK: 64 * 1024,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_SIGPENDING: 1024,
        resource.RLIMIT_RTPRIO: 0,
        resource.RLIMIT_NICE: 0,
    }
    if alone:
        held[resource.RLIMIT_DATA] = limits.memory_mib * _MIB
    both = {kind: (limit, limit) for kind, limit in held.items()}
    return both | {resource.RLIMIT_CPU: (cpu_seconds, cpu_seconds + 1)}


def limit_daemon() -> None:
    """What the daemon takes upon itself, and all that it starts inherits.

    A core limit of 1 is the one value that keeps the kernel from starting the host's crash handler,
    as root and outside (core(5), "Piping core dumps to a program"); the seccomp policy holds
    programs to it. Descriptors on their way between processes are counted per user, against the
    limit of the one that sends: the daemon's has to be above what a program of the same user may
    have on the way (unix(7), ETOOMANYREFS).
    """
    with contextlib.suppress(ValueError):  # only root can raise a limit that is 0 already
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
