"""How processes share connections: here, the processes are threads."""

import os
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.api.doors.entrance import PORT_OF
from app.api.doors.piston import PISTON
from app.server.connections import Server
from app.server.sharing import AT_ONCE, Share, Shares
from tests.server.conftest import HOST, Client, Environ, Serve, Served, StartResponse, exchange
from tests.support.waiting import wait_until

GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def connection() -> socket.socket:
    one, other = socket.socketpair()
    other.close()
    return one


def test_the_process_with_the_fewest_gets_it() -> None:
    shares = Shares(3)
    own, *others = (Share(shares, number) for number in range(3))
    own.holds(2)
    for share, count in zip(others, (1, 2), strict=True):
        share.holds(count)
    given = [own.give(connection(), "") for _ in range(3)]
    assert given == [True, False, True]
    assert list(shares.counts) == [3, 3, 2]
    taken = [[each for each, _ in share.taken()] for share in others]
    assert list(map(len, taken)) == [2, 0]
    for each in taken[0]:
        each.close()


def test_it_arrives_open_with_its_name(pair: tuple[socket.socket, socket.socket]) -> None:
    shares = Shares(2)
    giver, taker = Share(shares, 0), Share(shares, 1)
    giver.holds(1)
    assert giver.give(pair[0], "piston")
    assert pair[0].fileno() == -1
    ((taken, name),) = taker.taken()
    with taken:
        assert name == "piston"
        pair[1].sendall(b"x")
        assert taken.recv(1) == b"x"


def test_a_process_that_takes_nothing_is_given_no_more() -> None:
    shares = Shares(2)
    giver, taker = Share(shares, 0), Share(shares, 1)
    giver.holds(1_000_000)
    given = 0
    while giver.give(last := connection(), ""):
        given += 1
    assert last.fileno() != -1, "it is still here, and can be served here"
    last.close()
    assert given > AT_ONCE
    taken = list(taker.taken())
    assert len(taken) == AT_ONCE
    for each, _ in [*taken, *(more for _ in range(given) for more in taker.taken())]:
        each.close()


def test_a_connection_that_cannot_be_given_is_served_here() -> None:
    shares = Shares(2)
    giver = Share(shares, 0)
    giver.holds(1)
    shares.pairs[1][1].close()
    with connection() as kept:
        assert not giver.give(kept, "")
        assert kept.fileno() != -1


def test_a_process_with_too_many_open_files_takes_the_next_one_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shares = Shares(2)
    giver, taker = Share(shares, 0), Share(shares, 1)
    giver.holds(2)
    assert giver.give(connection(), "lost")
    with no_more_files():
        assert list(taker.taken()) == []
    assert "too many open files" in caplog.text
    assert giver.give(connection(), "next")
    ((taken, name),) = taker.taken()
    taken.close()
    assert name == "next"


@contextmanager
def no_more_files() -> Iterator[None]:
    """Lower this process's limit, so that no descriptor is left."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    first_free = os.dup(0)
    os.close(first_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (first_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_was_given_to_a_killed_process_reaches_the_next_one() -> None:
    shares = Shares(2)
    giver = Share(shares, 0)
    Share(shares, 1)
    giver.holds(1)
    assert giver.give(connection(), "")
    ((taken, _),) = Share(shares, 1).taken()
    taken.close()


def test_the_count_never_falls_below_none() -> None:
    shares = Shares(1)
    share = Share(shares, 0)
    share.closed_one()
    assert list(shares.counts) == [0]


class Two:
    """Two servers that share a listening socket, and a door's."""

    def __init__(self, serve: Serve) -> None:
        self.shares = Shares(2)
        listening, of_door = (socket.create_server((HOST, 0), backlog=64) for _ in range(2))
        self.port, self.door_port = (it.getsockname()[1] for it in (listening, of_door))
        self.served_by: list[int] = []
        self.servers: list[Served] = [
            serve(
                self._application(number),
                listening=listening.dup(),
                doors=[PISTON],
                ports={"piston": of_door.dup()},
                share=Share(self.shares, number),
            )
            for number in range(2)
        ]
        listening.close()
        of_door.close()

    def _application(self, number: int) -> object:
        def application(environ: Environ, start_response: StartResponse) -> list[bytes]:
            self.served_by.append(number)
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [str(environ.get(PORT_OF)).encode()]

        return application


def test_half_of_the_connections_each(serve: Serve) -> None:
    two = Two(serve)
    clients = [Client(two.port) for _ in range(8)]
    for client in clients:
        client.send(GET)
        assert client.rest().startswith(b"HTTP/1.1 200")
    assert sorted(two.served_by) == [0, 0, 0, 0, 1, 1, 1, 1]


def test_a_connection_that_closes_makes_room_for_another_at_once(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Server, "maintenance", lambda *_: None)
    two = Two(serve)
    for _ in range(6):
        exchange(two.port, GET)
        wait_until(lambda: sum(two.shares.counts) == 0)


def test_a_given_connection_still_knows_its_door(serve: Serve) -> None:
    two = Two(serve)
    clients = [Client(two.door_port) for _ in range(4)]
    for client in clients:
        assert client.send(GET).rest().endswith(b"piston")
    assert set(two.served_by) == {0, 1}


def test_silent_connections_do_not_count_for_long(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.server.connections.RECENT_SECONDS", 0.0)
    two = Two(serve)
    silent = [Client(two.port) for _ in range(4)]
    wait_until(lambda: list(two.shares.counts) == [0, 0])
    for client in silent:
        client.close()
    wait_until(lambda: list(two.shares.counts) == [0, 0])


def test_a_client_that_has_left_is_no_error(serve: Serve) -> None:
    two = Two(serve)
    for _ in range(20):
        Client(two.port).close()
    assert exchange(two.port, GET).startswith(b"HTTP/1.1 200")
    assert all(
        isinstance(it.thread, threading.Thread) and it.thread.is_alive() for it in two.servers
    )
