"""GET …/stream: the events of a stream in SSE format."""

import base64
import json

from app.domain.report import Frame, Stream
from app.infrastructure.memory.runtime import Script
from podline.sse import EventParser, ServerSentEvent
from tests.support.api_contract import PROGRAM, Api, body
from tests.support.twins import Twins
from tests.support.worker import Worker

EXECUTIONS = "/api/v1/executions"


def submit(api: Api) -> str:
    id = body(api.post(EXECUTIONS, PROGRAM), 202)["id"]
    assert isinstance(id, str)
    return id


def events(api: Api, id: str, after: str | None = None) -> list[ServerSentEvent]:
    """Up to the end of the response, by the client's own parser."""
    headers = {} if after is None else {"Last-Event-ID": after}
    response = api.get(f"{EXECUTIONS}/{id}/stream", headers=headers)
    assert response.status_code == 200
    assert response.mimetype == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-store"
    return list(EventParser().feed(response.data))


def test_it_sends_states_output_result_and_end(api: Api, twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _pod: Script(prints="hé\n".encode())
    id = submit(api)
    worker.run_all()
    received = events(api, id)
    assert [event.event for event in received][-3:] == ["stdout", "result", "end"]
    states = [json.loads(event.data)["state"] for event in received if event.event == "state"]
    assert (states[0], states[-1]) == ("queued", "completed")
    assert json.loads(received[-3].data) == {
        "attempt": 1,
        "offset": 0,
        "content": "hé\n",
        "encoding": "utf-8",
    }
    assert json.loads(received[-2].data) == body(api.get(f"{EXECUTIONS}/{id}"))
    assert json.loads(received[-1].data) == {"state": "completed"}


def test_bytes_that_are_not_utf8_come_in_base64(api: Api, twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _pod: Script(prints=b"\xff\x00")
    id = submit(api)
    worker.run_all()
    data = json.loads(next(event.data for event in events(api, id) if event.event == "stdout"))
    assert data["encoding"] == "base64"
    assert base64.b64decode(data["content"]) == b"\xff\x00"


def test_it_continues_after_any_event(api: Api, twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _pod: Script(prints=b"hello\n")
    id = submit(api)
    worker.run_all()
    received = events(api, id)
    for position, event in enumerate(received[:-1], start=1):
        assert events(api, id, after=event.id) == received[position:]


def test_after_its_end_there_is_nothing_to_connect_to_again(api: Api, worker: Worker) -> None:
    id = submit(api)
    worker.run_all()
    last = events(api, id)[-1].id
    response = api.get(f"{EXECUTIONS}/{id}/stream", headers={"Last-Event-ID": last})
    assert response.status_code == 204


def test_an_id_of_something_else_is_refused(api: Api) -> None:
    id = submit(api)
    for last in ("7", "1-1-0-0-3", "1-1-0-0-x", "-1-0-0-0-0", "1-1-0-0-0-0-0", "٣-0-0-0-0"):
        headers = {"Last-Event-ID": last.encode().decode("latin-1")}
        response = api.get(f"{EXECUTIONS}/{id}/stream", headers=headers)
        assert response.status_code == 400


def test_a_cancelled_one_ends_without_a_result(api: Api, worker: Worker) -> None:
    id = submit(api)
    api.post(f"{EXECUTIONS}/{id}/cancel")
    worker.run_all()
    received = events(api, id)
    assert [event.event for event in received] == ["state", "state", "end"]
    assert json.loads(received[-1].data) == {"state": "cancelled"}


def test_live_output_is_asked_for_and_sent_while_the_program_runs(
    api: Api, twins: Twins, worker: Worker
) -> None:
    twins.runtime.script = lambda _pod: Script(ends=None)
    id = submit(api)
    worker.run_all()
    row = twins.store.executions.get(id)
    assert row is not None
    twins.ports.live.append(row.pod, [Frame(1, Stream.STDOUT, 0, b"so far")])
    response = api.app.test_client().get(
        f"{EXECUTIONS}/{id}/stream", headers={"X-API-Key": api.key or ""}
    )
    parser = EventParser()
    arriving = (event for chunk in response.response for event in parser.feed(as_bytes(chunk)))
    stdout = next(event for event in arriving if event.event == "stdout")
    assert json.loads(stdout.data)["content"] == "so far"
    assert twins.ports.live.watched() == {id}
    response.close()


def as_bytes(chunk: str | bytes) -> bytes:
    return chunk.encode() if isinstance(chunk, str) else chunk
