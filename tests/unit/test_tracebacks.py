"""Where an error was raised, as dead letters show it."""

import re
from collections.abc import Callable

from app.infrastructure.celery.tracebacks import ERRORS, FRAMES, traceback_of

SECRET = "print('what a user sent')"
HERE = "tests/unit/test_tracebacks.py"


def caught(act: Callable[[], object]) -> Exception:
    try:
        act()
    except (ValueError, KeyError) as error:
        return error
    raise AssertionError("nothing was raised")


def fails() -> None:
    raise ValueError(SECRET)


def fails_for_a_reason() -> None:
    try:
        fails()
    except ValueError as error:
        raise KeyError(SECRET) from error


def test_frames_have_file_line_and_function_innermost_last() -> None:
    *_, outer, inner, name = traceback_of(caught(fails)).splitlines()
    assert re.fullmatch(rf"{HERE}:\d+ in caught", outer)
    assert re.fullmatch(rf"{HERE}:\d+ in fails", inner)
    assert name == "ValueError"


def test_no_message_and_no_value_is_shown() -> None:
    assert SECRET not in traceback_of(caught(fails_for_a_reason))


def test_the_error_that_led_to_it_comes_first() -> None:
    first, second = traceback_of(caught(fails_for_a_reason)).split("\n\n")
    assert first.endswith("in fails\nValueError")
    assert second.endswith("in fails_for_a_reason\nKeyError")


def test_an_error_that_hides_its_context_is_shown_alone() -> None:
    def hides() -> None:
        try:
            fails()
        except ValueError:
            raise KeyError(SECRET) from None

    assert "ValueError" not in traceback_of(caught(hides))


def test_a_deep_recursion_is_cut_to_its_innermost_frames() -> None:
    def deeper(depth: int) -> None:
        if depth:
            deeper(depth - 1)
        fails()

    lines = traceback_of(caught(lambda: deeper(200))).splitlines()
    assert len(lines) == FRAMES + 1
    assert lines[-2].endswith("in fails")


def test_a_long_chain_is_cut_to_its_last_errors() -> None:
    error = Exception("first")
    for _ in range(20):
        error = _caused_by(error)
    assert len(traceback_of(error).split("\n\n")) == ERRORS


def test_a_chain_that_is_a_circle_ends() -> None:
    error = ValueError("a")
    error.__cause__ = other = KeyError("b")
    other.__cause__ = error
    assert traceback_of(error) == "KeyError\n\nValueError"


def _caused_by(cause: Exception) -> Exception:
    error = Exception("next")
    error.__cause__ = cause
    return error
