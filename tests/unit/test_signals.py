"""The number of every signal that a report can name."""

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.signals import number_of
from sandbox.init.protocol import signal_name


@pytest.mark.parametrize("number", range(1, 65))
def test_what_a_report_names_has_its_number(number: int) -> None:
    assert number_of(signal_name(number)) == number


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("SIGSEGV", 11),
        ("SIGXFSZ", 25),
        ("SIGIOT", 6),
        ("SIGRTMIN", 34),
        ("SIGRTMIN+3", 37),
        ("SIGRTMIN-2", 32),
        ("SIGRTMIN+-2", 32),
        ("SIGRTMAX", 64),
        ("SIGRTMAX-14", 50),
    ],
)
def test_names_of_signal_7(name: str, number: int) -> None:
    assert number_of(name) == number


@given(st.integers(signal.SIGRTMIN, signal.SIGRTMAX))
def test_a_real_time_signal_may_be_counted_from_either_end(number: int) -> None:
    assert number_of(f"SIGRTMIN+{number - signal.SIGRTMIN}") == number
    assert number_of(f"SIGRTMAX-{signal.SIGRTMAX - number}") == number


@pytest.mark.parametrize(
    "name",
    [
        *("", "SEGV", "sigsegv", "SIGNOPE", "SIG_DFL", "SIGSEGV+1"),
        *("SIGRTMIN+31", "SIGRTMAX+1", "SIGRTMIN-40", "SIGRTMIN+999999999"),
        *("SIGRTMIN+", "SIGRTMIN+x", "SIGRTMIN3", "SIGRTMIN--2", "SIGRTMIN+\u0661"),
    ],
)
def test_other_names_have_none(name: str) -> None:
    assert number_of(name) is None
