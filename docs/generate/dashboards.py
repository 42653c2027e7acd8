"""Grafana's dashboards, and the alerts for Kubernetes, from declarations in this repository."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

RULES: Final = Path(__file__).parents[2] / "compose/monitoring/rules.yaml"
_SOURCE: Final = {"type": "prometheus", "uid": "podline"}
_WIDTH, _HEIGHT, _COLUMNS = 12, 8, 24


@dataclass(frozen=True, slots=True)
class Panel:
    """A graph of one or several queries, each with its legend."""

    title: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "short"
    """One of Grafana's units: https://grafana.com/docs/grafana/latest/panels-visualizations/"""


def _panel(title: str, *queries: tuple[str, str], unit: str = "short") -> Panel:
    return Panel(title, queries, unit)


def _quantiles(histogram: str, labels: str = "") -> tuple[tuple[str, str], ...]:
    return tuple(
        (
            f"histogram_quantile({q}, "
            f"sum by (le, step) (rate({histogram}_bucket{labels}[$__rate_interval])))",
            f"{{{{step}}}} p{int(q * 100)}",
        )
        for q in (0.5, 0.95)
    )


_ROLE: Final = '{step=~"$role\\\\..*"}'

DASHBOARDS: Final[dict[str, tuple[str, tuple[Panel, ...]]]] = {
    "overview": (
        "Podline: overview",
        (
            _panel("Dependencies", ("min by (dependency) (podline_up)", "{{dependency}}")),
            _panel("Parts", ("min by (part) (podline_healthy)", "{{part}}")),
            _panel(
                "Ended per second",
                (
                    "sum by (state, outcome) "
                    "(rate(podline_executions_ended_total[$__rate_interval]))",
                    "{{state}} {{outcome}}",
                ),
            ),
            _panel(
                "Unfinished",
                (
                    "max by (state) (sum by (state, instance) (podline_executions_unfinished))",
                    "{{state}}",
                ),
            ),
            _panel(
                "Oldest queued execution",
                ("max by (priority) (podline_queue_oldest_seconds)", "{{priority}}"),
                unit="s",
            ),
            _panel("Slots", ("max by (state) (podline_slots)", "{{state}}")),
            _panel(
                "Responses per second",
                (
                    "sum by (status) (rate(podline_http_requests_total[$__rate_interval]))",
                    "{{status}}",
                ),
            ),
            _panel("Dead letters", ("max by (status) (podline_dead_letters)", "{{status}}")),
        ),
    ),
    "pipeline": (
        "Podline: pipeline",
        (
            _panel(
                "Messages in Celery's queues",
                ("max by (queue_name) (podline_celery_queue_length)", "{{queue_name}}"),
            ),
            _panel(
                "Oldest message",
                ("max by (queue_name) (podline_celery_queue_oldest_seconds)", "{{queue_name}}"),
                unit="s",
            ),
            _panel(
                "Steps per second",
                ("sum by (step) (rate(podline_step_seconds_count[$__rate_interval]))", "{{step}}"),
            ),
            _panel("Duration of steps", *_quantiles("podline_step_seconds"), unit="s"),
            _panel("Waiting of messages", *_quantiles("podline_step_waiting_seconds"), unit="s"),
            _panel(
                "Attempts per second",
                ("sum(rate(podline_attempts_total[$__rate_interval]))", "started"),
                (
                    "sum by (reason) (rate(podline_attempts_ended_total[$__rate_interval]))",
                    "{{reason}}",
                ),
            ),
            _panel("Ticks", ("max by (tick) (podline_tick_age_seconds)", "{{tick}}"), unit="s"),
            _panel(
                "Found by the sweep",
                (
                    "sum by (what) (increase(podline_sweep_found_total[$__rate_interval]))",
                    "{{what}}",
                ),
            ),
        ),
    ),
    "role": (
        "Podline: one role",
        (
            _panel(
                "Workers",
                ('max by (state) (podline_workers{role="$role"})', "{{state}}"),
            ),
            _panel(
                "Age of the newest heartbeat",
                ('min(podline_heartbeat_age_seconds{role="$role"})', "$role"),
                unit="s",
            ),
            _panel(
                "Messages in its queue",
                ('max(podline_celery_queue_length{queue_name="$role"})', "messages"),
            ),
            _panel(
                "Oldest message",
                ('max(podline_celery_queue_oldest_seconds{queue_name="$role"})', "oldest"),
                unit="s",
            ),
            _panel("Duration", *_quantiles("podline_step_seconds", _ROLE), unit="s"),
            _panel("Waiting", *_quantiles("podline_step_waiting_seconds", _ROLE), unit="s"),
            _panel(
                "Restarts under podline up",
                ("max by (child, why) (podline_child_restarts_total)", "{{child}} {{why}}"),
            ),
        ),
    ),
    "hosts": (
        "Podline: where programs run",
        (
            _panel("Places", ("max by (state) (podline_places)", "{{state}}")),
            _panel("Slots", ("max by (state) (podline_slots)", "{{state}}")),
            _panel("Demand", ("max(sum by (instance) (podline_work_demand))", "executions")),
            _panel("Pods started ahead", ("max by (state) (podline_pods_ahead)", "{{state}}")),
            _panel(
                "Compile cache",
                ("sum by (cache) (rate(podline_compiles_total[$__rate_interval]))", "{{cache}}"),
            ),
            _panel(
                "Restarts of the watch",
                ("sum(increase(podline_watch_restarts_total[$__rate_interval]))", "restarts"),
            ),
            _panel(
                "Faults of attempts",
                (
                    "sum by (reason) (increase(podline_attempts_ended_total[$__rate_interval]))",
                    "{{reason}}",
                ),
            ),
        ),
    ),
    "stores": (
        "Podline: stores",
        (
            _panel(
                "Lag of the event log", ("max(podline_outbox_oldest_seconds)", "oldest"), unit="s"
            ),
            _panel(
                "Executions with events to relay", ("max(podline_outbox_executions)", "executions")
            ),
            _panel("Sizes", ("max by (part) (podline_stored_bytes)", "{{part}}"), unit="bytes"),
            _panel(
                "Disk",
                ("min(podline_disk_free_bytes)", "free"),
                ("max(podline_disk_reserved_bytes)", "reserve"),
                unit="bytes",
            ),
            _panel("Lag of retention", ("max(podline_retention_lag_seconds)", "oldest"), unit="s"),
            _panel(
                "Callbacks per second",
                (
                    "sum by (result) (rate(podline_callback_deliveries_total[$__rate_interval]))",
                    "{{result}}",
                ),
            ),
        ),
    ),
}
"""By the name of the file: title and panels."""


