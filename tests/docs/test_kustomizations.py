"""The kustomizations that pages show can be built, with their patches."""

import re
from pathlib import Path

import pytest

from tests.support.kubernetes.kustomized import (
    MANIFESTS,
    built,
    kustomization,
    needs_kubectl,
    shown,
)
from tests.support.markdown import ROOT

pytestmark = [pytest.mark.long, needs_kubectl]


def test_that_of_the_service(tmp_path: Path) -> None:
    found = built(tmp_path, kustomization("kubernetes.md"))
    api = found["podline", "Deployment", "api"]["spec"]["template"]["spec"]
    assert api["containers"][0]["image"] == "registry.example/podline:1.0"
    languages = found["podline", "ConfigMap", "stores"]["data"]["PODLINE_KUBERNETES__IMAGES"]
    base = (ROOT / "compose/images/python/Dockerfile").read_text()
    assert re.findall(r"^FROM python:([\d.]+)", base) == [languages.rpartition(":")[2]]


def test_that_of_hosts_restarts_them_after_a_change(tmp_path: Path) -> None:
    wanted = kustomization("scaling.md")
    (patch,) = wanted["patches"]
    assert '"4"' in patch["patch"]
    before = built(tmp_path, wanted)
    patch["patch"] = patch["patch"].replace('"4"', '"7"')
    after = built(tmp_path, wanted)
    assert after["podline-hosts", "ConfigMap", "sandbox-host"]["data"]["PODLINE_MAX_RUNNING"] == "7"
    assert before["podline", "ConfigMap", "settings"]["data"]["PODLINE_RUNTIME_URL"] == "hosts:"
    (old, new) = (
        found["podline-hosts", "Deployment", "sandbox-host"]["spec"]["template"]
        for found in (before, after)
    )
    assert old != new, "so they are restarted"
    for container in (*new["spec"]["containers"], *new["spec"]["initContainers"]):
        names = [source["configMapRef"]["name"] for source in container["envFrom"]]
        assert after["podline-hosts", "ConfigMap", "sandbox-host"]["metadata"]["name"] in names


def test_hosts_with_monitoring_and_autoscalers(tmp_path: Path) -> None:
    wanted, scaling = kustomization("scaling.md"), shown("scaling.md", has="keda-workers")
    monitoring = [f"{MANIFESTS}/{name}monitoring" for name in ("", "hosts-")]
    wanted["components"] += [*monitoring, *scaling["components"]]
    wanted["patches"] += scaling["patches"]
    found = built(tmp_path, wanted)
    assert ("podline-hosts", "PodMonitor", "sandbox-host") in found
    scaled = {name for _, kind, name in found if kind == "ScaledObject"}
    assert scaled == {"coordinator", "saga-orchestrator", "result-processor"}
    assert scaled <= {name for _, kind, name in found if kind == "Deployment"}


def test_a_door_at_a_port_of_its_own_is_reached(tmp_path: Path) -> None:
    wanted = kustomization("kubernetes.md")
    found = built(tmp_path, wanted | shown("kubernetes.md", has="--door="))
    (api,) = found["podline", "Deployment", "api"]["spec"]["template"]["spec"]["containers"]
    (opened,) = (word for word in api["args"] if word.startswith("--door="))
    (port,) = (port for port in api["ports"] if opened.endswith(f":{port['containerPort']}"))
    service = found["podline", "Service", "api"]["spec"]["ports"]
    assert port["name"] in {each["targetPort"] for each in service}
    (allowed,) = found["podline", "NetworkPolicy", "clients"]["spec"]["ingress"]
    assert {"port": port["name"]} in allowed["ports"]


def test_a_ca_of_their_own_is_in_every_pod(tmp_path: Path) -> None:
    wanted, shared = kustomization("kubernetes.md"), shown("kubernetes.md", has="ca.pem")
    wanted["configMapGenerator"] += shared["configMapGenerator"]
    wanted["patches"] = shared["patches"]
    (tmp_path / "ca.pem").write_text("a certificate")
    found = built(tmp_path, wanted)
    pods = [
        each["spec"]["template"]["spec"]
        for (_, kind, _), each in found.items()
        if kind == "Deployment"
    ]
    assert pods
    for pod in pods:
        assert "ca" in {each["name"] for each in pod["volumes"]}
        (mounted,) = (m for m in pod["containers"][0]["volumeMounts"] if m["name"] == "ca")
        assert mounted["mountPath"] == "/etc/podline-ca"
