"""The client against a real HTTP server: its requests, and how it reads the responses."""

import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest

from podline import (
    Client,
    Conflict,
    Holder,
    Limits,
    NotFound,
    Outcome,
    PodlineError,
    State,
    WaitTimeout,
)
from tests.support.fake_answers import KEY, LIMITS, event_as
from tests.support.fake_service import Ending, FakeService


def test_run_answers_with_the_result(service: FakeService, client: Client) -> None:
    service.ending = Ending(result={"stdout": "42\n"})
    execution = client.run("print(6 * 7)", language="python")
    assert (execution.state, execution.outcome) == (State.COMPLETED, Outcome.SUCCESS)
    assert execution.result is not None
    assert execution.result.stdout == "42\n"
    assert execution.limits == Limits(**LIMITS)


def test_run_waits_for_as_long_as_it_takes(service: FakeService, client: Client) -> None:
    service.unfinished_answers = 3
    execution = client.run("print()", language="python")
    assert execution.state is State.COMPLETED
    path = f"/api/v1/executions/{execution.id}"
    assert [r["query"] for r in service.asked("GET", path)] == [{"wait": ["30"]}] * 4


def test_run_gives_up_after_its_timeout(service: FakeService, client: Client) -> None:
    service.unfinished_answers = 1_000_000
    with pytest.raises(WaitTimeout, match="is queued") as caught:
        client.run("print()", language="python", timeout=0.05)
    assert [caught.value.execution_id] == list(service.executions)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.execution_id) == (str(caught.value), caught.value.execution_id)


def test_a_submission_says_what_was_given_and_no_more(service: FakeService, client: Client) -> None:
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


def test_binary_stdin_and_whole_limits(service: FakeService, client: Client) -> None:
    limits = Limits(**LIMITS)
    client.submit("", language="python", stdin=b"\xff", expected_output="text", limits=limits)
    (request,) = service.asked("POST", "/api/v1/executions")
    assert request["body"] == {
        "language": "python",
        "source": "",
        "stdin_base64": "/w==",
        "expected_output": "text",
        "limits": LIMITS,
    }


def test_every_submission_has_an_idempotency_key(service: FakeService, client: Client) -> None:
    client.submit("", language="python")
    client.submit("", language="python")
    again = [client.submit("", language="python", idempotency_key="mine") for _ in range(2)]
    assert again[0] == again[1]
    assert len(service.executions) == 3


def test_bytes_that_are_no_text_are_exact(service: FakeService, client: Client) -> None:
    service.ending = Ending(result={"stdout": "\ufffd", "stdout_base64": "/w=="})
    result = client.run("", language="python").result
    assert result is not None
    assert (result.stdout, result.stdout_bytes) == ("\ufffd", b"\xff")
    assert (result.stderr, result.stderr_bytes) == ("", b"")


def test_list_goes_through_all_pages(service: FakeService, client: Client) -> None:
    ids = [service.add_execution()["id"] for _ in range(5)]
    assert [execution.id for execution in client.list()] == ids[::-1]


def test_list_asks_for_a_page_only_when_it_is_needed(service: FakeService, client: Client) -> None:
    for _ in range(5):
        service.add_execution()
    next(client.list(state="queued", labels={"a": "b", "c": "d:e"}, owner="bob", page_size=2))
    (request,) = service.asked("GET", "/api/v1/executions")
    assert request["query"] == {
        "state": ["queued"],
        "label": ["a:b", "c:d:e"],
        "owner": ["bob"],
        "limit": ["2"],
    }


def test_cancel_retry_and_delete(client: Client) -> None:
    execution = client.submit("", language="python")
    assert client.cancel(execution.id).state is State.CANCELLED
    with pytest.raises(Conflict, match="ended already"):
        client.cancel(execution.id)
    assert client.retry(execution.id).retry_of == execution.id
    client.delete(execution.id)
    with pytest.raises(NotFound):
        client.get(execution.id)


def test_an_id_is_never_a_path(service: FakeService, client: Client) -> None:
    with pytest.raises(NotFound):
        client.get("../keys?x=")
    assert service.requests[-1]["path"] == "/api/v1/executions/../keys?x="


def test_events(client: Client) -> None:
    execution = client.submit("", language="python")
    (event,) = client.events(execution.id)
    assert (event.id, event.version) == (f"{execution.id}.1", 1)
    assert event.time.utcoffset() is not None


