"""Slow and silent clients cost others nothing, and the server stops on request."""

import threading
import time
from collections.abc import Iterator
from functools import partial

from app.server.connections import Server
from tests.server.conftest import Client, Environ, Serve, StartResponse, exchange
from tests.support.waiting import wait_until

HANG_SECONDS = 20

GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def hello(_: Environ, start_response: StartResponse) -> list[bytes]:
    start_response("200 OK", [("Content-Length", "5")])
    return [b"hello"]


def test_whoever_comes_finds_room_beside_more_connections_than_there_may_be(serve: Serve) -> None:
    port = serve(hello, connections=20).port
    silent = [Client(port) for _ in range(60)]

    answers = [exchange(port, GET) for _ in range(3)]

    assert all(answer.endswith(b"hello") for answer in answers)
    for client in silent:
        client.close()


def test_a_request_without_a_body_need_not_be_continued(serve: Serve) -> None:
    sent = GET.replace(b"Host", b"Expect: 100-continue\r\nHost")

    assert exchange(serve(hello).port, sent).endswith(b"hello")


def test_empty_lines_are_skipped_at_no_cost(serve: Serve) -> None:
    port = serve(hello).port
    began = time.process_time()

    assert exchange(port, b"\r\n" * 2_000_000 + GET).endswith(b"hello")

    assert time.process_time() - began < 1


def test_clients_that_read_nothing_hold_no_thread(serve: Serve) -> None:
    """The fixture's server has four threads."""

    def large(_: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [])
        return [b"a" * 4_000_000]

    port = serve(large).port
    deaf = [Client(port).send(GET.replace(b"Connection: close\r\n", b"") * 20) for _ in range(8)]
    for client in deaf:
        assert client.connection.recv(1)

    assert exchange(port, GET).endswith(b"a")
    for client in deaf:
        client.close()


def test_a_request_that_does_not_arrive_in_time_is_dropped(serve: Serve) -> None:
    served = serve(hello, request_seconds=0.05)
    server, port = served.server, served.port
    clients = [
        Client(port).send(b"GET / HT"),
        Client(port).send(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel"),
    ]
    wait_until(lambda: len(server.active_channels) == len(clients))

    wait_until(lambda: not looked_after(server).active_channels)

    assert [client.rest() for client in clients] == [b"", b""]


def looked_after(server: Server) -> Server:
    """Run the maintenance that the server runs every few seconds."""
    server.next_channel_cleanup = 0
    server.pull_trigger()
    return server


def test_a_stream_ends_with_its_client(serve: Serve) -> None:
    ended = threading.Event()

    def endless(_: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        try:
            while not ended.wait(0.01):
                yield b"more"
        finally:
            ended.set()

    port = serve(endless).port
    client = Client(port).send(GET)
    assert client.connection.recv(10)

    client.close()

    assert ended.wait(60)


def test_the_application_learns_that_its_client_has_left(serve: Serve) -> None:
    begun, left = threading.Event(), threading.Event()

    def waits(environ: Environ, start_response: StartResponse) -> list[bytes]:
        begun.set()
        wait_until(environ["waitress.client_disconnected"])
        left.set()
        return hello(environ, start_response)

    client = Client(serve(waits).port).send(GET)
    assert begun.wait(60)
    assert not left.is_set()

    client.close()

    assert left.wait(60)


def test_a_client_that_reads_nothing_holds_no_thread(serve: Serve) -> None:
    def large(_: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [])
        return [b"a" * 4_000_000]

    port = serve(large).port
    deaf = [Client(port).send(GET) for _ in range(20)]  # five for each thread

    assert len(exchange(port, GET)) > 4_000_000
    for client in deaf:
        client.close()


def test_so_much_may_be_unread_and_who_took_nothing_for_longest_goes_first(serve: Serve) -> None:
    def large(_: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "10000000")])
        return [b"a" * 10_000_000]

    most = 22_000_000
    served = serve(large, max_unread=most)
    server = served.server
    deaf = []
    for _ in range(5):
        deaf.append(Client(served.port).send(GET))
        wait_until(partial(has_unread, server, deaf[-1]))

    wait_until(lambda: sum(with_unread(looked_after(server)).values()) <= most)

    assert len(exchange(served.port, GET)) > 10_000_000
    kept = [len(client.rest()) > 10_000_000 for client in reversed(deaf)]
    assert kept in ([True, True, False, False, False], [True, True, True, False, False])
    for client in deaf:
        client.close()


def has_unread(server: Server, client: Client) -> bool:
    return client.connection.getsockname() in with_unread(server)


def with_unread(server: Server) -> dict[object, int]:
    """Return the bytes, by client's address, of complete responses that it has not read."""
    channels = list(server.active_channels.values())
    return {
        channel.addr: channel.total_outbufs_len
        for channel in channels
        if channel.total_outbufs_len and not channel.requests
    }


def test_what_is_being_answered_is_answered_before_it_stops(serve: Serve) -> None:
    begun, proceed = threading.Event(), threading.Event()

    def slow(_: Environ, start_response: StartResponse) -> list[bytes]:
        begun.set()
        proceed.wait(60)
        return hello(_, start_response)

    served = serve(slow)
    server, port = served.server, served.port
    client = Client(port).send(GET)
    assert begun.wait(60)

    server.stop(grace_seconds=5)
    wait_until(lambda: not server.accepting)
    proceed.set()

    assert client.rest().endswith(b"hello")


def test_it_does_not_wait_for_longer_than_its_grace(serve: Serve) -> None:
    begun, proceed = threading.Event(), threading.Event()

    def hangs(_: Environ, start_response: StartResponse) -> list[bytes]:
        begun.set()
        proceed.wait(HANG_SECONDS)
        return hello(_, start_response)

    served = serve(hangs)
    server, port = served.server, served.port
    client = Client(port).send(GET)
    assert begun.wait(60)
    started = time.monotonic()

    server.stop(grace_seconds=0.1)
    served.thread.join(60)

    assert time.monotonic() - started < HANG_SECONDS
    proceed.set()
    client.close()


def test_the_application_learns_that_a_proxy_was_reached_over_https(serve: Serve) -> None:
    def app(environ: Environ, start: StartResponse) -> list[bytes]:
        start("200 OK", [("Content-Length", "5")])
        return [environ["HTTP_X_FORWARDED_PROTO"].encode()]

    head = b"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n"
    assert exchange(serve(app).port, head).endswith(b"\r\nhttps")
