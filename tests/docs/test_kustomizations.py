"""The kustomizations that pages show can be built, with their patches."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, Final

import pytest
import yaml

from tests.support.markdown import DOCS, ROOT

KUBECTL: Final = shutil.which(os.environ.get("KUBECTL", "kubectl"))
SECRETS: Final = ("database_url", "redis_url", "admin_key", "callback_secret", "flower_password")

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(KUBECTL is None, reason="needs kubectl"),
]


def shown(page: str, *, has: str) -> dict[str, Any]:
    """The one example in YAML that has this text, indented or not."""
    blocks = re.findall(r"^( *)```yaml\n(.*?)^\1```$", (DOCS / page).read_text(), re.M | re.S)
    (found,) = (text for _, text in blocks if has in text)
    loaded: dict[str, Any] = yaml.safe_load(dedent(found))
    return loaded


def kustomization(page: str) -> dict[str, Any]:
    return shown(page, has="kind: Kustomization")


def built(folder: Path, wanted: dict[str, Any]) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Every object by its namespace, kind, and name without the hash of its content.

    Fails if a pod needs a ConfigMap or a Secret that isn't among them.
    """
    assert KUBECTL is not None
    shutil.copytree(
        ROOT / "compose/kubernetes", folder / "podline/compose/kubernetes", dirs_exist_ok=True
    )
    (folder / "secrets").mkdir(exist_ok=True)
    for name in SECRETS:
        (folder / "secrets" / name).write_text(f"{name}\n")
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(wanted))
    command = [KUBECTL, "kustomize", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    found = {}
    for each in yaml.safe_load_all(done.stdout):
        name, namespace = each["metadata"]["name"], each["metadata"].get("namespace", "")
        found[namespace, each["kind"], re.sub(r"-[a-z0-9]{10}$", "", name)] = each
    names = {(n, kind, each["metadata"]["name"]) for (n, kind, _), each in found.items()}
    for (namespace, kind, _), each in found.items():
        if kind == "Deployment":
            spec = each["spec"]["template"]["spec"]
            assert {(namespace, *needed) for needed in needs(spec)} <= names
    return found


def needs(spec: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The kind and name of what its containers need to start."""
    containers = [*spec["containers"], *spec.get("initContainers", ())]
    sources = [source for each in containers for source in each.get("envFrom", ())]
    sources += [
        source
        for volume in spec["volumes"]
        for source in volume.get("projected", {}).get("sources", ())
    ]
    kinds = {"configMapRef": "ConfigMap", "secretRef": "Secret", "secret": "Secret"}
    for source in sources:
        ((reference, named),) = source.items()
        if not named.get("optional"):
            yield kinds[reference], named["name"]


def test_that_of_the_service(tmp_path: Path) -> None:
    found = built(tmp_path, kustomization("operations.md"))
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
    monitoring = [f"podline/compose/kubernetes/{name}monitoring" for name in ("", "hosts-")]
    wanted["components"] += [*monitoring, *scaling["components"]]
    wanted["patches"] += scaling["patches"]
    found = built(tmp_path, wanted)
    assert ("podline-hosts", "PodMonitor", "sandbox-host") in found
    scaled = {name for _, kind, name in found if kind == "ScaledObject"}
    assert scaled == {"coordinator", "saga-orchestrator", "result-processor"}
    assert scaled <= {name for _, kind, name in found if kind == "Deployment"}


def test_a_door_at_a_port_of_its_own_is_reached(tmp_path: Path) -> None:
    wanted = kustomization("operations.md")
    found = built(tmp_path, wanted | shown("operations.md", has="--door="))
    (api,) = found["podline", "Deployment", "api"]["spec"]["template"]["spec"]["containers"]
    (opened,) = (word for word in api["args"] if word.startswith("--door="))
    (port,) = (port for port in api["ports"] if opened.endswith(f":{port['containerPort']}"))
    service = found["podline", "Service", "api"]["spec"]["ports"]
    assert port["name"] in {each["targetPort"] for each in service}
    (allowed,) = found["podline", "NetworkPolicy", "clients"]["spec"]["ingress"]
    assert {"port": port["name"]} in allowed["ports"]
