"""No program can break out, disturb others, or hide how it ended."""

from statistics import median

import pytest

from tests.hostile.field import Field, is_good
from tests.hostile.program import Hostile, all_programs

ESCAPED = b"ESCAPED"
"""Printed by a program that reached what it must not reach."""
SECONDS_LATE = 0.3
"""By which a good program may be later than alone: its neighbours want both cores too."""


@pytest.mark.parametrize("program", all_programs(), ids=lambda program: program.name)
def test_it_gets_its_verdict_and_nothing_else(field: Field, program: Hostile) -> None:
    ran = field.ran[program.name]

    expected = program.outcomes if field.has_cgroups else program.outcomes_without_cgroups
    assert ran.outcome in expected, (ran.observation, ran.output)
    assert set(program.stdout) <= set(ran.stdout.decode(errors="replace").splitlines()), ran.output
    assert ESCAPED not in ran.stdout


def test_good_programs_beside_them_get_their_answers(field: Field) -> None:
    assert field.beside
    assert [ran for ran in field.beside if not is_good(ran)] == []


def test_good_programs_beside_them_take_their_usual_time(field: Field) -> None:
    """As alone before or after: a machine that got busier meanwhile slows all of them."""
    *alone, beside = (
        median(ran.wall_us for ran in runs) / 1_000_000 for runs in (*field.alone, field.beside)
    )
    assert beside < max(alone) + SECONDS_LATE


def test_nothing_of_them_is_left(field: Field) -> None:
    assert field.after == field.before


def test_nothing_of_the_host_was_reached(field: Field) -> None:
    assert not field.host_was_reached
