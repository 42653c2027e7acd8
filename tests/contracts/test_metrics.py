"""What the port for metrics promises. It has one adapter, which tests use in place of a twin."""

from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.domain.fault import Fault
from app.domain.sighting import Found
from app.infrastructure.prometheus.metrics import PrometheusMetrics
from app.ports import Gauge, Metrics, families
from tests.support.builders import NOW, an_execution


@pytest.fixture
def metrics() -> Metrics:
    return PrometheusMetrics()


def sample(exposition: bytes, name: str, **labels: str) -> float | None:
    for family in text_string_to_metric_families(exposition.decode()):
        for each in family.samples:
            if each.name == name and labels.items() <= each.labels.items():
                return each.value
    return None


def test_each_event_is_counted(metrics: Metrics) -> None:
    metrics.execution_ended(an_execution().cancel(NOW, NOW).after)
    metrics.step_done("pods.create", 0.03)
    metrics.step_waited("pods.create", 0.2)
    metrics.attempt_started()
    metrics.attempt_ended(Fault.POD_GONE)
    metrics.compiled(cached=True)
    metrics.callback_tried("failed")
    metrics.swept(Found.LOST_SLOT, 3)
    metrics.watch_restarted()
    metrics.request_answered("GET", "/readyz", 200)
    counted = metrics.exposition()
    assert sample(counted, "podline_executions_ended_total", state="cancelled") == 1
    assert sample(counted, "podline_step_seconds_count", step="pods.create") == 1
    assert sample(counted, "podline_step_waiting_seconds_sum", step="pods.create") == 0.2
    assert sample(counted, "podline_attempts_total") == 1
    assert sample(counted, "podline_attempts_ended_total", reason="pod_gone") == 1
    assert sample(counted, "podline_compiles_total", cache="hit") == 1
    assert sample(counted, "podline_callback_deliveries_total", result="failed") == 1
    assert sample(counted, "podline_sweep_found_total", what="lost_slot") == 3
    assert sample(counted, "podline_watch_restarts_total") == 1
    assert sample(counted, "podline_http_requests_total", route="/readyz", status="200") == 1


def test_a_gauge_is_shown_and_not_kept(metrics: Metrics) -> None:
    gauge = Gauge(families.SLOTS, {("used",): 2, ("free",): 0})
    assert sample(metrics.exposition([gauge]), "podline_slots", state="used") == 2
    assert sample(metrics.exposition(), "podline_slots", state="used") is None


def test_counters_are_served(metrics: Metrics) -> None:
    metrics.watch_restarted()
    port = metrics.serve("127.0.0.1", 0)
    with urlopen(f"http://127.0.0.1:{port}/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain")
        assert sample(response.read(), "podline_watch_restarts_total") == 1
