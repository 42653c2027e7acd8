"""The client against a real HTTP server: its requests, and how it reads the responses."""

import pickle
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.domain.policy import DEFAULT_LIMITS
from app.infrastructure.memory.runtime import Script
from app.service.relay import relay
from podline import (
    Client,
    Limits,
    NotFound,
    Outcome,
    PodlineError,
    ServerError,
    State,
    WaitTimeout,
)
from tests.support.answers import as_usual, hang_up, problem
from tests.support.both_clients import Connect
from tests.support.service import Service


def test_run_answers_with_the_result(service: Service, client: Client) -> None:
    service.twins.runtime.script = lambda _: Script(prints=b"42\n")
    execution = client.run("print(6 * 7)", language="python")
    assert (execution.state, execution.outcome) == (State.COMPLETED, Outcome.SUCCESS)
    assert execution.result is not None
    assert execution.result.stdout == "42\n"
    assert execution.limits == Limits(**asdict(DEFAULT_LIMITS))


def test_run_waits_for_as_long_as_it_takes(service: Service, client: Client) -> None:
    service.unfinished_answers = 3
    execution = client.run("print()", language="python")
    assert execution.state is State.COMPLETED
    path = f"/api/v1/executions/{execution.id}"
    assert [r["query"] for r in service.asked("GET", path)] == [{"wait": ["30"]}] * 4


def test_run_gives_up_after_its_timeout(service: Service, client: Client) -> None:
    service.unfinished_answers = 1_000_000
    with pytest.raises(WaitTimeout, match="is queued") as caught:
        client.run("print()", language="python", timeout=0.05)
    assert [caught.value.execution_id] == [each.id for each in service.submitted()]
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.execution_id) == (str(caught.value), caught.value.execution_id)


def test_a_submission_says_what_was_given_and_no_more(service: Service, client: Client) -> None:
    client.submit(
        language="c",
        files={"main.c": "int main() {}", "data.bin": b"\xff\x00", "empty": b""},
        entrypoint="main.c",
        stdin=b"in",
        expected_output=b"out",
        limits={"wall_seconds": 1},
        labels={"course": "cs101"},
    )
    (request,) = service.asked("POST", "/api/v1/executions")
    assert request["query"] == {}
    assert request["body"] == {
        "language": "c",
        "files": [
            {"name": "main.c", "content": "int main() {}", "encoding": "utf-8"},
            {"name": "data.bin", "content": "/wA=", "encoding": "base64"},
            {"name": "empty", "content": "", "encoding": "utf-8"},
        ],
        "entrypoint": "main.c",
        "stdin": "in",
        "expected_output_base64": "b3V0",
        "limits": {"wall_seconds": 1},
        "labels": {"course": "cs101"},
    }


def test_binary_stdin_and_whole_limits(service: Service, client: Client) -> None:
    limits = Limits(**asdict(DEFAULT_LIMITS))
    client.submit("", language="python", stdin=b"\xff", expected_output="text", limits=limits)
    (request,) = service.asked("POST", "/api/v1/executions")
    assert request["body"] == {
        "language": "python",
        "source": "",
        "stdin_base64": "/w==",
        "expected_output": "text",
        "limits": {name: value for name, value in asdict(limits).items() if value is not None},
    }


def test_every_submission_has_an_idempotency_key(service: Service, client: Client) -> None:
    client.submit("", language="python")
    client.submit("", language="python")
    again = [client.submit("", language="python", idempotency_key="mine") for _ in range(2)]
    assert again[0].id == again[1].id
    assert len(service.submitted()) == 3


def test_bytes_that_are_no_text_are_exact(service: Service, client: Client) -> None:
    service.twins.runtime.script = lambda _: Script(prints=b"\xff")
    result = client.run("", language="python").result
    assert result is not None
    assert (result.stdout, result.stdout_bytes) == ("\ufffd", b"\xff")
    assert (result.stderr, result.stderr_bytes) == ("", b"")


def test_list_goes_through_all_pages(service: Service, client: Client) -> None:
    ids = [service.twins.submit().id for _ in range(5)]
    assert [execution.id for execution in client.list(page_size=2)] == ids[::-1]


