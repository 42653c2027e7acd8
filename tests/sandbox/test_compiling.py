"""Bays that need the same program at the same time: one compiles it, the others wait."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from sandbox.daemon.compiling import Compiling

LONG = 60.0


def no() -> bool:
    return False


class Waiting:
    """Somebody who wants a turn in a thread of its own."""

    def __init__(self, pool: ThreadPoolExecutor, compiling: Compiling, key: str) -> None:
        self.looked = threading.Event()
        """Set once it has seen that it must wait."""
        self.cancelled = False
        self.entered: Future[None] = pool.submit(self._take, compiling, key)

    def _take(self, compiling: Compiling, key: str) -> None:
        with compiling.turn(key, LONG, self._is_cancelled):
            pass

    def _is_cancelled(self) -> bool:
        self.looked.set()
        return self.cancelled


def test_the_others_wait_for_the_first_and_enter_together() -> None:
    compiling = Compiling()
    with ThreadPoolExecutor() as pool, ExitStack() as first:
        first.enter_context(compiling.turn("a", LONG, no))
        waiting = [Waiting(pool, compiling, "a") for _ in range(3)]
        for each in waiting:
            assert each.looked.wait(LONG)
        assert not any(each.entered.done() for each in waiting)
        first.close()
        for each in waiting:
            each.entered.result(LONG)


def test_another_program_need_not_wait() -> None:
    compiling = Compiling()
    with compiling.turn("a", LONG, no), compiling.turn("b", LONG, no):
        pass


def test_nobody_waits_longer_than_that() -> None:
    compiling = Compiling()
    with compiling.turn("a", LONG, no):
        with compiling.turn("a", 0.01, no):
            pass
        with compiling.turn("a", 0.01, no):  # whoever was late has not ended the turn of the first
            pass


def test_whoever_is_cancelled_waits_no_longer() -> None:
    compiling = Compiling()
    with ThreadPoolExecutor() as pool, compiling.turn("a", LONG, no):
        waiting = Waiting(pool, compiling, "a")
        assert waiting.looked.wait(LONG)
        waiting.cancelled = True
        compiling.look_again()
        waiting.entered.result(LONG)


def test_the_turn_ends_when_the_first_fails() -> None:
    compiling = Compiling()
    with pytest.raises(OSError, match="no room"), compiling.turn("a", LONG, no):
        raise OSError("no room")
    looked = threading.Event()

    def look() -> bool:
        looked.set()
        return True

    with compiling.turn("a", 0, look):
        assert not looked.is_set()  # so nobody else has the turn
