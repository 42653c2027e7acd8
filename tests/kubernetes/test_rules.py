"""Rules for all pods that `kubectl kustomize` makes of compose/kubernetes, hosts included."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import pytest

from tests.support.kubernetes.kustomized import (
    PAGES,
    Built,
    built,
    needs_kubectl,
    whole,
)

pytestmark = [pytest.mark.long, needs_kubectl]

COMPONENT: Final = "app.kubernetes.io/component"
POWERS: Final = {"Mi": 20, "Gi": 30}
LOG_MIB: Final = 50
"""The kubelet's defaults: containerLogMaxFiles (5) of containerLogMaxSize (10Mi)."""
NODES_OWN: Final = {"node-proc"}
"""What only prepares a node: a container that waits, and hangs for nobody."""


@dataclass(frozen=True)
class Workload:
    """A Deployment or a DaemonSet."""

    namespace: str
    name: str
    spec: Mapping[str, Any]

    @property
    def pod(self) -> Mapping[str, Any]:
        spec: Mapping[str, Any] = self.spec["template"]["spec"]
        return spec

    @property
    def labels(self) -> Mapping[str, str]:
        labels: Mapping[str, str] = self.spec["template"]["metadata"]["labels"]
        return labels

    @cached_property
    def containers(self) -> list[dict[str, Any]]:
        return [*self.pod["containers"], *self.pod.get("initContainers", ())]

    @property
    def lasting(self) -> Iterator[dict[str, Any]]:
        """The containers that run as long as the pod, sidecars among them."""
        yield from self.pod["containers"]
        for each in self.pod.get("initContainers", ()):
            if each.get("restartPolicy") == "Always":
                yield each

    def disk_mib(self, container: Mapping[str, Any]) -> float:
        """What the volumes on disk that it mounts can have."""
        mounted = {mount["name"] for mount in container.get("volumeMounts", ())}
        sizes = {
            volume["name"]: volume["emptyDir"]["sizeLimit"]
            for volume in self.pod["volumes"]
            if "emptyDir" in volume and volume["emptyDir"].get("medium") != "Memory"
        }
        return sum(mib(size) for name, size in sizes.items() if name in mounted)


def mib(quantity: str) -> float:
    match = re.fullmatch(r"(\d+)(Mi|Gi)", quantity)
    assert match, quantity
    return float(int(match[1]) << POWERS[match[2]] >> 20)


@pytest.fixture(scope="module", params=PAGES)
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built(tmp_path_factory.mktemp("rules"), whole(request.param))


@pytest.fixture
def workloads(found: Built) -> list[Workload]:
    every = [
        Workload(namespace, name, each["spec"])
        for (namespace, kind, name), each in found.items()
        if kind in ("Deployment", "DaemonSet")
    ]
    assert len(every) >= 10
    return every


def of_kind(found: Built, kind: str, namespace: str = "") -> dict[str, dict[str, Any]]:
    return {
        name: each for (its, has, name), each in found.items() if has == kind and its == namespace
    }


def test_every_container_requests_and_limits_what_it_takes(workloads: list[Workload]) -> None:
    """CPU has no limit: a limit slows a role down while cores are idle."""
    for workload in workloads:
        for container in workload.containers:
            where, resources = f"{workload.name}/{container['name']}", container["resources"]
            assert resources["requests"].keys() == {"cpu", "memory", "ephemeral-storage"}, where
            assert resources["limits"].keys() == {"memory", "ephemeral-storage"}, where
            for what, limit in resources["limits"].items():
                assert mib(resources["requests"][what]) <= mib(limit), where


def test_a_full_volume_and_a_full_log_are_no_reason_to_evict_a_pod(
    workloads: list[Workload],
) -> None:
    for workload in workloads:
        if workload.name in NODES_OWN:
            continue
        for container in workload.containers:
            limit = mib(container["resources"]["limits"]["ephemeral-storage"])
            assert limit >= workload.disk_mib(container) + LOG_MIB, workload.name


def test_what_hangs_is_restarted(workloads: list[Workload]) -> None:
    """By a question that a process has to answer, or by a file that it has to touch.

    A TCP or Unix socket accepts connections for a process that hangs, and `celery inspect ping`
    costs a second of CPU time.
    """
    for workload in workloads:
        if workload.name in NODES_OWN:
            continue
        for container in workload.lasting:
            where = f"{workload.name}/{container['name']}"
            for probe in (container["startupProbe"], container["livenessProbe"]):
                command = " ".join(probe.get("exec", {}).get("command", ()))
                asks = "httpGet" in probe or "/tmp/heartbeat" in command or "alive" in command
                assert asks, where
                assert probe.get("timeoutSeconds", 1) >= 1, where
            slow = container["livenessProbe"]
            assert slow["periodSeconds"] * slow["failureThreshold"] >= 60, "a busy node is no hang"


def test_all_but_flower_are_ready_only_while_they_work(workloads: list[Workload]) -> None:
    for workload in workloads:
        if workload.name not in {*NODES_OWN, "flower"}:
            (container,) = workload.pod["containers"]
            assert "readinessProbe" in container, workload.name


def test_a_heartbeat_that_is_probed_is_written(workloads: list[Workload]) -> None:
    for workload in workloads:
        for container in workload.containers:
            if "/tmp/heartbeat" in str(container.get("livenessProbe")):
                variables = {each["name"]: each.get("value") for each in container["env"]}
                assert variables["PODLINE_HEARTBEAT_FILE"] == "/tmp/heartbeat", workload.name


