"""Responses that the API gives only in a failure, and responses that it never gives."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

from werkzeug import Response

Json = dict[str, Any]

MOMENT = "2026-01-02T03:04:05.678901Z"
LIMITS: Json = {
    "wall_seconds": 5.0,
    "cpu_seconds": 5.0,
    "memory_mib": 128,
    "processes": 64,
    "output_kib": 256,
    "disk_mib": 16,
}


def execution_as(execution_id: str, facts: Json) -> Json:
    return {
        "id": execution_id,
        "state": "queued",
        "outcome": None,
        "language": "python",
        "version": "3.11.2",
        "priority": "normal",
        "attempt": 1,
        "labels": {},
        "limits": LIMITS,
        "queue_position": None,
        "message": None,
        "created_at": MOMENT,
        "admitted_at": None,
        "started_at": None,
        "finished_at": None,
        "completed_at": None,
        "retry_of": None,
        "retried_as": None,
        "result": None,
    } | facts


def problem(status: int, title: str = "Trouble", **facts: Any) -> Callable[[], Response]:
    """Return a problem document; `retry_after` becomes the header."""
    headers = {"X-Request-Id": "req-1"}
    if "retry_after" in facts:
        headers["Retry-After"] = str(facts.pop("retry_after"))
    document = {"type": "about:blank", "title": title, "status": status, **facts}

    def answer() -> Response:
        body = json.dumps(document)
        return Response(body, status, headers, mimetype="application/problem+json")

    return answer


def as_usual() -> None:
    """Let the service respond."""


def hang_up() -> Response:
    """Break the connection in the middle of the response."""

    def broken() -> Iterator[bytes]:
        yield b'{"id": '
        raise ConnectionAbortedError

    return Response(broken(), 200, mimetype="text/event-stream")


def output(content: bytes, offset: int, attempt: int = 1) -> Json:
    """Return the data of a `stdout` or `stderr` event."""
    return {
        "attempt": attempt,
        "offset": offset,
        "content": b64encode(content).decode(),
        "encoding": "base64",
    }


def frames(events: list[tuple[str, Json]]) -> Iterator[bytes]:
    """Return the events as a stream."""
    yield b"retry: 1000\n\n"
    for number, (kind, data) in enumerate(events, 1):
        yield f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n: heartbeat\n\n".encode()
