"""The settings for the nodes and the priority of pods, and what becomes of them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from app.settings import Settings
from app.settings.kubernetes import KubernetesSettings
from app.settings.placement import node_labels, tolerations
from app.wiring.runtimes import make_runtime
from tests.support.kubernetes.pod_server import pod_server
from tests.support.sandbox_daemon import a_pod, language

LONG = "x" * 64


def test_labels_of_nodes() -> None:
    setting = "pool=sandboxes, kubernetes.io/arch=amd64,example.org/free="
    assert node_labels(KubernetesSettings(node_selector=setting).node_selector) == {
        "pool": "sandboxes",
        "kubernetes.io/arch": "amd64",
        "example.org/free": "",
    }
    assert node_labels("") == {}


@pytest.mark.parametrize(
    ("taint", "toleration"),
    [
        ("gpu", {"key": "gpu", "operator": "Exists"}),
        ("gpu:NoExecute", {"key": "gpu", "operator": "Exists", "effect": "NoExecute"}),
        ("for=podline", {"key": "for", "operator": "Equal", "value": "podline"}),
        ("for=:PreferNoSchedule", {"key": "for", "operator": "Equal", "value": "",
                                   "effect": "PreferNoSchedule"}),
        ("a.example/b:PreferNoSchedule", {"key": "a.example/b", "operator": "Exists",
                                          "effect": "PreferNoSchedule"}),
    ],
)  # fmt: skip
def test_taints_as_kubectl_spells_them(taint: str, toleration: Mapping[str, str]) -> None:
    assert tolerations(KubernetesSettings(tolerations=taint).tolerations) == [toleration]


def test_several_taints() -> None:
    assert [each["key"] for each in tolerations("a=1:NoSchedule, b ,c=2")] == ["a", "b", "c"]
    assert tolerations("") == []


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("pool", "pool"),
        ("pool=a,pool=b", "two values"),
        ("pool:a", "pool:a"),
        ("-pool=a", "-pool=a"),
        (f"{LONG}=a", LONG),
        (f"pool={LONG}", LONG),
        ("a/b/c=d", "a/b/c=d"),
        ("UPPER.example/pool=a", "UPPER"),
    ],
)
def test_wrong_labels_are_named(setting: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        KubernetesSettings(node_selector=setting)


@pytest.mark.parametrize(
    "setting", ["gpu:Never", "gpu:noexecute", "gpu=a=b", ":NoExecute", "a b", f"a={LONG}"]
)
def test_wrong_taints_are_named(setting: str) -> None:
    with pytest.raises(ValueError, match=setting):
        KubernetesSettings(tolerations=setting)


def test_pods_get_what_the_settings_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODLINE_RUNTIME_URL", "kubernetes://podline")
    monkeypatch.setenv("PODLINE_KUBERNETES__NODE_SELECTOR", "pool=sandboxes")
    monkeypatch.setenv("PODLINE_KUBERNETES__TOLERATIONS", "dedicated=podline:NoSchedule")
    monkeypatch.setenv("PODLINE_KUBERNETES__PRIORITY_CLASS", "podline-sandboxes")
    with pod_server(tmp_path) as server:
        monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig))
        runtime = make_runtime(Settings.load())
        runtime.create(a_pod(language(runtime, "python"), "print(1)"))
        (pod,) = server.pods.values()
    spec = pod["spec"]
    assert spec["nodeSelector"] == {"pool": "sandboxes"}
    assert spec["priorityClassName"] == "podline-sandboxes"
    assert spec["tolerations"][-1] == {
        "key": "dedicated",
        "operator": "Equal",
        "value": "podline",
        "effect": "NoSchedule",
    }
    assert len(spec["tolerations"]) == 3, "a lost node is still noticed"
