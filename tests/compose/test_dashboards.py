"""Grafana's dashboards: what they show, how they lead on, and that each query has an answer."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client import CollectorRegistry, Counter, start_http_server

from app.domain.api_key import Role
from app.domain.chain import CHAIN, SWEEP
from app.domain.dead_letter import DeadLetterStatus
from app.domain.fault import Fault
from app.domain.sighting import Found
from app.ports.families import CHILD_RESTARTS
from app.queues import QUEUES
from app.service.steps import run_tick
from docs.generate.dashboards import DASHBOARDS, RULES
from docs.generate.grafana import Panel
from tests.support.builders import a_dead_letter
from tests.support.ports import HOST
from tests.support.prometheus import PROMETHEUS, Prometheus, scraping
from tests.support.real_api import a_client, served
from tests.support.staff import staffed
from tests.support.twins import Twins, make_twins
from tests.support.waiting import wait_until
from tests.support.worker import Worker

GRAFANA: Final = RULES.parent / "grafana"
ALERTS: Final[dict[str, str]] = {
    rule["alert"]: rule["expr"] for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
}
PANELS: Final = {
    f"{name}: {panel.title}": panel for name, (_, panels) in DASHBOARDS.items() for panel in panels
}
MODELS: Final[dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in (GRAFANA / "dashboards").glob("*.json")
}


def test_each_dashboard_is_there_once() -> None:
    assert MODELS.keys() == DASHBOARDS.keys()
    assert len({model["uid"] for model in MODELS.values()}) == len(MODELS)
    assert len({model["title"] for model in MODELS.values()}) == len(MODELS)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_uses_the_source_that_one_chooses_and_first_that_of_compose(name: str) -> None:
    model = MODELS[name]
    chosen, *variables = model["templating"]["list"]
    (source,) = provisioned("datasources")["datasources"]
    assert (chosen["type"], chosen["query"]) == ("datasource", source["type"])
    assert chosen["current"] == {"text": source["name"], "value": source["uid"]}
    targets = [target for panel in model["panels"] for target in panel["targets"]]
    for user in (*variables, *model["annotations"]["list"], *model["panels"], *targets):
        assert user["datasource"] == {"type": source["type"], "uid": f"${{{chosen['name']}}}"}


def test_grafana_finds_the_dashboards_where_compose_puts_them() -> None:
    (provider,) = provisioned("dashboards")["providers"]
    compose = yaml.safe_load((RULES.parents[1] / "docker-compose.yml").read_text())
    volumes = compose["services"]["grafana"]["volumes"]
    assert provider["type"] == "file"
    assert f"./monitoring/grafana/dashboards:{provider['options']['path']}:ro" in volumes
    assert "./monitoring/grafana/provisioning:/etc/grafana/provisioning:ro" in volumes


def provisioned(kind: str) -> dict[str, Any]:
    """https://grafana.com/docs/grafana/latest/administration/provisioning/"""
    (path,) = (GRAFANA / "provisioning" / kind).glob("*.yaml")
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    assert found["apiVersion"] == 1
    return found


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_leads_to_the_others(name: str) -> None:
    (links,) = MODELS[name]["links"]
    assert links["type"] == "dashboards"
    assert links["keepTime"]
    assert all(set(links["tags"]) <= set(model["tags"]) for model in MODELS.values())


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_fill_their_rows_and_do_not_overlap(name: str) -> None:
    panels = MODELS[name]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    rows: dict[int, list[dict[str, int]]] = {}
    for panel in panels:
        rows.setdefault(panel["gridPos"]["y"], []).append(panel["gridPos"])
    for row in rows.values():
        assert [each["x"] for each in row] == [
            sum(before["w"] for before in row[:place]) for place in range(len(row))
        ]
        assert sum(each["w"] for each in row) == 24
        assert len({each["h"] for each in row}) == 1
    assert min(rows) == 0
    for (y, row), (below, _) in pairwise(sorted(rows.items())):
        assert below == y + row[0]["h"]


@pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)
def test_a_panel_says_what_to_do(panel: Panel) -> None:
    assert panel.about.endswith(".")
    assert panel.alerts or panel.limit is None
    assert panel.limit is not None or "the line" not in panel.about
    assert set(panel.alerts) <= ALERTS.keys()


