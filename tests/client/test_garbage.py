"""Whatever the response is, the client raises only its own errors."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from podline import (
    ApiError,
    Client,
    EndEvent,
    Outcome,
    PodlineError,
    ProtocolError,
    ServerError,
    State,
    Unreachable,
    WaitTimeout,
)
from podline.about_models import Language, LimitsInForce, Queue, Readiness
from podline.decoding import decode
from podline.models import Event, Execution
from podline.operator_models import DeadLetter, Key, Replay
from tests.support.answers import MOMENT, execution_as
from tests.support.both_clients import KINDS, connecting
from tests.support.raw_server import RawServer, http

JSON = {"Content-Type": "application/json"}
STREAM = {"Content-Type": "text/event-stream"}

EXECUTION = execution_as("01J", {"language": "python"})
REPLAY = {
    "id": "01J",
    **dict.fromkeys(("mode", "from", "to", "target")),
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
EVENT = {
    "id": "01J.1",
    "type": "podline.execution.failed.v1",
    "version": 1,
    "time": MOMENT,
    "data": {"state": "failed", "attempt": 3, "owner": "ada", "message": "no node"},
}
LANGUAGE = {"name": "python", "version": "3.11", "source_name": "main.py", "compiled": False}

CALLS: dict[str, Callable[[Client], object]] = {
    "submit": lambda client: client.submit("", language="python"),
    "get": lambda client: client.get("01J"),
    "list": lambda client: list(client.list()),
    "languages": lambda client: client.languages(),
    "readiness": lambda client: client.readiness(),
    "delete": lambda client: client.delete("01J"),
    "stream": lambda client: list(client.stream("01J")),
    "letters": lambda client: list(client.dead_letters.list()),
    "replay": lambda client: client.replays.get("01J"),
    "queue": lambda client: client.queue(),
}


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer() as server:
        yield server


@pytest.fixture(scope="module", params=KINDS)
def client(server: RawServer, request: pytest.FixtureRequest) -> Iterator[Client]:
    with asyncio.Runner() as runner:
        connect = connecting(request.param, runner)
        with connect(server.url, "a key", timeout=30, retries=0) as client:
            yield client


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
bodies = st.one_of(
    st.binary(max_size=40),
    json_values.map(lambda value: json.dumps(value).encode()),
    st.sampled_from([json.dumps(EXECUTION).encode(), json.dumps(EXECUTION).encode()[:-9]]),
    st.sampled_from(
        [
            b"[" * 100_000,
            b'{"items": [], "next_cursor": "same"}',
            b'{"items": [], "next_cursor": {"a": 1}}',
            b'"\\ud800"',
            b"\xed\xa0\x80",
            b"9" * 5000,
            b"1e999",
            b"NaN",
            b"id: \xff\n\xc3\xa4\ndata: {}\n\n",
            b'event: end\ndata: {"state": "completed"}\n\n',
            b'event: state\ndata: {"state": 5}\n\n',
            b"event: stdout\ndata: [[[\n\n",
            b'event: stdout\ndata: {"attempt":1,"offset":0,"content":"!","encoding":"base64"}\n\n',
            b'event: stdout\ndata: {"attempt":1,"offset":0,"content":"!","encoding":"rot13"}\n\n',
        ]
    ),
)
headers = st.dictionaries(
    st.sampled_from(
        [
            "Content-Type",
            "Content-Length",
            "Content-Encoding",
            "Transfer-Encoding",
            "Location",
            "Retry-After",
            "X-Request-Id",
            "Connection",
            "Upgrade",
        ]
    ),
    st.sampled_from(
        [
            *("application/json", "text/event-stream", "text/html; charset=utf-99", "gzip", "br"),
            *("chunked", "identity", "0", "5", "99999999999999999999", "-1", "nan", "9" * 400),
            *("Sun, 06 Nov 1994 08:49:37 +9999999999999", "http://[", "//", "a:b", "\x00", "é"),
        ]
    ),
    max_size=4,
)
statuses = st.sampled_from(
    [
        *("200 OK", "200", "101 Switching Protocols", "204 No Content", "301 Moved", "307 Moved"),
        *("401 Unauthorized", "404 Not Found", "422 Invalid", "500 Oh", "503 Busy", "999 ?"),
    ]
)
answers = st.binary(max_size=60) | st.builds(http, statuses, headers, bodies)


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(sorted(CALLS)), answer=answers)
@example(
    name="get", answer=http("200 OK", {"Transfer-Encoding": "chunked"}, b"ffffffffffffffffffff\r\n")
)
@example(name="get", answer=http("200 OK", {"Transfer-Encoding": "chunked"}, b'5\r\n{"a":'))
@example(name="get", answer=http("200 OK", {"Transfer-Encoding": "chunked"}, b"x\r\n"))
@example(name="get", answer=http("200 OK", JSON | {"Content-Encoding": "gzip"}, b"{}"))
@example(name="get", answer=http("302 Found", {"Location": "/elsewhere"}, b""))
@example(name="get", answer=http("302 Found", {"Location": "a:b"}, b""))
@example(name="get", answer=http("500 Oh", JSON, b"[" * 100_000))
@example(name="get", answer=http("429 Slow", {"Retry-After": "9" * 400}, b""))
@example(
    name="get",
    answer=http("429 Slow", {"Retry-After": "Sun, 06 Nov 1994 08:49:37 +99999999999"}, b""),
)
@example(name="list", answer=http("200 OK", JSON, b'{"items": [], "next_cursor": "same"}'))
@example(name="stream", answer=http("200 OK", STREAM, "id: ä\ndata: {}\n\n".encode()))
@example(
    name="stream", answer=http("200 OK", STREAM, b"event: state\ndata: " + b"[" * 100_000 + b"\n\n")
)
def test_no_answer_raises_an_error_of_another_package(
    name: str, answer: bytes, server: RawServer, client: Client
) -> None:
    server.answer = answer
    with suppress(PodlineError):  # which one is the subject of other tests
        CALLS[name](client)


RECORDS: dict[type, dict[str, Any]] = {
    Execution: EXECUTION,
    Event: EVENT,
    Replay: REPLAY,
    Language: LANGUAGE,
}
odd_values = json_values | st.sampled_from(
    [10**400, -1, True, "0001-01-01T00:00:00+23:59", "2026-01-02T03:04:05", "dancing", [[]], {}]
)


@given(data=st.data())
def test_no_value_in_a_field_raises_an_error_of_another_package(data: st.DataObject) -> None:
    cls = data.draw(st.sampled_from(list(RECORDS)))
    record = RECORDS[cls] | {
        name: data.draw(odd_values)
        for name in data.draw(st.sets(st.sampled_from(sorted(RECORDS[cls])), min_size=1))
    }
    with suppress(ProtocolError):
        decode(cls, json.loads(json.dumps(record)))


@pytest.mark.parametrize("cls", [Key, DeadLetter, LimitsInForce, Queue, Readiness])
@given(value=json_values)
@settings(max_examples=20, deadline=None)
def test_no_document_raises_an_error_of_another_package(cls: type, value: object) -> None:
    with pytest.raises(ProtocolError):
        decode(cls, value)


def test_words_of_a_newer_service_are_accepted(server: RawServer, client: Client) -> None:
    newer = {"state": "judging", "outcome": "plagiarism", "priority": "urgent", "points": 10}
    server.answer = http("200 OK", JSON, json.dumps(EXECUTION | newer).encode())
    execution = client.get("01J")
    assert (execution.state, execution.outcome) == ("judging", "plagiarism")
    assert not execution.state.terminal
    assert execution.outcome not in list(Outcome)
    assert (str(execution.state), State("judging")) == ("judging", execution.state)


def test_a_service_that_does_not_wait_is_not_asked_all_the_time(
    server: RawServer, client: Client
) -> None:
    server.answer = http("200 OK", JSON, json.dumps(EXECUTION | {"state": "judging"}).encode())
    before = server.requests
    with pytest.raises(WaitTimeout, match="is judging"):
        client.wait("01J", timeout=0.35)
    assert server.requests - before <= 5


def test_events_and_states_of_a_newer_service_are_accepted(
    server: RawServer, client: Client
) -> None:
    events = b'event: judged\ndata: {"index": 0}\n\nevent: end\ndata: {"state": "archived"}\n\n'
    server.answer = http("200 OK", STREAM, events)
    assert list(client.stream("01J")) == [EndEvent(state=State("archived"))]


def test_half_a_character_becomes_a_whole_one(server: RawServer, client: Client) -> None:
    labels = rb'{"a\ud800": "\udc00\ud83d\ude00"}'
    document = json.dumps(EXECUTION).encode().replace(b'"labels": {}', b'"labels": ' + labels)
    server.answer = http("200 OK", JSON, document)
    assert client.get("01J").labels == {"a\ufffd": "\ufffd😀"}


def test_base64_that_is_none(server: RawServer, client: Client) -> None:
    result = {"exit_code": 0, "signal": None, "stdout": "", "stderr": "", "stdout_base64": "!"}
    document = json.dumps(EXECUTION | {"result": result}).encode()
    server.answer = http("200 OK", JSON, document)
    execution = client.get("01J")
    assert execution.result is not None
    with pytest.raises(ProtocolError, match="base64"):
        _ = execution.result.stdout_bytes


def test_a_page_of_a_web_site_is_no_stream(server: RawServer, client: Client) -> None:
    server.answer = http("200 OK", {"Content-Type": "text/html"}, b"<html>")
    with pytest.raises(ProtocolError, match="did not return a stream"):
        list(client.stream("01J"))


def test_no_answer_keeps_a_connection(server: RawServer, client: Client) -> None:
    """httpx has at most 100 connections at once."""
    server.answer = http("200 OK", {"Content-Type": "text/html"}, b"<html>")
    for _ in range(101):
        with pytest.raises(ProtocolError):
            next(client.stream("01J"))


def test_redirects_are_not_followed(server: RawServer, client: Client) -> None:
    server.answer = http("302 Found", {"Location": "http://127.0.0.1:1/"}, b"")
    with pytest.raises(ApiError) as caught:
        client.get("01J")
    assert caught.value.problem.status == 302


def test_an_error_with_a_broken_body_is_still_an_error(server: RawServer, client: Client) -> None:
    server.answer = http("500 Oh no", JSON, b"[" * 100_000)
    with pytest.raises(ServerError, match="Oh no"):
        client.get("01J")
    server.answer = http("500 Oh no", JSON | {"Content-Length": "100"}, b"{")
    with pytest.raises(Unreachable):
        client.get("01J")
