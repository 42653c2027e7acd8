"""How much 500 open streams slow down submissions."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from time import perf_counter
from typing import Final

from benchmarks.api import EXECUTIONS, KEYS, Api
from benchmarks.measure import p50, p95, stretch, table
from benchmarks.service import running
from benchmarks.submissions import CLIENTS, NO_QUOTA

TITLE: Final = "Submissions with 500 open streams: `POST` without `wait`, four clients"
STREAMS: Final = 500
OWNERS: Final = 10
"""Owners of the streams: one alone may open half of the allowed streams, ten may open 10/11."""
SLEEPER: Final = "import time; time.sleep(55)\n"
LIMITS: Final = {"wall_seconds": 60}
END: Final = b"event: end"


def run(*, quick: bool) -> str:
    seconds, rounds = (2.0, 1) if quick else (4.0, 2)
    with _full() as (quiet, _), _full() as (streamed, sleepers), ExitStack() as open_streams:
        opened = perf_counter()
        streams = [
            open_streams.enter_context(_stream(watcher, sleepers[number % len(sleepers)]))
            for number, watcher in zip(range(STREAMS), cycle(_watchers(streamed)))
        ]
        opened = perf_counter() - opened
        apis = {"no stream": quiet, f"{STREAMS} streams": streamed}
        times: dict[str, list[float]] = {title: [] for title in apis}
        for _ in range(rounds):
            for title, api in apis.items():
                times[title] += stretch(api.submit, at_once=CLIENTS, seconds=seconds)
        seconds = _cancelled(streamed, sleepers, streams)
    rows = [
        [title, len(taken) / seconds / rounds, p50(taken), p95(taken)]
        for title, taken in times.items()
    ]
    return (
        table(["", "per second", "p50, ms", "p95, ms"], rows)
        + f"\n\nOpening all streams took {opened:.1f} s. After their executions were cancelled,"
        f" the last stream ended after {seconds:.2f} s."
    )


@contextmanager
def _full() -> Iterator[tuple[Api, list[str]]]:
    """Run a service with all slots taken, so that submissions queue. Yields who took them."""
    with running(max_unfinished_per_owner=NO_QUOTA, max_running=2) as (_, api):
        yield api, [str(api.submit(SLEEPER, limits=LIMITS)["id"]) for _ in range(2)]


def _watchers(api: Api) -> list[Api]:
    """Return the API with keys of several operators, who can see all executions."""
    made = [
        api.call("POST", KEYS, json.dumps({"name": f"owner{n}", "role": "operator"}).encode())
        for n in range(OWNERS)
    ]
    return [Api(f"http://{api.address}", str(key["key"])) for key in made]


@contextmanager
def _stream(api: Api, execution_id: str) -> Iterator[socket.socket]:
    """Open a stream and read up to its first event."""
    host, _, port = api.address.partition(":")
    headers = "".join(f"{name}: {value}\r\n" for name, value in api.headers.items())
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        path = f"{EXECUTIONS}/{execution_id}/stream"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n".encode())
        read = b""
        while b"event: state" not in read:
            read += _more(connection)
        yield connection


def _more(connection: socket.socket) -> bytes:
    content = connection.recv(65536)
    assert content, "the stream was closed"
    return content


def _cancelled(api: Api, execution_ids: list[str], streams: list[socket.socket]) -> float:
    """Cancel all, and return the seconds until the last stream ends."""
    started = perf_counter()
    for execution_id in execution_ids:
        api.call("POST", f"{EXECUTIONS}/{execution_id}/cancel")
    for stream in streams:
        read = b""
        while END not in read:
            read += _more(stream)
    return perf_counter() - started
