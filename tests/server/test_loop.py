"""The loop asks connections that may have changed, even if asking one changes others."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from app.server.loop import Loop


@dataclass(eq=False)
class Waiting:
    """A connection that does something when the loop asks what it waits for."""

    when_asked: Callable[[], object] = lambda: None
    asked: int = 0
    accepting: bool = False
    connection: socket.socket = field(default_factory=lambda: socket.socketpair()[0])

    @property
    def _fileno(self) -> int:
        return self.connection.fileno()

    def readable(self) -> bool:
        self.asked += 1
        self.when_asked()
        return False

    def writable(self) -> bool:
        return False


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop({}, always=[])
    yield loop
    loop.close()


def test_one_that_changes_others_while_it_is_asked(loop: Loop) -> None:
    others = [Waiting() for _ in range(50)]
    loop.ask([Waiting(when_asked=lambda: loop.ask(others)), *(Waiting() for _ in range(50))])

    loop.round(0)
    loop.round(0)

    assert all(other.asked for other in others)


def test_one_that_has_not_changed_is_not_asked_again(loop: Loop) -> None:
    one = Waiting()
    loop.ask([one])
    for _ in range(3):
        loop.round(0)

    assert one.asked == 1
