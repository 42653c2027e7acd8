"""The faults that chaos makes by itself: they are there, and then they are over."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.chaos.acts import Clock, once, stopped
from tests.chaos.proxy import Proxy
from tests.chaos.shop import Shop
from tests.support.waiting import wait_until

SECRET = "pcs_secret"
SHOWS_TIME = "import time; print(time.time())"


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        yield server


def connected(proxy: Proxy) -> socket.socket:
    host, port = urlsplit(proxy.url).netloc.split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def test_a_proxy_forwards_both_ways_and_ends_both_ways(server: socket.socket) -> None:
    with Proxy(lambda: server.getsockname()[1]) as proxy, connected(proxy) as client:
        api, _ = server.accept()
        with api:
            client.sendall(b"asks")
            assert api.recv(10) == b"asks"
            client.shutdown(socket.SHUT_WR)
            assert api.recv(10) == b""
            api.sendall(b"answers")
        assert client.recv(10) == b"answers"
        assert client.recv(10) == b""


def test_it_cuts_what_is_open(server: socket.socket) -> None:
    with Proxy(lambda: server.getsockname()[1]) as proxy, connected(proxy) as client:
        api, _ = server.accept()
        with api:
            client.sendall(b"asks")
            assert api.recv(10) == b"asks"
            proxy.cut()
            assert client.recv(10) == b""
            assert api.recv(10) == b""
        with connected(proxy) as another:
            api, _ = server.accept()
            with api:
                another.sendall(b"again")
                assert api.recv(10) == b"again"


def test_it_holds_back_what_it_forwards(server: socket.socket) -> None:
    with Proxy(lambda: server.getsockname()[1]) as proxy, connected(proxy) as client:
        api, _ = server.accept()
        with api, proxy.slow(0.05):
            began = time.monotonic()
            client.sendall(b"asks")
            assert api.recv(10) == b"asks"
            assert time.monotonic() - began >= 0.05


def test_without_an_api_it_closes_connections() -> None:
    def unknown() -> int:
        raise ValueError

    with Proxy(unknown) as proxy, connected(proxy) as client:
        assert client.recv(10) == b""


def test_a_clock_is_wrong_meanwhile(tmp_path: Path) -> None:
    clock = Clock(tmp_path)

    def wrong() -> float:
        """By how many seconds, about: a process starts within a few."""
        environment = os.environ | clock.environment
        shown = subprocess.run(
            [sys.executable, "-c", SHOWS_TIME], env=environment, capture_output=True, check=True
        )
        return float(shown.stdout) - time.time()

    with clock.stepped(0):
        assert -60 < wrong() < -20
    with clock.stepped(5):
        assert 15 < wrong() < 31
    assert -10 < wrong() < 1


def test_a_process_hangs_meanwhile() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        found = psutil.Process(process.pid)
        with stopped(found, children=True):
            wait_until(lambda: found.status() == psutil.STATUS_STOPPED)
        wait_until(lambda: found.status() != psutil.STATUS_STOPPED)
        with stopped(found, children=False):
            process.kill()
            process.wait()  # and resuming it is no error


def test_something_happens_once() -> None:
    happened: list[int] = []
    with once(lambda: happened.append(1), lambda: happened.append(2)):
        assert happened == [1, 2]
    assert happened == [1, 2]


def post(shop: Shop) -> int:
    connection = http.client.HTTPConnection(shop.host, shop.port, timeout=30)
    headers = {"Podline-Delivery": "X.completed"}
    connection.request("POST", "/ended/owner-0", b"{}", headers)
    return connection.getresponse().status


def test_a_receiver_keeps_what_it_accepts() -> None:
    with Shop() as shop:
        assert post(shop) == 204
        with shop.failing():
            assert post(shop) == 503
        assert post(shop) == 204
        assert shop.ids() == ["X", "X"]
