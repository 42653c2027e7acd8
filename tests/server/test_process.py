"""The API's process with many clients, and with a full disk."""

import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.server.conftest import KEY, SECONDS, Api, Client, api_process, exchange
from tests.support.costly import SUBMISSIONS
from tests.support.waiting import wait_until

CROWD = 1300
POST = b"POST /api/v1/executions HTTP/1.1\r\nHost: x\r\n"
GET_HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
SLOW = {
    "silent": b"",
    "in its first line": b"GET /hea",
    "in its headers": b"GET /healthz HTTP/1.1\r\nHost: x\r\nA",
    "in its body": POST + b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    "in a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    "before a body that no call takes": b"GET /healthz HTTP/1.1\r\nContent-Length: 10\r\n\r\n",
}


def status(response: bytes) -> int:
    return int(response.split(b" ", 2)[1])


@contextmanager
def crowd(port: int) -> Iterator[list[Client]]:
    """Open connections without a key that stop in the middle of a request."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * CROWD), hard))
    kinds = list(SLOW.values())
    clients = [Client(port).send(kinds[number % len(kinds)]) for number in range(CROWD)]
    try:
        yield clients
    finally:
        for client in clients:
            client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_slow_and_silent_clients_hold_up_nobody(api: Api) -> None:
    with crowd(api.port):
        for _ in range(20):
            assert status(exchange(api.port, GET_HEALTH)) == 200
            assert status(api.submit()) == 202


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "Script-Name", "X-Forwarded-Prefix", "PATH_INFO"])
def test_a_header_does_not_change_what_is_asked_for(api: Api, name: str) -> None:
    request = f"GET /healthz HTTP/1.1\r\nHost: x\r\n{name}: /healthz\r\nConnection: close\r\n\r\n"

    assert status(exchange(api.port, request.encode())) == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system")
def test_a_body_that_can_not_be_stored_is_refused_and_the_next_one_is_taken(
    tmp_path: Path,
) -> None:
    small = tmp_path / "tmp"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(small)]
    subprocess.run(mount, check=True)
    try:
        with api_process(tmp_path, TMPDIR=str(small)) as api:
            body = json.dumps({"language": "python", "source": "#" * 400_000}).encode()

            refused = api.submit(body)
            assert status(refused) == 503
            assert b"Retry-After" in refused
            assert b"the disk is full" in refused

            assert status(api.submit()) == 202
            subprocess.run(["mount", "-o", "remount,size=4m", str(small)], check=True)
            assert status(api.submit(body)) == 202
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_it_stops_at_once_where_nothing_is_answered(tmp_path: Path) -> None:
    with api_process(tmp_path) as api, crowd(api.port):
        assert status(api.submit()) == 202
        started = time.monotonic()
        api.process.send_signal(signal.SIGTERM)

        assert api.process.wait(timeout=SECONDS) == 0
        assert time.monotonic() - started < 3


def test_it_stops_beside_an_open_stream(tmp_path: Path) -> None:
    with api_process(tmp_path) as api:
        id = json.loads(api.submit().partition(b"\r\n\r\n")[2])["id"]
        stream = Client(api.port).send(
            f"GET /api/v1/executions/{id}/stream HTTP/1.1\r\nX-API-Key: {KEY}\r\n\r\n".encode()
        )
        wait_until(lambda: b"event: state" in stream.connection.recv(65536))

        api.process.send_signal(signal.SIGTERM)

        assert api.process.wait(timeout=SECONDS) == 0
        stream.close()


def resident_mib(api: Api) -> int:
    status = Path(f"/proc/{api.process.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


def test_memory_is_given_back_after_many_large_bodies_at_once(tmp_path: Path) -> None:
    """Without `return_what_is_freed`, at least 60 MiB remain in use."""
    bodies = [
        SUBMISSIONS[kind](9_000_000)
        for kind in ("args: numbers", "env: right", "a text: characters of three bytes")
    ]
    with api_process(tmp_path) as api, ThreadPoolExecutor(12) as pool:
        for _ in range(12):
            api.submit()
        before = resident_mib(api)
        assert {status(answer) for answer in pool.map(api.submit, bodies * 4)} == {422}
        wait_until(lambda: resident_mib(api) < before + 30)
