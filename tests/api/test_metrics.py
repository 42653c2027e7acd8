"""/metrics, read as Prometheus reads it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.domain.api_key import Role
from app.domain.dead_letter import DeadLetterStatus
from app.domain.errors import CoordinationUnavailable, StoreUnavailable
from app.infrastructure.memory.admission import MemoryAdmissionQueue
from app.infrastructure.memory.runtime import Script
from app.infrastructure.memory.store import MemoryStore
from app.service.relay import relay
from tests.support.api_contract import PROGRAM, Api, connector
from tests.support.builders import a_dead_letter
from tests.support.twins import Twins, make_twins
from tests.support.worker import Worker

Samples = Mapping[str, float]


def scrape(api: Api) -> Samples:
    """Values by name and labels as Prometheus writes them: `podline_slots{state="free"}`."""
    response = api.get("/metrics")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        _series(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(response.get_data(as_text=True))
        for sample in family.samples
    }


def _series(name: str, labels: Mapping[str, str]) -> str:
    listed = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"{name}{{{listed}}}" if listed else name


def test_queue_slots_and_outbox(api: Api, twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    for _ in range(3):
        api.post("/api/v1/executions", PROGRAM)
    worker.run_all()
    twins.clock.advance(2.5)
    api.post("/api/v1/executions", PROGRAM | {"priority": "low"})
    found = scrape(api)
    assert found['podline_executions_unfinished{priority="normal",state="running"}'] == 2
    assert found['podline_executions_unfinished{priority="normal",state="queued"}'] == 1
    assert found['podline_executions_unfinished{priority="low",state="queued"}'] == 1
    assert found['podline_work_demand{group=""}'] == 4
    assert found['podline_queue_oldest_seconds{priority="normal"}'] == 2.5
    assert found['podline_queue_oldest_seconds{priority="high"}'] == 0
    assert found['podline_slots{state="used"}'] == 2
    assert found['podline_slots{state="free"}'] == 0
    assert found["podline_outbox_executions"] == 4
    assert found["podline_outbox_oldest_seconds"] == 2.5
    relay(twins.ports)
    assert scrape(api)["podline_outbox_oldest_seconds"] == 2.5, "it is cached for a second"
    twins.clock.advance(1)
    assert scrape(api)["podline_outbox_oldest_seconds"] == 0


def test_the_demand_for_work_falls_to_zero(api: Api, twins: Twins, worker: Worker) -> None:
    """It decides how many workers and hosts there are, so nothing that ended may count."""
    assert scrape(api)['podline_work_demand{group=""}'] == 0
    for _ in range(3):
        api.post("/api/v1/executions", PROGRAM)
    twins.clock.advance(1)
    assert scrape(api)['podline_work_demand{group=""}'] == 3
    worker.run_all()
    twins.clock.advance(1)
    assert scrape(api)['podline_work_demand{group=""}'] == 0


def test_executions_by_outcome(api: Api, worker: Worker) -> None:
    created = [api.post("/api/v1/executions", PROGRAM).json for _ in range(3)]
    assert created[0] is not None
    api.post(f"/api/v1/executions/{created[0]['id']}/cancel")
    worker.run_all()
    found = scrape(api)
    assert found['podline_executions_ended_total{outcome="success",state="completed"}'] == 2
    assert found['podline_executions_ended_total{outcome="",state="cancelled"}'] == 1


def test_dead_letters_by_status(api: Api, twins: Twins) -> None:
    twins.store.dead_letters.put(a_dead_letter(status=DeadLetterStatus.ARCHIVED))
    found = scrape(api)
    assert found['podline_dead_letters{status="archived"}'] == 1
    assert found['podline_dead_letters{status="waiting"}'] == 0


def test_answers_by_route_and_status_and_never_by_what_a_client_made_up(api: Api) -> None:
    api.get("/api/v1/executions/01J")
    for number in range(3):
        api.call(f"X{number}", f"/{number}")
    found = scrape(api)
    route = "/api/v1/executions/<execution_id>"
    assert found[f'podline_http_requests_total{{method="GET",route="{route}",status="404"}}'] == 1
    assert found['podline_http_requests_total{method="none",route="none",status="404"}'] == 3


class AwayStore(MemoryStore):
    def ping(self) -> None:
        raise StoreUnavailable("db.internal refused")


class AwayLater(MemoryAdmissionQueue):
    """It goes between the first question and the second."""

    def slots_used(self) -> int:
        raise CoordinationUnavailable("redis.internal refused")


@pytest.mark.parametrize(
    ("twins", "missing", "there"),
    [
        (make_twins(store=AwayStore()), "podline_dead_letters", "podline_slots"),
        (make_twins(admission=AwayLater()), "podline_slots", "podline_dead_letters"),
    ],
    ids=["store", "redis"],
)
def test_what_is_away_takes_no_other_gauge_with_it(twins: Twins, missing: str, there: str) -> None:
    found = scrape(without_a_key(twins))
    assert not any(series.startswith(missing) for series in found)
    assert any(series.startswith(there) for series in found)
    assert found['podline_up{dependency="store"}'] == (missing == "podline_slots")
    assert found['podline_up{dependency="runtime"}'] == 1


def without_a_key(twins: Twins) -> Api:
    return replace(connector(twins.ports)("ada", Role.USER), key=None)
