"""A small service that speaks the contract over real HTTP, and fails as it is told to.

It runs no program: what a submission ends with is `ending`.
"""

import json
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from flask import Flask, Response, abort, request
from werkzeug.serving import WSGIRequestHandler, make_server

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


@dataclass(frozen=True)
class Ending:
    """What becomes of what is submitted."""

    state: str = "completed"
    outcome: str | None = "success"
    message: str | None = None
    result: Json | None = field(default_factory=dict)
    """What differs from RESULT; None for no result."""


@dataclass
class FakeService:
    """Tests set what it does and look at what it was asked."""

    ending: Ending = field(default_factory=Ending)
    incidents: list[Callable[[], Response]] = field(default_factory=list)
    """What the next requests get instead of an answer."""
    stream_events: list[tuple[str, Json]] | None = None
    """The whole stream; by default that of the ending."""
    stream_cuts: list[int] = field(default_factory=list)
    """After how many events each of the next streams breaks off."""
    holds_streams: bool = False
    """Streams stay open after their events, until the service ends; executions stay queued."""
    streaming: threading.Event = field(default_factory=threading.Event)
    """A stream is held."""
    over: threading.Event = field(default_factory=threading.Event)
    unfinished_answers: int = 0
    """How often a submission is still running when it is asked for."""
    dependencies: dict[str, str | None] = field(default_factory=lambda: {"store": None})
    executions: dict[str, Json] = field(default_factory=dict)
    dead_letters: dict[str, Json] = field(default_factory=dict)
    keys: dict[str, Json] = field(default_factory=dict)
    requests: list[Json] = field(default_factory=list)
    url: str = ""

    def __enter__(self) -> Self:
        self._server = make_server(
            "127.0.0.1", 0, _app(self), threaded=True, request_handler=_Quiet
        )
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def asked(self, method: str, path: str) -> list[Json]:
        """The requests so far, those that met an incident included."""
        return [r for r in self.requests if r["method"] == method and r["path"] == path]

    def add_execution(self, **facts: Any) -> Json:
        number = len(self.executions) + 1
        execution = _execution(f"01J{number:023d}", facts)
        self.executions[execution["id"]] = execution
        return execution

    def ended(self, execution: Json) -> Json:
        result = None if self.ending.result is None else {**RESULT, **self.ending.result}
        facts = {"state": self.ending.state, "outcome": self.ending.outcome, "result": result}
        return {**execution, **facts, "message": self.ending.message, "completed_at": MOMENT}


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

    return Response(broken(), 200, mimetype="application/json")


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def connection_dropped(self, *_: Any) -> None:
        """An incident said so: let the client see it."""
        self.close_connection = True

    def log(self, type: str, message: str, *args: Any) -> None:
        """Incidents are no news."""


def _execution(execution_id: str, facts: Json) -> Json:
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


