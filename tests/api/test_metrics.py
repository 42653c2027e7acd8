"""/metrics, read as Prometheus reads it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.domain.api_key import Role
from app.domain.dead_letter import DeadLetterStatus
from app.domain.disk import Room
from app.domain.errors import CoordinationUnavailable, StoreUnavailable
from app.domain.execution import State
from app.domain.hosts import HostReport
from app.infrastructure.memory.admission import MemoryAdmissionQueue
from app.infrastructure.memory.hosts import MemoryHosts
from app.infrastructure.memory.runtime import Script
from app.infrastructure.memory.store import MemoryStore
from app.ports import Fleet
from app.ports.families import ALL
from app.service.health import SILENT_SECONDS
from app.service.relay import relay
from app.service.retention import remove_old
from app.service.steps import run_tick
from app.service.usage import fold
from tests.support.api_contract import PROGRAM, Api, body, connector
from tests.support.builders import a_dead_letter, an_id
from tests.support.staff import staffed
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


def test_every_metric_is_there_after_a_run(api: Api, twins: Twins, worker: Worker) -> None:
    staffed(twins)
    run_tick(lambda: twins.ports, "podline.saga.sweep", lambda _: None, 5)
    body(api.post("/api/v1/executions", PROGRAM), 202)
    worker.run_all()
    text = api.get("/metrics").get_data(as_text=True)
    families = {family.name: family for family in text_string_to_metric_families(text)}
    for family in ALL:
        shown = families[family.name.removesuffix("_total")]
        assert (shown.type, shown.documentation) == (family.kind, family.help)
        for sample in shown.samples:
            assert sample.labels.keys() - {"le"} == {*family.labels}
    named = {name for name in families if name.startswith("podline_")}
    assert named == {family.name.removesuffix("_total") for family in ALL}


def test_heartbeats_workers_and_ticks(api: Api, twins: Twins) -> None:
    staffed(twins, name="a:1")
    run_tick(lambda: twins.ports, "podline.saga.sweep", lambda _: None, 5)
    twins.clock.advance(SILENT_SECONDS + 1)
    staffed(twins, "worker", name="b:1", roles=("pods", "results.host-1"))
    twins.clock.advance(2)
    found = scrape(api)
    assert found['podline_heartbeat_age_seconds{role="pods"}'] == 2
    assert found['podline_heartbeat_age_seconds{role="results"}'] == 2
    assert found['podline_heartbeat_age_seconds{role="dlq"}'] == SILENT_SECONDS + 3
    assert found['podline_heartbeat_age_seconds{role="beat"}'] == SILENT_SECONDS + 3
    assert found['podline_workers{role="pods",state="alive"}'] == 1
    assert found['podline_workers{role="pods",state="silent"}'] == 1
    assert found['podline_workers{role="dlq",state="alive"}'] == 0
    assert found['podline_tick_age_seconds{tick="saga.sweep"}'] == SILENT_SECONDS + 3
    assert found['podline_healthy{part="beat"}'] == 0
    assert found['podline_healthy{part="queues"}'] == 1


def test_who_should_rebuild_the_queue_is_seen_until_it_is(api: Api, twins: Twins) -> None:
    staffed(twins, "worker", roles=("pods",))
    twins.admission.clear()
    found = scrape(api)
    assert found['podline_up{dependency="redis"}'] == 0
    assert found['podline_workers{role="saga",state="alive"}'] == 0
    assert found['podline_workers{role="pods",state="alive"}'] == 1
    assert found['podline_healthy{part="beat"}'] == 0


def test_celerys_queues(api: Api, twins: Twins) -> None:
    for _ in range(2):
        twins.ports.pipeline.start(an_id(), State.STARTING)
    twins.clock.advance(3)
    found = scrape(api)
    assert found['podline_celery_queue_length{queue_name="pods"}'] == 2
    assert found['podline_celery_queue_oldest_seconds{queue_name="pods"}'] == 3
    assert found['podline_celery_queue_length{queue_name="saga"}'] == 0
    assert found['podline_celery_queue_oldest_seconds{queue_name="saga"}'] == 0


def test_the_queues_of_hosts_count_with_their_role(twins: Twins) -> None:
    hosts = MemoryHosts(twins.clock)
    for name in ("one", "two"):
        hosts.put(HostReport(name=name, slots=2, free=2, release="0.2", languages=()))
        twins.ports.pipeline.start(an_id(), State.RUNNING, name)
        twins.clock.advance(1)
    found = scrape(connector(replace(twins.ports, fleet=Fleet(hosts)))("ada", Role.USER))
    assert found['podline_celery_queue_length{queue_name="monitor"}'] == 2
    assert found['podline_celery_queue_oldest_seconds{queue_name="monitor"}'] == 2
    assert found['podline_places{state="alive"}'] == 2


def test_attempts_and_why_they_ended(api: Api, twins: Twins, worker: Worker) -> None:
    twins.runtime.script = lambda _: Script(ends=None)
    created = body(api.post("/api/v1/executions", PROGRAM), 202)
    worker.run_all()
    row = twins.store.executions.get(created["id"])
    assert row is not None
    twins.runtime.delete(row.pod)
    twins.ports.pipeline.start(row.id, State.RUNNING)
    worker.run_all()
    found = scrape(api)
    assert found["podline_attempts_total"] == 1
    assert found['podline_attempts_ended_total{reason="pod_gone"}'] == 1


def test_what_is_kept_for_too_long() -> None:
    twins = make_twins(retention_seconds=60)
    api = connector(twins.ports)("ada", Role.USER)
    body(api.post("/api/v1/executions", PROGRAM), 202)
    Worker(twins.ports).run_all()
    relay(twins.ports)
    fold(twins.store.usage)
    twins.clock.advance(90)
    assert scrape(api)["podline_retention_lag_seconds"] == 30
    remove_old(twins.ports, pause=lambda _: None)
    twins.clock.advance(1)
    assert scrape(api)["podline_retention_lag_seconds"] == 0


def test_what_the_disk_has(api: Api, twins: Twins) -> None:
    twins.disk.room = Room(free=5 * 2**30, total=100 * 2**30)
    found = scrape(api)
    assert found["podline_disk_free_bytes"] == 5 * 2**30
    assert found["podline_disk_reserved_bytes"] == 2**30
    assert found['podline_stored_bytes{part="database"}'] == 4096
    twins.disk.room = Room(free=4 * 2**30, total=100 * 2**30)
    twins.disk.taken = {"database": 8192}
    twins.clock.advance(2)
    found = scrape(api)
    assert found["podline_disk_free_bytes"] == 4 * 2**30, "it is cached for a second only"
    assert found['podline_stored_bytes{part="database"}'] == 4096, "that takes long"
    twins.clock.advance(300)
    assert scrape(api)['podline_stored_bytes{part="database"}'] == 8192


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