def dashboard(name: str) -> str:
    """One dashboard as Grafana imports it."""
    title, panels = DASHBOARDS[name]
    model = {
        "uid": f"podline-{name}",
        "title": title,
        "tags": ["podline"],
        "timezone": "utc",
        "schemaVersion": 39,
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [_role_variable()] if name == "role" else []},
        "panels": [_drawn(number, panel) for number, panel in enumerate(panels)],
    }
    return json.dumps(model, indent=2) + "\n"


def prometheus_rule() -> str:
    """The alerts of compose/monitoring for the Prometheus operator."""
    rule = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "podline", "namespace": "podline"},
        "spec": yaml.safe_load(RULES.read_text(encoding="utf-8")),
    }
    head = "# Written by `python -m docs.generate` from compose/monitoring/rules.yaml.\n"
    return head + yaml.safe_dump(rule, sort_keys=False, width=100)


def _role_variable() -> dict[str, Any]:
    return {
        "name": "role",
        "label": "Role",
        "type": "query",
        "datasource": _SOURCE,
        "query": "label_values(podline_workers, role)",
        "refresh": 1,
        "sort": 1,
    }


def _drawn(number: int, panel: Panel) -> dict[str, Any]:
    per_row = _COLUMNS // _WIDTH
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": {
            "x": _WIDTH * (number % per_row),
            "y": _HEIGHT * (number // per_row),
            "w": _WIDTH,
            "h": _HEIGHT,
        },
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": _targets(panel.queries),
    }


def _targets(queries: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {"refId": chr(ord("A") + place), "expr": query, "legendFormat": legend}
        for place, (query, legend) in enumerate(queries)
    ]
