"""The `timeout` of a call: how long it may take, with all its repetitions."""

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from podline import (
    Client,
    Execution,
    InvalidArgument,
    RateLimited,
    Unreachable,
    WaitTimeout,
)
from tests.support.answers import problem
from tests.support.both_clients import Connect
from tests.support.raw_server import RawServer, http
from tests.support.service import Service


@pytest.fixture
def silent(connect: Connect) -> Iterator[Client]:
    """A client of a service that accepts connections and never responds."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        connect(f"http://127.0.0.1:{listener.getsockname()[1]}", "a key") as client,
    ):
        yield client


CALLS: dict[str, Callable[[Client], object]] = {
    "get": lambda client: client.get("01J", timeout=0.05),
    "languages": lambda client: client.languages(timeout=0.05),
    "list": lambda client: next(client.list(timeout=0.05)),
    "submit": lambda client: client.submit("", language="python", timeout=0.05),
    "many": lambda client: client.submit_documents([{}], timeout=0.05),
    "stdout": lambda client: client.stdout("01J", timeout=0.05),
    "keys": lambda client: client.keys.list(timeout=0.05),
    "delete all": lambda client: client.delete_all(timeout=0.05),
}


@pytest.mark.parametrize("name", CALLS)
def test_replaces_that_of_the_client_and_covers_repetitions(name: str, silent: Client) -> None:
    started = time.monotonic()
    with pytest.raises(Unreachable, match="timed out"):
        CALLS[name](silent)
    assert time.monotonic() - started < 9


def test_allows_more_than_that_of_the_client(service: Service, connect: Connect) -> None:
    service.incidents = [slow, slow]
    with connect(service.url, service.key, timeout=0.05, retries=0) as client:
        with pytest.raises(Unreachable):
            client.languages()
        assert client.languages(timeout=10)


def slow() -> None:
    """Let the service respond, but late."""
    time.sleep(0.2)


def test_ends_a_response_that_never_ends(connect: Connect) -> None:
    headers = {"Content-Type": "application/json"}
    with RawServer() as server, connect(server.url, "a key", retries=0) as client:
        server.answer = http("200 OK", headers, b"")
        server.repeats = b" "
        with pytest.raises(Unreachable, match="timed out"):
            client.get("01J", timeout=0.1)


def test_a_pause_that_would_last_too_long_is_not_made(service: Service, client: Client) -> None:
    service.incidents = [problem(429, retry_after=20)]
    with pytest.raises(RateLimited):
        client.languages(timeout=10)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf")])
def test_a_timeout_that_is_none(timeout: float, client: Client) -> None:
    with pytest.raises(InvalidArgument, match="not a timeout"):
        client.get("01J", timeout=timeout)


def test_a_stream_ends_with_the_last_state(service: Service, client: Client) -> None:
    service.runs_nothing()
    execution = client.submit("", language="python")
    with pytest.raises(WaitTimeout, match="is queued"):
        list(client.stream(execution.id, timeout=1.5))


def test_a_stream_of_a_service_that_is_down(silent: Client) -> None:
    with pytest.raises(WaitTimeout, match="is not known to have ended"):
        list(silent.stream("01J", timeout=0.05))


def test_a_wait_of_a_service_that_is_down(service: Service, client: Client) -> None:
    service.incidents = [problem(503)] * 1000
    with pytest.raises(Exception, match="Trouble"):
        client.wait("01J", timeout=0)
    assert len(service.requests) == 5, "one request with its repetitions"


def test_as_completed_names_an_execution_that_is_late(service: Service, client: Client) -> None:
    service.runs_nothing()
    submitted = client.submit_documents([{"language": "python", "source": ""}])
    (late,) = submitted
    assert isinstance(late, Execution)
    with pytest.raises(WaitTimeout, match="is queued") as caught:
        list(client.as_completed(submitted, timeout=0.3))
    assert caught.value.execution_id == late.id