def _app(service: FakeService) -> Flask:
    app = Flask(__name__)
    v1 = "/api/v1"

    @app.before_request
    def note() -> Response | None:
        service.requests.append(
            {
                "method": request.method,
                "path": request.path,
                "query": request.args.to_dict(flat=False),
                "headers": dict(request.headers),
                "body": request.get_json(silent=True),
            }
        )
        if service.incidents:
            return service.incidents.pop(0)()
        if request.path.startswith(v1) and request.headers.get("Authorization") != f"Bearer {KEY}":
            return problem(401, "Unauthorized", detail="send a key")()
        return None

    @app.errorhandler(404)
    def missing(_: Exception) -> Response:
        return problem(404, "Not Found", detail="there is no such thing")()

    def known(things: dict[str, Json], thing_id: str) -> Json:
        return things.get(thing_id) or abort(404)

    @app.post(f"{v1}/executions")
    def submit() -> tuple[Json, int]:
        key = request.headers["Idempotency-Key"]
        labels = request.get_json().get("labels", {})
        for execution in service.executions.values():
            if execution.get("key") == key:
                return execution, 202
        execution = service.add_execution(key=key, labels=labels)
        if "wait" in request.args and not service.unfinished_answers:
            service.executions[execution["id"]] = execution = service.ended(execution)
        return execution, 200 if "wait" in request.args else 202

    @app.get(f"{v1}/executions")
    def listing() -> Json:
        newest_first = sorted(service.executions.values(), key=lambda e: e["id"], reverse=True)
        return page(newest_first)

    def page(things: list[Json]) -> Json:
        start = int(request.args.get("cursor", 0))
        end = start + int(request.args.get("limit", 2))
        return {
            "items": things[start:end],
            "next_cursor": str(end) if end < len(things) else None,
        }

    @app.get(f"{v1}/executions/<execution_id>")
    def get(execution_id: str) -> Json:
        execution = known(service.executions, execution_id)
        if "wait" in request.args and execution["state"] == "queued":
            if service.unfinished_answers:
                service.unfinished_answers -= 1
            else:
                service.executions[execution_id] = execution = service.ended(execution)
        return execution

    @app.delete(f"{v1}/executions/<execution_id>")
    def delete(execution_id: str) -> tuple[str, int]:
        known(service.executions, execution_id)
        del service.executions[execution_id]
        return "", 204

    @app.post(f"{v1}/executions/<execution_id>/cancel")
    def cancel(execution_id: str) -> tuple[Json, int] | Response:
        execution = known(service.executions, execution_id)
        if execution["state"] != "queued":
            return problem(409, "Conflict", detail=f"{execution_id} ended already")()
        execution["state"] = "cancelled"
        return execution, 202

    @app.post(f"{v1}/executions/<execution_id>/retry")
    def retry(execution_id: str) -> tuple[Json, int]:
        known(service.executions, execution_id)
        return service.add_execution(retry_of=execution_id), 202

    @app.get(f"{v1}/executions/<execution_id>/events")
    def events(execution_id: str) -> Json:
        known(service.executions, execution_id)
        event = {
            "id": f"{execution_id}.1",
            "type": "podline.execution.queued.v1",
            "version": 1,
            "time": MOMENT,
            "data": {"state": "queued"},
        }
        return {"items": [event], "next_cursor": None}

    @app.get(f"{v1}/executions/<execution_id>/stream")
    def stream(execution_id: str) -> Response:
        execution = known(service.executions, execution_id)
        events = service.stream_events
        if events is None:
            events = events_of(service.ended(execution))
        start = int(request.headers.get("Last-Event-ID", 0))
        cut = service.stream_cuts.pop(0) if service.stream_cuts else None
        if not service.holds_streams:
            service.executions[execution_id] = service.ended(execution)
        frames = held(service, events) if service.holds_streams else sent(events, start, cut)
        return Response(frames, mimetype="text/event-stream")

    @app.get(f"{v1}/languages")
    def languages() -> Json:
        return {"items": LANGUAGES}

    @app.get(f"{v1}/queue")
    def queue() -> Json:
        return QUEUE

    @app.get(f"{v1}/limits")
    def limits() -> Json:
        return LIMITS_IN_FORCE

    @app.get("/readyz")
    def ready() -> tuple[Json, int]:
        details = service.dependencies.items()
        parts = {n: {"state": "down" if d else "up", "detail": d} for n, d in details}
        well = not any(service.dependencies.values())
        answer = {"status": "ready" if well else "down", "dependencies": parts}
        return answer, 200 if well else 503

    @app.get(f"{v1}/dead-letters")
    def dead_letters() -> Json:
        return page(list(service.dead_letters.values()))

    @app.get(f"{v1}/dead-letters/<letter_id>")
    def dead_letter(letter_id: str) -> Json:
        return known(service.dead_letters, letter_id)

    @app.post(f"{v1}/dead-letters/<letter_id>/<verb>")
    def settle(letter_id: str, verb: str) -> Json:
        letter = known(service.dead_letters, letter_id)
        letter["status"] = {"retry": "retrying", "discard": "discarded"}[verb]
        return letter

    @app.post(f"{v1}/dead-letters/retry")
    def retry_letters() -> Json:
        return {"retried": len(service.dead_letters)}

    @app.get(f"{v1}/keys")
    def keys() -> Json:
        return {"items": list(service.keys.values())}

    @app.post(f"{v1}/keys")
    def create_key() -> tuple[Json, int]:
        facts = request.get_json()
        key = {"id": f"key-{len(service.keys)}", "created_at": MOMENT, **facts}
        service.keys[key["id"]] = key
        return {**key, "key": "pdl_secret"}, 201

    @app.delete(f"{v1}/keys/<key_id>")
    def delete_key(key_id: str) -> tuple[str, int]:
        known(service.keys, key_id)
        del service.keys[key_id]
        return "", 204

    return app


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


def held(service: FakeService, events: list[tuple[str, Json]]) -> Iterator[bytes]:
    """A stream that is not closed after its events."""
    yield from sent(events, 0, None)
    service.streaming.set()
    service.over.wait()


def sent(events: list[tuple[str, Json]], start: int, cut: int | None) -> Iterator[bytes]:
    """The events after `start` as a stream that breaks off after `cut` of them."""
    yield b"retry: 1000\n\n"
    for number, (kind, data) in enumerate(events[start:], start + 1):
        if cut is not None and number > start + cut:
            raise ConnectionAbortedError
        yield f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n: heartbeat\n\n".encode()
