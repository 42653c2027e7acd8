"""How much slow clients without a key slow down those with one."""

import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from benchmarks.api import Api
from benchmarks.measure import p50, p95, stretch, table, verdict
from benchmarks.service import running
from benchmarks.submissions import CLIENTS, NO_QUOTA

TITLE: Final = "Submissions with 1,300 slow connections: `POST` without `wait`, four clients"
HEADERS: Final = 700
BODIES: Final = 600
BAR: Final = 50
"""Milliseconds that they may add at p95."""
_PAUSE: Final = 1.0
"""Seconds between two bytes on a connection."""
_HEAD: Final = b"POST /api/v1/executions HTTP/1.1\r\nHost: x\r\n"
_BODY: Final = _HEAD + b"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n"


def run(*, quick: bool) -> str:
    seconds, rounds = (2.0, 1) if quick else (5.0, 2)
    quiet: list[float] = []
    crowded: list[float] = []
    with running(max_unfinished_per_owner=NO_QUOTA, max_unfinished=NO_QUOTA) as (service, api):
        service.child("worker").suspend()
        try:
            for _ in range(rounds):
                quiet += stretch(api.submit, at_once=CLIENTS, seconds=seconds)
                with _slow(api):
                    crowded += stretch(api.submit, at_once=CLIENTS, seconds=seconds)
        finally:
            service.child("worker").resume()
    rows = [
        _row("no slow connections", quiet, seconds * rounds, ""),
        _row(
            f"{HEADERS} slow headers, {BODIES} slow bodies",
            crowded,
            seconds * rounds,
            verdict(p95(crowded) - p95(quiet), BAR),
        ),
    ]
    return table(["", "per second", "p50, ms", "p95, ms", f"target: +{BAR} ms at p95"], rows)


def _row(title: str, times: list[float], seconds: float, bar: object) -> list[object]:
    return [title, len(times) / seconds, p50(times), p95(times), bar]


@contextmanager
def _slow(api: Api) -> Iterator[None]:
    """Open connections that send one byte per second of an endless header or body."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))
    connections = [_open(api, _HEAD + b"A: ") for _ in range(HEADERS)]
    connections += [_open(api, _BODY) for _ in range(BODIES)]
    over = threading.Event()
    trickle = threading.Thread(target=_trickle, args=(connections, over))
    trickle.start()
    try:
        yield
    finally:
        over.set()
        trickle.join()
        for connection in connections:
            connection.close()


def _open(api: Api, begun: bytes) -> socket.socket:
    host, _, port = api.address.partition(":")
    connection = socket.create_connection((host, int(port)), timeout=30)
    connection.sendall(begun)
    return connection


def _trickle(connections: list[socket.socket], over: threading.Event) -> None:
    while not over.wait(_PAUSE):
        for connection in connections:
            connection.sendall(b"a")