def test_roles_with_several_pods_lose_one_at_a_time(
    found: Built, workloads: list[Workload]
) -> None:
    """A budget for a role with one pod would keep its node from being drained."""
    several = {(w.namespace, w.name) for w in workloads if w.spec.get("replicas", 0) > 1}
    budgets = {
        (namespace, name): each["spec"]
        for (namespace, kind, name), each in found.items()
        if kind == "PodDisruptionBudget"
    }
    assert budgets.keys() == several
    for (namespace, name), budget in budgets.items():
        assert budget["maxUnavailable"] == 1
        assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
        (workload,) = (w for w in workloads if (w.namespace, w.name) == (namespace, name))
        assert budget["selector"] == workload.spec["selector"]


def test_pods_of_a_role_are_on_different_nodes_and_in_different_zones(
    workloads: list[Workload],
) -> None:
    for workload in workloads:
        if workload.name in NODES_OWN:
            continue
        spread = workload.pod["topologySpreadConstraints"]
        keys = [each["topologyKey"] for each in spread]
        assert keys == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"], workload.name
        for each in spread:
            assert each["whenUnsatisfiable"] == "ScheduleAnyway", "a cluster may have one node"
            assert selects(each["labelSelector"], workload.labels), workload.name
            given = [*each["matchLabelKeys"], *each["labelSelector"].get("matchLabels", {})]
            own = sorted([COMPONENT, "pod-template-hash"])
            assert sorted(given) == own, (
                "of this role and rollout alone; the API takes no key twice"
            )


def test_the_service_gets_room_before_hosts_and_hosts_before_programs(
    found: Built, workloads: list[Workload]
) -> None:
    classes = of_kind(found, "PriorityClass")
    for workload in workloads:
        expected = "podline" if workload.namespace == "podline" else "podline-hosts"
        assert workload.pod["priorityClassName"] == expected, workload.name
        assert expected in classes
    settings = of_kind(found, "ConfigMap", "podline")["settings"]["data"]
    of_programs = settings["PODLINE_KUBERNETES__PRIORITY_CLASS"]
    below = classes.get(of_programs) or classes["podline-hosts"]
    assert below["value"] < classes["podline"]["value"]
    assert of_programs not in classes or classes[of_programs]["preemptionPolicy"] == "Never"
    assert not any(each.get("globalDefault") for each in classes.values())


@pytest.mark.parametrize("direction", ["Ingress", "Egress"])
def test_every_pod_is_closed_off_in_both_directions(
    direction: str, found: Built, workloads: list[Workload]
) -> None:
    for workload in workloads:
        policies = of_kind(found, "NetworkPolicy", workload.namespace).values()
        assert any(
            direction in policy["spec"]["policyTypes"]
            and selects(policy["spec"]["podSelector"], workload.labels)
            for policy in policies
        ), workload.name


def reachable(found: Built, role: str) -> set[int]:
    """The ports that a role reaches outside of the namespace."""
    return {
        port["port"]
        for policy in of_kind(found, "NetworkPolicy", "podline").values()
        if selects(policy["spec"]["podSelector"], {COMPONENT: role})
        for rule in policy["spec"].get("egress", ())
        if not any("podSelector" in to for to in rule.get("to", ()))
        for port in rule["ports"]
    }


def test_a_role_reaches_only_what_it_uses(found: Built, workloads: list[Workload]) -> None:
    names, stores = {53}, {6379, 27017, 9092}
    api_server, callbacks = {443, 6443}, {80, 443, 1024}
    for workload in workloads:
        if workload.namespace != "podline":
            continue
        expected = names if workload.name == "mcp" else names | stores
        if workload.pod.get("automountServiceAccountToken") is not False:
            expected |= api_server
        if workload.name == "result-processor":
            expected |= callbacks
        assert reachable(found, workload.name) == expected, workload.name


def test_callbacks_reach_no_private_address(found: Built) -> None:
    (rule,) = of_kind(found, "NetworkPolicy", "podline")["callbacks"]["spec"]["egress"]
    blocks = {to["ipBlock"]["cidr"]: set(to["ipBlock"]["except"]) for to in rule["to"]}
    assert blocks["0.0.0.0/0"] >= {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}
    assert "169.254.0.0/16" in blocks["0.0.0.0/0"], "the metadata addresses of clouds"
    assert blocks["::/0"] == {"fc00::/7", "fe80::/10"}


def test_the_ingress_leads_to_the_api_and_keeps_metrics_inside(found: Built) -> None:
    ingress = of_kind(found, "Ingress", "podline")["api"]["spec"]
    (rule,) = ingress["rules"]
    paths = {each["path"]: each["backend"]["service"] for each in rule["http"]["paths"]}
    services = of_kind(found, "Service", "podline")
    for backend in paths.values():
        names = [port["name"] for port in services[backend["name"]]["spec"]["ports"]]
        assert backend["port"]["name"] in names
    assert paths["/"]["name"] == "api"
    assert "selector" not in services[paths["/metrics"]["name"]]["spec"], "so nobody answers"
    assert ingress["tls"][0]["hosts"] == [rule["host"]] == ["podline.example.com"]


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors"""
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        meets(each, labels) for each in selector.get("matchExpressions", ())
    )


def meets(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, operator, values = expression["key"], expression["operator"], expression.get("values", ())
    match operator:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
    raise AssertionError(f"unknown operator {operator}")
