"""The metrics of a process alone, of several processes, and of a worker's own port."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from app.infrastructure.prometheus import restarts
from app.infrastructure.prometheus.folder import VARIABLE, make_empty
from app.infrastructure.prometheus.metrics import PrometheusMetrics
from app.infrastructure.prometheus.restarts import ChildRestarts
from app.ports import METRICS_MEDIA_TYPE, Gauge, families
from app.ports.families import CHILD_RESTARTS

COUNT_ONE = """
from app.infrastructure.prometheus.metrics import PrometheusMetrics
metrics = PrometheusMetrics()
metrics.watch_restarted()
metrics.step_done("pods.create", 0.03)
print(metrics.exposition().decode())
"""


def lines(metrics: PrometheusMetrics, *gauges: Gauge) -> list[str]:
    return metrics.exposition(gauges).decode().splitlines()


def test_steps_are_counted_by_how_long_they_took() -> None:
    metrics = PrometheusMetrics()
    for seconds in (0.004, 0.03, 40):
        metrics.step_done("pods.create", seconds)
    shown = lines(metrics)
    assert 'podline_step_seconds_bucket{le="0.005",step="pods.create"} 1.0' in shown
    assert 'podline_step_seconds_bucket{le="0.05",step="pods.create"} 2.0' in shown
    assert 'podline_step_seconds_bucket{le="+Inf",step="pods.create"} 3.0' in shown
    assert 'podline_step_seconds_count{step="pods.create"} 3.0' in shown


def test_two_in_one_process_do_not_share_counts() -> None:
    one, other = PrometheusMetrics(), PrometheusMetrics()
    one.watch_restarted()
    assert "podline_watch_restarts_total 1.0" in lines(one)
    assert "podline_watch_restarts_total 0.0" in lines(other)


def test_a_gauge_has_a_series_for_each_combination_of_labels() -> None:
    gauge = Gauge(families.SLOTS, {("used",): 2, ("free",): 0})
    shown = lines(PrometheusMetrics(), gauge)
    assert "# TYPE podline_slots gauge" in shown
    assert {'podline_slots{state="used"} 2.0', 'podline_slots{state="free"} 0.0'} <= set(shown)


def test_the_process_itself_is_there() -> None:
    assert any(
        line.startswith("process_resident_memory_bytes") for line in lines(PrometheusMetrics())
    )


def test_processes_with_one_folder_count_together(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    make_empty(folder)
    assert "podline_watch_restarts_total 1.0" in counted_by_a_process(folder)
    shown = counted_by_a_process(folder)
    assert "podline_watch_restarts_total 2.0" in shown
    assert 'podline_step_seconds_count{step="pods.create"} 2.0' in shown
    make_empty(folder)
    assert "podline_watch_restarts_total 1.0" in counted_by_a_process(folder)


def counted_by_a_process(folder: Path) -> list[str]:
    environment = os.environ | {VARIABLE: str(folder)}
    command = [sys.executable, "-c", COUNT_ONE]
    return subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    ).stdout.splitlines()


def test_a_worker_serves_its_own() -> None:
    metrics = PrometheusMetrics()
    port = metrics.serve("127.0.0.1", 0)
    metrics.watch_restarted()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        assert answer.headers["Content-Type"] == METRICS_MEDIA_TYPE
        assert b"podline_watch_restarts_total 1.0" in answer.read()
    with pytest.raises(OSError, match="in use"):
        metrics.serve("127.0.0.1", port)


def test_restarts_of_children_are_shown_where_up_writes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    shown = ChildRestarts
    assert [family.samples for family in shown().collect()] == [[]]
    restarts.write(tmp_path, {("worker", "hung"): 2, ("api", "died"): 1})
    (family,) = shown().collect()
    values = {tuple(sample.labels.values()): sample.value for sample in family.samples}
    assert values == {("worker", "hung"): 2, ("api", "died"): 1}
    assert family.samples[0].name == CHILD_RESTARTS.name
