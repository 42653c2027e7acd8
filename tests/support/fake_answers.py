"""The fake service's responses, in the words of the contract."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

from flask import Response

Json = dict[str, Any]

KEY = "pdl_of-the-fake-service"
LIMITS: Json = {
    "wall_seconds": 5.0,
    "cpu_seconds": 5.0,
    "memory_mib": 128,
    "processes": 64,
    "output_kib": 256,
    "disk_mib": 16,
}
LANGUAGES = [
    {"name": "python", "version": "3.11.2", "source_name": "main.py", "compiled": False},
    {"name": "c", "version": "12.2.0", "source_name": "main.c", "compiled": True},
]
RESULT: Json = {
    "exit_code": 0,
    "signal": None,
    "stdout": "",
    "stderr": "",
    "stdout_truncated": False,
    "stderr_truncated": False,
    "stdout_base64": None,
    "stderr_base64": None,
    "wall_ms": 23.4,
    "cpu_ms": 18.0,
    "memory_peak_kib": 9216,
    "compile": None,
}
QUEUE = {
    "counts": {"queued": {"normal": 3, "background": 1}, "running": {"critical": 2}},
    "slots": {"total": 2, "used": 2, "free": 0},
    "oldest_queued_seconds": 1.5,
}
LIMITS_IN_FORCE = {
    "limits": {"default": LIMITS, "maximum": LIMITS},
    "compile_limits": {"default": LIMITS, "maximum": LIMITS},
    "input": {"files": 64, "files_bytes": 524288},
    "max_unfinished": 1000,
}
MOMENT = "2026-01-02T03:04:05.678901Z"


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


def replay_as(replay_id: str, asked: Json) -> Json:
    return {
        "id": replay_id,
        **asked,
        "requested_by": "otto",
        "status": "running",
        "matched": {"podline.execution.failed.v1": 3},
        "done": 2,
        "skipped": {"gone": 1},
        "error": None,
        "created_at": MOMENT,
        "started_at": MOMENT,
        "ended_at": None,
    }


def event_as(event_id: str, **data: Any) -> Json:
    return {
        "id": event_id,
        "type": "podline.execution.failed.v1",
        "version": 1,
        "time": MOMENT,
        "data": {"state": "failed", "attempt": 3, "owner": "ada", "message": "no node"} | data,
    }


def problem(status: int, title: str = "Trouble", **facts: Any) -> Callable[[], Response]:
    """An incident: a problem document; `retry_after` becomes the header."""
    headers = {"X-Request-Id": "req-1"}
    if "retry_after" in facts:
        headers["Retry-After"] = str(facts.pop("retry_after"))
    document = {"type": "about:blank", "title": title, "status": status, **facts}

    def answer() -> Response:
        return Response(json.dumps(document), status, headers, "application/problem+json")

    return answer


def hang_up() -> Response:
    """An incident: the connection breaks in the middle of the answer."""

    def broken() -> Iterator[bytes]:
        yield b'{"id": '
        raise ConnectionAbortedError

    return Response(broken(), 200, mimetype="text/event-stream")


def events_of(execution: Json) -> list[tuple[str, Json]]:
    """A whole stream: states, output in small pieces, result, end."""
    events: list[tuple[str, Json]] = [
        (
            "state",
            {"state": state, "version": version, "attempt": 1, "time": MOMENT, "message": None},
        )
        for version, state in enumerate(("queued", "admitted", "starting", "running"), 1)
    ]
    if execution["result"] is not None:
        for stream in ("stdout", "stderr"):
            text = execution["result"][stream].encode()
            events += [(stream, output(text[at : at + 4], at)) for at in range(0, len(text), 4)]
        events.append(("result", execution))
    return [*events, ("end", {"state": execution["state"]})]


def output(content: bytes, offset: int, attempt: int = 1) -> Json:
    """The data of `stdout` and `stderr`."""
    return {
        "attempt": attempt,
        "offset": offset,
        "content": b64encode(content).decode(),
        "encoding": "base64",
    }


def sent(events: list[tuple[str, Json]], start: int, cut: int | None) -> Iterator[bytes]:
    """The events after `start` as a stream that breaks off after `cut` of them."""
    yield b"retry: 1000\n\n"
    for number, (kind, data) in enumerate(events[start:], start + 1):
        if cut is not None and number > start + cut:
            raise ConnectionAbortedError
        yield f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n: heartbeat\n\n".encode()
