"""The manifests in compose/kubernetes/scaling: they follow a metric and scale what exists."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from app.ports import families
from tests.kubernetes.deployment import ROLES

MANIFESTS = Path(__file__).parents[2] / "compose/kubernetes"
SCALED = ("coordinator", "saga-orchestrator", "pod-creator", "pod-monitor", "result-processor")
METRIC = "podline_work_demand"
HOSTS = "sandbox-host"


def documents(path: Path) -> list[dict[str, Any]]:
    return [found for found in yaml.safe_load_all(path.read_text()) if found]


def scaled(component: str) -> list[dict[str, Any]]:
    return documents(MANIFESTS / "scaling" / component / "scaled.yaml")


def test_the_metric_is_one_of_the_gauges() -> None:
    assert (families.DEMAND.name, families.DEMAND.labels) == (METRIC, ("group",))


@pytest.mark.parametrize("component", ["keda-workers", "hpa-workers"])
def test_workers_are_deployments_of_the_base(component: str) -> None:
    names = [found["spec"]["scaleTargetRef"]["name"] for found in scaled(component)]
    deployments = {
        found["metadata"]["name"]: found["metadata"]["namespace"]
        for found in documents(MANIFESTS / "base/workers.yaml")
    }
    assert tuple(names) == SCALED
    assert set(names) <= deployments.keys() & ROLES
    assert {found["metadata"]["namespace"] for found in scaled(component)} == {"podline"}


@pytest.mark.parametrize("component", ["keda-workers", "hpa-workers", "keda-hosts", "hpa-hosts"])
def test_nobody_else_sets_the_number(component: str) -> None:
    (kustomization,) = documents(MANIFESTS / "scaling" / component / "kustomization.yaml")
    targets = [patch["target"]["name"] for patch in kustomization["patches"]]
    assert targets == [found["spec"]["scaleTargetRef"]["name"] for found in scaled(component)]
    for patch in kustomization["patches"]:
        assert yaml.safe_load(patch["patch"]) == [{"op": "remove", "path": "/spec/replicas"}]


@pytest.mark.parametrize(("component", "least"), [("keda-workers", 2), ("keda-hosts", 0)])
def test_keda_asks_for_the_metric_and_takes_no_silence_for_zero(component: str, least: int) -> None:
    for found in scaled(component):
        (trigger,) = found["spec"]["triggers"]
        assert trigger["metadata"]["query"].startswith(f"max({METRIC}")
        assert trigger["metadata"]["ignoreNullValues"] == "false"
        assert found["spec"]["minReplicaCount"] == least < found["spec"]["fallback"]["replicas"]


@pytest.mark.parametrize(("component", "least"), [("hpa-workers", 2), ("hpa-hosts", 1)])
def test_a_plain_autoscaler_follows_the_same_metric(component: str, least: int) -> None:
    for found in scaled(component):
        (metric,) = found["spec"]["metrics"]
        assert metric["external"]["metric"]["name"] == METRIC
        assert found["spec"]["minReplicas"] == least
