"""The clients of the load are told of each program exactly once, whatever fails on the way."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from werkzeug import Response

from podline import Client, Execution
from tests.chaos.load import Load
from tests.chaos.plan import OWNERS, Plan, make_plan
from tests.support.constants import changed
from tests.support.service import Service

EXECUTIONS = 40


@pytest.fixture
def service() -> Iterator[Service]:
    with changed(monitor__FIRST_LOOK_SECONDS=0), Service() as service:
        yield service


@pytest.fixture
def plan() -> Plan:
    plan = make_plan(2, EXECUTIONS, 0, {})
    assert any(work.is_batch for work in plan.works)
    assert any(work.cancel for work in plan.works)
    return plan


def load_of(service: Service, plan: Plan, patience: float = 60) -> Load:
    clients = [Client(service.url, service.key, retries=0) for _ in range(OWNERS)]
    return Load(
        plan, clients, "https://shop.example", "x", in_flight=4, patience=patience, pause=0.01
    )


def ended(load: Load) -> list[Execution]:
    load.start()
    load.join()
    return [each.ended for each in load.accepted if each.ended is not None]


def sometimes(
    incident: Callable[[], Response | None], every: int = 4
) -> list[Callable[[], Response | None]]:
    """For the first requests: nothing for most of them."""
    numbers = count()
    return [lambda: incident() if next(numbers) % every == 0 else None] * 40


def unavailable() -> Response:
    return Response(status=503)


def cut() -> Response:
    raise ConnectionAbortedError


def test_every_program_is_accepted_once_and_followed_to_its_end(
    service: Service, plan: Plan
) -> None:
    load = load_of(service, plan)
    assert {each.state.terminal for each in ended(load)} == {True}
    assert sorted(each.sample.number for each in load.accepted) == list(range(EXECUTIONS))
    assert {each.id for each in load.accepted} == {each.id for each in service.submitted()}
    assert load.refused == []
    assert {each.labels["chaos"] for each in service.submitted()} == set(
        map(str, range(EXECUTIONS))
    )
    cancelled = {s.number for work in plan.works if work.cancel for s in work.samples}
    assert {each.sample.number for each in load.accepted if each.cancelled} == cancelled


@pytest.mark.parametrize("incident", [unavailable, cut])
def test_what_fails_is_repeated_and_nothing_is_accepted_twice(
    service: Service, plan: Plan, incident: Callable[[], Response | None]
) -> None:
    """Before the API has seen a request, and after it has done what the request asks for."""
    service.incidents, service.losses = sometimes(incident), sometimes(incident, every=5)
    load = load_of(service, plan)
    assert len(ended(load)) == EXECUTIONS
    assert len(service.submitted()) == EXECUTIONS
    assert load.refused == []


def test_a_refusal_for_good_is_noted(service: Service) -> None:
    service.incidents = [lambda: Response(status=500)]
    load = load_of(service, make_plan(1, 1, 0, {}))
    assert ended(load) == []
    assert len(load.refused) == 1


def test_a_service_that_stays_down_is_noted(service: Service) -> None:
    service.incidents = [unavailable] * 1000
    load = load_of(service, make_plan(1, 1, 0, {}), patience=0.5)
    assert ended(load) == []
    assert load.refused[0].startswith("still after")


def test_it_stops_when_asked(service: Service, plan: Plan) -> None:
    load = load_of(service, plan)
    load.stop()
    assert ended(load) == []
    assert load.wait_for(1, seconds=60)


def test_somebody_waits_until_so_many_were_accepted(service: Service, plan: Plan) -> None:
    load = load_of(service, plan)
    load.start()
    assert load.wait_for(10, seconds=60)
    assert len(load.accepted) >= 10
    load.join()


def test_or_for_so_long(service: Service, plan: Plan) -> None:
    service.incidents = [unavailable] * 1000
    load = load_of(service, plan, patience=0.5)
    load.start()
    assert not load.wait_for(1, seconds=0.01)
    load.stop()
    load.join()