def test_what_may_be_asked_for(client: Client) -> None:
    assert [language.name for language in client.languages()] == ["python", "c"]
    (held,) = client.limits_held()
    assert (held.limit, held.by) == ("memory", Holder.KERNEL)
    limits = client.limits()
    assert (limits.limits.maximum.memory_mib, limits.input["files"]) == (128, 64)


def test_the_queue(client: Client) -> None:
    queue = client.queue()
    assert queue.counts["queued"]["normal"] == 3
    assert (queue.slots.used, queue.slots.free) == (2, 0)


def test_readiness_of_a_service_that_is_not_ready(service: FakeService, client: Client) -> None:
    service.dependencies = {"store": None, "redis": "does not answer"}
    readiness = client.readiness()
    assert readiness.status == "down"
    assert readiness.dependencies["store"].state == "up"
    assert readiness.dependencies["redis"].detail == "does not answer"
    assert len(service.requests) == 1


def test_dead_letters(service: FakeService, client: Client) -> None:
    letter = {
        "id": "poison.saga.1",
        "kind": "poison",
        "status": "waiting",
        "origin": "queue:saga",
        "execution_id": None,
        "payload": "e30=",
        "error": "no task",
        "attempts": 1,
        "retries": 0,
        "first_failed_at": "2026-01-02T03:04:05.000000Z",
        "last_failed_at": "2026-01-02T03:04:05.000000Z",
        "next_retry_at": None,
    }
    service.dead_letters = {letter_id: letter | {"id": letter_id} for letter_id in "abc"}
    assert [each.id for each in client.dead_letters.list(status="waiting")] == ["a", "b", "c"]
    assert client.dead_letters.get("a").origin == "queue:saga"
    assert client.dead_letters.retry("a").status == "retrying"
    assert client.dead_letters.discard("a").status == "discarded"
    assert client.dead_letters.retry_all(kind="poison") == 3


def test_the_event_log(service: FakeService, client: Client) -> None:
    service.log = [event_as(f"01J.{version}") for version in range(1, 6)]
    events = client.event_log.list(
        since=datetime(2026, 1, 2, 4, tzinfo=timezone(timedelta(hours=1))),
        until=datetime(2026, 1, 3, tzinfo=UTC),
        types=["podline.execution.failed.v1"],
        executions=["01J", "01K"],
    )
    assert [event.id for event in events] == [f"01J.{version}" for version in range(1, 6)]
    assert service.requests[0]["query"] == {
        "from": ["2026-01-02T03:00:00+00:00"],
        "to": ["2026-01-03T00:00:00+00:00"],
        "type": ["podline.execution.failed.v1"],
        "execution": ["01J", "01K"],
    }


def test_replays(service: FakeService, client: Client) -> None:
    moment = datetime(2026, 1, 2, 3, tzinfo=UTC)
    started = client.replays.start("reemit", target="again", since=moment, executions=["01J"])
    assert service.requests[0]["body"] == {
        "mode": "reemit",
        "target": "again",
        "from": "2026-01-02T03:00:00+00:00",
        "to": None,
        "types": [],
        "executions": ["01J"],
        "dry_run": False,
    }
    assert (started.since, started.until, started.executions) == (moment, None, ("01J",))
    assert not started.status.terminal
    for _ in range(3):
        client.replays.start("resubmit", since=moment, dry_run=True)
    assert len(list(client.replays.list())) == 4
    assert client.replays.get(started.id) == started
    assert client.replays.cancel(started.id).status.terminal


def test_keys(client: Client) -> None:
    created = client.keys.create("alice", role="operator")
    assert created.key == "pdl_secret"
    assert "pdl_secret" not in repr(created)
    assert [key.name for key in client.keys.list()] == ["alice"]
    client.keys.delete(created.id)
    assert client.keys.list() == ()


def test_url_and_key_come_from_the_environment(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODLINE_URL", service.url + "/")
    monkeypatch.setenv("PODLINE_KEY", KEY)
    with Client() as client:
        assert client.languages()


def test_a_service_on_this_machine_is_never_behind_a_proxy(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with Client(service.url, KEY) as client:
        assert client.languages()


def test_every_error_has_one_base() -> None:
    assert issubclass(WaitTimeout, PodlineError)
    assert issubclass(NotFound, PodlineError)
