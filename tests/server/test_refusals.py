"""The server's own errors look like all others, and reach the client."""

import json
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from app import logs
from app.server import refusals
from app.server.requests import MAX_CONTROL_LINE, MAX_TRAILER
from sandbox.logs import about
from tests.server.conftest import (
    LARGEST_BODY,
    THREADS,
    Client,
    Environ,
    Serve,
    StartResponse,
    exchange,
)

POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def nothing(*_: object) -> list[bytes]:
    raise AssertionError("the application must not see it")


REFUSED = {
    "no request": (b"\0\1\r\n\r\n", 400),
    "a header without a colon": (b"GET / HTTP/1.1\r\nHost\r\n\r\n", 400),
    "a length that is no number": (POST + b"Content-Length: -1\r\n\r\n", 400),
    "headers that are too large": (b"GET / HTTP/1.1\r\nA: " + b"a" * 70_000 + b"\r\n\r\n", 431),
    "a path that is too long": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
    "headers of many lines": (b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * 200 + b"\r\n", 431),
    "a length of many digits": (POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
    "an address that is none": (b"GET http://[::1 HTTP/1.1\r\n\r\n", 400),
    "a length and chunks": (POST + b"Content-Length: 5\r\n" + CHUNKED[len(POST) :], 400),
    "chunks in HTTP/1.0": (CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"0\r\n\r\n", 400),
    "chunks of one byte": (CHUNKED + b"1\r\n1\r\n" * 16_000, 400),
    "an encoding": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
    "a body": (POST + b"Content-Length: 900000\r\n\r\n" + b"a" * 900_000, 413),
    "a body that is announced": (POST + b"Content-Length: 9000000000\r\n\r\n", 413),
    "a body that waits for a word": (
        POST + b"Expect: 100-continue\r\nContent-Length: 900000\r\n\r\n",
        413,
    ),
    "chunks": (CHUNKED + (b"4000\r\n" + b"a" * 0x4000 + b"\r\n") * 9 + b"0\r\n\r\n", 413),
    "a chunk": (CHUNKED + b"ffffffffffffffffffffffff\r\n", 413),
    "a chunk of no size": (CHUNKED + b"x\r\n", 400),
    "a chunk that does not end": (CHUNKED + b"1\r\naXX", 400),
    "a line that does not end": (CHUNKED + b"0" * (MAX_CONTROL_LINE + 1), 400),
    "a trailer that does not end": (CHUNKED + b"0\r\nA: " + b"a" * MAX_TRAILER, 400),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_is_a_problem_document(serve: Serve, name: str) -> None:
    sent, status = REFUSED[name]
    port = serve(nothing).port

    head, _, body = exchange(port, sent).partition(b"\r\n\r\n")

    lines = head.decode().lower().split("\r\n")
    problem = json.loads(body)
    assert lines[0].split()[1] == str(status)
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert "content-type: application/problem+json" in lines
    assert "connection: close" in lines
    assert "x-content-type-options: nosniff" in lines
    assert any(line.startswith("x-request-id: ") for line in lines)
    assert not any(line.startswith("server:") for line in lines)


@pytest.mark.parametrize(("given", "kept"), [("id-1", True), ("a b", False), ("a" * 200, False)])
def test_a_request_keeps_its_id(serve: Serve, given: str, kept: bool) -> None:
    head = POST + f"X-Request-Id: {given}\r\n".encode()
    said = exchange(serve(nothing).port, head + b"Content-Length: -1\r\n\r\n").lower()
    assert (f"\r\nx-request-id: {given}\r\n".encode() in said) is kept
    assert b"\r\nx-request-id: " in said


class Seen(logging.Handler):
    """What each line is about."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: list[dict[str, str]] = []

    def emit(self, _: logging.LogRecord) -> None:
        self.fields.append(dict(about()))


@pytest.fixture
def seen(caplog: pytest.LogCaptureFixture) -> Iterator[Seen]:
    caplog.set_level(logging.INFO, refusals.log.name)
    handler = Seen()
    refusals.log.addHandler(handler)
    yield handler
    refusals.log.removeHandler(handler)


def test_its_line_has_its_own_id_whatever_its_thread_served_before(
    serve: Serve, seen: Seen
) -> None:
    together = threading.Barrier(THREADS)

    def another(_: Environ, start_response: StartResponse) -> list[bytes]:
        together.wait()
        logs.begin("another", "01JD0000000000000000000000")
        start_response("200 OK", [("Content-Length", "0")])
        return []

    port = serve(another).port
    whole = POST + b"Connection: close\r\nContent-Length: 0\r\n\r\n"
    with ThreadPoolExecutor(THREADS) as clients:
        list(clients.map(lambda _: exchange(port, whole), range(THREADS)))
    exchange(port, POST + b"X-Request-Id: id-1\r\nContent-Length: -1\r\n\r\n")
    assert seen.fields == [{"request_id": "id-1"}]


def test_the_largest_body_is_taken(serve: Serve) -> None:
    def length(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [])
        return [str(len(environ["wsgi.input"].read())).encode()]

    port = serve(length).port
    for size, status in (LARGEST_BODY, b"200"), (LARGEST_BODY + 1, b"413"):
        head = b"Connection: close\r\nContent-Length: %d\r\n\r\n" % size
        assert exchange(port, POST + head + b"a" * size).split()[1] == status


def test_a_body_that_is_too_large_is_read_before_it_is_refused(serve: Serve) -> None:
    """Otherwise, clients that send all of it first would see a broken connection."""
    port = serve(nothing).port
    client = Client(port)
    client.send(POST + b"Content-Length: 1000000\r\n\r\n")
    for _ in range(100):
        client.connection.sendall(b"a" * 10_000)

    assert client.rest().split()[1] == b"413"
    client.close()
