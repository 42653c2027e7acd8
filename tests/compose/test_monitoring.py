"""Alerts and dashboards use metrics that exist, and each alert has its tests and its page."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from app.ports.families import ALL
from docs.generate.pages import DOCS
from tests.support.markdown import code_blocks
from tests.support.prometheus import PROMTOOL

COMPOSE: Final = DOCS.parent / "compose"
MONITORING: Final = COMPOSE / "monitoring"
SUFFIXES: Final = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}
SERIES: Final = {family.name + end: family for family in ALL for end in SUFFIXES[family.kind]}


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def rules() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = loaded(MONITORING / "rules.yaml")["groups"][0]["rules"]
    return found


ALERTS: Final = [rule["alert"] for rule in rules()]


def queries() -> list[str]:
    dashboards = [
        json.loads(path.read_text()) for path in (MONITORING / "grafana/dashboards").glob("*.json")
    ]
    panels = [panel for dashboard in dashboards for panel in dashboard["panels"]]
    shown = [target["expr"] for panel in panels for target in panel["targets"]]
    marked = [each["expr"] for each in dashboards[0]["annotations"]["list"]]
    return sorted({rule["expr"] for rule in rules()} | {*shown, *marked})


@pytest.mark.parametrize("query", queries())
def test_a_query_uses_metrics_and_labels_that_exist(query: str) -> None:
    named = re.findall(r"podline_\w+", query)
    assert named or re.search(r"\b(?:up|ALERTS)\{", query)
    assert set(named) <= SERIES.keys()
    for name, matchers in re.findall(r"(podline_\w+)\{([^}]*)\}", query):
        labels = set(re.findall(r"(\w+)[=!]~?", matchers))
        assert labels <= {*SERIES[name].labels}
    labels = {
        label for given in re.findall(r"by \(([^)]*)\)", query) for label in given.split(", ")
    }
    known = {label for name in named for label in SERIES[name].labels}
    assert labels <= known | {"le", "instance", "alertname", "severity", "where"}


def test_each_metric_is_shown_or_alerted() -> None:
    used = {SERIES[name].name for query in queries() for name in re.findall(r"podline_\w+", query)}
    assert used == {family.name for family in ALL}


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_fires_in_one_test_and_not_in_another(alert: str) -> None:
    tests = [
        each
        for test in loaded(MONITORING / "rules_test.yaml")["tests"]
        for each in test["alert_rule_test"]
        if each["alertname"] == alert
    ]
    assert {bool(each["exp_alerts"]) for each in tests} == {False, True}


@pytest.mark.parametrize("rule", rules(), ids=ALERTS)
def test_an_alert_leads_to_its_section(rule: dict[str, Any]) -> None:
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert (page, anchor) == ("docs/runbook.md", rule["alert"].lower())
    text = (DOCS / "runbook.md").read_text()
    (section,) = re.findall(rf"^### {rule['alert']}\n(.*?)(?=^##|\Z)", text, re.M | re.S)
    for part in ("**Means**", "**Look at**", "**Do**"):
        assert part in section
    assert rule["labels"]["severity"] in ("critical", "warning")


def test_the_page_shows_all_that_an_alertmanager_needs() -> None:
    """An Alertmanager refuses a route to a receiver that it doesn't know."""
    parts = [yaml.safe_load(block.text) for block in code_blocks(DOCS / "metrics.md", "yaml")]
    shown = {name: part for found in parts for name, part in found.items()}
    assert shown["route"]["receiver"] in {each["name"] for each in shown["receivers"]}
    assert shown["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]


@pytest.mark.long
@pytest.mark.skipif(not (PROMTOOL or os.environ.get("CI")), reason="needs promtool")
def test_the_alerts_pass_their_tests() -> None:
    assert PROMTOOL is not None, ".ci/run gets it"
    command = [PROMTOOL, "test", "rules", str(MONITORING / "rules_test.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
@pytest.mark.skipif(not (PROMTOOL or os.environ.get("CI")), reason="needs promtool")
@pytest.mark.parametrize("file", ["prometheus.yml", "prometheus.hosts.yml"])
def test_prometheus_accepts_its_settings(file: str, tmp_path: Path) -> None:
    assert PROMTOOL is not None, ".ci/run gets it"
    settings = loaded(MONITORING / file)
    assert settings["rule_files"] == ["/etc/prometheus/rules.yaml"]
    settings["rule_files"] = [str(MONITORING / "rules.yaml")]
    (tmp_path / file).write_text(yaml.safe_dump(settings))
    command = [PROMTOOL, "check", "config", "--lint=all", "--lint-fatal", str(tmp_path / file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def targets(file: str) -> set[str]:
    (job,) = loaded(MONITORING / file)["scrape_configs"]
    assert job["job_name"] == "podline", "which the alerts name"
    return set(job["static_configs"][0]["targets"])


def roles() -> set[str]:
    services = loaded(COMPOSE / "docker-compose.yml")["services"]
    return {name for name, each in services.items() if " worker " in str(each.get("command"))}


def test_compose_scrapes_each_role_where_it_serves_metrics() -> None:
    services = loaded(COMPOSE / "docker-compose.yml")["services"]
    assert targets("prometheus.yml") == {"api:8000", *(f"{name}:9100" for name in roles())}
    for name in roles():
        assert services[name]["environment"]["PODLINE_METRICS_PORT"] == "9100"
    for name in ("prometheus", "grafana"):
        assert services[name]["profiles"] == ["monitoring"]
        for volume in services[name]["volumes"]:
            if (source := volume.partition(":")[0]).startswith("./"):
                assert (COMPOSE / source).exists()


def test_with_hosts_compose_scrapes_what_then_runs() -> None:
    """The two files differ only in that."""
    services = loaded(COMPOSE / "docker-compose.hosts.yml")["services"]
    (volume,) = services["prometheus"]["volumes"]
    source, target, _ = volume.split(":")
    gone = {f"{name}:9100" for name in roles() if services[name].get("scale") == 0}
    assert gone
    expected = targets("prometheus.yml") - gone | {"host-workers:9100"}
    assert targets(Path(source).name) == expected
    assert services["host-workers"]["environment"]["PODLINE_METRICS_PORT"] == "9100"
    replaced = loaded(COMPOSE / "docker-compose.yml")["services"]["prometheus"]["volumes"]
    assert target in {each.split(":")[1] for each in replaced}


def test_kubernetes_selects_what_serves_metrics() -> None:
    monitors = list(
        yaml.safe_load_all((COMPOSE / "kubernetes/monitoring/service-monitor.yaml").read_text())
    )
    api = [*yaml.safe_load_all((COMPOSE / "kubernetes/base/api.yaml").read_text())]
    (service,) = (each for each in api if each["kind"] == "Service")
    assert (
        monitors[0]["spec"]["selector"]["matchLabels"].items()
        <= service["metadata"]["labels"].items()
    )
    (port,) = service["spec"]["ports"]
    assert monitors[0]["spec"]["endpoints"][0]["port"] == port["name"]
    assert monitors[1]["spec"]["podMetricsEndpoints"][0]["port"] == "metrics"


def test_kubernetes_selects_the_workers_of_hosts() -> None:
    component = COMPOSE / "kubernetes/hosts-monitoring"
    monitor = loaded(component / "pod-monitor.yaml")
    (deployment,) = (
        each
        for each in yaml.safe_load_all((COMPOSE / "kubernetes/hosts/sandbox-host.yaml").read_text())
        if each["kind"] == "Deployment"
    )
    assert monitor["metadata"]["namespace"] == deployment["metadata"]["namespace"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    ports = deployment["spec"]["template"]["spec"]["containers"][0]["ports"]
    assert endpoint["port"] in {port["name"] for port in ports}
    assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": "podline"}]
