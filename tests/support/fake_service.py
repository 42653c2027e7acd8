"""A small service that follows the contract over real HTTP, and fails on demand.

It runs no program: `ending` says how a submission ends.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from flask import Flask, Response, abort, request
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.support.fake_answers import (
    KEY,
    LANGUAGES,
    LIMITS_IN_FORCE,
    MOMENT,
    QUEUE,
    RESULT,
    Json,
    events_of,
    execution_as,
    problem,
    replay_as,
    sent,
)


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
    limits_held: list[dict[str, str]] = field(
        default_factory=lambda: [
            {"limit": "memory", "by": "kernel", "how": "memory.max of cgroup version 2"}
        ]
    )
    dependencies: dict[str, str | None] = field(default_factory=lambda: {"store": None})
    executions: dict[str, Json] = field(default_factory=dict)
    dead_letters: dict[str, Json] = field(default_factory=dict)
    replays: dict[str, Json] = field(default_factory=dict)
    log: list[Json] = field(default_factory=list)
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
        execution = execution_as(f"01J{number:023d}", facts)
        self.executions[execution["id"]] = execution
        return execution

    def ended(self, execution: Json) -> Json:
        result = None if self.ending.result is None else {**RESULT, **self.ending.result}
        facts = {"state": self.ending.state, "outcome": self.ending.outcome, "result": result}
        return {**execution, **facts, "message": self.ending.message, "completed_at": MOMENT}


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def connection_dropped(self, *_: Any) -> None:
        """An incident said so: let the client see it."""
        self.close_connection = True

    def log(self, type: str, message: str, *args: Any) -> None:
        """Incidents are no news."""


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

    @app.get(f"{v1}/limits/held")
    def limits_held() -> Json:
        return {"items": service.limits_held}

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

    @app.get(f"{v1}/events")
    def event_log() -> Json:
        return page(service.log)

    @app.post(f"{v1}/replays")
    def start_replay() -> tuple[Json, int]:
        replay = replay_as(f"replay-{len(service.replays) + 1}", request.get_json())
        service.replays[replay["id"]] = replay
        return replay, 202

    @app.get(f"{v1}/replays")
    def replays() -> Json:
        return page(list(service.replays.values()))

    @app.get(f"{v1}/replays/<replay_id>")
    def replay(replay_id: str) -> Json:
        return known(service.replays, replay_id)

    @app.post(f"{v1}/replays/<replay_id>/cancel")
    def cancel_replay(replay_id: str) -> Json:
        replay = known(service.replays, replay_id)
        replay["status"] = "cancelled"
        return replay

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


def held(service: FakeService, events: list[tuple[str, Json]]) -> Iterator[bytes]:
    """A stream that is not closed after its events."""
    yield from sent(events, 0, None)
    service.streaming.set()
    service.over.wait()