def test_list_asks_for_a_page_only_when_it_is_needed(service: Service, client: Client) -> None:
    service.runs_nothing()
    for _ in range(5):
        service.twins.submit(owner="bob", labels={"a": "b", "c": "d:e"})
    next(client.list(state="queued", labels={"a": "b", "c": "d:e"}, owner="bob", page_size=2))
    (request,) = service.asked("GET", "/api/v1/executions")
    assert request["query"] == {
        "state": ["queued"],
        "label": ["a:b", "c:d:e"],
        "owner": ["bob"],
        "limit": ["2"],
    }


def test_an_id_is_never_a_path(service: Service, client: Client) -> None:
    with pytest.raises(NotFound):
        client.get("../keys?x=")
    assert service.requests[-1]["path"] == "/api/v1/executions/../keys?x="


def test_what_may_be_asked_of_the_event_log(service: Service, client: Client) -> None:
    service.twins.submit()
    relay(service.twins.ports)
    events = client.event_log.list(
        since=datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=1))),
        until=datetime(2026, 1, 3, tzinfo=UTC),
        types=["podline.execution.queued.v1", "podline.execution.completed.v1"],
        executions=[each.id for each in service.submitted()],
    )
    assert [event.version for event in events] == [1, 5]
    assert service.requests[0]["query"] == {
        "from": ["2026-01-02T02:00:00+00:00"],
        "to": ["2026-01-03T00:00:00+00:00"],
        "type": ["podline.execution.queued.v1", "podline.execution.completed.v1"],
        "execution": [each.id for each in service.submitted()],
    }


def test_following_survives_a_short_outage_and_shows_nothing_twice(
    service: Service, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podline.pages._ASK_AGAIN", 0.3)
    started = time.monotonic()
    service.twins.submit()
    relay(service.twins.ports)
    service.incidents = [as_usual, hang_up, problem(503), as_usual, as_usual, problem(500)]
    seen: list[int] = []
    events = client.event_log.follow(since=datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(ServerError):
        seen.extend(event.version for event in events)
    assert seen == [1, 2, 3, 4, 5]
    assert time.monotonic() - started >= 3 * 0.3, "it pauses where there is nothing new"
    cursors = [request["query"].get("cursor") for request in service.requests]
    assert cursors[0] is None
    assert len(set(map(str, cursors[1:]))) == 1


def test_what_may_be_asked_of_a_replay(service: Service, client: Client) -> None:
    moment = datetime(2026, 1, 2, 2, tzinfo=UTC)
    id = service.twins.submit().id
    started = client.replays.start("reemit", target="again", since=moment, executions=[id])
    assert service.requests[0]["body"] == {
        "mode": "reemit",
        "target": "again",
        "from": "2026-01-02T02:00:00+00:00",
        "to": None,
        "types": [],
        "executions": [id],
        "dry_run": False,
    }
    assert (started.since, started.executions) == (moment, (id,))
    assert not started.status.terminal
    for _ in range(3):
        client.replays.start("resubmit", since=moment, dry_run=True)
    assert len(list(client.replays.list())) == 4
    assert client.replays.cancel(started.id).status.terminal


def test_a_new_key_is_shown_once_and_never_in_a_log(client: Client) -> None:
    created = client.keys.create("alice", role="operator")
    assert created.key.startswith("pdl_")
    assert created.key not in repr(created)
    assert created.key not in repr(client.keys.list())


def test_limits_of_a_key_change_one_by_one(client: Client) -> None:
    created = client.keys.create("alice", requests="10/s", cpu_day=5)
    changed = client.keys.change(created.id, requests=None, max_unfinished=3)
    assert (changed.requests, changed.cpu_day, changed.max_unfinished) == (None, 5, 3)
    assert client.keys.change(created.id) == changed


def test_url_and_key_come_from_the_environment(
    service: Service, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODLINE_URL", service.url + "/")
    monkeypatch.setenv("PODLINE_KEY", service.key)
    with connect() as client:
        assert client.languages()


def test_a_service_on_this_machine_is_never_behind_a_proxy(
    service: Service, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with connect(service.url, service.key) as client:
        assert client.languages()


def test_every_error_has_one_base() -> None:
    assert issubclass(WaitTimeout, PodlineError)
    assert issubclass(NotFound, PodlineError)
