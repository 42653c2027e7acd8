"""compose/kubernetes/hosts: what each of the two containers gets, and how long they may drain."""

from typing import Any

import yaml

from app.domain.policy import Policy
from tests.kubernetes.test_scaled import HOSTS, MANIFESTS, documents, scaled

SECONDS_OF_LAST_STEPS = 60
SECONDS_OF_THE_DAEMON = 30


def of_kind(kind: str) -> dict[str, Any]:
    found = documents(MANIFESTS / "hosts/sandbox-host.yaml")
    (one,) = (each for each in found if each["kind"] == kind)
    return one


def settings() -> dict[str, str]:
    """Of both containers. They are generated, so a change gives the ConfigMap another name."""
    (component,) = documents(MANIFESTS / "hosts/kustomization.yaml")
    (own,) = (each for each in component["configMapGenerator"] if each["name"] == HOSTS)
    return dict(literal.split("=", 1) for literal in own["literals"])


def pod() -> dict[str, Any]:
    spec: dict[str, Any] = of_kind("Deployment")["spec"]["template"]["spec"]
    return spec


def daemon() -> dict[str, Any]:
    (container,) = pod()["initContainers"]
    return dict(container)


def worker() -> dict[str, Any]:
    (container,) = pod()["containers"]
    return dict(container)


def mounts(container: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["mountPath"] for each in container["volumeMounts"]}


def test_the_daemon_gets_no_credentials() -> None:
    assert daemon()["envFrom"] == [{"configMapRef": {"name": HOSTS}}]
    assert [each["name"] for each in daemon()["env"]] == ["PODLINE_HOST"]
    assert mounts(daemon()).keys() == {"socket", "jails", "runtime", "proc"}
    assert "secrets" in mounts(worker())
    assert pod()["automountServiceAccountToken"] is False


def test_they_share_nothing_but_the_socket() -> None:
    assert mounts(daemon()).items() & mounts(worker()).items() == {("socket", "/run/podline")}
    assert settings()["PODLINE_RUNTIME_URL"].startswith("unix:///run/podline/")
    users = [pod()["securityContext"]["runAsUser"], daemon()["securityContext"]["runAsUser"]]
    assert len({0, *users}) == 3


def test_neither_has_rights_beyond_what_jails_need() -> None:
    for container in (daemon(), worker()):
        context = container["securityContext"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
    assert worker()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod()["securityContext"]["runAsNonRoot"] is True


def test_there_is_time_to_drain() -> None:
    assert before_it_stops().endswith("sandbox --drain")
    assert daemon()["restartPolicy"] == "Always", "so it ends after the worker"
    policy = Policy()
    longest = policy.max_wall_seconds + policy.start_timeout
    grace = pod()["terminationGracePeriodSeconds"]
    assert grace >= longest + SECONDS_OF_LAST_STEPS + SECONDS_OF_THE_DAEMON


def before_it_stops() -> str:
    script: str = worker()["lifecycle"]["preStop"]["exec"]["command"][-1]
    return script


def test_a_worker_that_hangs_is_restarted_without_a_drain() -> None:
    """The daemon, which stays, would never take anything again."""
    (*_, alive) = worker()["livenessProbe"]["exec"]["command"]
    assert before_it_stops().startswith(alive.replace("test -n", "test -z") + " || ")


def test_a_disruption_takes_one_host_at_a_time() -> None:
    budget = of_kind("PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"] == of_kind("Deployment")["spec"]["selector"]


def test_autoscalers_find_it() -> None:
    metadata = of_kind("Deployment")["metadata"]
    for component in ("keda-hosts", "hpa-hosts"):
        (found,) = scaled(component)
        assert found["spec"]["scaleTargetRef"]["name"] == metadata["name"]
        assert found["metadata"]["namespace"] == metadata["namespace"]


def test_what_replaces_the_node_s_proc_removes_its_mount() -> None:
    (component,) = documents(MANIFESTS / "hosts-user-namespaces/kustomization.yaml")
    (patch,) = component["patches"]
    spec = yaml.safe_load(patch["patch"])["spec"]["template"]["spec"]
    assert spec["hostUsers"] is False
    assert spec["volumes"] == [{"$patch": "delete", "name": "proc"}]
    (container,) = spec["initContainers"]
    assert container["name"] == daemon()["name"]
    assert container["securityContext"] == {"procMount": "Unmasked"}
    (mount,) = container["volumeMounts"]
    assert mount == {"$patch": "delete", "mountPath": mounts(daemon())["proc"]}


def test_autoscalers_of_nodes_can_remove_nodes_of_hosts_and_of_the_service() -> None:
    """Each has an emptyDir, for which they otherwise keep a node."""
    (role,) = documents(MANIFESTS / "base/patches/every-role.yaml")
    for deployment in (of_kind("Deployment"), role):
        annotations = deployment["spec"]["template"]["metadata"]["annotations"]
        assert annotations == {"cluster-autoscaler.kubernetes.io/safe-to-evict": "true"}


def test_packages_are_built_by_the_user_of_the_daemon_in_its_folder() -> None:
    (component,) = documents(MANIFESTS / "hosts-packages/kustomization.yaml")
    (patch,) = component["patches"]
    assert patch["target"]["name"] == of_kind("Deployment")["metadata"]["name"]
    volume, container = (each["value"] for each in yaml.safe_load(patch["patch"]))
    assert volume["name"] == volume["configMap"]["name"] == "packages"
    ours = mounts(container)
    assert ours.items() & mounts(daemon()).items() == {("jails", "/tmp")}
    assert ours[volume["name"]] in container["command"][-1]
    context = container["securityContext"]
    assert context["runAsUser"] == daemon()["securityContext"]["runAsUser"]
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert {"configMapRef": {"name": HOSTS}} in container["envFrom"], "the data folder"
    assert {"configMapRef": {"name": "stores"}} not in container["envFrom"]


def test_where_hosts_run_programs_nobody_uses_the_api_server() -> None:
    """What only pods of programs need is left out."""
    (component,) = documents(MANIFESTS / "hosts/kustomization.yaml")
    deleted = [p["target"] for p in component["patches"] if p["patch"].startswith("$patch: delete")]
    assert {"kind": "Namespace", "name": "podline-sandboxes"} in deleted
    assert {"namespace": "podline-sandboxes"} in deleted
    assert {"kind": "ServiceAccount", "namespace": "podline"} in deleted
    with_access = {
        each["metadata"]["name"]
        for each in documents(MANIFESTS / "base/workers.yaml")
        if "podline/cluster" in each["metadata"]["labels"]
    }
    (patch,) = [p for p in component["patches"] if "serviceAccountName" in p["patch"]]
    (gone,) = [t["name"] for t in deleted if t.get("kind") == "Deployment"]
    assert with_access == {*gone.split("|"), *patch["target"]["name"].split("|")}
    spec = yaml.safe_load(patch["patch"])["spec"]["template"]["spec"]
    assert spec == {"serviceAccountName": None, "automountServiceAccountToken": False}