@pytest.mark.parametrize(
    "panel", [panel for panel in PANELS.values() if panel.limit is not None], ids=lambda p: p.title
)
def test_a_panel_is_red_where_its_alert_fires(panel: Panel) -> None:
    """Whole numbers are red from 1 on if the alert fires above 0, and below 1 if it does at 0."""
    condition = f"> {panel.limit:g}"
    if panel.limit == 1:
        condition = "== 0" if panel.is_minimum else "> 0"
    assert re.search(rf"{condition}(?![\d.])", ALERTS[panel.alerts[0]])


def test_each_alert_is_explained_by_a_panel() -> None:
    assert {alert for panel in PANELS.values() for alert in panel.alerts} == ALERTS.keys()


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_figure_is_that_of_now_or_unknown(name: str) -> None:
    """Of a range, Grafana would show the last one, long after nothing was scraped."""
    for panel in MODELS[name]["panels"]:
        is_figure = panel["type"] in ("stat", "table")
        assert all(target["instant"] == is_figure for target in panel["targets"])
        if panel["type"] == "stat":
            (mapping,) = panel["fieldConfig"]["defaults"]["mappings"]
            assert mapping["options"]["match"] == "null+nan"


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_names_of_series_use_labels_that_their_query_keeps(name: str) -> None:
    """Other labels would be empty, and the names of all series the same."""
    for panel in MODELS[name]["panels"]:
        for target in panel["targets"]:
            shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert panel["type"] == "table" or shown == labels_of(target["expr"]), target


def labels_of(query: str) -> set[str]:
    """Those by which it adds up, or takes the maximum: the first of them is the outermost."""
    start = r"(?:round\(|histogram_quantile\([\d.]+, |\()?(?:sum|max|min)(?: by \(([\w, ]+)\) ?)?\("
    found = re.match(start, query)
    assert found is not None, query
    return set((found[1] or "").split(", ")) - {"", "le"}


@pytest.mark.long
@pytest.mark.skipif(not (PROMETHEUS or os.environ.get("CI")), reason="needs prometheus")
def test_each_query_has_series_in_a_real_prometheus(tmp_path: Path) -> None:
    assert PROMETHEUS is not None, ".ci/run gets it"
    twins = make_twins()
    with (
        served(twins) as url,
        a_client(twins, url, Role.USER) as user,
        restarts_served() as address,
        scraping(tmp_path, url.removeprefix("http://"), address) as prometheus,
    ):
        missing = [*queries(role="saga")]

        def none_is_missing() -> bool:
            user.submit("print(1)", language="python")
            something_of_everything(twins)
            missing[:] = [query for query in missing if not prometheus.series(query)]
            return not missing

        wait_until(none_is_missing, within=120, every=0.5, or_fail=lambda: "\n".join(missing))
        assert set(roles(prometheus)) == set(QUEUES)


@contextmanager
def restarts_served() -> Iterator[str]:
    """What only `podline up` counts, served at the address."""
    registry = CollectorRegistry()
    counter = Counter(CHILD_RESTARTS.name, "", CHILD_RESTARTS.labels, registry=registry)
    counter.labels("worker", "died").inc()
    server, thread = start_http_server(0, HOST, registry)
    try:
        yield f"{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def something_of_everything(twins: Twins) -> None:
    """Count again what the dashboards show, also what a healthy service has none of."""
    twins.clock.advance(1)
    staffed(twins)
    run_tick(lambda: twins.ports, SWEEP, lambda _: None, 5)
    Worker(twins.ports).run_all()
    twins.store.dead_letters.put(a_dead_letter(status=DeadLetterStatus.ARCHIVED))
    metrics = twins.ports.metrics
    for step in (*CHAIN, SWEEP):
        metrics.step_waited(step.removeprefix("podline."), 0.1)
    metrics.attempt_ended(Fault.POD_GONE)
    metrics.compiled(cached=True)
    metrics.callback_tried("failed")
    metrics.swept(Found.LOST_SLOT, 1)


def queries(role: str) -> Iterator[str]:
    """All of panels and annotations, as Grafana asks them."""
    for model in MODELS.values():
        asked = [target for panel in model["panels"] for target in panel["targets"]]
        for each in (*asked, *model["annotations"]["list"]):
            yield each["expr"].replace("$__rate_interval", "20s").replace("$role", role)


def roles(prometheus: Prometheus) -> list[str]:
    (_, variable) = MODELS["role"]["templating"]["list"]
    asked = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"])
    assert asked is not None
    return prometheus.label_values(*asked.groups())
