"""Ports of doors, and errors of the server itself in a door's own form."""

import json
import socket

import pytest

from app.api.doors.entrance import PORT_OF
from app.api.doors.piston import PISTON
from tests.server.conftest import HOST, Environ, Serve, Served, StartResponse, exchange

SECRET = "a-key-in-the-path"
TOO_LARGE = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000000\r\n\r\n"


def says_which(environ: Environ, start_response: StartResponse) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(environ.get(PORT_OF)).encode()]


def breaks(*_: object) -> list[bytes]:
    raise RuntimeError("a bug")


@pytest.fixture
def of_door() -> socket.socket:
    return socket.create_server((HOST, 0))


def with_door(serve: Serve, application: object, listening: socket.socket) -> Served:
    return serve(application, doors=[PISTON], ports={"piston": listening})


def get(port: int, path: str = "/") -> bytes:
    return exchange(port, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())


def test_the_application_is_told_which_port_it_was(serve: Serve, of_door: socket.socket) -> None:
    port = of_door.getsockname()[1]
    served = with_door(serve, says_which, of_door)
    for _ in range(3):
        assert get(port).endswith(b"piston")
        assert get(served.port).endswith(b"None")


def test_the_port_is_closed_at_a_stop(serve: Serve, of_door: socket.socket) -> None:
    port = of_door.getsockname()[1]
    served = with_door(serve, says_which, of_door)
    assert get(port).endswith(b"piston")
    served.server.stop(grace_seconds=0)
    served.thread.join(60)
    with pytest.raises(ConnectionRefusedError):
        get(port)


@pytest.mark.parametrize(
    ("path", "own", "is_door"),
    [
        ("/api/v2/execute", False, True),
        (f"/d/{SECRET}/api/v2/execute", False, True),
        ("/x", True, True),
        ("/api/v1/executions", False, False),
    ],
)
def test_errors_of_the_server_have_the_form_of_the_door(
    serve: Serve, of_door: socket.socket, path: str, own: bool, is_door: bool
) -> None:
    door = of_door.getsockname()[1]
    api = with_door(serve, says_which, of_door).port
    head, _, body = exchange(door if own else api, TOO_LARGE % path.encode()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    problem = json.loads(body)
    assert (set(problem) == {"message"}) == is_door
    assert (b"Access-Control-Allow-Origin: *" in head) == is_door
    assert SECRET.encode() not in head + body


def test_a_path_with_a_key_is_not_logged(
    serve: Serve, of_door: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    served = with_door(serve, breaks, of_door)
    assert b"500" in get(served.port, f"/d/{SECRET}/api/v2/execute")
    assert "Exception while serving" in caplog.text
    assert SECRET not in caplog.text
