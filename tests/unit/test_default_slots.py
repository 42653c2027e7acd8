"""The default number of slots."""

import pytest

from app.domain.policy import DEFAULT_COMPILE_LIMITS, DEFAULT_LIMITS
from app.settings.slots import PER_CORE, default_slots, slots_of_this_machine


@pytest.mark.parametrize(
    ("cores", "memory_mib", "slots"),
    [
        (2, 24_000, 4),
        (2, 2_048, 4),
        (2, 2_047, 3),
        (2, 512, 2),
        (1, 256, 1),
        (64, 256_000, 128),
    ],
)
def test_slots_follow_cores_and_memory(cores: int, memory_mib: int, slots: int) -> None:
    assert default_slots(cores, memory_mib) == slots


def test_a_program_can_use_its_cpu_time_while_all_slots_compute() -> None:
    assert DEFAULT_LIMITS.wall_seconds >= PER_CORE * DEFAULT_LIMITS.cpu_seconds


def test_one_compiler_fits_into_the_memory_of_each_slot() -> None:
    assert default_slots(1, 2 * DEFAULT_COMPILE_LIMITS.memory_mib) == PER_CORE


def test_this_machine_has_a_slot() -> None:
    assert slots_of_this_machine() >= 1
