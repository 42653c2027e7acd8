"""How many programs run at once unless an operator says otherwise."""

import os
from typing import Final

from app.domain.policy import DEFAULT_COMPILE_LIMITS

PER_CORE: Final = 2
"""A slot is held before and after its program runs, too, while its core would be idle. With more,
programs that compute all the time would reach the default wall limit, which is twice that of CPU
time, before they could use up their CPU time.
"""


def default_slots(cores: int, memory_mib: int) -> int:
    """As many for each core, with memory for as many compilers; but never fewer than cores."""
    have_memory = memory_mib // DEFAULT_COMPILE_LIMITS.memory_mib
    return max(cores, min(PER_CORE * cores, have_memory))


def slots_of_this_machine() -> int:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return default_slots(len(os.sched_getaffinity(0)), memory >> 20)
