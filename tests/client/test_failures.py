"""What the client does if the service or the network fails."""

import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from werkzeug import Response

from podline import (
    ApiError,
    Client,
    Conflict,
    FieldProblem,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    ProtocolError,
    RateLimited,
    ServerError,
    Unauthenticated,
    Unavailable,
    Unreachable,
)
from tests.support.answers import as_usual, hang_up, problem
from tests.support.both_clients import Connect
from tests.support.service import Service

Loss = Callable[[], Response | None]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Invalid),
        (401, Unauthenticated),
        (403, Forbidden),
        (404, NotFound),
        (405, ApiError),
        (409, Conflict),
        (410, Gone),
        (413, Invalid),
        (415, Invalid),
        (422, Invalid),
        (500, ServerError),
        (501, ServerError),
    ],
)
def test_every_status_has_its_error_and_is_asked_once(
    status: int, error: type[ApiError], service: Service, client: Client
) -> None:
    service.incidents = [problem(status, "Title", detail="the reason")]
    with pytest.raises(error, match="Title: the reason") as caught:
        client.languages()
    assert type(caught.value) is error
    assert caught.value.problem.status == status
    assert caught.value.problem.request_id == "req-1"
    assert len(service.requests) == 1


def test_bad_fields_are_named(service: Service, client: Client) -> None:
    errors = [{"pointer": "/limits/memory_mib", "detail": "is over 1024"}]
    service.incidents = [problem(422, "Invalid", errors=errors)]
    with pytest.raises(Invalid, match="/limits/memory_mib: is over 1024") as caught:
        client.submit("", language="python")
    assert caught.value.problem.errors == (FieldProblem("/limits/memory_mib", "is over 1024"),)


def test_an_error_that_is_no_problem_document(service: Service, client: Client) -> None:
    service.incidents = [lambda: Response("<html>", 500), lambda: Response('{"title": 5}', 500)]
    for _ in range(2):
        with pytest.raises(ServerError, match="INTERNAL SERVER ERROR"):
            client.languages()


@pytest.mark.parametrize("answer", ["<html>", "[]", "{}", '{"items": [{"name": 1}]}'])
def test_an_answer_of_something_else(answer: str, service: Service, client: Client) -> None:
    service.incidents = [lambda: Response(answer)]
    with pytest.raises(ProtocolError):
        client.languages()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_get_is_repeated_until_it_is_answered(
    status: int, service: Service, client: Client
) -> None:
    service.incidents = [problem(status), hang_up, problem(status)]
    assert client.languages()
    assert len(service.requests) == 4


def test_repeating_ends(service: Service, client: Client) -> None:
    service.incidents = [problem(503)] * 100
    with pytest.raises(Unavailable):
        client.languages()
    assert len(service.requests) == 5


def test_a_submission_whose_answer_was_lost_is_made_once(service: Service, client: Client) -> None:
    service.incidents = [hang_up, problem(503)]
    client.submit("", language="python")
    requests = service.asked("POST", "/api/v1/executions")
    assert len(requests) == 3
    assert len({request["headers"]["Idempotency-Key"] for request in requests}) == 1


def test_a_call_with_an_effect_each_time_is_not_repeated(service: Service, client: Client) -> None:
    for loss in (hang_up, problem(503), problem(502)):
        service.losses = [loss]
        with pytest.raises((Unreachable, ServerError)):
            client.keys.create("bob")
    assert len(client.keys.list()) == 4
    service.incidents = [problem(429)]
    client.keys.create("bob")
    assert len(client.keys.list()) == 5


LOST = [hang_up, problem(503), problem(502), problem(504)]


@pytest.mark.parametrize("lost", LOST)
def test_a_delete_whose_answer_was_lost_has_deleted(
    lost: Loss, service: Service, client: Client
) -> None:
    execution = client.submit("", language="python")
    key = client.keys.create("bob")
    service.losses = [lost]
    client.delete(execution.id)
    service.losses = [lost]
    client.keys.delete(key.id)
    assert len(client.keys.list()) == 1
    with pytest.raises(NotFound):
        client.get(execution.id)


@pytest.mark.parametrize("missed", [problem(429), as_usual])
def test_a_delete_of_nothing_is_an_error_unless_it_may_have_been_done(
    missed: Loss, service: Service, client: Client
) -> None:
    service.incidents = [missed]
    with pytest.raises(NotFound) as caught:
        client.keys.delete("01J")
    assert not caught.value.in_doubt


@pytest.mark.parametrize("lost", LOST)
def test_a_cancel_whose_answer_was_lost_has_cancelled(
    lost: Loss, service: Service, client: Client
) -> None:
    service.runs_nothing()
    execution = client.submit("", language="python")
    service.losses = [lost]
    assert client.cancel(execution.id).state == "cancelled"
    with pytest.raises(Conflict) as caught:
        client.cancel(execution.id)
    assert not caught.value.in_doubt


def test_a_cancel_that_came_too_late_is_a_conflict(service: Service, client: Client) -> None:
    execution = client.submit("", language="python")
    service.incidents = [hang_up]
    with pytest.raises(Conflict) as caught:
        client.cancel(execution.id)
    assert caught.value.in_doubt


def test_retry_after_is_kept_to(service: Service, client: Client) -> None:
    service.incidents = [problem(429, retry_after=1)]
    started = time.monotonic()
    assert client.languages()
    assert time.monotonic() - started >= 1


def test_retry_after_may_be_a_date(service: Service, client: Client) -> None:
    past = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    service.incidents = [problem(429, retry_after=past), problem(429, retry_after="nonsense")]
    assert client.languages()


def test_a_service_that_asks_for_an_hour_is_not_waited_for(
    service: Service, client: Client
) -> None:
    service.incidents = [problem(429, retry_after=3600)]
    with pytest.raises(RateLimited) as caught:
        client.languages()
    assert caught.value.problem.retry_after == 3600


def test_a_wait_continues_while_the_service_is_down(service: Service, client: Client) -> None:
    execution = client.submit("", language="python")
    service.incidents = [hang_up, problem(503)] * 5
    assert client.wait(execution.id).state == "completed"


def test_a_wait_ends_where_the_service_stays_down(service: Service, connect: Connect) -> None:
    with connect(service.url, service.key, retries=0) as client:
        execution = client.submit("", language="python")
        service.incidents = [problem(503)] * 100
        with pytest.raises(Unavailable):
            client.wait(execution.id)
    assert len(service.asked("GET", f"/api/v1/executions/{execution.id}")) == 9


def test_nobody_listens(connect: Connect) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as closed,
        connect(f"http://127.0.0.1:{closed.getsockname()[1]}", "a key", retries=1) as client,
    ):
        closed.close()
        with pytest.raises(Unreachable, match="no response from"):
            client.cancel("01J")


def test_nobody_answers(connect: Connect) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        connect(
            f"http://127.0.0.1:{silent.getsockname()[1]}", "a key", timeout=0.1, retries=1
        ) as client,
        pytest.raises(Unreachable, match="timed out"),
    ):
        client.get("01J")
