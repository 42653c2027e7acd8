"""The event log as operators see it."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.api_key import Role
from app.domain.audit import AUDIT_EVENT
from app.domain.errors import EventLogUnavailable
from app.domain.execution import SECOND
from app.domain.filters import EventFilter, EventPage
from app.infrastructure.memory.event_log import MemoryEventLog
from app.service.relay import relay
from tests.support.api_contract import PROGRAM, Api, body, connector
from tests.support.builders import accepted
from tests.support.twins import Clock, Twins, make_twins
from tests.support.worker import Worker

EVENTS = "/api/v1/events"
FINISHED = "podline.execution.finished.v1"


@pytest.fixture
def done(api: Api, twins: Twins, worker: Worker) -> list[str]:
    """Three executions that are completed and in the log."""
    ids = [body(api.post("/api/v1/executions", PROGRAM), 202)["id"] for _ in range(3)]
    worker.run_all()
    relay(twins.ports)
    return ids


def listed(operator: Api, query: str = "") -> list[Any]:
    """All pages."""
    items: list[Any] = []
    cursor = ""
    while True:
        page = body(operator.get(EVENTS + query + cursor))
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = f"{'&' if query else '?'}cursor={page['next_cursor']}"


def test_users_may_not(api: Api) -> None:
    assert api.get(EVENTS).status_code == 403


def test_all_of_them_in_order_for_each_execution(operator: Api, done: list[str]) -> None:
    events = listed(operator)
    for execution_id in done:
        of_it = [event for event in events if event["data"]["execution_id"] == execution_id]
        assert [event["version"] for event in of_it] == [1, 2, 3, 4, 5]
        assert of_it == body(operator.get(f"/api/v1/executions/{execution_id}/events"))["items"]
    assert len(events) == 15


def test_followed_from_the_position_of_a_page(
    operator: Api, api: Api, twins: Twins, done: list[str]
) -> None:
    page = body(operator.get(f"{EVENTS}?limit=100"))
    assert (page["next_cursor"], len(page["items"])) == (None, 5 * len(done))
    assert body(operator.get(f"{EVENTS}?cursor={page['position']}"))["items"] == []
    new = body(api.post("/api/v1/executions", PROGRAM), 202)["id"]
    relay(twins.ports)
    (event,) = body(operator.get(f"{EVENTS}?cursor={page['position']}"))["items"]
    assert event["data"]["execution_id"] == new


def test_page_by_page(operator: Api, done: list[str]) -> None:
    assert len(done) == 3
    assert listed(operator, "?limit=4") == listed(operator)
    assert len(body(operator.get(f"{EVENTS}?limit=4"))["items"]) == 4


def test_by_type_and_execution(operator: Api, done: list[str]) -> None:
    by_type = listed(operator, f"?type={FINISHED}")
    assert {event["type"] for event in by_type} == {FINISHED}
    assert len(by_type) == 3
    two = f"?execution={done[0]}&execution={done[1]}&type={FINISHED}"
    found = [event["data"]["execution_id"] for event in listed(operator, two)]
    assert sorted(found) == sorted(done[:2])
    assert listed(operator, "?execution=nobody's") == []


def test_records_of_the_audit_log(operator: Api, twins: Twins, done: list[str]) -> None:
    operator.post(f"/api/v1/executions/{done[0]}/cancel")
    relay(twins.ports)
    (event,) = listed(operator, f"?type={AUDIT_EVENT}")
    assert (event["data"]["name"], event["data"]["target"]["execution_id"]) == ("otto", done[0])
    assert len(listed(operator, f"?type={AUDIT_EVENT}&type={FINISHED}")) == 4


def test_by_owner(operator: Api, done: list[str]) -> None:
    assert len(listed(operator, "?owner=ada")) == 5 * len(done)
    assert listed(operator, "?owner=bob") == []


def test_by_time(operator: Api, twins: Twins) -> None:
    now = twins.clock()
    early, late = (accepted(now=now + n * SECOND)[2] for n in (0, 1))
    twins.event_log.append([early, late])
    for query, expected in {
        "?from=2026-01-02T02:54:06.678901Z": [late.id],
        "?to=2026-01-02T02:54:06.678901Z": [early.id],
        "?from=2026-01-02T03:54:05%2B01:00&to=2026-01-02T02:54:07Z": [early.id, late.id],
        "?from=2027-01-01T00:00:00Z": [],
    }.items():
        assert [event["id"] for event in listed(operator, query)] == expected


@pytest.mark.parametrize(
    ("query", "pointer", "detail"),
    [
        ("from=yesterday", "/from", "RFC 3339"),
        ("to=2026-01-02T03:04:05", "/to", "with its zone"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "/to", "not be before `from`"),
        ("type=finished", "/type/0", "podline.execution.finished.v1"),
        ("cursor=%21", "/cursor", "start without a cursor"),
        ("cursor=eA%3D%3D", "/cursor", "start without a cursor"),
        ("limit=0", "/limit", "at least 1"),
        ("since=2026-01-02T03:04:05Z", "/since", "not a known field"),
    ],
)
def test_a_wrong_parameter_is_named(operator: Api, query: str, pointer: str, detail: str) -> None:
    (error,) = body(operator.get(f"{EVENTS}?{query}"), 422)["errors"]
    assert error["in"] == "query"
    assert error["pointer"] == pointer
    assert detail in error["detail"]


class LogInSlices(MemoryEventLog):
    """Each slice holds one event, and takes a second."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(slice_size=1)
        self._clock = clock

    def read(self, filter: EventFilter, after: str | None, limit: int) -> EventPage:
        self._clock.advance(1)
        return super().read(filter, after, limit)


def test_an_answer_comes_in_time_and_the_next_call_continues() -> None:
    twins = make_twins()
    log = LogInSlices(twins.clock)
    log.append([accepted()[2] for _ in range(5)])
    operator = connector(replace(twins.ports, event_log=log))("otto", Role.OPERATOR)
    assert len(body(operator.get(EVENTS))["items"]) == 2
    assert len(listed(operator, "?limit=50")) == 5


class LogThatIsAway(MemoryEventLog):
    def read(self, *_: object) -> EventPage:
        raise EventLogUnavailable("kafka-1.internal does not answer")


def test_with_the_log_away_it_says_so_and_names_no_host(twins: Twins) -> None:
    ports = replace(twins.ports, event_log=LogThatIsAway())
    answer = connector(ports)("otto", Role.OPERATOR).get(EVENTS)
    assert "internal" not in answer.get_data(as_text=True)
    assert body(answer, 503)["type"] == "urn:podline:problem:unavailable"


def test_all_that_is_wrong_with_a_query_is_reported_at_once(operator: Api) -> None:
    problem = body(operator.get(f"{EVENTS}?cursor=x&limit=0&from=now&since=1"), 422)
    pointers = {(error["in"], error["pointer"]) for error in problem["errors"]}
    assert pointers == {("query", name) for name in ("/cursor", "/limit", "/from", "/since")}
