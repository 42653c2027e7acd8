"""The probes that check whether a child is ready."""

import base64
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from app.cli.up.probes import http_answers, socket_accepts
from tests.support.ports import free_port

HOST = "127.0.0.1"


class AsksForPassword(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        login = base64.b64encode(b"podline:right").decode()
        known = self.headers.get("Authorization") == f"Basic {login}"
        self.send_response(200 if known else 401)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server_port() -> Iterator[int]:
    with HTTPServer((HOST, 0), AsksForPassword) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


def test_a_server_that_knows_the_login_is_ours(server_port: int) -> None:
    assert http_answers(HOST, server_port, "/", "podline:right")


def test_a_server_of_others_is_not(server_port: int) -> None:
    assert not http_answers(HOST, server_port, "/", "podline:wrong")


def test_no_server_answers_nothing() -> None:
    assert not http_answers(HOST, free_port(), "/")


def test_a_server_that_accepts_and_says_nothing_is_not_ready(taken_port: int) -> None:
    assert not http_answers(HOST, taken_port, "/")


def test_a_socket_file_that_nobody_listens_on_is_not_ready(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    assert not socket_accepts(path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        assert not socket_accepts(path)
        server.listen()
        assert socket_accepts(path)
    assert not socket_accepts(path)
