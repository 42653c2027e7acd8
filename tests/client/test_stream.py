"""The live stream, and how it survives broken connections."""

from dataclasses import replace

import pytest

from app.domain.report import Limit as ServiceLimit
from app.domain.report import Report
from app.domain.submission import SubmittedTest
from app.infrastructure.memory.runtime import Script, exited
from podline import (
    Client,
    EndEvent,
    Limit,
    NotFound,
    OutputEvent,
    ProtocolError,
    ResultEvent,
    State,
    StateEvent,
    StreamEvent,
    Unreachable,
)
from podline import TestEvent as EndOfTest  # which pytest does not take for a test
from tests.support.answers import hang_up, problem
from tests.support.both_clients import Connect
from tests.support.service import Service


def start(service: Service) -> str:
    service.twins.runtime.script = lambda _: Script(
        prints="Grüße\n".encode(), prints_errors=b"oh\n"
    )
    return service.twins.submit().id


def output(events: list[StreamEvent], stream: str) -> bytes:
    return b"".join(
        event.content
        for event in events
        if isinstance(event, OutputEvent) and event.stream == stream
    )


def test_states_output_result_and_end(service: Service, client: Client) -> None:
    events = list(client.stream(start(service)))
    states = [event.state for event in events if isinstance(event, StateEvent)]
    assert states == ["queued", "admitted", "starting", "finished", "completed"]
    assert output(events, "stdout") == "Grüße\n".encode()
    assert output(events, "stderr") == b"oh\n"
    result, end = events[-2:]
    assert isinstance(result, ResultEvent)
    assert result.execution.result is not None
    assert result.execution.result.stdout == "Grüße\n"
    assert end == EndEvent(state=State.COMPLETED)


def test_how_tests_end(service: Service, client: Client) -> None:
    killed = replace(exited(signal="SIGKILL").runs[0], stopped_by=ServiceLimit.MEMORY)  # type: ignore[type-var]  # a run that ended
    ends = Report(compile=None, runs=(*exited(3).runs, killed))
    service.twins.runtime.script = lambda _: Script(ends=ends)
    tests = tuple(SubmittedTest(name=str(number)) for number in range(3))
    execution = service.twins.submit(tests=tests, stop_on_failure=False)
    events = list(client.stream(execution.id))
    found = [event for event in events if isinstance(event, EndOfTest)]
    assert [(each.index, each.exit_code, each.signal, each.stopped_by) for each in found] == [
        (0, 3, None, None),
        (1, None, "SIGKILL", Limit.MEMORY),
        (2, None, "SIGKILL", Limit.MEMORY),
    ]
    assert {(each.attempt, each.wall_ms, each.cpu_ms) for each in found} == {(1, 1.0, 1.0)}
    assert {each.memory_peak_kib for each in found} == {1024}
    assert output(events, "stdout") == b""


def test_a_test_that_was_skipped(service: Service, client: Client) -> None:
    service.twins.runtime.script = lambda _: Script(ends=exited(1))
    tests = tuple(SubmittedTest(name=str(number)) for number in range(2))
    execution = service.twins.submit(tests=tests, stop_on_failure=True)
    *_, last = [e for e in client.stream(execution.id) if isinstance(e, EndOfTest)]
    assert last == EndOfTest(attempt=1, index=1)


@pytest.mark.parametrize("cuts", [[0], [1], [5, 0, 0, 2], [4] * 2])
def test_nothing_is_lost_or_doubled_when_connections_break(
    cuts: list[int], service: Service, client: Client
) -> None:
    execution_id = start(service)
    whole = list(client.stream(execution_id))
    service.stream_cuts = cuts
    assert list(client.stream(execution_id)) == whole


def test_a_service_that_is_away_for_a_moment(service: Service, client: Client) -> None:
    execution_id = start(service)
    service.incidents = [problem(503), problem(502), hang_up]
    assert isinstance(list(client.stream(execution_id))[-1], EndEvent)


def test_connecting_again_ends_where_nothing_comes(service: Service, connect: Connect) -> None:
    execution_id = start(service)
    service.stream_cuts = [3] + [0] * 100
    with connect(service.url, service.key, retries=0) as client, pytest.raises(Unreachable):
        list(client.stream(execution_id))
    last_ids = [request["headers"].get("Last-Event-Id") for request in service.requests]
    assert len(last_ids) == 9
    assert last_ids[0] is None
    assert len(set(last_ids[1:])) == 1, "nothing came after the first three events"


def test_no_such_execution(client: Client) -> None:
    with pytest.raises(NotFound):
        next(client.stream("01J"))


def test_kinds_of_events_to_come_are_passed_over(service: Service, client: Client) -> None:
    execution_id = start(service)
    service.stream_events = [("progress", {}), ("end", {"state": "cancelled", "more": 1})]
    assert list(client.stream(execution_id)) == [EndEvent(state=State.CANCELLED)]


def test_something_else_than_the_contract(service: Service, client: Client) -> None:
    execution_id = start(service)
    service.stream_events = [("state", {"state": 5})]
    with pytest.raises(ProtocolError, match="state"):
        list(client.stream(execution_id))
