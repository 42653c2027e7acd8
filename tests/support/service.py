"""The real API over HTTP, on twins, with the faults that a test asks for."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import BytesIO
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from werkzeug import Request, Response
from werkzeug.test import run_wsgi_app
from werkzeug.wsgi import ClosingIterator

from app.domain.api_key import Role
from app.domain.execution import Execution, State
from app.infrastructure.memory.pipeline import MemoryPipeline
from app.service import keys
from tests.support.answers import Json, frames
from tests.support.real_api import Wsgi, served
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker


class InlinePipeline(MemoryPipeline):
    """Runs each chain where it is started, so that a submission has ended before the response."""

    def __init__(self) -> None:
        super().__init__()
        self.runs = True
        self.worker: Worker | None = None
        self._busy = threading.Lock()

    def start(
        self,
        execution_id: str,
        state: State,
        place: str | None = None,
        group: str | None = None,
        *,
        next_here: bool = False,
    ) -> None:
        super().start(execution_id, state, place, group, next_here=next_here)
        if self.runs:
            self.run_all()

    def run_all(self) -> None:
        assert self.worker is not None
        if self._busy.acquire(blocking=False):
            try:
                self.worker.run_all()
            finally:
                self._busy.release()


@dataclass
class Service:
    """A service whose behaviour tests choose. It records requests, and runs submissions at once."""

    incidents: list[Callable[[], Response | None]] = field(default_factory=list)
    """What the next requests get instead of a response; with None, they get theirs."""
    losses: list[Callable[[], Response | None]] = field(default_factory=list)
    """The same, once the API has done what the request asks for."""
    unfinished_answers: int = 0
    """How many requests with ?wait return at once; then the submission runs."""
    stream_events: list[tuple[str, Json]] | None = None
    """A whole stream that replaces the API's own."""
    holds_streams: bool = False
    """Whether a stream of `stream_events` stays open until the service ends."""
    stream_cuts: list[int] = field(default_factory=list)
    """After how many events each of the next streams breaks."""
    streaming: threading.Event = field(default_factory=threading.Event)
    """Set while a stream is held open."""
    requests: list[Json] = field(default_factory=list)
    url: str = ""
    key: str = ""
    twins: Twins = field(init=False)

    def __post_init__(self) -> None:
        self._pipeline = InlinePipeline()
        self.twins = make_twins(pipeline=self._pipeline)
        self._pipeline.worker = Worker(self.twins.ports)
        self._over = threading.Event()
        self._running = ExitStack()

    def __enter__(self) -> Self:
        self.url = self._running.enter_context(served(self.twins, self._in_front_of))
        self._running.callback(self._over.set)
        _, self.key = keys.create(
            self.twins.ports.store.keys, self.twins.ports.clock, "ada", Role.ADMIN
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._running.close()

    def runs_nothing(self) -> None:
        """Leave later submissions queued."""
        self._pipeline.runs = False

    def run_all(self) -> None:
        """Run what is queued to its end."""
        self._pipeline.run_all()

    def asked(self, method: str, path: str) -> list[Json]:
        """Return the requests so far, including those that met an incident."""
        return [r for r in self.requests if r["method"] == method and r["path"] == path]

    def submitted(self) -> list[Execution]:
        """Return every execution as it is now, oldest first."""
        return list(self.twins.store.tables.rows.values())

    def _in_front_of(self, app: Wsgi) -> Wsgi:
        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            request = self._noted(environ)
            incident = self.incidents.pop(0)() if self.incidents else None
            if incident is not None:
                return incident(environ, start_response)
            loss = self.losses.pop(0)() if self.losses else None
            if loss is not None:
                run_wsgi_app(app, environ)
                return loss(environ, start_response)
            if "wait" in request.args:
                self._answer_at_once_or_run(request)
            if request.path.endswith("/stream"):
                return self._stream(app, environ, start_response)
            return app(environ, start_response)  # type: ignore[no-any-return]  # WSGI

        return answer

    def _noted(self, environ: dict[str, Any]) -> Request:
        request = Request(environ)
        body = request.get_data()
        environ["wsgi.input"] = BytesIO(body)
        self.requests.append(
            {
                "method": request.method,
                "path": request.path,
                "query": request.args.to_dict(flat=False),
                "headers": dict(request.headers),
                "body": json.loads(body) if request.is_json and body else None,
            }
        )
        return request

    def _answer_at_once_or_run(self, request: Request) -> None:
        if not self.unfinished_answers:
            self._pipeline.run_all()
            return
        self.runs_nothing()
        others = request.args.to_dict()
        others.pop("wait")
        request.environ["QUERY_STRING"] = urlencode(others)
        if request.method == "GET":
            self.unfinished_answers -= 1

    def _stream(
        self, app: Wsgi, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        if self.stream_events is None:
            events = app(environ, start_response)
        else:
            events = Response(self._scripted(), mimetype="text/event-stream")(
                environ, start_response
            )
        if not self.stream_cuts:
            return events  # type: ignore[no-any-return]  # WSGI
        return ClosingIterator(
            _cut(events, self.stream_cuts.pop(0)), getattr(events, "close", None)
        )

    def _scripted(self) -> Iterator[bytes]:
        yield from frames(self.stream_events or [])
        if self.holds_streams:
            self.streaming.set()
            self._over.wait()


def _cut(chunks: Iterable[bytes], at: int) -> Iterator[bytes]:
    """Return the stream up to its event number `at`, and then break the connection."""
    rest, seen = b"", 0
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n\n")
        for frame in whole:
            if b"\nid: " in b"\n" + frame:
                if seen == at:
                    raise ConnectionAbortedError
                seen += 1
            yield frame + b"\n\n"
    yield rest
