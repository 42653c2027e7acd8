"""The limits of a submission, in the units of our own API and within its maxima."""

import math

from app.api.doors.judge0.attributes import Attributes
from app.api.doors.judge0.config import MIB
from app.api.doors.judge0.languages import Kind, Offered
from app.domain.language import STACK_OF_MAIN_THREAD
from app.domain.policy import Policy
from app.domain.submission import Limits


def limits_of(
    attributes: Attributes, language: Offered, policy: Policy, *, compiles: bool
) -> dict[str, float]:
    """Zero is no limit in Judge0: then, and where ours is lower, ours applies.

    If a multi-file program has a script that `compiles` it, the run has room for that, too.
    """
    ours = language.language
    most = policy.run_limits(ours.accepts, ours.needs).maximum
    cpu = attributes.cpu_time_limit and attributes.cpu_time_limit + attributes.cpu_extra_time
    limits = {
        "cpu_seconds": cpu,
        "wall_seconds": attributes.wall_time_limit,
        "memory_mib": math.ceil(attributes.memory_limit / MIB),
        "processes": attributes.max_processes_and_or_threads,
        "output_kib": attributes.max_file_size,
    }
    if compiles and language.family.kind is Kind.SCRIPTS:
        limits = _with_compiler(limits, policy.default_compile_limits)
    limits = {name: _at_most(value, getattr(most, name)) for name, value in limits.items()}
    if ours.stack == STACK_OF_MAIN_THREAD and attributes.stack_limit:
        limits["stack_mib"] = min(math.ceil(attributes.stack_limit / MIB), limits["memory_mib"])
    return limits


def _with_compiler(limits: dict[str, float], compiler: Limits) -> dict[str, float]:
    """Times add up, because both happen in one run; of sizes, the larger one counts."""
    cpu = limits["cpu_seconds"]
    return limits | {
        "cpu_seconds": cpu and cpu + compiler.cpu_seconds,
        "wall_seconds": limits["wall_seconds"] + compiler.wall_seconds,
        "memory_mib": max(limits["memory_mib"], compiler.memory_mib),
        "processes": max(limits["processes"], compiler.processes),
        "disk_mib": compiler.disk_mib,
    }


def _at_most(value: float, maximum: float) -> float:
    return min(value, maximum) if value else maximum
